"""Two settings that were trained with the same seeds, compared seed by seed: is one better by more than chance?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuner.experiments import spread
from tuner.record import ParamValue, Record, repeats

LEVEL = 0.95
FEWEST = 3
"""Pairs below which an interval says nothing."""


@dataclass(frozen=True)
class Difference:
    """By how much ``first`` is better than ``second``, in units of the score, with an interval of 95 %.

    ``first`` and ``second`` are trials in the order of the seeds they share, ``changed`` the parameters that differ.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    changed: Mapping[str, tuple[ParamValue | None, ParamValue | None]]
    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def differences(records: Sequence[Record], *, higher_is_better: bool) -> list[Difference]:
    """Return how much the best of the settings with several seeds is better than each other one, over shared seeds.

    With many settings the best of them is flattered by having been chosen.
    """
    groups = [group for group in repeats(records) if len(group) > 1]
    sign = 1 if higher_is_better else -1
    if len(groups) < 2:
        return []
    best = max(groups, key=lambda group: sign * spread([r.score or 0.0 for r in group])[0])
    found = (_difference(best, other, sign) for other in groups if other is not best)
    return [one for one in found if one is not None]


def _difference(first: Sequence[Record], second: Sequence[Record], sign: int) -> Difference | None:
    of_seed = {r.seed: r for r in second}
    pairs = [(r, of_seed[r.seed]) for r in first if r.seed is not None and r.seed in of_seed]
    if len(pairs) < FEWEST:
        return None
    mean, deviation = spread([sign * ((a.score or 0.0) - (b.score or 0.0)) for a, b in pairs])
    half = _quantile(len(pairs) - 1) * deviation / math.sqrt(len(pairs))
    names = dict.fromkeys([*first[0].params, *second[0].params])
    values = {name: (first[0].params.get(name), second[0].params.get(name)) for name in names}
    changed = {name: both for name, both in values.items() if both[0] != both[1]}
    numbers = tuple(a.number for a, _ in pairs), tuple(b.number for _, b in pairs)
    return Difference(*numbers, changed, mean, mean - half, mean + half)


def _quantile(freedom: int) -> float:
    """Return by how many standard errors a mean may be off (Student's t, paired differences)."""
    from scipy.special import stdtrit  # for reports only; scipy.stats would take a second

    return float(stdtrit(freedom, (1 + LEVEL) / 2))
