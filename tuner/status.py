"""One moment of a study, seen from outside of its driver: what ``tuner status`` prints."""

from __future__ import annotations

import time
from collections.abc import Sequence

import optuna
from optuna.trial import TrialState
from rich.console import Console

from tuner import record, screen, search
from tuner.config import Budget, StudyConfig
from tuner.curve import Curve
from tuner.diagnosis import diagnose
from tuner.record import Record, incumbent
from tuner.registry import SYMPTOMS
from tuner.snapshot import BudgetUse, Running, Snapshot
from tuner.spec import LogError


def show(snapshot: Snapshot, console: Console | None = None) -> None:
    """Print the picture that ``tuner run`` keeps on the terminal, once."""
    console = console or screen.open_console()
    ended = [record for record in snapshot.records if record.finished]
    console.print(screen.picture(snapshot, ended, console))


def look(config: StudyConfig, study: optuna.Study) -> Snapshot:
    """Return the present moment of a study from its storage and the logs in its folder; nothing is written."""
    records = record.read_all(study)
    running = tuple(_running(config, r) for r in records if r.state is TrialState.RUNNING and not r.paused)
    epochs = sum(r.curve.length + r.record.lost_epochs for r in running)
    epochs += sum(r.trained_epochs for r in records if r.paused and not r.finished)
    use = budget_use(records, epochs, float(study.user_attrs.get("hours", 0.0)), config.model.budget)
    return snapshot_of(config, records, running, use)


def snapshot_of(
    config: StudyConfig, records: Sequence[Record], running: tuple[Running, ...], use: BudgetUse
) -> Snapshot:
    objective, higher = config.model.objective.metric, config.higher_is_better
    best = incumbent(records, higher_is_better=higher)
    return Snapshot(config.model.study, objective, higher, running, tuple(records), best, use)


def budget_use(records: Sequence[Record], running_epochs: int, hours: float, limits: Budget) -> BudgetUse:
    """Return what is used and allowed; ``running_epochs`` are those of the trials that have not ended."""
    epochs = sum(r.trained_epochs for r in records if r.finished) + running_epochs
    return BudgetUse(search.counted(records), limits.trials, epochs, limits.epochs, hours, limits.hours)


def _running(config: StudyConfig, trial: Record) -> Running:
    try:
        curve = config.read_log(trial.number, trial.planned_epochs)
    except LogError:
        curve = Curve({})  # nothing logged yet, or nothing that can be read: the driver says so when it ends
    seconds = trial.seconds + (max(0.0, time.time() - trial.started) if trial.started else 0.0)
    return Running(trial, curve, seconds, diagnose(curve, SYMPTOMS, config.symptom_options).verdict)
