"""A curve in one line of text, as wide as asked for."""

from __future__ import annotations

import numpy as np

from tuner.curve import FloatArray

LEVELS = "▁▂▃▄▅▆▇█"
LOST = "×"
"""Where no value is finite."""


def sparkline(values: FloatArray, width: int) -> str:
    """Return at most ``width`` characters that rise and fall with ``values``, an epoch or several to a character.

    Positive values are drawn by their logarithm, since a loss that began at a thousand would flatten all that follows.
    """
    parts = np.array_split(values, width) if len(values) > width else np.split(values, len(values))
    means = np.array([_mean(part) for part in parts if len(part)])
    finite = means[np.isfinite(means)]
    if not len(finite):
        return LOST * len(means)
    if (finite > 0).all():
        means, finite = np.log(means), np.log(finite)
    low, high = float(finite.min()), float(finite.max())
    span = max(high / 2 - low / 2, 1e-9) * 2  # halves, so that the distance of two huge values is a number
    return "".join(_level((m - low) / span) if np.isfinite(m) else LOST for m in means.tolist())


def _mean(part: FloatArray) -> float:
    finite = part[np.isfinite(part)]
    # A mean of means: a sum of huge values is no number.
    return float((finite / len(finite)).sum()) if len(finite) else float("nan")


def _level(share: float) -> str:
    return LEVELS[min(len(LEVELS) - 1, max(0, round(share * (len(LEVELS) - 1))))]
