"""trainer_state.json of the Hugging Face Trainer: training and evaluations in one list, numbered by ``step``.

Epochs are fractions there, so the evaluations end the rows, and blocks of steps where there are few. The summary at the
end is no point of the curve. The objective is the metric that ``best_metric`` was taken from, if that is stored; else
the most usual one, else the loss of the evaluation. The planned length is max_steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuner.readers import columns, history, records
from tuner.readers.run import Run, reading, runs_of

SPEED = ("_runtime", "_per_second", "_time")


def matches(head: bytes, path: Path) -> bool:
    return head.lstrip()[:1] == b"{" and b'"log_history"' in head


def _runs(path: Path, finished: bool) -> list[Run]:
    state = history.document(path, finished)
    entries = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(state, dict) or not isinstance(entries, list):
        return []
    entries = [entry for entry in entries if isinstance(entry, dict)]
    table = records.table(path, _rows(entries))
    planned = state.get("max_steps")
    steps = planned if isinstance(planned, int) and not isinstance(planned, bool) and 0 < planned < 2**53 else None
    return runs_of(table, options=_options(table.columns), objective=_judged(state, entries), planned_steps=steps)


def _rows(entries: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for i, entry in enumerate(entries, 1):
        if "train_runtime" not in entry:
            yield i, {key: value for key, value in entry.items() if not key.endswith(SPEED) and key != "epoch"}


def _options(names: Any) -> dict[str, Any]:
    """Return which columns are metrics: those of an evaluation only."""
    guessed = {name: columns.guess(name) for name in names if name.startswith("eval_")}
    metrics = {n: "max" if r.higher_is_better else "min" for n, r in guessed.items() if r.kind == "metric"}
    return {"train_loss": "loss", "val_loss": "eval_loss", "metrics": metrics}


def _judged(state: dict[str, Any], entries: list[dict[str, Any]]) -> str | None:
    """Return the name of the series that the best metric was taken from."""
    best = state.get("best_metric")
    if not isinstance(best, float) or not math.isfinite(best):
        return None
    return next(
        (str(key) for entry in entries for key, value in entry.items() if value == best and key != "step"), None
    )


read, read_all = reading(_runs)
