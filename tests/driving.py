"""Run whole studies around the fake training program, in this process or as a driver of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from tuner import config
from tuner.live import QuietView
from tuner.opening import open_study
from tuner.record import Record

ROOT = Path(__file__).resolve().parents[1]


def study(path: Path, *sets: str) -> list[Record]:
    """Run the study of the config at ``path`` to its end and return its records."""
    with open_study(config.load(path, sets), QuietView()) as opened:
        return opened.run()


def tuner(*words: str | Path, timeout: float = 60, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    command = [sys.executable, "-m", "tuner", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False)


def driver(path: Path, *sets: str) -> subprocess.Popen[str]:
    """Start ``tuner run`` on the config at ``path``."""
    words = [word for assignment in sets for word in ("--set", assignment)]
    command = [sys.executable, "-m", "tuner", "run", str(path), *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def processes_of(folder: Path) -> list[int]:
    """Return the processes with the folder's trials on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder / "trials").encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def rows(folder: Path, number: int) -> list[str]:
    """Return the complete rows of a trial's log."""
    path = folder / "trials" / f"{number:04d}" / "results.csv"
    return path.read_text().split("\n")[1:-1] if path.exists() else []


def plain_optuna(folder: Path, name: str = "small") -> optuna.Study:
    """Open the study as anybody would who knows nothing of tuner."""
    return optuna.load_study(study_name=name, storage=f"sqlite:///{folder / 'study.db'}")


def states(folder: Path) -> list[TrialState]:
    return [t.state for t in plain_optuna(folder).trials]


def outcome(records: Sequence[Record]) -> str:
    """Return what must not depend on when a study was interrupted."""
    return json.dumps(
        [[r.number, r.params, r.origin, r.parent, r.remedy, r.seed, r.score, r.epochs, r.state.name] for r in records],
        indent=1,
    )
