"""The loss goes up and down in regular waves of one fixed period.

Looks like: waves around the trend, each as long as the one before, in the training loss and often in validation too.

Not meant: a zig-zag from one row to the next (see oscillating); waves that a cyclic learning rate explains.

Usual causes: the data are not shuffled, so the same samples come in the same order again and again and the network
follows what it saw last.

In a search: turn shuffling on, where the trainer has a switch for it.

For a person: check that the training data are shuffled anew in every epoch; check that sorted classes, scenes or days
do not come in blocks; check for a cyclic learning rate that is not logged.

Thresholds: of 1,000 falls with independent noise of 5 % in training and validation none of 80 rows or more was taken
for waves, 5 of 50 rows and 11 of 30.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tuner.curve import Curve, FloatArray, Kind, Series
from tuner.diagnosis import NAMED, Symptom
from tuner.symptoms import trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    shortest: int = 3  # rows: up and down from row to row is a zig-zag
    least: int = 14  # rows
    periods: float = 3.2  # that must fit into the rows
    few: int = 34  # rows below which, or
    few_periods: float = 4.5  # periods below which, waves have to be very much alike: chance makes some of so few
    very_alike: float = 0.8
    settle: float = 0.1  # share of the rows left out at the start, where a steep fall hides the waves
    alike: float = 0.5  # correlation of the waves with themselves one period later
    alike_twice: float = 0.4  # two periods later
    alike_often: float = 0.36  # one, two and three periods later, where there are many
    often: float = 5.5  # periods that are many
    many: int = 60  # rows that are many
    dip: float = 0.4  # that the correlation must fall below ``alike`` in between
    zigzag: float = -0.6  # correlation of neighbours: three rows a wave have -0.5
    height: float = 0.005  # standard deviation of the waves as a share of the level; smaller ones do not matter
    cyclic_rate: float = 0.5  # correlation of the learning rate with itself that explains the waves


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See waves of a fixed period around the trend of a loss."""
    for series in (curve.train_loss, curve.val_loss):
        values = trend.clean(series)
        values = values[int(options.settle * len(values)) :]
        if series is None or len(values) < options.least:
            continue
        # Waves that shrink with the loss are of one height in its logarithm.
        waves = _waves(np.log(values)) if values.min() > 0 else _waves(values) / (np.abs(values).max() or 1.0)
        height = math.sqrt(float(waves @ waves) / len(waves))
        if height < options.height:
            continue
        period, alike = _period(waves, options)
        few = len(values) < options.few or period * options.few_periods > len(values)
        if period and not (few and alike < options.very_alike) and not _rate_cycles(curve, period, options):
            return _symptom(curve, series, period, alike, height)
    return None


def _waves(values: FloatArray) -> FloatArray:
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


def _period(waves: FloatArray, options: Options) -> tuple[int, float]:
    """Return the period in rows and the correlation at it; (0, 0) where there is none."""
    n = len(waves)
    longest = int(n / options.periods)
    correlation = _correlation(waves, min(n - 2, 3 * longest + 1))
    if correlation[1] < options.zigzag:
        return 0, 0.0
    middle = correlation[1:-1]
    peaks = (middle >= options.alike_often) & (middle >= correlation[:-2]) & (middle >= correlation[2:])
    for lag in (np.flatnonzero(peaks) + 1).tolist():
        alike = float(correlation[lag])
        if not options.shortest <= lag <= longest:
            continue
        # A zig-zag is alike at every second row; a drift has no dip on the way.
        if correlation[1:lag].min() > alike - options.dip or correlation[2] >= alike:
            return 0, 0.0
        twice, thrice = (max(correlation[k * lag - 1 : k * lag + 2], default=0.0) for k in (2, 3))
        if alike >= options.alike and twice >= options.alike_twice:
            return lag, alike
        if n >= max(options.many, lag * options.often) and min(twice, thrice) >= options.alike_often:
            return lag, alike
        if alike >= options.alike:
            return 0, 0.0
    return 0, 0.0


def _correlation(waves: FloatArray, lags: int) -> FloatArray:
    """Return the correlation of the waves with themselves, shape [lags + 1]."""
    centred = waves - trend.mean(waves)
    # As long again, so that the end does not meet the beginning; a multiple of 64 is transformed fast.
    found = np.fft.rfft(centred, math.ceil(len(centred) / 32) * 64)
    sums: FloatArray = np.fft.irfft(found.real**2 + found.imag**2)[: lags + 1]
    variance = max(float(sums[0]) / len(centred), 1e-300)
    correlation: FloatArray = sums / (_shared(len(centred), lags) * variance)
    return correlation


@lru_cache(maxsize=256)
def _shared(n: int, lags: int) -> FloatArray:
    """Return how many of n rows have one so many rows later, shape [lags + 1]."""
    return np.arange(n, n - lags - 1, -1, dtype=np.float64)


def _rate_cycles(curve: Curve, period: int, options: Options) -> bool:
    """Tell whether a logged learning rate has the same period."""
    for rate in curve.of_kind(Kind.LEARNING_RATE):
        waves = _waves(trend.clean(rate)) if len(rate.finite) > 2 * period + 2 else np.empty(0)
        if (
            len(waves)
            and waves.std() > options.height * abs(rate.finite.values).max()
            and _correlation(waves, period)[period] > options.cyclic_rate
        ):
            return True
    return False


def _symptom(curve: Curve, series: Series, period: int, alike: float, height: float) -> Symptom:
    return Symptom(
        name="periodic",
        since_epoch=int(series.finite.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=min(1.0, 0.5 + alike / 2),
        severity=NAMED,
        evidence={"series": series.name, "period": period, "alike": alike, "height": height},
        says=("{series} goes up and down with a period of {period} rows, by {height:.1%} of its level",),
    )


_E = np.arange(60.0)
_FALLS = 2.0 * 0.95**_E + 0.5
_NOISE = np.random.default_rng(5).normal(0, 0.05, 60)

SEEN: Mapping[str, Curve] = {
    "waves of seven rows": Curve.of(train_loss=_FALLS + 0.1 * np.sin(2 * np.pi * _E / 7), planned_epochs=60),
    "blocks of classes": Curve.of(train_loss=_FALLS + 0.2 * (_E % 5 == 0) + _NOISE / 3, val_loss=_FALLS),
}
NOT_SEEN: Mapping[str, Curve] = {
    "noise": Curve.of(train_loss=_FALLS + _NOISE, val_loss=_FALLS + _NOISE[::-1]),
    "zig-zag": Curve.of(train_loss=_FALLS + 0.1 * (-1) ** _E),
    "smooth": Curve.of(train_loss=_FALLS, val_loss=_FALLS),
    "one bump": Curve.of(train_loss=_FALLS + np.exp(-(((_E - 30) / 5) ** 2))),
}
