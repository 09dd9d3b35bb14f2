"""What a curve is by its shape as a whole: points for each number of it, added up.

``scorecard.json`` holds two cards, each a logistic regression over broken lines (an additive model, as the scorecards
of banks are), fitted by ``scripts/fit_scorecard.py`` on labelled curves. ``finished`` weighs every verdict on curves at
their end, ``running`` whether an alarm on a curve that goes on is that of a run that ends badly. Every number lies
between two knots and gives each label points between theirs; the sums are turned into probabilities.
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

SOUND, SICK = "sound", "sick"
"""The labels of the card for curves that go on: runs that end well, and runs that end badly."""

DOUBT = 1e-3
"""What is added to every probability: a curve unlike all that were seen can be anything."""

SEEN, VERDICT, MARGIN = "seen", "verdict", "margin"
"""Kinds of evidence of the rules; their keys are such as ``seen overfitting``."""

PROGRESS = "progress"
"""The key of the share of the plan that is done."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """A number's knots, increasing, and the row of ``Card.points`` for the first of them."""

    knots: tuple[float, ...]
    row: int


@dataclass(frozen=True)
class Card:
    """Points, shape [rows, labels]: of each number one row a knot, then one for where it is missing.

    Between two knots the points change evenly, beyond the outermost ones not at all.
    ``caution`` is how many times as likely as healthy a run has to be sick to be called so. Of the finished card,
    ``trust`` is how many times likelier a verdict is that the rules give, and how many times less so one that is sick
    and that no rule saw; ``sure`` turns the logit of a probability into that of the share of such verdicts that were
    right: an offset and a slope.
    """

    labels: tuple[str, ...]
    start: FloatArray
    lines: Mapping[str, Line]
    points: FloatArray
    caution: float
    trust: float
    sure: tuple[float, float]

    def place(self, found: Mapping[str, float]) -> tuple[Rows, Rows, FloatArray]:
        """Return the rows of ``points`` that the numbers lie between, and how far, 0 … 1, each of shape [lines]."""
        knots, first, missing, columns = self._grid
        values = np.array([found.get(key, math.nan) for key in self.lines])
        unknown = np.isnan(values)
        values = np.clip(values, knots[0], self._last)
        upper: Rows = (knots < values).sum(axis=0)
        lower = np.maximum(upper - 1, 0)
        below = knots[lower, columns]
        share = (values - below) / np.maximum(knots[upper, columns] - below, 1e-300)
        share[unknown] = 0.0
        return np.where(unknown, missing, first + lower), np.where(unknown, missing, first + upper), share

    @cached_property
    def _grid(self) -> tuple[FloatArray, Rows, Rows, Rows]:
        """The knots of all lines as columns, padded, shape [knots, lines]; their first rows, those for missing, 0 …."""
        lines = list(self.lines.values())
        knots = np.full((max((len(line.knots) for line in lines), default=1), len(lines)), np.inf)
        for column, line in enumerate(lines):
            knots[: len(line.knots), column] = line.knots
        first = np.array([line.row for line in lines], dtype=np.int64)
        missing = np.array([line.row + len(line.knots) for line in lines], dtype=np.int64)
        return knots, first, missing, np.arange(len(lines))

    @cached_property
    def _last(self) -> FloatArray:
        return np.array([line.knots[-1] for line in self.lines.values()])

    def probabilities(self, found: Mapping[str, float]) -> dict[str, float]:
        """Return how likely each label is."""
        lower, upper, share = self.place(found)
        total = self.start + (1 - share) @ self.points[lower] + share @ self.points[upper]
        weights = np.exp(total - total.max())
        return dict(zip(self.labels, (weights / weights.sum()).tolist(), strict=True))

    def reasons(self, found: Mapping[str, float], label: str, other: str) -> list[str]:
        """Return the keys of the numbers that speak for a label against another one, the strongest first."""
        lower, upper, share = self.place(found)
        more = self.points[:, self.labels.index(label)] - self.points[:, self.labels.index(other)]
        gained = ((1 - share) * more[lower] + share * more[upper]).tolist()
        gains = {key: gain for key, gain in zip(self.lines, gained, strict=True) if gain > 0 and key in found}
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
    lines: dict[str, Line] = {}
    rows: list[list[float]] = []
    for key, line in known["lines"].items():
        lines[key] = Line(tuple(line["knots"]), len(rows))
        rows += line["points"]
    offset, slope = known.get("sure", (0.0, 1.0))
    return Card(
        labels=tuple(known["labels"]),
        start=np.array(known["start"]),
        lines=lines,
        points=np.array(rows),
        caution=float(known["caution"]),
        trust=float(known.get("trust", 1.0)),
        sure=(float(offset), float(slope)),
    )
