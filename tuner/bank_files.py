"""Read a task of a bank: NAME.configs.parquet, NAME.npz and NAME.meta.json in one folder.

The table has a row for each configuration. The archive holds ``curves`` [configurations, steps, metrics], the names
``metrics`` and ``fidelity`` [steps]; a NaN is a value that was not finite, or none. What else has to be known is said
by the caller, by the file's own meta.json, or for all tasks of a folder by its bank.yaml; see ``Reading``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from tuner import bank_space, documents, space_file
from tuner.bank import Task
from tuner.curve import Curve, FloatArray, IntArray, Kind, Series
from tuner.documents import Document, Model
from tuner.errors import ConfigError, did_you_mean
from tuner.readers import columns

READING_FILE = "bank.yaml"
TABLE, ARCHIVE, META = ".configs.parquet", ".npz", ".meta.json"
NO_PARAMETERS = {"config_id", "run_id", "trial_id", "seed"}
Cube = NDArray[np.floating[Any]]


class Reading(Model):
    """What a bank's files do not say of themselves."""

    objective: str | None = Field(None, description="the metric that a trial is judged by")
    direction: Literal["minimize", "maximize"] | None = None
    skip: NonNegativeInt | None = Field(None, description="first steps to leave out; default: a step 0")
    where: dict[str, Any] = Field({}, description="only rows of the table with these values")
    ignore: list[str] = Field([], description="columns that are no hyperparameters")
    parameters: list[str] | None = Field(None, description="the columns that are; none: rows have an order only")
    length: str | None = Field(None, description="the column, or metric, that says how many steps a training has")
    min_length: PositiveInt = Field(1, description="trainings of fewer steps were aborted, and are left out")
    columns: dict[str, Any] = Field({}, description="what the metrics are, as in the options of a log")


@dataclass(frozen=True)
class Raw:
    """The three files as they are, rows and steps left out that are not wanted; ``where`` is how errors name them."""

    where: str
    table: pd.DataFrame
    curves: Cube
    metrics: list[str]
    reading: Reading


def tasks(folder: Path) -> list[str]:
    """Return the names of the tasks in ``folder``; raises ConfigError where there is none."""
    names = sorted(p.name.removesuffix(TABLE) for p in folder.glob(f"*{TABLE}"))
    if not names:
        raise ConfigError(str(folder), "", f"expected a bank with NAME{TABLE} files, but got none")
    return names


def load(folder: Path, name: str, given: Mapping[str, Any] | None = None) -> Task:
    """Return the task ``name``; ``given`` holds fields of Reading that win over the files'. Raises ConfigError."""
    raw = _raw(folder, name, given or {})
    objective, higher = _objective(raw)
    lengths = _lengths(raw, objective)
    kept = lengths >= raw.reading.min_length
    if not kept.any() or not np.isfinite(raw.curves[:, :, raw.metrics.index(objective)]).any():
        raise ConfigError(raw.where, objective, "expected at least one finite value, but got none")
    table, cube, lengths = raw.table[kept].reset_index(drop=True), raw.curves[kept], lengths[kept]
    parameters = _parameters(raw, table, lengths)
    roles = columns.roles(raw.metrics, raw.reading.columns)
    kind = roles[objective].kind
    kind = kind if kind in (Kind.TRAIN_LOSS, Kind.VAL_LOSS) else Kind.METRIC
    roles[objective] = columns.Role(kind, higher)
    return Task(
        name=name,
        space=space_file.build(_space(raw.where, parameters), f"{raw.where}: space"),
        configurations=tuple(
            {str(k): bank_space.value(v) for k, v in row.items()} for row in parameters.to_dict("records")
        ),
        curves=_curves(cube, raw.metrics, roles, lengths, objective),
        objective=objective,
        higher_is_better=higher,
        epochs=int(lengths.max()),
        seconds=_seconds(cube, raw.metrics, roles, lengths),
    )


# -- the files --------------------------------------------------------------------------------------------------------


