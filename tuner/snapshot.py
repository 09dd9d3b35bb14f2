"""What a study looks like at one moment: the picture that the terminal and ``tuner status`` draw."""

from __future__ import annotations

from dataclasses import dataclass

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
