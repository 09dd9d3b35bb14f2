"""Measure what tuner's loop costs beside plain Optuna, and whether that grows with the study.

    python scripts/bench_overhead.py --trials 1000 --repeats 3 --json results/overhead/overhead.json

Nothing is trained: each look at a trial finds one more row of a made-up log, so what remains is the driver. It runs as
in ``tuner run``: it reads the growing log anew, judges it, reports it, stores why the trial ended and what to try next.
Plain Optuna draws from the same space with the same sampler into the same kind of storage, reports the same rows, asks
MedianPruner after each (and trains on whatever it says, so that both see as many rows), and keeps nothing else.

Printed for every hundred trials, in milliseconds: the median over the trials and over the repeats, and in brackets the
lowest and the highest repeat.

    row     from the start of a trial to the end of its log, over its rows
    report  the same, but plain Optuna does not ask its pruner
    trial   ask to tell, without the rows and without the draws
    draw    inside TPE, which both sides call; tuner draws less often, because remedies are not drawn
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import math
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.samplers import TPESampler
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tuner import config, live, registry, study
from tuner.executors.devices import Device
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
    """The costs of all trials of one study, in the order of their numbers. The last one is still being counted."""

    costs: list[Cost] = field(default_factory=lambda: [Cost()])
    _since: float = field(default_factory=time.perf_counter)

    @property
    def now(self) -> Cost:
        return self.costs[-1]

    def lap(self, phase: str) -> None:
        """Add the time since the last lap to ``phase`` of this trial."""
        now = time.perf_counter()
        setattr(self.now, phase, getattr(self.now, phase) + now - self._since)
        self._since = now


def main() -> None:
    args = parse_arguments()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    measured: dict[str, list[list[Cost]]] = {"tuner": [], "optuna": []}
    with tempfile.TemporaryDirectory(prefix="bench_overhead_", dir=args.scratch) as scratch:
        for repeat in range(args.repeats):
            # Side by side in every repeat: a machine that gets slower or faster does so for both.
            for name, run in {"tuner": run_tuner, "optuna": run_optuna}.items():
                folder = Path(scratch) / f"{name}-{repeat}"
                folder.mkdir()
                began = time.perf_counter()
                measured[name].append(run(folder, args, repeat)[: args.trials])
                print(f"repeat {repeat + 1}: {name}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
                shutil.rmtree(folder)
    table = summarise(measured, args.block)
    print(show(table))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(describe(args, table), indent=1) + "\n")


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


def pretended(method: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the time of ``method`` out of the figures; what ran before it belongs to the phase it is in."""

    @functools.wraps(method)
    def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.watch.lap(self.phase)
        result = method(self, *args, **kwargs)
        self.watch.lap("pretence")
        return result

    return timed


class Replay:
    """A process that logs one more row whenever somebody asks whether it still runs."""

    phase = "row_seconds"

    def __init__(self, watch: Stopwatch, folder: Path, device: Device) -> None:
        self.watch, self.device = watch, device
        self._log = open(folder / "results.csv", "w", encoding="utf-8")  # noqa: SIM115
        self._log.write(HEADER)
        spec = json.loads((folder / SPEC_FILE).read_text())
        self._rows = rows(spec["params"], spec["seed"], spec["epochs"])
        self._code = 0

    @pretended
    def poll(self) -> int | None:
        row = next(self._rows, None) if not self._code else None
        if row is None:
            self._log.close()
            self.watch.costs.append(Cost())
            return self._code
        self._log.write(",".join(f"{x:.6g}" for x in row) + "\n")
        self._log.flush()
        self.watch.now.rows += 1
        return None

    def stop(self, *, force: bool = False) -> None:
        self._code = 143


class ReplayExecutor:
    """Starts nothing."""

    phase = "trial_seconds"

    def __init__(self, watch: Stopwatch, slots: Sequence[Device], grace_seconds: float) -> None:
        self.watch, self.slots = watch, tuple(slots)

    @pretended
    def start(self, command: Command, folder: Path, device: Device) -> Replay:
        return Replay(self.watch, folder, device)


# -- the two sides ----------------------------------------------------------------------------------------------------


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
        "executor": "replay",
        "min_free_disk_gb": 0,
        "results": str(folder),
    }
    path = folder / "overhead.yaml"
    path.write_text(yaml.safe_dump(document))
    return config.load(path, args.set)


