"""What is good to know of a trial beside its curve: the size of its model, its memory, the batch really used.

A trainer may leave it as a JSON object in its trial's folder; everything in it comes from outside.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

from tuner.curve import Curve, Kind
from tuner.record import ParamValue
from tuner.spec import FACTS_FILE

MOST_BYTES, MOST_FACTS, LONGEST = 64 * 1024, 32, 200


def read(folder: Path) -> dict[str, ParamValue]:
    """Return the numbers, words and switches that the trial in ``folder`` left; nothing where it left none."""
    try:
        with open(folder / FACTS_FILE, encoding="utf-8") as file:
            return _parsed(file.read(MOST_BYTES))
    except (OSError, ValueError):
        return {}


def numbers(text: str) -> dict[str, float]:
    """Return the numbers of a JSON object; nothing where ``text`` is none."""
    found = _parsed(text[:MOST_BYTES])
    return {k: float(v) for k, v in found.items() if isinstance(v, int | float) and not isinstance(v, bool)}


def _parsed(text: str) -> dict[str, ParamValue]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    plain = {name: value for name, value in found.items() if len(name) <= LONGEST and _plain(value)}
    return dict(list(plain.items())[:MOST_FACTS])


def _plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST
    return isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value))


def metrics_at(curve: Curve, epoch: int | None) -> Mapping[str, float]:
    """Return every finite metric of ``curve`` at ``epoch``: what the weights that are kept can do."""
    found: dict[str, float] = {}
    for series in curve.of_kind(Kind.METRIC):
        values = series.values[series.epochs == epoch]
        if len(values) and math.isfinite(values[0]):
            found[series.name] = float(values[0])
    return dict(list(found.items())[:MOST_FACTS])
