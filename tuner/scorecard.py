"""What a curve most likely is: points for what the rules saw and for its shape, added up for every symptom.

``scorecard.json`` holds two logistic regressions over steps (additive models, as the scorecards of banks are), fitted
by ``scripts/fit_scorecard.py`` on labelled curves: one for finished curves, over all symptoms, and one for curves that
go on, which says whether an alarm of the rules is that of a run that ends badly. Every number falls between two edges
and gives each label the points that stand there; the sums are turned into probabilities. So a verdict is explained by
the numbers that gave it the most points over the next best.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from tuner.curve import FloatArray

FINISHED, RUNNING = "finished", "running"
"""The two cards."""

SOUND, SICK = "sound", "sick"
"""The labels of the one for curves that go on."""

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

    ``caution`` is how many times as likely as a healthy shape a sick one has to be. ``offset`` and ``slope`` turn the
    logit of a probability into that of the share of such verdicts that were right.
    """

    labels: tuple[str, ...]
    start: FloatArray
    steps: Mapping[str, Step]
    points: FloatArray
    caution: float
    offset: float
    slope: float

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

    def reasons(self, found: Mapping[str, float], name: str, other: str, among: Iterable[str]) -> list[str]:
        """Return the keys of ``among`` that are found, those first that speak most for ``name`` against ``other``."""
        a, b = self.labels.index(name), self.labels.index(other)
        rows = dict(zip(self.steps, self.rows(found), strict=True))
        gains = {key: self.points[rows[key], a] - self.points[rows[key], b] for key in among if key in found}
        return sorted(gains, key=lambda key: -gains[key])

    def sure(self, probability: float) -> float:
        """Return the share of verdicts of that probability that were right."""
        p = min(0.999, max(0.001, probability))
        return 1 / (1 + math.exp(-(self.offset + self.slope * math.log(p / (1 - p)))))


def card(name: str) -> Card:
    return _cards()[name]


@cache
def _cards() -> dict[str, Card]:
    return parse(resources.files("tuner").joinpath("scorecard.json").read_text("utf-8"))


def parse(text: str) -> dict[str, Card]:
    """Return the cards that a JSON text holds."""
    return {name: _card(known) for name, known in json.loads(text).items()}


def _card(known: Mapping[str, Any]) -> Card:
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
        **{key: float(known[key]) for key in ("caution", "offset", "slope")},
    )
