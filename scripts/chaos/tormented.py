"""The study that things happen to: real drivers and processes, what was seen of them, and the judgement at the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.trial import FrozenTrial

from scripts.chaos.outcome import Outcome
from tests.conftest import PROGRAM
from tests.driving import ROOT, processes_of, working

ORPHAN_SECONDS = 15.0  # a guard ends its trial politely first: the default grace is 5 s
END_SECONDS = 600.0
CLOCKS = ("seconds",)  # columns that are never the same twice
FLAGS = "--folder {folder} --epochs {epochs} --seed {seed} --lr {lr} --diary"

Rows = dict[int, str]
Driver = subprocess.Popen[bytes]


class Problem(Exception):
    """Something was not as it should be."""


@dataclass
class Tormented:
    """A study, what was seen of its logs (the first row of every epoch), and what was wrong with it so far."""

    config: Path
    folder: Path
    document: Mapping[str, Any]
    seen: dict[str, Rows] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    orphans: int = 0

    @property
    def log(self) -> Path:
        """What its drivers said, all of them."""
        return self.config.with_suffix(".log")

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def name(self) -> str:
        return str(self.document["study"])

    @property
    def storage(self) -> str:
        return str(self.document.get("storage") or f"sqlite:///{self.folder / 'study.db'}")


def write(place: Path, name: str, flags: str = "--seconds 0.1", **changes: Any) -> Tormented:
    """Write the configuration of a study around the training program of the tests."""
    trainer = {
        "name": "script",
        "command": f"{{python}} -S -E {PROGRAM} {FLAGS} {flags}",
        "resume": f"{{python}} -S -E {PROGRAM} {FLAGS} {flags} --resume",
        "checkpoint": "last.json",
    }
    common = {
        "study": name,
        "results": str(place / "results"),
        "trainer": trainer,
        "space": {"lr": {"grid": [0.001, 1]}},
        "objective": {"metric": "val/accuracy"},
        "epochs": 20,
        "budget": {"trials": 6},
        "devices": "cpu",
        "jobs": 2,
        "min_free_disk_gb": 0.001,
        "pausing": False,
    }
    document = {**common, **changes}
    path = place / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document))
    return Tormented(path, Path(document["results"]) / name, document)


# -- its drivers ----------------------------------------------------------------------------------------------------


def start(
    study: Tormented, *sets: str, before: Sequence[str] = (), env: Mapping[str, str] | None = None, command: str = "run"
) -> Driver:
    """Start a driver; what it says is added to the study's log. ``before`` are words before its command."""
    words = [*before, sys.executable, "-m", "tuner", command, str(study.config if command == "run" else study.folder)]
    words += [word for assignment in sets for word in ("--set", assignment)]
    with study.log.open("ab") as log:
        return subprocess.Popen(words, cwd=ROOT, env={**os.environ, **(env or {})}, stdout=log, stderr=log)


def kill(study: Tormented, driver: Driver) -> None:
    """Kill a driver and wait until its processes are gone."""
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    bury(study)


