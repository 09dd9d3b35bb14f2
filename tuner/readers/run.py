"""From what a format understood of a log to its curves: the part that all readers of other programs' logs share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from tuner.curve import Curve, Kind
from tuner.readers import columns, periods
from tuner.readers.table import Table, to_curve
from tuner.readers.text import shown
from tuner.spec import LogError

USUAL = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"map.?50[-_:]?(0\.)?95",
        r"\bmap\b|_map\b|\bap\b",
        r"mean.?iou|miou",
        r"mdice|dice",
        r"overall",
        r"acc",
        r"f1",
        r"auc",
    )
]
"""What a run is usually judged by where it logs several metrics, the most telling first."""


@dataclass(frozen=True)
class Run:
    """One run as its format understands it.

    ``table`` holds numbers as they were logged, several rows an epoch if need be. ``options`` say what the columns are,
    in the words of the options of a log. The planned length is known in epochs, in steps, or not at all.
    """

    table: Table
    options: Mapping[str, Any] = field(default_factory=dict)
    objective: str | None = None
    planned_epochs: int | None = None
    planned_steps: int | None = None
    remarks: tuple[str, ...] = ()


class Read(Protocol):
    def __call__(
        self,
        path: Path,
        *,
        objective: str | None,
        higher_is_better: bool,
        planned_epochs: int | None,
        options: Mapping[str, Any],
    ) -> Curve: ...


class ReadAll(Protocol):
    def __call__(
        self, path: Path, *, options: Mapping[str, Any] | None = None, finished: bool = True
    ) -> list[Curve]: ...


def reading(runs: Callable[[Path, bool], list[Run]]) -> tuple[Read, ReadAll]:
    """Return ``read`` and ``read_all`` of a format.

    ``runs(path, finished)`` returns the runs in a log, none where it holds no number yet; where the run is not
    ``finished``, a half-written end is left for later. Both raise LogError.
    """

    def read(
        path: Path,
        *,
        objective: str | None,
        higher_is_better: bool,
        planned_epochs: int | None,
        options: Mapping[str, Any],
    ) -> Curve:
        found = runs(path, False)
        if not found:
            return Curve({}, objective=objective, planned_epochs=planned_epochs)
        return _curve(found[-1], objective, higher_is_better, planned_epochs, options)

    def read_all(path: Path, *, options: Mapping[str, Any] | None = None, finished: bool = True) -> list[Curve]:
        found = runs(path, finished)
        _check_names(path, found, options or {})
        curves = [_curve(run, None, True, None, options or {}) for run in found]
        curves = [curve for curve in curves if curve.length]
        if not curves:
            raise LogError(f"{path}: looks like a training log, but holds not one epoch")
        return curves

    return read, read_all


def runs_of(table: Table, *, single: bool = False, **known: Any) -> list[Run]:
    """Return the runs in a table as it was parsed; ``known`` is what a Run says about each of them."""
    table = periods.numeric(table)
    if not any(len(column.cells) for column in table.columns.values()):
        return []
    return [Run(part, **known) for part in periods.split(table, known.get("options", {}), single=single)]


def _check_names(path: Path, runs: Iterable[Run], options: Mapping[str, Any]) -> None:
    """Raise LogError where the options speak of a column that no run has."""
    known = dict.fromkeys(name for run in runs for name in run.table.columns)
    for name in sorted(columns.named(options) - set(known)):
        listed = ", ".join(map(shown, list(known)[:20]))
        raise LogError(f"{path}: no column {shown(name)} with numbers; there are {listed}")


def _curve(
    run: Run, objective: str | None, higher_is_better: bool, planned_epochs: int | None, options: Mapping[str, Any]
) -> Curve:
    """Return the run as a curve of one row a period."""
    try:
        columns.check(options)
    except ValueError as error:
        raise LogError(f"{run.table.path}: {error}") from None
    known = {**_present({**totals(_logged(run.table)), **run.options}, run.table), **options}
    if objective is not None and objective not in run.table.columns and not run.table.complete:
        # The first evaluation may come late; a name that is said is not missed until then.
        known["metrics"] = {**known.get("metrics", {}), objective: "max" if higher_is_better else "min"}
    rows = periods.thin(run.table, known)
    if rows.counter is not None:
        known["epoch"] = rows.counter
    curve = to_curve(
        rows.table,
        objective=objective,
        higher_is_better=higher_is_better,
        planned_epochs=planned_epochs or _planned(run, rows) or None,
        options=known,
    )
    return replace(
        curve,
        objective=objective or _objective(run, curve),
        remarks=(*run.remarks, *rows.remarks, *curve.remarks),
    )


def _planned(run: Run, rows: periods.Rows) -> int | None:
    """Return the planned length in rows."""
    if rows.by_epoch:
        return run.planned_epochs
    done = max(map(float, rows.table.columns[rows.counter].cells), default=0) if rows.counter is not None else 0
    if not run.planned_steps or not done:
        return None
    return max(len(rows.table.lines), round(len(rows.table.lines) * run.planned_steps / done))


def _present(options: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return what a format says about the columns that this log has: not every version writes all of them.

    A kind of which nothing is left is none, and not to be guessed.
    """
    found: dict[str, Any] = {}
    for key, value in options.items():
        names = [name for name in ([value] if isinstance(value, str) else value) if name in table.columns]
        found[key] = {name: value[name] for name in names} if key == "metrics" else names
    return found


def _logged(table: Table) -> list[str]:
    return [name for name, column in table.columns.items() if len(column.cells)]


def totals(names: Iterable[str]) -> dict[str, list[str]]:
    """Return which columns are the total losses, so that their components are not counted beside them."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=_side_and_length):
        rest = [w for w in columns.words(name) if w not in columns.TRAIN | columns.VAL]
        key = {Kind.TRAIN_LOSS: "train_loss", Kind.VAL_LOSS: "val_loss"}.get(columns.guess(name).kind)
        if key and rest in (["loss"], ["total", "loss"], ["loss", "total"], ["loss", "epoch"]):
            found.setdefault(key, [name])
    return found


def _of_test(name: str) -> bool:
    return bool(columns.TEST & set(columns.words(name)))


def _side_and_length(name: str) -> tuple[bool, int]:
    return _of_test(name), len(name)


def _objective(run: Run, curve: Curve) -> str | None:
    """Return what a run of this format is usually judged by; None leaves it to the curve."""
    if run.objective in curve.series:
        return run.objective
    metrics = [series.name for series in curve.of_kind(Kind.METRIC)]
    validated = [name for name in metrics if columns.VAL & set(columns.words(name))]
    names = sorted(validated or metrics, key=_of_test)
    for pattern in USUAL:
        for name in names:
            if pattern.search(name):
                return name
    return None
