"""What the columns of the YOLO programs are, in their tables as in their event files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tuner.readers import delimited
from tuner.readers.run import Run, runs_of
from tuner.readers.text import beside

FAMILIES = ("(M)", "(P)", "(B)", "")
"""Masks and poses are what a run is for where they are there; the boxes come along with them."""

OBJECTIVES = ("metrics/mAP50-95", "metrics/mAP_0.5:0.95")


def is_yolo(names: Iterable[str]) -> bool:
    """Tell whether these are the columns of a YOLO program."""
    names = set(names)
    return any(n.startswith("metrics/") for n in names) and any(n.startswith(("train/", "val/")) for n in names)


def options(names: Iterable[str]) -> dict[str, Any]:
    """Return what the columns are; the word loss need not occur in the names of losses."""
    names = list(names)
    return {
        "train_loss": [name for name in names if name.startswith("train/")],
        "val_loss": [name for name in names if name.startswith("val/")],
        "metrics": {name: "max" for name in names if name.startswith("metrics/")},
        "learning_rate": [name for name in names if name.startswith(("lr/", "x/lr"))],
        "seconds": [name for name in names if name == "time"],
    }


def objective(names: Iterable[str]) -> str | None:
    """Return the metric of the run's own task: of masks, else of poses, else of boxes, else the top-1 accuracy."""
    names = set(names)
    wanted = [f"{metric}{family}" for family in FAMILIES for metric in OBJECTIVES]
    return next((name for name in [*wanted, "metrics/accuracy_top1"] if name in names), None)


def results(arguments: str) -> Callable[[Path, bool], list[Run]]:
    """Return what reads the runs of a results.csv beside which ``arguments`` holds the planned epochs."""

    def runs(path: Path, finished: bool) -> list[Run]:
        planned = beside(path, arguments, "epochs")
        return [
            run
            for table in delimited.tables(path, finished)
            for run in runs_of(
                table,
                single=True,
                options=options(table.columns),
                objective=objective(table.columns),
                planned_epochs=planned,
            )
        ]

    return runs
