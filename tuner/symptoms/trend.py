"""Robust statistics of short, noisy training curves: jitter, trend, patience."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Kind, Series

FEW = 24
"""Numbers that Python sorts sooner than NumPy."""

SECOND = 1.4826 / math.sqrt(6)
"""The standard deviation of normal noise over the median of its absolute second differences."""


@dataclass(frozen=True)
class Line:
    """A straight line: its ``change`` from end to end of a window, the standard ``error`` of that, its ``level``."""

    change: float
    error: float
    level: float

    @property
    def share(self) -> float:
        """The change relative to the level."""
        return math.copysign(ratio(abs(self.change), abs(self.level)), self.change)

    def falls(self, sigmas: float) -> bool:
        """Tell whether the line goes down by more than ``sigmas`` standard errors."""
        return self.change < -sigmas * self.error

    def rises(self, sigmas: float) -> bool:
        """Tell whether the line goes up by more than ``sigmas`` standard errors."""
        return self.change > sigmas * self.error


def median(values: FloatArray) -> float:
    """Return the median of values [n], n > 0; many times faster than NumPy's on a few hundred of them."""
    n, half = len(values), len(values) // 2
    ordered = values.copy() if n > FEW else values.tolist()  # of a few numbers a list is sorted sooner
    ordered.sort()
    return float(ordered[half] if n % 2 else (ordered[half - 1] + ordered[half]) / 2)


def medians(values: FloatArray) -> FloatArray:
    """Return the medians of k series, values [k, n], n > 0."""
    ordered, half = np.sort(values, axis=1), values.shape[1] // 2
    found: FloatArray = ordered[:, half] if values.shape[1] % 2 else (ordered[:, half - 1] + ordered[:, half]) / 2
    return found


def mean(values: FloatArray) -> float:
    """Return the mean of values [n], n > 0; several times faster than NumPy's general function."""
    return float(values.sum()) / len(values)


def deviation(values: FloatArray) -> float:
    """Return the standard deviation of values [n], n > 0; several times faster than NumPy's general function."""
    off = values - mean(values)
    return math.sqrt(float(off @ off) / len(values))


def jitter(values: FloatArray) -> float:
    """Return the standard deviation of the noise, from second differences, which a steady trend does not touch.

    The median of their absolute values is scaled as for normal noise (1.4826 / sqrt(6)), so single spikes do not count.
    """
    if len(values) < 3:
        return 0.0
    return median(np.abs(second_differences(values))) * SECOND


def second_differences(values: FloatArray) -> FloatArray:
    """Return the second differences of values [..., n]; several times faster than NumPy's general function."""
    differences: FloatArray = values[..., 2:] - 2 * values[..., 1:-1] + values[..., :-2]
    return differences


def jumps(values: FloatArray) -> float:
    """Return how far values [n] jump from row to row, trends aside, as a standard deviation."""
    return root_mean_square(np.abs(second_differences(values))) if len(values) > 2 else 0.0


def root_mean_square(second: FloatArray) -> float:
    """Return ``jumps`` by the absolute second differences [n], n > 0."""
    ordered = second.copy()
    ordered.sort()
    # The upper tenth is left out, for single spikes; the median would miss the steps of a metric of few samples.
    kept = ordered[: max(1, int(0.9 * len(ordered)))]
    return math.sqrt(float(kept @ kept) / len(kept) / 6) * 1.25


def one_sample(cost: FloatArray) -> float:
    """Return what one sample more or less is worth where a score takes few values, as on a small set; else 0."""
    ordered = np.sort(cost)
    if np.count_nonzero(ordered[1:] > ordered[:-1]) + 1 > len(cost) / 3:
        return 0.0
    steps = np.abs(cost[1:] - cost[:-1])
    return float(steps.min(where=steps > 0, initial=math.inf)) if steps.any() else 0.0


def fit_line(values: FloatArray) -> Line:
    """Fit Tukey's resistant line to values [n] at equal steps: the medians of the outer thirds set it."""
    n = len(values)
    if n < 3:
        return Line(0.0, math.inf, float(values[-1]) if n else 0.0)
    third, left, right = _thirds(values)
    stretch = (n - 1) / (n - third)
    # A median has pi / 2 times the variance of a mean; the two thirds are independent.
    error = jitter(values) * math.sqrt(math.pi / third) * stretch
    return Line((right - left) * stretch, error, (right + left) / 2)


def fit_lines(values: FloatArray, second: FloatArray) -> list[Line]:
    """Fit a resistant line to each of k series, values [k, n], n > 2, by the sizes of their second differences."""
    n = values.shape[1]
    third = (n + 1) // 3
    stretch = (n - 1) / (n - third)
    levels = medians(np.concatenate([values[:, :third], values[:, -third:]]))
    left, right = levels[: len(values)], levels[len(values) :]
    errors = medians(second) * (SECOND * math.sqrt(math.pi / third) * stretch)
    found = (((right - left) * stretch).tolist(), errors.tolist(), ((right + left) / 2).tolist())
    return [Line(*of) for of in zip(*found, strict=True)]


def share_of_change(values: FloatArray) -> float:
    """Return ``fit_line(values).share`` for values [n], n >= 3, without the cost of its error."""
    third, left, right = _thirds(values)
    change = (right - left) * (len(values) - 1) / (len(values) - third)
    return math.copysign(ratio(abs(change), abs((right + left) / 2)), change)


