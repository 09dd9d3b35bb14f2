"""Where a series turned and has been getting worse since, and for how long the score has not improved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tuner.curve import Curve, FloatArray, Series
from tuner.symptoms import trend


@dataclass(frozen=True)
class Options:
    rise: float = 0.05  # share of the minimum; of labelled runs, healthy ones end within 0.026, overfitted from 0.067
    sigmas: float = 3.0  # jitters: a rise within them is noise, as the minimum is picked as the lowest of many
    width: int = 3  # rows of the running median that takes out spikes of one epoch
    kept: float = 0.5  # share of the highest rise that must still be there, else it is on its way back
    turn_share: float = 0.06  # of the planned epochs since the minimum
    turn_least: int = 6  # rows since the minimum, for short plans and sparse validation
    patience_share: float = 0.25  # of the planned epochs without a better score: late rescues happen
    patience_least: int = 10  # epochs without a better score; early stopping is rarely set lower
    gain: float = 0.002  # share of the best score that counts as an improvement


class Turn(NamedTuple):
    """The epoch of the lowest cost, the values then and now, and the rise of the cost as a share of the lowest."""

    epoch: int
    lowest: float
    now: float
    rise: float


class Stall(NamedTuple):
    """For how many epochs the score has not improved, the share of its best it lost since, and whether that is long."""

    epochs: int
    lost: float
    patience: int

    @property
    def harmful(self) -> bool:
        return self.epochs >= self.patience


def turn(curve: Curve, series: Series, options: Options) -> Turn | None:
    """Return where a series turned to the worse, if it did so by more than noise and long enough ago."""
    raw = trend.clean_cost(series)
    if len(raw) <= options.turn_least or not _may_rise(raw, options):
        return None
    cost = trend.running_median(raw, options.width)
    lowest = int(np.argmin(cost))
    if not _rises(curve, raw, cost, lowest, options):
        return None
    at = int(np.argmin(raw))
    sign = -1.0 if series.higher_is_better else 1.0
    rise = trend.ratio(float(cost[-1] - raw[at]), abs(float(raw[at])))
    return Turn(int(series.finite.epochs[at]), sign * float(raw[at]), sign * float(cost[-1]), rise)


def _may_rise(raw: FloatArray, options: Options) -> bool:
    """Tell whether the last values lie high enough over the lowest one; most series do not, so the rest is spared."""
    now, lowest = trend.median(raw[-options.width :]), float(raw.min())
    return now - lowest >= options.rise * min(abs(lowest), abs(now))


def _rises(curve: Curve, raw: FloatArray, cost: FloatArray, lowest: int, options: Options) -> bool:
    after = len(cost) - 1 - lowest
    epochs = curve.length * after / len(cost)
    if after < options.turn_least or epochs < trend.patience(curve, options.turn_share, options.turn_least):
        return False
    rise = cost[-1] - cost[lowest]
    if rise < max(options.rise * abs(cost[lowest]), options.kept * (cost[lowest:].max() - cost[lowest]), 1e-200):
        return False
    if rise < options.sigmas * trend.jitter(raw[lowest:]):
        return False
    return trend.fit_line(raw[lowest:]).rises(options.sigmas)


def stalled(curve: Curve, options: Options) -> Stall:
    """Return for how long the score has not improved."""
    patience = trend.patience(curve, options.patience_share, options.patience_least)
    score = curve.score
    cost = trend.clean_cost(score)
    if score is None or not len(cost):
        return Stall(0, 0.0, patience)
    best = float(cost.min())
    # The best of many noisy values comes late by chance, so the gain has to be more than noise.
    calm = trend.running_median(cost, options.width)
    gain = max(options.gain * abs(best), trend.jitter(cost))
    since = int(score.finite.epochs[trend.last_gain(calm, gain)])
    lost = trend.ratio(trend.median(cost[-options.width :]) - best, abs(best))
    return Stall(int(np.sum(curve.epochs > since)), lost, patience)
