"""What searches on recorded trainings cost and found, side by side: as a table for people, as JSON for programs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner import consoles, words
from tuner.bank import Task
from tuner.documents import Document


@dataclass(frozen=True)
class Result:
    """What one search cost and found; None where it cannot be known."""

    seed: int | None
    epochs: int
    trials: int
    best: float | None
    regret: float
    stopped: int
    false_kills: int | None
    hours: float | None


@dataclass(frozen=True)
class Comparison:
    """The recorded trainings, and what each policy made of them; ``cut_short`` counts those a study itself ended."""

    task: Task
    results: dict[str, list[Result]]
    cut_short: int = 0


def to_json(found: Comparison) -> Document:
    task = found.task
    return {
        "task": task.name,
        "objective": task.objective,
        "direction": "maximize" if task.higher_is_better else "minimize",
        "trainings": len(task.curves),
        "epochs": task.epochs,
        "cut_short": found.cut_short,
        "best_recorded": _score(task, task.best),
        "policies": {name: [asdict(r) for r in results] for name, results in found.results.items()},
    }


def show(found: Comparison, console: Console | None = None) -> None:
    """Print a line for each policy, the mean over its seeds."""
    console = console or consoles.open_console()
    task = found.task
    goal = "maximise" if task.higher_is_better else "minimise"
    console.print(
        Text.assemble(
            (words.plain(task.name), "bold"),
            f"  {goal} {words.plain(task.objective)}  ",
            (f"{len(task.curves)} trainings of {words.count(task.epochs, 'epoch')}, ", "dim"),
            (f"the best {words.figure(_score(task, task.best))}\n", "dim"),
        )
    )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("settings", overflow="fold")
    for name in ("epochs", "trials", "best", "regret", "stopped", "false kills", "training"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, results in found.results.items():
        table.add_row(*map(Text, _cells(name, results)))
    console.print(table)
    for note in _notes(found):
        console.print(Text(f"\n{note}", style="dim"))


def _cells(name: str, results: Sequence[Result]) -> list[str]:
    hours = _mean([r.hours for r in results])
    return [
        words.plain(name),
        words.number(_mean([r.epochs for r in results])),
        words.number(_mean([r.trials for r in results])),
        words.figure(_mean([r.best for r in results])),
        f"{_mean([r.regret for r in results]) or 0.0:.3f}",
        words.number(_mean([r.stopped for r in results])),
        words.number(_mean([r.false_kills for r in results])),
        words.NONE if hours is None else words.duration(hours * 3600),
    ]


def _notes(found: Comparison) -> list[str]:
    seeds = max(len(results) for results in found.results.values())
    notes = [f"Means over {seeds} seeds."] if seeds > 1 else []
    if found.cut_short:
        trials = words.count(found.cut_short, "trial")
        notes.append(
            f"{trials} of the study ended early: how they would have gone on is not known, and they end there."
        )
    return notes


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return statistics.mean(known) if known else None


def _score(task: Task, cost: float) -> float:
    return -cost if task.higher_is_better else cost
