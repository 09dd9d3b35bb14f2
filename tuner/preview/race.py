"""How far a budget goes: how many trials can be expected, and how many of them come to each rung."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuner import standings
from tuner.config_model import Budget


@dataclass(frozen=True)
class Rung:
    """A rung: its epochs, and the share of all trials that are expected to come there."""

    epochs: int
    share: float


@dataclass(frozen=True)
class Expected:
    """What a budget is expected to buy; ``trials`` and ``epochs`` are None where that depends on hours alone."""

    rungs: tuple[Rung, ...]
    trials: int | None
    epochs: int | None

    @property
    def cost(self) -> float:
        """The epochs of a trial on average."""
        return cost(self.rungs)

    @property
    def starts(self) -> float:
        """How often a trial is started or continued on average."""
        return sum(rung.share for rung in self.rungs)


def rungs(planned: int, rules: standings.Rules | None) -> tuple[Rung, ...]:
    """Return the rungs of a race up to the planned epochs; without a race the planned epochs alone."""
    if rules is None:
        return (Rung(planned, 1.0),)
    below = [epochs for epochs in rules.rungs if epochs < planned]
    return tuple(Rung(epochs, float(rules.eta) ** -k) for k, epochs in enumerate([*below, planned]))


def expected(
    planned: int, rules: standings.Rules | None, budget: Budget, epochs_by_time: float | None = None
) -> Expected:
    """Return how far ``budget`` goes where no symptom ends a trial; ``epochs_by_time`` are those that its hours allow.

    Of every rung the best 1 / eta go on, so a trial costs the sum of the steps between rungs, each weighed with the
    share that makes it.
    """
    steps = rungs(planned, rules)
    each = cost(steps)
    limits = [float(n) for n in (budget.epochs, epochs_by_time) if n is not None]
    by_epochs = [max(1, math.floor(limit / each)) for limit in limits]
    counts = [n for n in (budget.trials, *by_epochs) if n is not None]
    if not counts:
        return Expected(steps, None, None)
    trials = min(counts)
    return Expected(steps, trials, math.ceil(min([trials * each, *limits])))


def cost(steps: tuple[Rung, ...]) -> float:
    """Return the epochs that a trial takes on average."""
    before = [0, *(rung.epochs for rung in steps)]
    return sum((rung.epochs - start) * rung.share for rung, start in zip(steps, before, strict=False))