def _raw(folder: Path, name: str, given: Mapping[str, Any]) -> Raw:
    path = folder / name
    where = str(path)
    if not Path(f"{where}{TABLE}").is_file():
        raise ConfigError(str(folder), name, f"unknown task{did_you_mean(name, tasks(folder))}")
    reading = _reading(folder, where, given)
    table = _table(f"{where}{TABLE}")
    curves, metrics, fidelity = _archive(f"{where}{ARCHIVE}")
    if len(table) != len(curves):
        raise ConfigError(where, "curves", f"expected one for each of {len(table)} rows, but got {len(curves)}")
    for column, wanted in reading.where.items():
        if column not in table:
            raise ConfigError(where, f"where.{column}", f"unknown column{did_you_mean(column, map(str, table))}")
        chosen = (table[column] == wanted).to_numpy()
        table, curves = table[chosen], curves[chosen]
    if not len(table):
        raise ConfigError(where, "", "expected a table with at least one configuration, but got an empty one")
    skip = int(fidelity[0] == 0) if reading.skip is None else reading.skip
    if curves.shape[1] <= skip:
        raise ConfigError(where, "curves", f"expected more than {skip} steps, but got {curves.shape[1]}")
    return Raw(where, table.reset_index(drop=True), curves[:, skip:], metrics, reading)


def _reading(folder: Path, where: str, given: Mapping[str, Any]) -> Reading:
    known: Document = {}
    if (folder / READING_FILE).is_file():
        known = documents.load(folder / READING_FILE)
    meta = Path(f"{where}{META}")
    if meta.is_file():
        known |= {k: v for k, v in _meta(meta).items() if k in ("objective", "direction")}
    known |= given
    objective, colon, end = str(known.get("objective") or "").rpartition(":")
    if colon and end in ("min", "max"):
        known |= {"objective": objective, "direction": f"{end}imize"}
    return documents.check(Reading, known, where)


def _meta(path: Path) -> Document:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(str(path), "", f"expected JSON, but got: {error}") from None
    if not isinstance(meta, dict):
        raise ConfigError(str(path), "", f"expected a mapping of keys, but got {type(meta).__name__}")
    return meta


def _table(path: str) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except ImportError:
        raise ConfigError(path, "", "reading Parquet needs pyarrow: pip install tuner[replay]") from None
    except Exception as error:  # whatever Arrow throws at a file that is none of its own
        raise ConfigError(path, "", f"expected a Parquet table, but got: {str(error).splitlines()[0]}") from None


