"""Measure what tuner's loop costs beside plain Optuna, and whether that grows with the study.

    python scripts/bench_overhead.py --trials 1000 --repeats 3 --json results/overhead/overhead.json

Nothing is trained: each look at a trial finds one more row of a made-up log, so what remains is the driver. It runs as
in ``tuner run``: it reads the growing log anew, judges it, reports it, stores why the trial ended and what to try next.
Plain Optuna draws from the same space with the same sampler into the same kind of storage, reports the same rows, asks
MedianPruner after each (and trains on whatever it says, so that both see as many rows), and keeps nothing else.

The two take turns, trial by trial, so that both meet the same machine.

Printed for every hundred trials, in milliseconds: the median over the trials and over the repeats, and in brackets the
lowest and the highest repeat.

    row     from the start of a trial to the end of its log, over its rows
    report  the same, but plain Optuna does not ask its pruner
    trial   ask to tell, without the rows and without the draws
    draw    inside TPE, which both sides call; tuner less often, because baselines and remedies are not drawn
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import math
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.samplers import TPESampler
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tuner import config, opening, plain_view, registry
from tuner.executors.devices import Device
from tuner.executors.local import LocalExecutor
from tuner.record import Params
from tuner.space import Space
from tuner.spec import SPEC_FILE, Command

ROOT = Path(__file__).resolve().parents[1]
HEADER = "epoch,train/loss,val/loss,val/accuracy\n"
MILLI = 1000.0
Row = tuple[int, float, float, float]


@dataclass
class Cost:
    """What one trial cost, in seconds; ``pretence`` is the time of the made-up training and belongs to nobody."""

    rows: int = 0
    row_seconds: float = 0.0
    pruner_seconds: float = 0.0
    trial_seconds: float = 0.0
    draw_seconds: float = 0.0
    pretence: float = 0.0


@dataclass
class Stopwatch:
    """The costs of both sides, one Cost for every trial; the last one is still being counted."""

    costs: dict[str, list[Cost]] = field(default_factory=lambda: {"tuner": [Cost()], "optuna": [Cost()]})
    side: str = "tuner"
    _since: float = field(default_factory=time.perf_counter)

    @property
    def now(self) -> Cost:
        return self.costs[self.side][-1]

    def lap(self, phase: str) -> None:
        """Add the time since the last lap to ``phase`` of this trial."""
        now = time.perf_counter()
        setattr(self.now, phase, getattr(self.now, phase) + now - self._since)
        self._since = now

    def next_trial(self) -> None:
        self.costs[self.side].append(Cost())


def main() -> None:
    args = parse_arguments()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    measured: list[Stopwatch] = []
    for repeat in range(args.repeats):
        with tempfile.TemporaryDirectory(prefix="bench_overhead_", dir=args.scratch) as folder:
            began = time.perf_counter()
            measured.append(measure(Path(folder), args, seed=repeat))
        print(f"repeat {repeat + 1}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        table = summarise(measured, args.trials, args.block)
        if args.json:
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(describe(args, table, len(measured)), indent=1) + "\n")
    print(show(table))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=30, help="rows of one trial")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--block", type=int, default=100, help="trials that one line of the table sums up")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override tuner's config")
    parser.add_argument(
        "--scratch", type=Path, help="folder for the storages; default: the system's for temporary files"
    )
    parser.add_argument("--json", type=Path, metavar="OUT")
    return parser.parse_args()


# -- the made-up training ---------------------------------------------------------------------------------------------


def rows(params: Params, seed: int, epochs: int) -> Iterator[Row]:
    """Return a plausible curve: the best rate is 0.1, from 3 on it breaks, the largest models overfit."""
    distance = abs(math.log10(float(params["lr"])) + 1)
    overfits = params["model"] in ("cnn-m", "cnn-l") and float(params["dropout"]) < 0.3
    for epoch in range(1, epochs + 1):
        noise = 0.002 * math.sin(epoch * 12.9898 + seed * 78.233)
        if float(params["lr"]) >= 3:
            yield epoch, math.nan, math.nan, 0.1
            continue
        train = 2.3 * math.exp(-epoch / (3 + 6 * distance)) + 0.05 + noise
        rise = 0.03 * max(0, epoch - 8) if overfits else 0.0
        accuracy = 1 - 0.05 * distance - 0.9 * math.exp(-epoch / (2 + 4 * distance)) - rise / 3 + noise
        yield epoch, train, train + 0.1 + rise, accuracy


class Replay:
    """A process that logs one more row whenever somebody asks whether it still runs."""

    def __init__(self, watch: Stopwatch, folder: Path, device: Device) -> None:
        self.device, self._watch = device, watch
        spec = json.loads((folder / SPEC_FILE).read_text())
        self._rows = rows(spec["params"], spec["seed"], spec["epochs"])
        self._log = open(folder / "results.csv", "w", encoding="utf-8")  # noqa: SIM115
        self._log.write(HEADER)
        self._code = 0

    def poll(self) -> int | None:
        self._watch.lap("row_seconds")
        row = next(self._rows, None) if not self._code else None
        if row is None:
            self._log.close()
            self._watch.next_trial()
            return self._code
        self._log.write(",".join(f"{x:.6g}" for x in row) + "\n")
        self._log.flush()
        self._watch.now.rows += 1
        self._watch.lap("pretence")
        return None

    def stop(self, *, force: bool = False) -> None:
        self._code = 143


class PretendingExecutor(LocalExecutor):
    """Starts nothing and never waits, but lets ``meanwhile`` have its turn at every start."""

    def __init__(
        self, watch: Stopwatch, meanwhile: Callable[[], None], slots: Sequence[Device], grace_seconds: float
    ) -> None:
        super().__init__(slots, grace_seconds)
        self._watch, self._meanwhile = watch, meanwhile

    def wait(self) -> None: ...

    def start(self, command: Command, folder: Path, device: Device) -> Replay:  # type: ignore[override]
        self._watch.lap("trial_seconds")
        self._meanwhile()
        process = Replay(self._watch, folder, device)
        self._watch.lap("pretence")
        return process


# -- the two sides ----------------------------------------------------------------------------------------------------


def measure(folder: Path, args: argparse.Namespace, seed: int) -> Stopwatch:
    """Run a study of tuner and one of plain Optuna in turn, trial by trial: what disturbs one disturbs both."""
    watch = Stopwatch()
    plain = optuna.create_study(
        storage=f"sqlite:///{folder / 'plain.db'}",
        direction="maximize",
        sampler=TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(),
    )

    def meanwhile() -> None:
        watch.lap("pretence")
        watch.side = "optuna"
        one_trial(plain, loaded.space, watch, args.epochs)
        watch.next_trial()
        watch.side = "tuner"

    registry.EXECUTORS = {**registry.EXECUTORS, "pretending": functools.partial(PretendingExecutor, watch, meanwhile)}
    loaded = load(folder, args, seed)
    view = plain_view.PlainView(Console(file=io.StringIO()))  # prints as without a terminal, into memory
    with opening.open_study(loaded, view) as opened, timed_draws(watch):
        watch.lap("pretence")
        opened.run()
    return watch


def load(folder: Path, args: argparse.Namespace, seed: int) -> config.StudyConfig:
    document = {
        "study": "overhead",
        "trainer": {"name": "script", "command": "never started"},
        "space": str(ROOT / "search_spaces" / "digits.yaml"),
        "objective": {"metric": "val/accuracy"},
        "epochs": args.epochs,
        "budget": {"trials": args.trials},
        "devices": "cpu",
        "jobs": 1,  # one at a time, so that every moment belongs to one trial
        "seed": seed,
        "executor": "pretending",
        "min_free_disk_gb": 0,
        "results": str(folder),
    }
    path = folder / "overhead.yaml"
    path.write_text(yaml.safe_dump(document))
    return config.load(path, args.set)


def one_trial(plain: optuna.Study, space: Space, watch: Stopwatch, epochs: int) -> None:
    """Train one trial by hand."""
    trial = plain.ask()
    params = space.suggest(trial)
    watch.lap("trial_seconds")
    best = 0.0
    for epoch, *_, accuracy in rows(params, trial.number, epochs):
        watch.lap("pretence")
        trial.report(accuracy, epoch)
        watch.lap("row_seconds")
        trial.should_prune()
        watch.lap("pruner_seconds")
        best, watch.now.rows = max(best, accuracy), watch.now.rows + 1
    plain.tell(trial, best)
    watch.lap("trial_seconds")


@contextlib.contextmanager
def timed_draws(watch: Stopwatch) -> Iterator[None]:
    """Count the time inside TPE apart, whoever calls it."""

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            watch.lap("trial_seconds")
            result = method(*args, **kwargs)
            watch.lap("draw_seconds")
            return result

        return call

    names = ("infer_relative_search_space", "sample_relative", "sample_independent", "before_trial", "after_trial")
    before = {name: getattr(TPESampler, name) for name in names}
    for name, method in before.items():
        setattr(TPESampler, name, timed(method))
    try:
        yield
    finally:
        for name, method in before.items():
            setattr(TPESampler, name, method)


# -- the table --------------------------------------------------------------------------------------------------------

SIDES = ("tuner", "optuna")
Spread = dict[str, float]  # median, low and high over the repeats
FIGURES: dict[str, Callable[[Cost], float]] = {
    "row": lambda cost: MILLI * (cost.row_seconds + cost.pruner_seconds) / max(1, cost.rows),
    "report": lambda cost: MILLI * cost.row_seconds / max(1, cost.rows),
    "trial": lambda cost: MILLI * cost.trial_seconds,
    "draw": lambda cost: MILLI * cost.draw_seconds,
}


def summarise(measured: list[Stopwatch], trials: int, block: int) -> list[dict[str, Any]]:
    """Return one line for every block of trials: figure -> side -> spread, and the ratio of the two."""
    lines: list[dict[str, Any]] = []
    for first in range(0, trials, block):
        part = slice(first, min(first + block, trials))
        line: dict[str, Any] = {"first": part.start + 1, "last": part.stop}
        for figure, of in FIGURES.items():
            sides = {side: [statistics.median(map(of, w.costs[side][part])) for w in measured] for side in SIDES}
            line[figure] = {side: spread(values) for side, values in sides.items()}
            ratios = [ours / plain if plain else math.nan for ours, plain in zip(*sides.values(), strict=True)]
            line[figure]["ratio"] = spread(ratios)
        lines.append(line)
    return lines


def spread(values: Sequence[float]) -> Spread:
    low, middle, high = min(values), statistics.median(values), max(values)
    return {"median": round(middle, 3), "low": round(low, 3), "high": round(high, 3)}


def show(table: list[dict[str, Any]]) -> str:
    """Return one Markdown table for each figure."""
    blocks = []
    for figure in FIGURES:
        lines = [f"| {figure}: trials | tuner, ms | Optuna, ms | ratio |", "| --- | --- | --- | --- |"]
        for line in table:
            cells = [written(line[figure][side]) for side in (*SIDES, "ratio")]
            lines.append("| " + " | ".join([f"{line['first']}-{line['last']}", *cells]) + " |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def written(of: Spread) -> str:
    return f"{of['median']:.2f} ({of['low']:.2f}-{of['high']:.2f})"


def describe(args: argparse.Namespace, table: list[dict[str, Any]], repeats: int) -> dict[str, Any]:
    return {
        "trials": args.trials,
        "epochs": args.epochs,
        "repeats": repeats,
        "set": args.set,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "optuna": optuna.__version__,
        "milliseconds": table,
    }


if __name__ == "__main__":
    main()
