"""Studies, records and snapshots with few words, for the tests of what people see."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from rich.console import Console

from tuner.curve import Curve
from tuner.diagnosis import Symptom
from tuner.record import Action, Ending, ParamValue, Record, attributes
from tuner.snapshot import BudgetUse, Running, Snapshot

RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
Direction = Literal["maximize", "minimize"]

SPACE: Mapping[str, BaseDistribution] = {
    "lr": CategoricalDistribution(RATES),
    "model": CategoricalDistribution(["s", "m", "l"]),
    "dropout": FloatDistribution(0.0, 0.6),
}

FINISHED = Ending(Action.FINISH, "finished", "all 10 planned epochs were trained", epoch=10)
OVERFITTING = Ending(Action.STOP, "overfitting", "val loss rose 31 % while train loss fell", epoch=23, since_epoch=15)
DIVERGING = Ending(Action.PRUNE, "diverging", "train loss rose from 2.3 to 847", epoch=3, since_epoch=1)
KILLED = Ending(Action.FAIL, "killed", "the process was ended by signal 9", epoch=4)
HOSTILE = "loss [red]nan[/red] [/] \x1b[31m\nat [link=http://x]step[/link] \u202e1"

ENDED = datetime(2020, 1, 1)
STATES = {
    Action.FINISH: TrialState.COMPLETE,
    Action.STOP: TrialState.COMPLETE,
    Action.PRUNE: TrialState.PRUNED,
    Action.FAIL: TrialState.FAIL,
}


def trial(
    ending: Ending | None = FINISHED,
    score: float | None = None,
    state: TrialState | None = None,
    params: Mapping[str, ParamValue] | None = None,
    **fields: Any,
) -> FrozenTrial:
    """Return a trial as the driver stores it; one without an ending runs, unless ``state`` says otherwise."""
    state = state or (STATES[ending.action] if ending else TrialState.RUNNING)
    params = {"lr": 0.01, "model": "m"} if params is None else dict(params)
    made = create_trial(
        state=state,
        value=score if state is TrialState.COMPLETE else None,
        params=params,
        distributions={name: SPACE[name] for name in params},
        user_attrs=attributes(ending=ending, score=score, **{"planned_epochs": 10, **fields}),
    )
    made.datetime_complete = made.datetime_complete and ENDED
    return made


def study_of(*trials: FrozenTrial, direction: Direction = "maximize", storage: str | None = None) -> optuna.Study:
    study = optuna.create_study(study_name="digits", direction=direction, storage=storage)
    study.add_trials(trials)
    return study


def record(number: int = 7, ending: Ending | None = FINISHED, **fields: Any) -> Record:
    state = STATES[ending.action] if ending else TrialState.RUNNING
    return Record(
        **{"number": number, "state": state, "params": {"lr": 0.01, "model": "m"}, "ending": ending, **fields}
    )


def running(number: int = 8, epochs: int = 4, verdict: str | None = None, **fields: Any) -> Running:
    """Return a trial that has logged a rising accuracy for ``epochs`` of 10 epochs."""
    accuracy = np.linspace(0.5, 0.9, 10)[:epochs]
    curve = Curve.of(
        train_loss=1 - accuracy,
        val_loss=1.1 - accuracy,
        metrics={"accuracy": accuracy},
        objective="accuracy",
        planned_epochs=10,
    )
    seen = Symptom(verdict, 2, epochs, 0.9, 0.9, {}, ()) if verdict else None
    return Running(record(number, None, **{"planned_epochs": 10, **fields}), curve, 60.0, seen)


def snapshot(*records: Record, running: tuple[Running, ...] = (), **fields: Any) -> Snapshot:
    scored = [r for r in records if r.state is TrialState.COMPLETE and r.score is not None]
    known: dict[str, Any] = {
        "study": "digits",
        "objective": "accuracy",
        "higher_is_better": True,
        "running": running,
        "records": (*records, *(trial.record for trial in running)),
        "incumbent": max(scored, key=lambda r: r.score or 0.0) if scored else None,
        "budget": BudgetUse(len(records), 20, 55, None, 0.5, 2.0),
    }
    return Snapshot(**{**known, **fields})


def console(width: int = 80, height: int = 40, *, terminal: bool = False) -> Console:
    """Return a console that writes into memory; ``text`` reads what it wrote."""
    return Console(
        file=io.StringIO(), width=width, height=height, force_terminal=terminal, color_system=None, highlight=False
    )


def text(of: Console) -> str:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue()


class Clock:
    """A clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now
