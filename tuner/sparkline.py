"""A curve in one line of text, as wide as asked for."""

from __future__ import annotations

import numpy as np

from tuner.curve import LARGEST, FloatArray

LEVELS = "▁▂▃▄▅▆▇█"
LOST = "×"
"""Where no value is finite."""


def sparkline(values: FloatArray, width: int) -> str:
    """Return at most ``width`` characters that rise and fall with ``values``, an epoch or several to a character.

    Positive values are drawn by their logarithm, since a loss that began at a thousand would flatten all that follows.
    """
    bounded = np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), np.nan)
    means = np.array([_mean(part) for part in np.array_split(bounded, min(width, len(values)))])
    finite = means[np.isfinite(means)]
    if not len(finite):
        return LOST * len(means)
    if (finite > 0).all():
        means, finite = np.log(means), np.log(finite)
    low, span = float(finite.min()), float(np.ptp(finite)) or 1.0
    return "".join(_level((mean - low) / span) if np.isfinite(mean) else LOST for mean in means.tolist())


def _mean(part: FloatArray) -> float:
    finite = part[np.isfinite(part)]
    return float(finite.mean()) if len(finite) else float("nan")


def _level(share: float) -> str:
    return LEVELS[round(share * (len(LEVELS) - 1))]
