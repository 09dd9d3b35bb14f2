"""What a study looks like at one moment: the picture that the terminal and ``tuner status`` draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuner import record
from tuner.curve import Curve
from tuner.diagnosis import Symptom
from tuner.record import Record


@dataclass(frozen=True)
class BudgetUse:
    """What is used and what is allowed; None means no limit."""

    trials: int
    max_trials: int | None
    epochs: int
    max_epochs: int | None
    hours: float
    max_hours: float | None


@dataclass(frozen=True)
class Running:
    """A trial that trains right now; ``seconds`` is its wall-clock time so far."""

    record: Record
    curve: Curve
    seconds: float
    verdict: Symptom | None = None


@dataclass(frozen=True)
class Snapshot:
    """One moment of a study."""

    study: str
    objective: str
    higher_is_better: bool
    running: tuple[Running, ...]
    records: tuple[Record, ...]
    incumbent: Record | None
    budget: BudgetUse

    @property
    def paused(self) -> tuple[Record, ...]:
        """The trials that wait for their turn, the best first."""
        sign = -1 if self.higher_is_better else 1
        waiting = [r for r in self.records if r.paused and not r.finished]
        return tuple(sorted(waiting, key=lambda r: math.inf if r.score is None else sign * r.score))

    @property
    def best_seen(self) -> Record | None:
        """The trial with the best score, also where it waits on its way."""
        return record.best_seen(self.records, higher_is_better=self.higher_is_better)
