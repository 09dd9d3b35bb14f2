"""What is left of a curve without its trend, and how alike it is some rows later."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from tuner.curve import FloatArray
from tuner.symptoms import trend


def of_loss(values: FloatArray) -> FloatArray:
    """Return the waves of a loss [n] as a share of its level."""
    # Waves that shrink with the loss are of one height in its logarithm.
    return without_trend(np.log(values)) if values.min() > 0 else without_trend(values) / (np.abs(values).max() or 1.0)


def height(waves: FloatArray) -> float:
    """Return the standard deviation of waves [n]."""
    return math.sqrt(float(waves @ waves) / len(waves))


def without_trend(values: FloatArray) -> FloatArray:
    """Return what is left of values [n] without their trend, a parabola over the logarithm of time."""
    basis = _basis(len(values))
    waves = values - basis @ (basis.T @ values)
    limit = 4 * max(trend.median(np.abs(waves)), 1e-300)  # a single spike is not a wave
    return waves.clip(-limit, limit)


@lru_cache(maxsize=256)
def _basis(n: int) -> FloatArray:
    """Return an orthonormal basis of trends over n rows, shape [n, 4]."""
    time = np.log(np.arange(n) + 0.1 * n + 1)
    basis: FloatArray = np.linalg.qr(np.stack([np.ones(n), time, time**2, np.linspace(0, 1, n)], axis=1))[0]
    return basis


def correlation(waves: FloatArray, lags: int) -> FloatArray:
    """Return the correlation of the waves with themselves, shape [lags + 1]."""
    centred = waves - np.add.reduce(waves) / len(waves)
    # As long again, so that the end does not meet the beginning; a multiple of 64 is transformed fast.
    found = np.fft.rfft(centred, math.ceil(len(centred) / 32) * 64)
    sums: FloatArray = np.fft.irfft(found.real**2 + found.imag**2)[: lags + 1]
    variance = max(float(sums[0]) / len(centred), 1e-300)
    found_at: FloatArray = sums / (_shared(len(centred), lags) * variance)
    return found_at


@lru_cache(maxsize=256)
def _shared(n: int, lags: int) -> FloatArray:
    """Return how many of n rows have one so many rows later, shape [lags + 1]."""
    return np.arange(n, n - lags - 1, -1, dtype=np.float64)