def _thirds(values: FloatArray) -> tuple[int, float, float]:
    """Return how many values are a third, and the medians of the first and of the last third."""
    third = max(1, (len(values) + 1) // 3)
    return third, median(values[:third]), median(values[-third:])


def running_median(values: FloatArray, width: int) -> FloatArray:
    """Return the median of each value and the ``width - 1`` before it (fewer at the start), shape [..., n]."""
    width = min(width, values.shape[-1])
    if width < 2:
        return values
    if width == 3:
        return _joined(values, width, _middle(values[..., :-2], values[..., 1:-1], values[..., 2:]))
    if width == 5:
        lower, higher = np.minimum(values[..., :-1], values[..., 1:]), np.maximum(values[..., :-1], values[..., 1:])
        # Of two pairs neither the lower minimum nor the higher maximum can be the middle of the five.
        low, high = np.maximum(lower[..., :-3], lower[..., 2:-1]), np.minimum(higher[..., :-3], higher[..., 2:-1])
        return _joined(values, width, _middle(low, high, values[..., 4:]))
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(values, width, axis=-1), axis=-1)
    return _joined(values, width, (windows[..., (width - 1) // 2] + windows[..., width // 2]) / 2)


def _joined(values: FloatArray, width: int, rest: FloatArray) -> FloatArray:
    """Return running medians, of which those of the first ``width - 1`` values are still to be found."""
    found = np.empty_like(values)
    found[..., 0], found[..., 1] = values[..., 0], (values[..., 0] + values[..., 1]) / 2
    for i in range(3, width):
        found[..., i - 1] = median(values[:i]) if values.ndim == 1 else medians(values[:, :i])
    found[..., width - 1 :] = rest
    return found


def _middle(first: FloatArray, second: FloatArray, third: FloatArray) -> FloatArray:
    """Return the middle one of three, element by element; many times faster than sorting."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    middle: FloatArray = np.maximum(low, np.minimum(high, third))
    return middle


def last_gain(cost: FloatArray, delta: float) -> int:
    """Return the index since which the running minimum of ``cost`` has gained no more than ``delta``."""
    best = np.minimum.accumulate(cost)
    return int(np.argmax(best <= best[-1] + delta))


def beginning(loss: FloatArray) -> float:
    """Return the level of the first quarter of a loss [n], n > 0, by which "near 0" is measured.

    The first value alone may be that of weights that exploded, hundreds of times what the run is about.
    """
    return abs(median(loss[: max(3, len(loss) // 4)]))


def patience(curve: Curve, share: float, least: int) -> int:
    """Return ``share`` of the planned epochs (of the logged ones where no length was planned), at least ``least``."""
    return max(least, math.ceil(share * (curve.planned_epochs or curve.length)))


def wait(curve: Curve, share: float, soon: int, least: int) -> int:
    """Return ``patience``, at least ``soon`` while the run goes on: what is seen then is held against its shape."""
    goes_on = curve.progress is not None and curve.progress < 1
    return patience(curve, share, soon if goes_on else least)


def clean(series: Series | None) -> FloatArray:
    """Return what is finite of a series, clipped so that arithmetic on it cannot overflow."""
    return series.bounded if series is not None else np.empty(0)


def clean_cost(series: Series | None) -> FloatArray:
    """Return what is finite of a series as something to minimise."""
    return series.bounded_cost if series is not None else np.empty(0)


def tail(series: Series | None, curve: Curve, rows: int) -> FloatArray:
    """Return the finite costs logged in the last ``rows`` epochs of ``curve``, however sparse the series is."""
    if series is None or not curve.length:
        return np.empty(0)
    first, cost = max(0, curve.length - rows), clean_cost(series)
    if len(cost) == curve.length:
        return cost[first:]
    return cost[int(np.searchsorted(series.finite.epochs, curve.epochs[first])) :]


def metric(curve: Curve) -> Series | None:
    """Return the metric that tells most about a run: the objective, or the first metric where that is a loss."""
    if curve.score is not None and curve.score.kind is Kind.METRIC:
        return curve.score
    metrics = curve.of_kind(Kind.METRIC)
    return metrics[0] if metrics else None


def whole(series: Series | None) -> float:
    """Return what a metric calls all, 1 where there is none (see ``Series.whole``)."""
    return series.whole if series is not None else 1.0


def shares(series: Series | None) -> FloatArray:
    """Return how good what is finite of a metric is, as shares of 1; empty where that cannot be told."""
    return series.shares if series is not None else np.empty(0)


def good(metric: Series | None, limit: float) -> bool:
    """Tell whether a metric ends better than ``limit``, a share of 1; False where that cannot be told."""
    values = shares(metric)
    return len(values) > 0 and median(values[-5:]) > limit


def room(series: Series, level: float) -> float:
    """Return what a change is measured by: the level, or what is left to 1 where a score is nearer to that."""
    whole = 100.0 if series.kind is Kind.METRIC and abs(level) > 1.5 else 1.0
    if series.kind is Kind.METRIC and series.higher_is_better and whole / 2 < abs(level) < whole:
        return max(whole - abs(level), 0.02 * whole)
    return abs(level)


def ratio(part: float, whole: float) -> float:
    """Return ``part / whole``, kept within 1e9 so that a whole of 0 gives a number that JSON can hold."""
    value = part / (whole if whole > 1e-200 else 1e-200)
    return value if -1e9 < value < 1e9 else math.copysign(1e9, value)


def confidence(effect: float, half: float) -> float:
    """Return 0 … 1, growing with ``effect`` and 0.5 where it equals ``half``."""
    effect = max(0.0, min(effect, 1e9))
    return effect / (effect + half)
