"""What a curve is by its shape as a whole: points for each number of it, added up.

``scorecard.json`` holds two cards, each a logistic regression over steps (an additive model, as the scorecards of banks
are), fitted by ``scripts/fit_scorecard.py`` on labelled curves. ``finished`` weighs every verdict on curves at their
end, ``running`` whether a run that goes on is one that will end badly, and by what. Every number falls between two
edges and gives each label the points that stand there; the sums are turned into probabilities.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.calibration import logit
from tuner.curve import FloatArray

FINISHED, RUNNING = "finished", "running"
"""The cards."""

SOUND = "sound"
"""The label of healthy runs that end well on the card for curves that go on; its others are what ends badly."""

DOUBT = 1e-3
"""What is added to every probability: a curve unlike all that were seen can be anything."""

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

    ``caution`` is how many times as likely as healthy a run has to be sick to be called so. Of the finished card,
    ``trust`` is how many times likelier a verdict is that the rules give, and how many times less so one that is sick
    and that no rule saw; ``sure`` turns the logit of a probability into that of the share of such verdicts that were
    right: an offset and a slope.
    """

    labels: tuple[str, ...]
    start: FloatArray
    steps: Mapping[str, Step]
    points: FloatArray
    caution: float
    trust: float
    sure: tuple[float, float]

    def rows(self, found: Mapping[str, float]) -> NDArray[np.int64]:
        """Return the rows of ``points`` that the numbers fall into, shape [steps]."""
        edges, first, missing = self._grid
        values = np.array([found.get(key, math.nan) for key in self.steps])
        below: NDArray[np.int64] = first + (edges < values).sum(axis=0)
        return np.where(np.isnan(values), missing, below)

    @cached_property
    def _grid(self) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
        """The edges of all steps as columns, padded, shape [edges, steps]; their first rows, and those for missing."""
        edges = np.full((max((len(s.edges) for s in self.steps.values()), default=0), len(self.steps)), np.inf)
        for column, step in enumerate(self.steps.values()):
            edges[: len(step.edges), column] = step.edges
        first = np.array([step.row for step in self.steps.values()], dtype=np.int64)
        return edges, first, np.array([step.row + len(step.edges) + 1 for step in self.steps.values()], dtype=np.int64)

    def probabilities(self, found: Mapping[str, float]) -> dict[str, float]:
        """Return how likely each label is."""
        total = self.start + self.points[self.rows(found)].sum(axis=0)
        weights = np.exp(total - total.max())
        return dict(zip(self.labels, (weights / weights.sum()).tolist(), strict=True))

    def reasons(self, found: Mapping[str, float], label: str, other: str) -> list[str]:
        """Return the keys of the numbers that speak for a label against another one, the strongest first."""
        rows, points = self.rows(found), self.points
        more = (points[rows, self.labels.index(label)] - points[rows, self.labels.index(other)]).tolist()
        gains = {key: gain for key, gain in zip(self.steps, more, strict=True) if gain > 0 and key in found}
        return sorted(gains, key=lambda key: -gains[key])

    def confidence(self, likely: float) -> float:
        """Return which share of the verdicts that were as likely was right."""
        offset, slope = self.sure
        return 1 / (1 + math.exp(-(offset + slope * logit(likely))))


@cache
def card(name: str) -> Card:
    """Return a card by its name."""
    return parse(resources.files("tuner").joinpath("scorecard.json").read_text("utf-8"), name)


def parse(text: str, name: str) -> Card:
    """Return a card that a JSON text holds."""
    known: Mapping[str, Any] = json.loads(text)[name]
    steps: dict[str, Step] = {}
    rows: list[list[float]] = []
    for key, step in known["steps"].items():
        steps[key] = Step(tuple(step["edges"]), len(rows))
        rows += step["points"]
    offset, slope = known.get("sure", (0.0, 1.0))
    return Card(
        labels=tuple(known["labels"]),
        start=np.array(known["start"]),
        steps=steps,
        points=np.array(rows),
        caution=float(known["caution"]),
        trust=float(known.get("trust", 1.0)),
        sure=(float(offset), float(slope)),
    )
