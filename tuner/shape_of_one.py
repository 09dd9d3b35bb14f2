"""The shape of one series in a few numbers, none of which depends on its scale."""

from __future__ import annotations

import math

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
    "echo": "how alike neighbouring deviations of {} from its level are",
    "most_sure": "change of {} over the last two thirds in standard errors",
    "half": "change of {} over the last half",
    "half_sure": "change of {} over the last half in standard errors",
    "half_of_range": "change of {} over the last half as a share of its range",
    "fifth": "change of {} over the last fifth",
    "fifth_sure": "change of {} over the last fifth in standard errors",
    "wait": "share of the rows before {} moved",
    "middle": "share of the change of {} that was done halfway",
    "late": "share of the change of {} that was done at 90 % of the rows",
    "bend": "fall of {} in its second half over that in its first",
    "slope": "fall of {} in its last third over that in its first",
    "rest": "what {} would still lose at this pace as a share of its level",
    "worse": "fifths of the rows in which {} got worse",
}
"""What is measured of a series, by key."""

LEAST = 4
"""Values that a series must have to have a shape."""

TINY = 1e-12
MOST = 3.0
"""Shares beyond it say no more."""


def numbers(cost: FloatArray) -> dict[str, float]:
    """Return the numbers of a series as something to minimise, values [n] with n >= ``LEAST``."""
    smooth = trend.running_median(cost, 3)
    spread = max(float(smooth.max() - smooth.min()), TINY)
    rest = cost[len(cost) // 3 :]
    jumps = max(trend.jumps(rest), TINY)
    return (
        _level(cost, smooth, spread, jumps)
        | _noise(cost, rest, spread, jumps)
        | _ends(cost, spread)
        | _way(cost, smooth)
    )


def _level(cost: FloatArray, smooth: FloatArray, spread: float, jumps: float) -> dict[str, float]:
    first, last, lowest = float(cost[0]), _last(cost), float(cost.min())
    best = int(smooth.argmin())
    return {
        "fall": trend.ratio(first - last, abs(first)),
        "rise": trend.ratio(last - lowest, abs(lowest)),
        "back": trend.ratio(last - float(smooth[best]), jumps),
        "back_of_range": (last - float(smooth[best])) / spread,
        "best_at": best / len(cost),
    }


def _noise(cost: FloatArray, rest: FloatArray, spread: float, jumps: float) -> dict[str, float]:
    end, steps = tail(cost), rest[1:] - rest[:-1]
    found = {
        "jumps": trend.ratio(trend.jumps(cost), abs(trend.median(cost))),
        "jumps_of_range": trend.ratio(jumps, spread),
        "leap": trend.ratio(float(np.abs(cost[1:] - cost[:-1]).max()), jumps),
        "spread": trend.ratio(float(end.max() - end.min()), abs(trend.median(end))),
    }
    ways = np.sign(steps[steps != 0])
    if len(ways) > 3:
        found["turns"] = float(np.count_nonzero(ways[1:] != ways[:-1])) / (len(ways) - 1)
    off = (cost - trend.running_median(cost, 5))[len(cost) // 4 :]
    power = float(off @ off)
    if len(off) > 8 and power > 0:
        found["echo"] = float(off[1:] @ off[:-1]) / power
    return found


def _ends(cost: FloatArray, spread: float) -> dict[str, float]:
    """Return how a series changes towards its end, as a share of its level and by what its jitter leaves unsure."""
    n, found = len(cost), {}
    for key, rows in (("most", 2 * n // 3), ("half", n // 2), ("fifth", n // 5)):
        line = trend.fit_line(cost[-max(5, rows) :])
        found[f"{key}_sure"] = trend.ratio(abs(line.change), line.error) * (1 if line.change > 0 else -1)
        if key != "most":
            found[key] = line.share
        if key == "half":
            found["half_of_range"] = _kept(line.change / spread)
    return found


def _way(cost: FloatArray, smooth: FloatArray) -> dict[str, float]:
    """Return when a series moved, and what is still to come."""
    n, first = len(cost), float(cost[0])
    fall, third = first - _last(cost), n // 3
    before, after = float(smooth[1] - smooth[n // 2]), float(smooth[n // 2] - smooth[-1])
    found = {"wait": _wait(smooth, first, fall), "late": _done(smooth, int(0.9 * n), first, fall)}
    found["middle"] = _kept((first - float(smooth[(n - 1) // 2])) / (abs(fall) + 0.02 * abs(first) + TINY))
    if before > 0 and after > 0:
        pace = min(after / before, 0.97)
        found["bend"] = trend.ratio(after, before)
        found["rest"] = trend.ratio(after * pace / (1 - pace), abs(float(smooth[-1])))
    if third >= 2:
        start = abs(float(smooth[third] - smooth[0])) + 1e-3 * abs(float(smooth[1])) + TINY
        found["slope"] = _kept(float(smooth[-1] - smooth[-1 - third]) / start)
        marks = smooth[np.linspace(0, n - 1, 6).astype(int)]
        worse = marks[1:] - marks[:-1] > 0.03 * (float(smooth.max() - smooth.min()) + TINY)
        found["worse"] = float(np.count_nonzero(worse))
    return found


def tail(cost: FloatArray) -> FloatArray:
    return cost[-max(8, len(cost) // 3) :]


def _last(cost: FloatArray) -> float:
    return trend.median(cost[-max(1, min(5, len(cost) // 10 + 1)) :])


def _kept(value: float) -> float:
    return max(-MOST, min(MOST, value))


def _done(smooth: FloatArray, row: int, first: float, fall: float) -> float:
    """Return which share of the whole change is done at a row."""
    done = first - float(smooth[min(len(smooth) - 1, row)])
    return math.copysign(min(5.0, abs(done) / max(abs(fall), 1e-9)), done * fall)


def _wait(smooth: FloatArray, first: float, fall: float) -> float:
    """Return the share of the rows that passed before a tenth of the fall was done; 1 where nothing fell."""
    below = smooth < first - 0.1 * fall
    return float(np.argmax(below)) / len(smooth) if fall > 0 and below.any() else 1.0
