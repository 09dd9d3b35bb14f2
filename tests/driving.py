"""Run whole studies around the fake training program, in this process or as a driver of its own."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from tuner import cli, config
from tuner.live import QuietView
from tuner.opening import open_study
from tuner.record import Record

ROOT = Path(__file__).resolve().parents[1]

_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(
    ["tuner.check_command", "tuner.diagnose_command", "tuner.init_command", "tuner.study_commands"]
)


def study(path: Path, *sets: str) -> list[Record]:
    """Run the study of the config at ``path`` to its end and return its records."""
    with open_study(config.load(path, sets), QuietView()) as opened:
        return opened.run()


def tuner(*words: str | Path, timeout: float = 60, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line, in a process of its own that has no packages left to import."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = _WARM.Process(target=_command_line, args=([*map(str, words)], cwd, dict(os.environ), out, err))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired([*map(str, words)], timeout, out.read_bytes(), err.read_bytes())
        return subprocess.CompletedProcess([*map(str, words)], process.exitcode, out.read_text(), err.read_text())


def _command_line(words: list[str], cwd: Path, env: dict[str, str], out: Path, err: Path) -> None:
    for stream, path in enumerate((Path(os.devnull), out, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), stream)
    os.environ.clear()
    os.environ.update(env, PYTHONPATH=str(ROOT))
    os.chdir(cwd)
    sys.argv = ["tuner", *words]
    # As Python itself opens them: the encoding and the buffering may depend on the environment.
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", errors="backslashreplace")  # noqa: SIM115
    cli.main()


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


def working(folder: Path) -> dict[int, str]:
    """Return the processes that have a folder of the study's trials on their command line, each with that line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                if str(folder / "trials") in line:
                    found[int(entry.name)] = line
    return found


def processes_of(folder: Path) -> list[int]:
    return list(working(folder))


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
