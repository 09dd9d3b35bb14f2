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
    """A trial that trains right now; ``seconds`` is its wall-clock time so far, ``left`` what it still takes."""

    record: Record
    curve: Curve
    seconds: float
    verdict: Symptom | None = None
    left: float | None = None

    @property
    def planned(self) -> int | None:
        """The epochs of its whole schedule."""
        return self.record.planned_epochs or self.curve.planned_epochs

    @property
    def target(self) -> int | None:
        """The epochs after which it ends or is paused."""
        return self.record.until or self.planned

    @property
    def share(self) -> float:
        """How much is done of what it is to do now, 0 … 1."""
        return min(1.0, self.curve.length / self.target) if self.target else 0.0


@dataclass(frozen=True)
class GpuUse:
    """What a GPU does, by its name among the devices; ``busy`` in percent and None where it does not say."""

    device: str
    busy: int | None
    used_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Snapshot:
    """One moment of a study.

    ``alive`` tells whether a driver works on it, and ``note`` what is to be said of that to those who watch.
    """

    study: str
    objective: str
    higher_is_better: bool
    running: tuple[Running, ...]
    records: tuple[Record, ...]
    incumbent: Record | None
    budget: BudgetUse
    gpus: tuple[GpuUse, ...] = ()
    alive: bool = True
    note: str = ""

    @property
    def ended(self) -> tuple[Record, ...]:
        """The trials that have ended, in the order in which they did."""
        over = [r for r in self.records if r.finished]
        return tuple(sorted(over, key=lambda r: (r.ended or 0.0, r.number)))

    @property
    def decided(self) -> tuple[Record, ...]:
        """The trials that have ended and those that are held for a symptom, roughly in that order."""
        held = [r for r in self.records if r.paused and r.suspect and not r.finished]
        return tuple(sorted([*self.ended, *held], key=lambda r: (r.ended or r.started or 0.0, r.number)))

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