def _archive(path: str) -> tuple[Cube, list[str], NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            curves, metrics = archive["curves"], [str(m) for m in archive["metrics"]]
            fidelity = archive["fidelity"] if "fidelity" in archive else np.arange(1, curves.shape[1] + 1)
    except FileNotFoundError:
        raise ConfigError(path, "", "no such file") from None
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise ConfigError(path, "", f"expected an archive with curves and metrics, but got: {error}") from None
    if curves.ndim != 3 or curves.shape[2] != len(metrics) or len(fidelity) != curves.shape[1]:
        expected = f"expected [configurations, {len(fidelity)} steps, {len(metrics)} metrics]"
        raise ConfigError(path, "curves", f"{expected}, but got {list(curves.shape)}")
    if curves.dtype.kind not in "fiu":
        raise ConfigError(path, "curves", f"expected numbers, but got {curves.dtype}")
    return curves.astype(np.float64), metrics, fidelity


# -- what they mean ---------------------------------------------------------------------------------------------------


def _objective(raw: Raw) -> tuple[str, bool]:
    """Return the metric to judge by, and whether more of it is better."""
    roles = columns.roles(raw.metrics, raw.reading.columns)
    name = raw.reading.objective
    if name is None:
        candidates = [n for n, r in roles.items() if r.kind in (Kind.VAL_LOSS, Kind.METRIC)]
        if len(candidates) != 1:
            among = ", ".join(candidates or raw.metrics)
            raise ConfigError(raw.where, "objective", f"expected the metric to judge by, one of {among}, but got none")
        name = candidates[0]
    if name not in raw.metrics:
        raise ConfigError(raw.where, "objective", f"no metric '{name}'{did_you_mean(name, raw.metrics)}")
    if raw.reading.direction is not None:
        return name, raw.reading.direction == "maximize"
    if roles[name].kind not in (Kind.VAL_LOSS, Kind.TRAIN_LOSS, Kind.METRIC):
        raise ConfigError(raw.where, "direction", f"expected minimize or maximize for '{name}', but got nothing")
    return name, roles[name].higher_is_better


def _lengths(raw: Raw, objective: str) -> IntArray:
    """Return how many steps each training has, shape [configurations].

    NaN at the end of a curve may mean that the training was over or that it had diverged. Which of them is known from
    the column or metric that says so, else from a metric that counts the steps and the last value then, else it
    diverged. What diverged would have gone on, and lasts as long as the longest.
    """
    n, steps, _ = raw.curves.shape
    name = raw.reading.length
    if name is None:
        clocks = [i for i, m in enumerate(raw.metrics) if m != objective and _counts(raw.curves[:, :, i])]
        counted: IntArray = _last(raw.curves[:, :, clocks[0]]) if clocks else np.full(n, steps, dtype=np.int64)
        ends = raw.curves[np.arange(n), np.maximum(counted, 1) - 1, raw.metrics.index(objective)]
        counted[(counted > 0) & ~np.isfinite(ends)] = counted.max()
        return counted
    if name in raw.metrics:
        return _last(raw.curves[:, :, raw.metrics.index(name)])
    if name not in raw.table:
        known = [*raw.metrics, *map(str, raw.table)]
        raise ConfigError(raw.where, "length", f"no column or metric '{name}'{did_you_mean(name, known)}")
    said = pd.to_numeric(raw.table[name], errors="coerce").fillna(0).clip(0, steps)
    return np.asarray(said, dtype=np.int64)


def _counts(values: Cube) -> bool:
    """Return whether a metric rises at every step of every training: a step counter, or time."""
    with np.errstate(invalid="ignore"):
        rises = np.diff(values, axis=1)
    known = np.isfinite(rises)
    return bool(known.any() and (rises[known] > 0).all())


def _last(values: Cube) -> IntArray:
    """Return the number of steps up to the last finite one, shape [configurations]."""
    finite = np.isfinite(values)
    last: IntArray = np.where(finite.any(axis=1), values.shape[1] - np.argmax(finite[:, ::-1], axis=1), 0)
    return last


def _parameters(raw: Raw, table: pd.DataFrame, lengths: IntArray) -> pd.DataFrame:
    """Return the columns that are hyperparameters."""
    chosen = raw.reading.parameters
    for name in [*(chosen or []), *raw.reading.ignore]:
        if name not in table:
            raise ConfigError(raw.where, "parameters", f"unknown column '{name}'{did_you_mean(name, map(str, table))}")
    if chosen is None:
        idle = {*NO_PARAMETERS, raw.reading.length, *raw.reading.ignore}
        chosen = [str(name) for name in table if name not in idle]
    table = table[chosen]
    varying = [name for name in table if table[name].nunique(dropna=False) > 1]
    return table[varying] if varying else pd.DataFrame({"run": range(len(lengths))})


def _space(where: str, parameters: pd.DataFrame) -> Document:
    try:
        return bank_space.derive(parameters) or {"run": {"choice": [0]}}
    except ValueError as error:
        raise ConfigError(where, "configs", str(error)) from None


def _curves(
    cube: Cube, metrics: list[str], roles: Mapping[str, columns.Role], lengths: IntArray, objective: str
) -> tuple[Curve, ...]:
    """Return every training as a curve; a step at which no training has a value of a metric was not logged."""
    wanted = [n for n in metrics if n == objective or roles[n].kind not in (Kind.OTHER, Kind.SECONDS)]
    logged = {name: np.isfinite(cube[:, :, metrics.index(name)]).any(axis=0) for name in wanted}
    steps, planned = np.arange(1, cube.shape[1] + 1), int(lengths.max())
    curves = []
    for row, length in zip(cube, lengths, strict=True):
        series = {}
        for name in wanted:
            there = logged[name] & (steps <= length)
            values: FloatArray = row[there, metrics.index(name)]
            if name == objective or np.isfinite(values).any():
                series[name] = Series(name, roles[name].kind, steps[there], values, roles[name].higher_is_better)
        curves.append(Curve(series, objective=objective, planned_epochs=planned))
    return tuple(curves)


def _seconds(
    cube: Cube, metrics: list[str], roles: Mapping[str, columns.Role], lengths: IntArray
) -> tuple[float, ...] | None:
    """Return the mean time of one epoch of each training, where time was recorded, all in all or epoch by epoch."""
    name = next((n for n in metrics if roles[n].kind is Kind.SECONDS), None)
    if name is None:
        return None
    times = cube[:, :, metrics.index(name)]
    total = np.nan_to_num(times).max(axis=1) if _counts(times) else np.nansum(times, axis=1)
    return tuple((total / lengths).tolist()) if (total > 0).all() else None
