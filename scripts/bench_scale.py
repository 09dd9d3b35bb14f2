"""Run a study of ten thousand trials on simulated slots, and print what the driver costs while it grows.

    python scripts/bench_scale.py --trials 10000                                    # SQLite
    python scripts/bench_scale.py --trials 10000 --storage postgres                 # a server that is started for it

The loop, the race, the symptoms, the sampler, the storage and the lines of a log are those of ``tuner run``; what is
made up are the trainings: curves by a formula of their parameters, one row at a time, on 64 slots in simulated time. So
the processor time is the driver's, the database server's left out, and wall time is what it would keep slots waiting.

Printed for every so many trials that were begun:

    rows         epochs that were judged
    ms a row     processor time of the driver in that stretch, for each row
    ms a trial   the same for each trial begun
    MB           resident memory of the driver
    statements   of SQL, for each row; and ms in them, the answer of the database included
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import sqlalchemy
from rich.console import Console
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.outcomes import markdown
from scripts.storage_calls import rows_of
from tests import postgres
from tuner import sampler, space_file
from tuner.bank import Task
from tuner.curve import Curve
from tuner.drivers import Alone, Joined
from tuner.executors.devices import Device
from tuner.executors.replay import SECONDS, Recording, ReplayExecutor
from tuner.plain_view import PlainView
from tuner.record import Params
from tuner.replay import configure
from tuner.spec import Log, TrialSpec
from tuner.storage import database
from tuner.study import Study

SPACE = {
    "lr": {"grid": [0.0001, 1], "default": 0.01},
    "batch": {"ordered": [16, 32, 64, 128, 256], "default": 64},
    "model": {"ordered": ["n", "s", "m", "l", "x"], "default": "m"},
    "weight_decay": {"log": [1e-6, 0.1], "default": 1e-4},
    "dropout": {"linear": [0.0, 0.5], "default": 0.1},
    "momentum": {"linear": [0.5, 0.99], "default": 0.9},
}
HEAD = ["trials", "rows", "paused", "ms a row", "ms a trial", "MB", "statements a row", "ms in them", "wall min"]


def main() -> None:
    args = parse_arguments()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="bench_scale_") as scratch, place(args.storage, Path(scratch)) as url:
        study = begin(url, args)
        meter = Meter(study, args.every, args.json)
        study.run()
        meter.row()
        print(f"\n{platform.python_version()}, load {os.getloadavg()[0]:.1f}\n\n{markdown(HEAD, meter.lines)}\n")
        print("\n".join(rows_of(url)))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=64, help="of a whole training")
    parser.add_argument("--every", type=int, default=1000, help="trials that one line sums up")
    parser.add_argument("--storage", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as pausing=false")
    parser.add_argument("--json", type=Path, metavar="OUT", help="keep the figures there")
    return parser.parse_args()


@contextmanager
def place(kind: str, scratch: Path) -> Iterator[str]:
    """Yield the URL of an empty storage."""
    if kind == "sqlite":
        yield f"sqlite:///{scratch / 'study.db'}"
        return
    with contextmanager(postgres.served)() as server:
        yield server.database()


def begin(url: str, args: argparse.Namespace) -> Study:
    """Return a study on made-up trainings, about to begin."""
    task = made_up(args.epochs)
    budget = {"trials": args.trials}
    config, _ = configure(task, {"budget": budget, "jobs": args.slots, "study": "scale"}, args.set)
    study = sampler.open_study(url, "scale", {"direction": "minimize"}, None)
    driver = Alone() if args.storage == "sqlite" else Joined(database(study), study._study_id, 60.0)
    view = PlainView(Console(file=io.StringIO(), width=100))
    return Study(config, study, view, Made(task, config.slots), drivers=driver)


# -- made-up trainings ----------------------------------------------------------------------------------------------


def made_up(epochs: int) -> Task:
    """Return a task that holds the space, and one training for what has to be known of one."""
    space = space_file.build(SPACE, "space")
    params = space.complete({})
    return Task("scale", space, (params,), (curve(params, 0, epochs),), "val_loss", False, epochs)


def curve(params: Params, seed: int, epochs: int) -> Curve:
    """Return a training whose loss falls to a floor that its parameters and some chance set; a high rate explodes."""
    rng = np.random.default_rng(seed)
    rate, size = np.log10(float(params["lr"])), "nsmlx".index(str(params["model"]))
    floor = 0.3 + 0.1 * (rate + 2) ** 2 + 0.05 * (3 - size) ** 2 + 0.2 * float(params["dropout"]) ** 2
    floor += 0.02 * (np.log10(float(params["weight_decay"])) + 4) ** 2 + 0.05 * rng.random()
    at = np.arange(1, epochs + 1)
    val = floor + 2.0 * np.exp(-at / (3 + 2 * size)) + 0.01 * rng.standard_normal(epochs)
    train = floor * np.exp(-at / (40 if size > 2 else 400)) + 2.0 * np.exp(-at / (3 + 2 * size))
    if rate > -0.4:
        val, train = (np.where(at > 2, np.nan, series) for series in (val, train))
    return Curve.of(train_loss=train, val_loss=val, objective="val_loss", planned_epochs=epochs)


class Made(ReplayExecutor):
    """Slots on which every trial yields the curve of its parameters."""

    exhausted = False

    def __init__(self, task: Task, slots: Sequence[Device]) -> None:
        super().__init__(task, slots)
        self.place = None
        self.opened: Callable[[], None] = lambda: None

    def open(self, spec: TrialSpec, log: Log) -> Recording:
        made = curve(spec.params, spec.seed, spec.epochs)
        pace = SECONDS * (0.5 + np.random.default_rng(spec.seed).random())
        self._recordings[spec.folder] = recording = Recording(spec.number, made, pace, self, self.slots[0])
        self.opened()
        return recording


# -- what it costs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """All that is counted, from the beginning."""

    trials: int
    rows: int
    cpu: float
    wall: float
    statements: int
    waited: float


class Meter:
    """Reads what the driver of ``study`` has cost whenever ``every`` more trials were begun."""

    def __init__(self, study: Study, every: int, kept: Path | None) -> None:
        self._study, self._every, self._kept = study, every, kept
        self.lines, self.figures = list[list[str]](), list[dict[str, float]]()
        self._statements, self._waited, self._began = 0, 0.0, 0.0
        sqlalchemy.event.listen(Engine, "before_cursor_execute", self._before)
        sqlalchemy.event.listen(Engine, "after_cursor_execute", self._after)
        self._first = self._last = self._read()
        executor: Any = study.executor
        executor.opened = self.look

    def _before(self, *_: Any) -> None:
        self._began = time.perf_counter()

    def _after(self, *_: Any) -> None:
        self._statements += 1
        self._waited += time.perf_counter() - self._began

    def _read(self) -> Reading:
        executor: Any = self._study.executor
        cpu, wall = time.process_time(), time.monotonic()
        trials = len(self._study.records)
        return Reading(trials, len(executor.trace), cpu, wall, self._statements, self._waited)

    def look(self) -> None:
        """Add a line where enough trials were begun since the last one."""
        if len(self._study.records) - self._last.trials >= self._every:
            self.row()

    def row(self) -> None:
        """Add a line on what came since the last one, and print it."""
        now, last = self._read(), self._last
        rows, trials = max(1, now.rows - last.rows), max(1, now.trials - last.trials)
        found = {
            "trials": now.trials,
            "rows": now.rows,
            "paused": len(self._study.pauses.waiting),
            "ms_a_row": 1000 * (now.cpu - last.cpu) / rows,
            "ms_a_trial": 1000 * (now.cpu - last.cpu) / trials,
            "megabytes": resident(),
            "statements_a_row": (now.statements - last.statements) / rows,
            "ms_in_statements": 1000 * (now.waited - last.waited) / rows,
            "wall_minutes": (now.wall - self._first.wall) / 60,
            "cpu_seconds": now.cpu,
        }
        self._last = now
        self.figures.append(found)
        self.lines.append(
            [f"{value:.0f}" if value == int(value) else f"{value:.2f}" for value in list(found.values())[:-1]]
        )
        print(" | ".join(f"{name} {value:.4g}" for name, value in found.items()), flush=True)
        if self._kept:
            self._kept.write_text(json.dumps(self.figures, indent=1) + "\n")


def resident() -> float:
    """Return the memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
