"""The finished trials of a study as a bank: what a search with another policy would have met."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.bank import Task
from tuner.config import StudyConfig
from tuner.curve import Curve
from tuner.errors import StudyError
from tuner.record import Record
from tuner.spec import LogError


def load(config: StudyConfig, records: Sequence[Record]) -> Task:
    """Return the trials that ended by a decision or by themselves, with their logged curves; raises StudyError.

    A trial that the study stopped ends there for good: how it would have gone on is not known.
    """
    ended = [r for r in records if r.state.name in ("COMPLETE", "PRUNED")]
    pairs = [(r, curve) for r in ended if (curve := _curve(config, r)) is not None]
    if not pairs:
        todo = f"let it train on: tuner resume {config.folder}"
        raise StudyError(f"{config.folder}: expected finished trials with logs to replay, but got none; {todo}")
    return Task(
        name=config.model.study,
        space=config.space,
        configurations=tuple(r.params for r, _ in pairs),
        curves=tuple(curve for _, curve in pairs),
        objective=config.model.objective.metric,
        higher_is_better=config.higher_is_better,
        epochs=config.model.epochs,
        seconds=_seconds([r for r, _ in pairs]),
    )


def cut_short(records: Sequence[Record]) -> int:
    """Return how many of the finished trials did not train for all their planned epochs."""
    ended = (r for r in records if r.state.name in ("COMPLETE", "PRUNED"))
    return sum(r.planned_epochs is not None and r.epochs + r.extra_epochs < r.planned_epochs for r in ended)


def _curve(config: StudyConfig, record: Record) -> Curve | None:
    try:
        curve = config.read_log(record.number, record.planned_epochs)
    except (LogError, OSError):
        return None
    return curve if curve.length else None


def _seconds(records: Sequence[Record]) -> tuple[float, ...] | None:
    each = [r.seconds / max(1, r.trained_epochs) for r in records]
    return tuple(each) if all(s > 0 for s in each) else None
