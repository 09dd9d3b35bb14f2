"""Shares, F1 and calibration with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From counts of shape [..., *counts] to a number for each leading index."""

Z = 1.959964
RESAMPLES = 2000
BINS = 5


class Estimate(NamedTuple):
    """A number with its 95 % interval; NaN where there is nothing to count."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "-"
        return f"{_short(self.value)} [{_short(self.low)}, {_short(self.high)}]"


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def share(part: int, whole: int) -> Estimate:
    """Return ``part / whole`` with the interval of Wilson (1927)."""
    if not whole:
        return Estimate(math.nan, math.nan, math.nan)
    p, scale = part / whole, 1 + Z * Z / whole
    middle = (p + Z * Z / (2 * whole)) / scale
    half = Z / scale * math.sqrt(p * (1 - p) / whole + Z * Z / (4 * whole * whole))
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half))


def by_group(groups: Sequence[str], counts: Floats) -> Floats:
    """Return the sums of ``counts`` [cases, ...] over the cases of each group, shape [groups, ...]."""
    names, place = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), *counts.shape[1:]))
    np.add.at(sums, place, counts)
    return sums


def bootstrap(grouped: Floats, statistic: Statistic, seed: int = 0) -> Estimate:
    """Return the statistic of all groups, and its percentile interval over groups drawn with replacement.

    The same seed and number of groups draw the same groups, so that differences may be paired in ``statistic``.
    """
    n = len(grouped)
    if not n:
        return Estimate(math.nan, math.nan, math.nan)
    value = float(statistic(grouped.sum(axis=0)[None])[0])
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    found = statistic(np.tensordot(drawn.astype(np.float64), grouped, axes=1))
    found = found[~np.isnan(found)]
    if math.isnan(value) or not len(found):
        return Estimate(value, math.nan, math.nan)
    low, high = np.percentile(found, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def confusion(truth: Sequence[str], said: Sequence[str], labels: Sequence[str]) -> Floats:
    """Return one-hot confusions, shape [cases, labels, labels + 1]: truth, then what was said, the last for others."""
    place = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(truth), len(labels), len(labels) + 1))
    for i, (label, name) in enumerate(zip(truth, said, strict=True)):
        counts[i, place[label], place.get(name, len(labels))] = 1
    return counts


def f1_each(counts: Floats) -> Floats:
    """Return the F1 of every label for confusions [..., labels, labels + 1]; NaN for a label that does not occur."""
    square = counts[..., :-1]
    right = np.diagonal(square, axis1=-2, axis2=-1)
    true, said = counts.sum(axis=-1), square.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(true > 0, 2 * right / (true + said), np.nan))


def f1_macro(counts: Floats) -> Floats:
    """Return the mean F1 over the labels that occur."""
    each = f1_each(counts)
    occurs = ~np.isnan(each)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nansum(each, axis=-1) / occurs.sum(axis=-1))


def f1_of(label: int) -> Statistic:
    return lambda counts: f1_each(counts)[..., label]


def accuracy(counts: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.trace(counts[..., :-1], axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1)))


def difference(statistic: Statistic) -> Statistic:
    """Return the statistic of ours minus that of theirs, for counts [..., 2, ...] that hold both on the same cases."""
    return lambda both: statistic(both[:, 0]) - statistic(both[:, 1])


# -- calibration ------------------------------------------------------------------------------------------------------


def reliability(confidence: Sequence[float], right: Sequence[bool]) -> Floats:
    """Return one-hot bins of confidence, shape [cases, bins, 3]: number, confidence, right."""
    counts = np.zeros((len(right), BINS, 3))
    for i, (c, r) in enumerate(zip(confidence, right, strict=True)):
        counts[i, min(BINS - 1, int(c * BINS))] = (1, c, r)
    return counts


def calibration_error(bins: Floats) -> Floats:
    """Return the expected calibration error: the mean distance of confidence and hits, weighted by the bins' sizes."""
    n = bins[..., 0].sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(bins[..., 1] - bins[..., 2]).sum(axis=-1) / n)


def mean(counts: Floats) -> Floats:
    """Return sum / number for counts [..., 2]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts[..., 0] / counts[..., 1])


def as_json(value: Any) -> Any:
    """Return a cell as JSON holds it: an interval as a list, NaN as null."""
    if isinstance(value, Estimate):
        return [as_json(part) for part in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
