"""Whether an alarm on a curve that goes on is that of a run that ends badly: points for its shape, added up.

``scorecard.json`` is a logistic regression over steps (an additive model, as the scorecards of banks are), fitted by
``scripts/fit_scorecard.py`` on the cuts of labelled curves at which the rules raise an alarm. Every number, of the
shape and of what the rules saw, falls between two edges and gives each of the two labels the points that stand there;
the sums are turned into probabilities.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from tuner.curve import FloatArray

SOUND, SICK = "sound", "sick"
"""The labels: runs that end well, and runs that end badly."""

SEEN, VERDICT, MARGIN = "seen", "verdict", "margin"
"""Kinds of evidence of the rules; their keys are such as ``seen overfitting``."""

PROGRESS = "progress"
"""The key of the share of the plan that is done."""


@dataclass(frozen=True)
class Step:
    """A number's edges, increasing, and the row of ``Card.points`` for the interval below the first of them."""

    edges: tuple[float, ...]
    row: int


@dataclass(frozen=True)
class Card:
    """Points, shape [rows, labels]: of each number one row an interval, then one for where it is missing.

    ``caution`` is how many times as likely as sound a run has to be sick for an alarm to stand.
    """

    labels: tuple[str, ...]
    start: FloatArray
    steps: Mapping[str, Step]
    points: FloatArray
    caution: float

    def rows(self, found: Mapping[str, float]) -> list[int]:
        """Return the rows of ``points`` that the numbers fall into."""
        return [self._row(step, found.get(key)) for key, step in self.steps.items()]

    @staticmethod
    def _row(step: Step, value: float | None) -> int:
        missing = value is None or math.isnan(value)
        return step.row + (len(step.edges) + 1 if missing else bisect_left(step.edges, value or 0.0))

    def probabilities(self, found: Mapping[str, float]) -> dict[str, float]:
        """Return how likely each label is."""
        total = self.start + self.points[self.rows(found)].sum(axis=0)
        weights = np.exp(total - total.max())
        return dict(zip(self.labels, (weights / weights.sum()).tolist(), strict=True))


@cache
def card() -> Card:
    return parse(resources.files("tuner").joinpath("scorecard.json").read_text("utf-8"))


def parse(text: str) -> Card:
    """Return the card that a JSON text holds."""
    known: Mapping[str, Any] = json.loads(text)
    steps: dict[str, Step] = {}
    rows: list[list[float]] = []
    for key, step in known["steps"].items():
        steps[key] = Step(tuple(step["edges"]), len(rows))
        rows += step["points"]
    return Card(
        labels=tuple(known["labels"]),
        start=np.array(known["start"]),
        steps=steps,
        points=np.array(rows),
        caution=float(known["caution"]),
    )
