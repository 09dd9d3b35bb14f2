"""A task of recorded trainings: configurations with their whole curves, on which a search can be replayed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tuner.curve import Curve, FloatArray, IntArray
from tuner.errors import StudyError
from tuner.record import Params, ParamValue
from tuner.space import Choice, Levels, Parameter, Range, Space


@dataclass(frozen=True)
class Task:
    """Configurations and what was recorded of each: ``curves[i]`` is the whole training of ``configurations[i]``.

    ``epochs`` is the length of a full training; a curve may be shorter. ``seconds[i]`` is the mean time of one epoch
    where it was recorded. Two equal configurations are two trainings of the same parameters.
    """

    name: str
    space: Space
    configurations: tuple[Params, ...]
    curves: tuple[Curve, ...]
    objective: str
    higher_is_better: bool
    epochs: int
    seconds: tuple[float, ...] | None = None

    @cached_property
    def lengths(self) -> IntArray:
        """How many epochs each training lasts when nothing stops it."""
        return np.array([curve.length for curve in self.curves], dtype=np.int64)

    @cached_property
    def costs(self) -> FloatArray:
        """The objective as something to minimise, shape [configurations, epochs]; NaN: not finite, or over."""
        costs = np.full((len(self.curves), int(self.lengths.max())), np.nan)
        for row, curve in zip(costs, self.curves, strict=True):
            if curve.score is not None:
                row[np.searchsorted(curve.epochs, curve.score.epochs)] = curve.score.cost
        return np.where(np.isfinite(costs), costs, np.nan)

    @cached_property
    def ends(self) -> FloatArray:
        """The cost at the last epoch of every training; NaN where it was not finite."""
        return self.costs[np.arange(len(self.costs)), self.lengths - 1]

    @cached_property
    def best(self) -> float:
        """The best cost in the whole table."""
        return float(np.nanmin(self.costs))

    @cached_property
    def scale(self) -> float:
        """What there was to gain: the median of the first costs minus the best of all."""
        first = self.costs[:, 0]
        middle = float(np.nanmedian(first)) if np.isfinite(first).any() else self.best
        return max(middle - self.best, 1e-12)

    @cached_property
    def places(self) -> FloatArray:
        """The configurations as points, shape [configurations, dimensions], for distances between them."""
        return np.array([point(params, self.space) for params in self.configurations])

    def regret(self, cost: float) -> float:
        """Return a cost as the share of what there was to gain that it misses, at most 1; 1 where it is not finite."""
        return min(1.0, (cost - self.best) / self.scale) if math.isfinite(cost) else 1.0

    def within(self, space: Space) -> Task:
        """Return the part of the task that lies inside ``space``; raises StudyError where that is nothing."""
        rows = [i for i, params in enumerate(self.configurations) if _inside(params, space)]
        if not rows:
            names = ", ".join(space.parameters)
            raise StudyError(f"{self.name}: expected recorded trainings inside the space of {names}, but got none")
        return replace(
            self,
            space=space,
            configurations=tuple(self.configurations[i] for i in rows),
            curves=tuple(self.curves[i] for i in rows),
            seconds=tuple(self.seconds[i] for i in rows) if self.seconds else None,
        )

    def good(self, share: float = 0.1) -> NDArray[np.bool_]:
        """Return which trainings end among the best ``share`` of all, those that diverged included."""
        ends = np.where(np.isfinite(self.ends), self.ends, np.inf)
        last = np.sort(ends)[max(1, round(share * len(ends))) - 1]
        good: NDArray[np.bool_] = np.isfinite(ends) & (ends <= last)
        return good


class Unused:
    """The configurations of a task that no trial has had yet."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._free = np.ones(len(task.configurations), dtype=bool)

    def __len__(self) -> int:
        return int(self._free.sum())

    def nearest(self, params: Mapping[str, ParamValue]) -> int:
        """Return the row of the nearest one, the first on a tie; raises LookupError where none is left."""
        if not self._free.any():
            raise LookupError("every recorded configuration has been used")
        distance = np.square(self._task.places - point(params, self._task.space)).sum(axis=1)
        return int(np.argmin(np.where(self._free, distance, np.inf)))

    def place(self, params: Mapping[str, ParamValue]) -> Params:
        """Return the nearest configuration; all being used, any, for a proposal that will not be started."""
        row = self.nearest(params) if self._free.any() else 0
        return dict(self._task.configurations[row])

    def move(self, params: Mapping[str, ParamValue]) -> Params:
        """Return the nearest configuration, which is used from now on; raises LookupError where none is left."""
        return dict(self._task.configurations[self.take(params)])

    def take(self, params: Mapping[str, ParamValue]) -> int:
        """Return the row of the nearest configuration, which is used from now on."""
        row = self.nearest(params)
        self._free[row] = False
        return row


def _inside(params: Params, space: Space) -> bool:
    names = [name for name in space.parameters if space.is_active(name, params)]
    return set(names) == set(params) and all(_reaches(space.parameters[name], params[name]) for name in names)


def _reaches(parameter: Parameter, value: ParamValue) -> bool:
    """Return whether ``value`` is one of the options, or lies between the ends: levels are not asked for exactly."""
    if isinstance(parameter, Choice) or isinstance(value, bool | str):
        return parameter.contains(value)
    low, high = (parameter.low, parameter.high) if isinstance(parameter, Range) else _ends(parameter)
    return low <= value <= high and (not isinstance(parameter, Levels) or parameter.even or parameter.contains(value))


def _ends(parameter: Parameter) -> tuple[float, float]:
    assert isinstance(parameter, Levels)
    return parameter.values[0], parameter.values[-1]


def point(params: Mapping[str, ParamValue], space: Space) -> FloatArray:
    """Return ``params`` as a point in which every dimension of ``space`` is 1 wide.

    Two options without an order, and a parameter that applies against one that does not, are 1 apart.
    """
    parts = [_coordinates(p, params.get(name)) for name, p in space.parameters.items()]
    return np.array([x for part in parts for x in part])


def _coordinates(parameter: Parameter, value: ParamValue | None) -> list[float]:
    if isinstance(parameter, Choice) and not parameter.scale:
        # One corner for every option and one for "does not apply", scaled so that two corners are 1 apart.
        corners = [o == value and type(o) is type(value) for o in parameter.options]
        return [math.sqrt(0.5) * on for on in (*corners, value is None)]
    return [0.0, 0.0] if value is None else [unit(parameter, value), 1.0]


def unit(parameter: Parameter, value: ParamValue) -> float:
    """Return where ``value`` lies between the lowest (0) and the highest (1), on the parameter's own scale."""
    if isinstance(parameter, Range):
        return _between(float(value), parameter.low, parameter.high, log=parameter.log)
    ordered: Sequence[ParamValue] = ()
    if isinstance(parameter, Levels):
        if parameter.even:
            return _between(float(value), parameter.values[0], parameter.values[-1], log=parameter.log)
        ordered = parameter.values
    elif isinstance(parameter, Choice):
        ordered = parameter.scale
    return ordered.index(value) / max(1, len(ordered) - 1)


def _between(value: float, low: float, high: float, *, log: bool) -> float:
    if high <= low:
        return 0.0
    value = min(max(value, low), high)
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
