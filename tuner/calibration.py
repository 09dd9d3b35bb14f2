"""How sure a verdict is: the margin of its rule, turned into the share of verdicts like it that were right.

The margin of a rule orders its verdicts but is no probability. ``calibration.yaml`` maps it to one: Platt's method
(1999), logit p = offset of the symptom + slope * logit(margin), fitted on curves made like those of the bank's
development parts with other seeds (``scripts/calibrate.py``), the offsets drawn to a common value since each has few.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

EDGE = 0.01
"""Margins are kept this far from 0 and 1, whose logits are infinite."""


def confidence(name: str, margin: float) -> float:
    """Return how likely a verdict is right, 0 … 1; the margin itself for a symptom that was not calibrated."""
    table = _table()
    offset = table["offsets"].get(name)
    if offset is None:
        return margin
    return 1 / (1 + math.exp(-(offset + table["slope"] * logit(margin))))


def logit(share: float) -> float:
    share = min(1 - EDGE, max(EDGE, share))
    return math.log(share / (1 - share))


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = yaml.safe_load(resources.files("tuner").joinpath("calibration.yaml").read_text("utf-8"))
    return table
