"""The shape of a series in a few numbers, none of which depends on its scale.

Series of one length are measured side by side: on a few hundred values a call of NumPy costs more than its work.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import FloatArray
from tuner.symptoms import trend

NAMES = {
    "fall": "fall of {} as a share of its first value",
    "rise": "rise of {} over its best value",
    "back": "rise of {} over its best level in units of its jumps",
    "back_of_range": "rise of {} over its best level as a share of its range",
    "best_at": "share of the rows at which {} was best",
    "jumps": "jumps of {} as a share of its level",
    "jumps_of_range": "jumps of {} as a share of its range",
    "leap": "largest step of {} in units of its jumps",
    "spread": "spread of {} at the end as a share of its level",
    "turns": "share of the steps of {} that change direction",
    "most_sure": "change of {} over the last two thirds in standard errors",
    "half": "change of {} over the last half",
    "half_sure": "change of {} over the last half in standard errors",
    "half_of_range": "change of {} over the last half as a share of its range",
    "wait": "share of the rows before {} moved",
    "tenth": "share of the change of {} that was done at a tenth of the rows",
    "quarter": "share of the change of {} that was done at a quarter of the rows",
    "middle": "share of the change of {} that was done halfway",
    "three": "share of the change of {} that was done at three quarters of the rows",
    "late": "share of the change of {} that was done at 90 % of the rows",
    "since": "fall of {} over the last two thirds as a share of its level before them",
}
"""What is measured of a series, by key."""

LEAST = 4
"""Values that a series must have to have a shape."""

WAY = {"tenth": 0.1, "quarter": 0.25, "middle": 0.5, "three": 0.75}
"""Shares of the rows at which it is measured how much of a change is done."""

TINY = 1e-12
MOST = 3.0
"""Shares beyond it say no more."""


@dataclass(frozen=True)
class Series:
    """What is measured of one series for several of its numbers: ``smooth`` are its running medians."""

    smooth: list[float]
    first: float
    last: float
    lowest: float
    spread: float
    jumps: float


def numbers(costs: FloatArray) -> list[dict[str, float]]:
    """Return the numbers of each of k series as something to minimise, values [k, n] with n >= ``LEAST``."""
    n = costs.shape[1]
    smooth, second = trend.running_median(costs, 3), np.abs(trend.second_differences(costs))
    lines, noise, best = _lines(costs, second), _noise(costs), smooth.argmin(axis=1).tolist()
    first, lowest, ends = (of.tolist() for of in (costs[:, 0], costs.min(axis=1), costs[:, -min(5, n // 10 + 1) :]))
    found = []
    for i, level in enumerate(smooth.tolist()):
        spread, of_rest = max(max(level) - level[best[i]], TINY), trend.root_mean_square(second[i, n // 3 :])
        one = Series(level, first[i], statistics.median(ends[i]), lowest[i], spread, max(of_rest, TINY))
        jumps = _jumps(one, trend.root_mean_square(second[i]), noise, i)
        numbers_of_one = _level(one, best[i]) | jumps | _ends(one, lines, i)
        found.append(numbers_of_one | {"wait": _moved(smooth[i], one)} | _way(one))
    return found


def _level(one: Series, best: int) -> dict[str, float]:
    return {
        "fall": trend.ratio(one.first - one.last, abs(one.first)),
        "rise": trend.ratio(one.last - one.lowest, abs(one.lowest)),
        "back": trend.ratio(one.last - one.smooth[best], one.jumps),
        "back_of_range": (one.last - one.smooth[best]) / one.spread,
        "best_at": best / len(one.smooth),
    }


def _noise(costs: FloatArray) -> Mapping[str, list[float]]:
    """Return what is told by the steps and the levels of k series, k numbers each."""
    n = costs.shape[1]
    steps, end = np.abs(costs[:, 1:] - costs[:, :-1]), tail(costs)
    found = {
        "leap": steps.max(axis=1),
        "range": end.max(axis=1) - end.min(axis=1),
        "end": trend.medians(end),
        "level": trend.medians(costs),
    }
    moves = costs[:, n // 3 + 1 :] - costs[:, n // 3 : -1]
    return {key: values.tolist() for key, values in found.items()} | {"turns": _turns(moves)}


def _turns(steps: FloatArray) -> list[float]:
    """Return the share of the steps [k, n] of each series that change direction; NaN where there are too few."""
    if steps.shape[1] > 3 and steps.all():
        up = steps > 0
        return ((up[:, 1:] != up[:, :-1]).sum(axis=1) / (steps.shape[1] - 1)).tolist()  # type: ignore[no-any-return]
    ways = [of[of != 0] > 0 for of in steps]
    return [float(np.mean(up[1:] != up[:-1])) if len(up) > 3 else math.nan for up in ways]


def _jumps(one: Series, jumps: float, noise: Mapping[str, list[float]], i: int) -> dict[str, float]:
    of = {key: values[i] for key, values in noise.items()}
    found = {
        "jumps": trend.ratio(jumps, abs(of["level"])),
        "jumps_of_range": trend.ratio(one.jumps, one.spread),
        "leap": trend.ratio(of["leap"], one.jumps),
        "spread": trend.ratio(of["range"], abs(of["end"])),
    }
    if not math.isnan(of["turns"]):
        found["turns"] = of["turns"]
    return found


Lines = Mapping[str, list[trend.Line]]


def _lines(costs: FloatArray, second: FloatArray) -> Lines:
    """Return a resistant line through the end of each series: two thirds of it, and the half."""
    n = costs.shape[1]
    rows = {"most": 2 * n // 3, "half": n // 2}
    return {key: trend.fit_lines(costs[:, -max(5, of) :], second[:, 2 - max(5, of) :]) for key, of in rows.items()}


def _ends(one: Series, lines: Lines, i: int) -> dict[str, float]:
    """Return how a series changes towards its end, as a share of its level and by what its jitter leaves unsure."""
    most, half = (lines[key][i] for key in ("most", "half"))
    return {
        "most_sure": math.copysign(trend.ratio(abs(most.change), most.error), most.change),
        "half": half.share,
        "half_sure": math.copysign(trend.ratio(abs(half.change), half.error), half.change),
        "half_of_range": _kept(half.change / one.spread),
    }


def _way(one: Series) -> dict[str, float]:
    """Return how a series moved, by how much of its change was done when."""
    smooth, n, first = one.smooth, len(one.smooth), one.first
    fall, early = first - one.last, one.smooth[n // 3]
    whole = abs(fall) + 0.02 * abs(first) + TINY
    found = {key: _kept((first - smooth[int(share * (n - 1))]) / whole) for key, share in WAY.items()}
    return found | {
        "late": _done(smooth, int(0.9 * n), first, fall),
        "since": _kept(trend.ratio(early - one.last, abs(early))),
    }


def tail(costs: FloatArray) -> FloatArray:
    """Return the last third of values [..., n], eight of them at least."""
    return costs[..., -max(8, costs.shape[-1] // 3) :]


def _kept(value: float) -> float:
    return max(-MOST, min(MOST, value))


def _done(smooth: list[float], row: int, first: float, fall: float) -> float:
    """Return which share of the whole change is done at a row."""
    done = first - smooth[min(len(smooth) - 1, row)]
    return math.copysign(min(5.0, abs(done) / max(abs(fall), 1e-9)), done * fall)


def _moved(smooth: FloatArray, one: Series) -> float:
    """Return the share of the rows that passed before a tenth of the fall was done; 1 where nothing fell."""
    fall = one.first - one.last
    below = smooth < one.first - 0.1 * fall
    row = int(below.argmax())
    return row / len(smooth) if fall > 0 and below[row] else 1.0
