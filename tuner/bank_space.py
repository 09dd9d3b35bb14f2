"""The search space that a table of recorded configurations spans, in the form of a space file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tuner.documents import Document
from tuner.space import ROLE_OF, Role

FEW = 24  # different values up to which a number counts as one of a few levels rather than as a draw from a range
AFFIX = re.compile(r"^(hp|param|config|init|initial|base|max|min|num|n|opt)[_./]|[_./](rate|init|value)$")
MORE_NAMES: Mapping[str, Role] = {
    "learning": Role.LEARNING_RATE,
    "units": Role.MODEL_SIZE,
    "hidden": Role.MODEL_SIZE,
    "hidden_size": Role.MODEL_SIZE,
    "layers": Role.MODEL_SIZE,
    "one_minus_beta1": Role.MOMENTUM,
    "one_minus_momentum": Role.MOMENTUM,
    "warmup_factor": Role.WARMUP,
    "warmup_steps_fraction": Role.WARMUP,
}


def derive(table: pd.DataFrame) -> Document:
    """Return a space file's content: a parameter for every column that varies; raises ValueError.

    Text that differs in every row is a label and no hyperparameter.
    """
    varying = [name for name in table if table[name].nunique(dropna=False) > 1]
    labels = {name for name in varying if _is_text(table[name]) and table[name].nunique() == len(table) > FEW}
    return {str(name): _parameter(str(name), table[name]) for name in varying if name not in labels}


def role(name: str) -> Role | None:
    """Return what a column of that name means to a remedy, with what people put around the usual names taken off."""
    known = {**MORE_NAMES, **ROLE_OF}
    name = name.lower()
    while name not in known and (shorter := AFFIX.sub("", name)) != name:
        name = shorter
    return known.get(name)


def value(cell: Any) -> Any:
    """Return a cell as a plain value: a missing one as ``none``."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)) or cell is pd.NA:
        return "none"
    return cell.item() if hasattr(cell, "item") else cell


def _parameter(name: str, column: pd.Series[Any]) -> Document:
    found = _form(name, column)
    meaning = role(name)
    return {**found, "role": str(meaning)} if meaning else found


def _form(name: str, column: pd.Series[Any]) -> Document:
    values = [value(cell) for cell in column.unique()]
    if _is_text(column) or any(isinstance(v, str | bool) for v in values):
        if len(values) > FEW * 4:
            raise ValueError(f"{name}: expected numbers, or up to {FEW * 4} options, but got {len(values)}")
        return {"choice": sorted(values, key=lambda v: (isinstance(v, str), v))}
    return _numbers(name, sorted(values))


def _numbers(name: str, values: Sequence[float]) -> Document:
    if not all(math.isfinite(v) for v in values):
        raise ValueError(f"{name}: expected finite numbers, but got {values[-1]}")
    if len(values) <= FEW:
        return {"ordered": list(values)}
    low, middle, high = values[0], values[len(values) // 2], values[-1]
    whole = all(isinstance(v, int) for v in values)
    return {_scale(low, middle, high): [low, high], **({"int": True} if whole else {})}


def _scale(low: float, middle: float, high: float) -> str:
    """Return the scale on which the median lies nearer to the middle of the range."""
    if low <= 0:
        return "linear"
    linear, log = (middle - low) / (high - low), math.log(middle / low) / math.log(high / low)
    return "log" if abs(log - 0.5) < abs(linear - 0.5) else "linear"


def _is_text(column: pd.Series[Any]) -> bool:
    return not pd.api.types.is_numeric_dtype(column)