def run_tuner(folder: Path, args: argparse.Namespace, seed: int) -> list[Cost]:
    """Run a whole study through tuner's own loop."""
    watch = Stopwatch()
    registry.EXECUTORS = {**registry.EXECUTORS, "replay": functools.partial(ReplayExecutor, watch)}
    study.POLL_SECONDS = 0.0
    view = live.PlainView(Console(file=io.StringIO()))  # prints as without a terminal, into memory
    with study.open_study(load(folder, args, seed), view) as opened, timed_draws(watch):
        watch.lap("pretence")
        opened.run()
    return watch.costs


def run_optuna(folder: Path, args: argparse.Namespace, seed: int) -> list[Cost]:
    """Run the same by hand: ask, suggest, report and should_prune for every row, tell."""
    watch, space = Stopwatch(), load(folder, args, seed).space
    plain = optuna.create_study(
        storage=f"sqlite:///{folder / 'study.db'}",
        direction="maximize",
        sampler=TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(),
    )
    with timed_draws(watch):
        watch.lap("pretence")
        for number in range(args.trials):
            one_trial(plain, space, watch, args.epochs, number)
            watch.costs.append(Cost())
    return watch.costs


def one_trial(plain: optuna.Study, space: Space, watch: Stopwatch, epochs: int, number: int) -> None:
    trial = plain.ask()
    curve = rows(space.suggest(trial), number, epochs)
    watch.lap("trial_seconds")
    best = 0.0
    for epoch, *_, accuracy in curve:
        trial.report(accuracy, epoch)
        watch.lap("row_seconds")
        trial.should_prune()
        watch.lap("pruner_seconds")
        best, watch.now.rows = max(best, accuracy), watch.now.rows + 1
    watch.lap("row_seconds")
    plain.tell(trial, best)
    watch.lap("trial_seconds")


class timed_draws:
    """Count the time inside TPE apart, whoever calls it."""

    METHODS = ("infer_relative_search_space", "sample_relative", "sample_independent", "before_trial", "after_trial")

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch
        self._before = {name: getattr(TPESampler, name) for name in self.METHODS}

    def __enter__(self) -> None:
        for name, method in self._before.items():
            setattr(TPESampler, name, self._timed(method))

    def __exit__(self, *_: object) -> None:
        for name, method in self._before.items():
            setattr(TPESampler, name, method)

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._watch.lap("trial_seconds")
            result = method(*args, **kwargs)
            self._watch.lap("draw_seconds")
            return result

        return timed


# -- the table --------------------------------------------------------------------------------------------------------

Spread = dict[str, float]  # median, low and high over the repeats
FIGURES: dict[str, Callable[[Cost], float]] = {
    "row": lambda cost: MILLI * (cost.row_seconds + cost.pruner_seconds) / max(1, cost.rows),
    "report": lambda cost: MILLI * cost.row_seconds / max(1, cost.rows),
    "trial": lambda cost: MILLI * cost.trial_seconds,
    "draw": lambda cost: MILLI * cost.draw_seconds,
}


def summarise(measured: dict[str, list[list[Cost]]], block: int) -> list[dict[str, Any]]:
    """Return one line for every block of trials: figure -> side -> spread, and the ratio of the two."""
    trials = min(len(costs) for runs in measured.values() for costs in runs)
    lines: list[dict[str, Any]] = []
    for first in range(0, trials, block):
        line: dict[str, Any] = defaultdict(dict, first=first + 1, last=min(first + block, trials))
        for figure, of in FIGURES.items():
            medians = {
                name: [statistics.median(map(of, costs[first : first + block])) for costs in runs]
                for name, runs in measured.items()
            }
            line[figure] = {name: spread(values) for name, values in medians.items()}
            pairs = zip(medians["tuner"], medians["optuna"], strict=True)
            line[figure]["ratio"] = spread([ours / plain if plain else math.nan for ours, plain in pairs])
        lines.append(dict(line))
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
            cells = [written(line[figure][side]) for side in ("tuner", "optuna", "ratio")]
            lines.append("| " + " | ".join([f"{line['first']}-{line['last']}", *cells]) + " |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def written(of: Spread) -> str:
    return f"{of['median']:.2f} ({of['low']:.2f}-{of['high']:.2f})"


def describe(args: argparse.Namespace, table: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "trials": args.trials,
        "epochs": args.epochs,
        "repeats": args.repeats,
        "set": args.set,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "optuna": optuna.__version__,
        "milliseconds": table,
    }


if __name__ == "__main__":
    main()
