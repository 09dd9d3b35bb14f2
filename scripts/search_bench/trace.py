"""What a method did on a task, epoch by epoch, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuner.bank import Task

SHARES = (0.1, 0.25, 0.5, 1.0)


class Spent(Exception):
    """The budget is used up."""


@dataclass
class Trace:
    """The epochs that a method paid for, in order, as (configuration, epoch from 0).

    ``stopped`` holds the configurations that were ended for good before their recorded end; ``shipped`` the one that
    the method would hand over, where that is not the one with the best value seen.
    """

    task: Task
    budget: int
    paid: list[tuple[int, int]] = field(default_factory=list)
    stopped: set[int] = field(default_factory=set)
    shipped: int | None = None

    def pay(self, row: int, epoch: int) -> float:
        """Return the cost (lower is better, NaN where it was not finite) of one more epoch; raises Spent."""
        if len(self.paid) >= self.budget:
            raise Spent
        self.paid.append((row, epoch))
        return float(self.task.costs[row, epoch])

    def outcome(self) -> dict[str, Any]:
        """Return the measures of the trace as plain data."""
        task = self.task
        costs = np.array([task.costs[row, epoch] for row, epoch in self.paid[: self.budget]])
        seen = np.fmin.accumulate(costs) if len(costs) else np.array([math.nan])
        regrets = [task.regret(cost) for cost in seen]
        shipped = self._shipped(costs)
        best_checkpoint = float(np.nanmin(task.costs[shipped])) if shipped is not None else math.nan
        rows = {row for row, _ in self.paid}
        good = task.good()
        return {
            "regret": {f"{share:.0%}": _at(regrets, share * self.budget) for share in SHARES},
            "steps": _steps(regrets),
            "shipped": task.regret(float(task.ends[shipped])) if shipped is not None else 1.0,
            "shipped_best": task.regret(best_checkpoint),
            "trials": len(rows),
            "epochs": len(self.paid),
            "stopped": len(self.stopped),
            "false_kills": _count(good, self.stopped),
            "good_started": _count(good, rows),
        }

    def _shipped(self, costs: np.ndarray[Any, Any]) -> int | None:
        if self.shipped is not None:
            return self.shipped
        return self.paid[int(np.nanargmin(costs))][0] if np.isfinite(costs).any() else None


def _count(which: np.ndarray[Any, Any], rows: Iterable[int]) -> int:
    return int(sum(bool(which[row]) for row in rows))


def _at(regrets: list[float], epochs: float) -> float:
    """Return the regret after so many epochs; what a method that ended sooner had then."""
    return regrets[min(len(regrets), max(1, math.floor(epochs))) - 1]


def _steps(regrets: list[float]) -> list[tuple[int, float]]:
    """Return (epochs paid, regret) wherever the regret fell."""
    falls = [i for i, r in enumerate(regrets) if i == 0 or r < regrets[i - 1]]
    return [(i + 1, round(regrets[i], 6)) for i in falls]
