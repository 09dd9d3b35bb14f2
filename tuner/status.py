"""One moment of a study, seen from outside of its driver: what ``tuner status`` shows."""

from __future__ import annotations

import time
from collections.abc import Sequence

import optuna
from optuna.trial import TrialState

from tuner import record, search
from tuner.config import StudyConfig
from tuner.config_model import Budget
from tuner.curve import Curve
from tuner.diagnosis import diagnose
from tuner.record import Record, incumbent
from tuner.registry import SYMPTOMS
from tuner.snapshot import BudgetUse, Running, Snapshot
from tuner.spec import LogError

HOURS, HOURS_AT = "hours", "hours_at"
"""User attributes of a study: the time that was used, and when (seconds since 1970) that was stored."""
CLOCK_SECONDS = 30.0
"""How often the time used is stored: what a killed driver forgets at most."""


def look(config: StudyConfig, study: optuna.Study, *, alive: bool = True) -> Snapshot:
    """Return the present moment of a study from its storage and the logs in its folder; nothing is written."""
    records = record.read_all(study)
    running = tuple(_running(config, r) for r in records if r.state is TrialState.RUNNING and not r.paused)
    epochs = sum(max(r.curve.length, r.record.reported) + r.record.lost_epochs for r in running)
    epochs += sum(r.trained_epochs for r in records if r.paused and not r.finished)
    use = budget_use(records, epochs, _hours(study, alive=alive), config.model.budget)
    return snapshot_of(config, records, running, use, alive=alive)


def is_over(snapshot: Snapshot) -> bool:
    """Tell whether a study has come to its end: its driver has left it, nothing is under way, the budget is used."""
    use = snapshot.budget
    limits = ((use.trials, use.max_trials), (use.epochs, use.max_epochs), (use.hours, use.max_hours))
    spent = any(allowed is not None and used >= allowed for used, allowed in limits)
    return spent and not snapshot.alive and all(r.finished for r in snapshot.records)


def snapshot_of(
    config: StudyConfig, records: Sequence[Record], running: tuple[Running, ...], use: BudgetUse, *, alive: bool = True
) -> Snapshot:
    objective, higher = config.model.objective.metric, config.higher_is_better
    best = incumbent(records, higher_is_better=higher)
    return Snapshot(config.model.study, objective, higher, running, tuple(records), best, use, alive=alive)


def budget_use(records: Sequence[Record], running_epochs: int, hours: float, limits: Budget) -> BudgetUse:
    """Return what is used and allowed; ``running_epochs`` are those of the trials that have not ended."""
    epochs = sum(r.trained_epochs for r in records if r.finished) + running_epochs
    return BudgetUse(search.counted(records), limits.trials, epochs, limits.epochs, hours, limits.hours)


def _hours(study: optuna.Study, *, alive: bool) -> float:
    known = study.user_attrs
    since = time.time() - float(known.get(HOURS_AT, time.time())) if alive else 0.0
    return float(known.get(HOURS, 0.0)) + min(max(0.0, since), CLOCK_SECONDS) / 3600


def _running(config: StudyConfig, trial: Record) -> Running:
    try:
        curve = config.read_log(trial.number, trial.planned_epochs)
    except LogError:
        curve = Curve({})  # nothing logged yet, or nothing that can be read: the driver says so when it ends
    seconds = trial.seconds + (max(0.0, time.time() - trial.started) if trial.started else 0.0)
    return Running(trial, curve, seconds, diagnose(curve, SYMPTOMS, config.symptom_options).verdict)
