"""A door for other people's loops: the symptoms and the treatment table as an ordinary Optuna pruner.

    pruner = DiagnosisPruner(objective="accuracy", planned_epochs=50)
    study = optuna.create_study(direction="maximize", pruner=pruner)

    def objective(trial):
        for epoch in range(1, 51):
            ...
            pruner.report(trial, epoch, train_loss=train_loss, val_loss=val_loss, accuracy=accuracy)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return best_accuracy

`report` returns the decision, so a loop that wants the difference between "it failed" and "enough is known" can write
`if pruner.report(...).action is Action.STOP: break` and return its best value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from pydantic import RootModel

from tuner import config, config_model, documents
from tuner.curve import Curve, Kind, Series
from tuner.policy import Decision
from tuner.readers import columns
from tuner.record import Action
from tuner.running import Rules

Rows = dict[int, dict[str, float]]


class _Table(RootModel[dict[str, config_model.Row | None]]):
    pass


class DiagnosisPruner(BasePruner):
    """Prunes a trial when its curves show a symptom for which the treatment table says stop or prune.

    Args:
        objective: name of the series that the study optimises; it is reported to Optuna, too.
        planned_epochs: how many epochs a full training has; without it, rules that need the length keep silent.
        treatment: rows as in ``treatment.yaml``; the table that tuner ships where it is None.
        symptoms: thresholds that differ from the defaults, ``{symptom: {threshold: value}}``.

    Raises:
        tuner.errors.ConfigError: for an unknown symptom, remedy or threshold.

    """

    def __init__(
        self,
        *,
        objective: str,
        planned_epochs: int | None = None,
        treatment: Mapping[str, Any] | None = None,
        symptoms: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        rows = config.default_treatment() if treatment is None else dict(treatment)
        table = config.treatment(documents.check(_Table, rows, "treatment").root, "treatment")
        self._rules = Rules(table, config.symptom_options(symptoms or {}, "symptoms"))
        self._objective, self._planned = objective, planned_epochs
        self._rows: defaultdict[int, Rows] = defaultdict(dict)
        self._decisions: dict[int, Decision] = {}

    def report(self, trial: optuna.Trial, epoch: int, **series: float) -> Decision:
        """Take in one epoch: every loss and metric by name, such as train_loss, val_loss, accuracy.

        Returns what the treatment table says now. Where it ends the trial, why is stored as the attribute ``ending``.
        Raises ValueError where the objective is missing.
        """
        if self._objective not in series:
            raise ValueError(f"expected the objective '{self._objective}', but got {', '.join(series) or 'nothing'}")
        trial.report(series[self._objective], epoch)
        rows = self._rows[trial.number]
        rows[epoch] = {name: float(value) for name, value in series.items()}
        higher = trial.study.direction is StudyDirection.MAXIMIZE
        _, decision = self._rules.look(_curve(rows, self._objective, higher, self._planned))
        if decision.action is not Action.CONTINUE and trial.number not in self._decisions:
            self._decisions[trial.number] = decision
            ending = self._rules.ending(decision)
            trial.set_user_attr("ending", asdict(ending))
            if decision.action is Action.PRUNE:
                trial.set_constraint(ending.reason, 1.0)
        return decision

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether the table said stop or prune for what was reported last."""
        return trial.number in self._decisions


def _curve(rows: Rows, objective: str, higher_is_better: bool, planned: int | None) -> Curve:
    names = {name: None for row in rows.values() for name in row}
    series = {}
    for name in names:
        logged = [(epoch, rows[epoch][name]) for epoch in sorted(rows) if name in rows[epoch]]
        epochs, values = np.array([e for e, _ in logged], dtype=np.int64), np.array([v for _, v in logged])
        kind, higher = columns.guess(name)
        if name == objective:
            higher = higher_is_better
            kind = Kind.METRIC if kind is Kind.OTHER else kind
        series[name] = Series(name, kind, epochs, values, higher)
    return Curve(series, objective=objective, planned_epochs=planned)