def bury(study: Tormented) -> None:
    """Wait until no process of the study is left, and count those that stay."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (left := processes_of(study.folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    study.orphans += len(left)


def ended(study: Tormented, driver: Driver, code: int = 0, seconds: float = END_SECONDS) -> None:
    """Wait for a driver to end and note where it did so in another way than expected."""
    try:
        driver.wait(seconds)
    except subprocess.TimeoutExpired:
        kill(study, driver)
        raise Problem(f"the driver did not end within {seconds:.0f} s") from None
    if driver.returncode != code:
        study.problems.append(f"a driver ended with {driver.returncode}, expected {code}: {study.said[-300:]}")


def wait_until(condition: Callable[[], object], seconds: float, problem: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Problem(problem)
        time.sleep(0.1)


# -- its logs -------------------------------------------------------------------------------------------------------


def logs(folder: Path) -> dict[str, Rows]:
    """Return the complete rows of the logs, without times, by trial and epoch; raises Problem for a doubled one."""
    found: dict[str, Rows] = {}
    for log in sorted(folder.glob("trials/*/*.csv")):
        rows: Rows = {}
        head, *lines = log.read_text().split("\n")[:-1] or [""]
        clock = [i for i, name in enumerate(head.split(",")) if name in CLOCKS]
        for line in lines:
            words = line.split(",")
            epoch = int(words[0])
            if epoch in rows:
                raise Problem(f"trial {log.parent.name}: epoch {epoch} is there twice")
            rows[epoch] = ",".join(word for i, word in enumerate(words) if i not in clock)
        found[log.parent.name] = rows
    return found


def look(study: Tormented) -> int:
    """Remember what is logged now; return how many epochs were seen so far."""
    for trial, rows in logs(study.folder).items():
        for epoch, line in rows.items():
            study.seen.setdefault(trial, {}).setdefault(epoch, line)
    return sum(map(len, study.seen.values()))


def trained(study: Tormented, epochs: int, driver: Driver | None = None, seconds: float = 90) -> None:
    """Wait until so many epochs more are logged than were seen before; raises Problem where the driver ends first."""
    wanted = look(study) + epochs

    def enough() -> bool:
        if driver is not None and driver.poll() is not None:
            raise Problem(f"the driver ended too early: {study.said[-300:]}")
        return look(study) >= wanted

    wait_until(enough, seconds, f"no {epochs} epochs were trained in {seconds:.0f} s")


# -- the end --------------------------------------------------------------------------------------------------------


def finish(
    study: Tormented,
    times: int,
    told: str,
    *,
    drivers: Sequence[Driver] = (),
    states: Mapping[str, int] | None = None,
    said: str | None = None,
    busy: Callable[[], int] | None = None,
) -> Outcome:
    """Let the study end, with the given drivers or a new one, and judge it.

    ``told`` is what the line looks like that a person must have read, in the drivers' log or in ``said``; ``states``
    are the expected ends of the trials, if not all complete; ``busy`` counts the trials that train, where their command
    lines do not tell.
    """
    drivers = drivers or [start(study)]
    peak = _watch(drivers, busy or (lambda: _busy(study)))
    for driver in drivers:
        ended(study, driver)
    bury(study)
    return judge(study, times, told, peak=peak, states=states, said=said)


def _busy(study: Tormented) -> int:
    lines = working(study.folder).values()
    return len({m[0] for line in lines if (m := re.search(r"trials/\d+", line))})


def _watch(drivers: Sequence[Driver], busy: Callable[[], int]) -> int:
    """Return how many trials trained at once, at most, until the first of the drivers ended."""
    peak, deadline = 0, time.monotonic() + END_SECONDS
    while all(driver.poll() is None for driver in drivers) and time.monotonic() < deadline:
        peak = max(peak, busy())
        time.sleep(0.2)
    return peak


def judge(
    study: Tormented,
    times: int,
    told: str,
    *,
    peak: int | None = None,
    states: Mapping[str, int] | None = None,
    said: str | None = None,
) -> Outcome:
    """Compare what the storage and the logs hold with what was planned and seen."""
    trials = optuna.load_study(study_name=study.name, storage=study.storage).trials
    planned = int(study.document["budget"]["trials"])
    wrong = abs(len(trials) - planned) + _wrong(trials, states or {"COMPLETE": planned})
    problems, final = list(study.problems), logs(study.folder)
    lost = sum(final.get(name, {}).get(e) != line for name, rows in study.seen.items() for e, line in rows.items())
    problems += [p for trial in trials if (p := _hole(trial, final.get(f"{trial.number:04d}", {})))]
    line = next((line.strip() for line in (said or study.said).splitlines() if re.search(told, line)), "")
    problems += [] if line else [f"nobody was told: {told}"]
    problems += ["somebody saw a traceback"] if "Traceback" in study.said else []
    leaked = 0 if peak is None else max(0, int(study.document["jobs"]) - peak)
    again = max(_again(study.folder), sum(t.user_attrs.get("process", {}).get("lost_epochs", 0) for t in trials))
    found = sum(trial.state.is_finished() for trial in trials)
    return Outcome(times, planned, found, lost, again, wrong, study.orphans, leaked, line, tuple(problems))


def _wrong(trials: Sequence[FrozenTrial], states: Mapping[str, int]) -> int:
    """Return how many trials ended in another state than one of those expected."""
    return (Counter(trial.state.name for trial in trials) - Counter(states)).total()


def _hole(trial: FrozenTrial, rows: Rows) -> str:
    """Return what is wrong with the log of a trial that completed; nothing where it is whole and all of it counted."""
    if trial.state.name != "COMPLETE":
        return ""
    ending = trial.user_attrs["ending"]
    stored = ending["epochs"] + ending.get("extra_epochs", 0)
    if sorted(rows) == list(range(1, stored + 1)):
        return ""
    return f"trial {trial.number}: {stored} epochs are stored, but its log has {sorted(rows)}"


def _again(folder: Path) -> int:
    """Return how many epochs were trained more than once, by the diaries of the trials."""
    diaries = [path.read_text().split() for path in folder.glob("trials/*/diary.txt")]
    return sum(len(epochs) - len(set(epochs)) for epochs in diaries)
