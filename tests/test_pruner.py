"""The door for other people's loops."""

from __future__ import annotations

import math
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from tuner import DiagnosisPruner
from tuner.errors import ConfigError
from tuner.record import Action, read

optuna.logging.set_verbosity(optuna.logging.ERROR)


def optimise(pruner: DiagnosisPruner, curves: list[Any], direction: str = "maximize") -> list[optuna.trial.FrozenTrial]:
    study = optuna.create_study(direction=direction, pruner=pruner)

    def objective(trial: optuna.Trial) -> float:
        best = -math.inf
        for epoch, row in enumerate(curves[trial.number], 1):
            pruner.report(trial, epoch, **row)
            best = max(best, row["accuracy"])
            if trial.should_prune():
                raise optuna.TrialPruned
        return best

    study.optimize(objective, n_trials=len(curves))
    return study.trials


def healthy(epochs: int) -> list[dict[str, float]]:
    return [
        {"train_loss": 2 * math.exp(-e / 8), "val_loss": 2 * math.exp(-e / 8) + 0.1, "accuracy": 1 - math.exp(-e / 8)}
        for e in range(epochs)
    ]


def test_a_healthy_trial_completes_and_a_sick_one_is_pruned_with_its_reason() -> None:
    sick = healthy(3) + [{"train_loss": math.nan, "val_loss": math.nan, "accuracy": 0.1}] * 17
    good, bad = optimise(DiagnosisPruner(objective="accuracy", planned_epochs=20), [healthy(20), sick])
    assert good.state is TrialState.COMPLETE
    assert bad.state is TrialState.PRUNED
    ending = read(bad).ending
    assert ending is not None and (ending.reason, ending.action) == ("nan", Action.PRUNE)
    assert bad.constraints == {"nan": 1.0}
    assert len(bad.intermediate_values) < 10


def test_without_rows_nothing_is_pruned() -> None:
    sick = [{"train_loss": math.nan, "accuracy": 0.1}] * 12
    (trial,) = optimise(DiagnosisPruner(objective="accuracy", planned_epochs=12, treatment={}), [sick])
    assert trial.state is TrialState.COMPLETE


def test_the_objective_must_be_among_the_series() -> None:
    pruner = DiagnosisPruner(objective="accuracy")
    trial = optuna.create_study().ask()
    with pytest.raises(ValueError, match="expected the objective 'accuracy', but got loss"):
        pruner.report(trial, 1, loss=0.3)


@pytest.mark.parametrize(
    "arguments",
    [{"treatment": {"overfiting": {}}}, {"treatment": {"nan": {"action": "kill"}}}, {"symptoms": {"nan": {"x": 1}}}],
)
def test_unknown_names_are_refused_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        DiagnosisPruner(objective="accuracy", **arguments)
