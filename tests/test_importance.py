from __future__ import annotations

import random

import pytest
from optuna.trial import FrozenTrial

from tests.studies import DIVERGING, RATES, study_of, trial
from tuner.importance import MIN_TRIALS, importances


def graded(n: int) -> list[FrozenTrial]:
    """Return ``n`` trials whose score is decided by the learning rate alone."""
    draw = random.Random(0)
    chosen = [(draw.choice(RATES), draw.choice("sml")) for _ in range(n)]
    return [trial(score=RATES.index(lr) / 10, params={"lr": lr, "model": model}) for lr, model in chosen]


def test_the_hyperparameter_that_decides_the_score_leads() -> None:
    found = importances(study_of(*graded(25)))
    assert next(iter(found.shares)) == "lr"
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.note == ""


def test_the_same_study_gives_the_same_figures() -> None:
    assert importances(study_of(*graded(12))) == importances(study_of(*graded(12)))


def test_few_trials_give_a_rough_ranking_and_say_so() -> None:
    assert importances(study_of(*graded(12))).note == "rough: 12 completed trials only"


@pytest.mark.parametrize("n", [0, 1, MIN_TRIALS - 1])
def test_too_few_completed_trials_give_a_reason_instead(n: int) -> None:
    failed = [trial(DIVERGING, score=0.1) for _ in range(20)]
    found = importances(study_of(*graded(n), *failed))
    assert found.shares == {}
    assert found.note == f"too few completed trials: {n}, and {MIN_TRIALS} are needed"


def test_equal_scores_give_a_reason_instead() -> None:
    found = importances(study_of(*(trial(score=0.5, params={"lr": lr}) for lr in RATES * 2)))
    assert (found.shares, found.note) == ({}, "every completed trial has the same score")


def test_one_set_of_hyperparameters_gives_a_reason_instead() -> None:
    found = importances(study_of(*(trial(score=n / 10) for n in range(9))))
    assert found.shares == {}
    assert "more than one value" in found.note


def test_a_conditional_hyperparameter_is_left_out_and_named() -> None:
    with_dropout = [trial(score=0.9, params={"lr": 0.01, "model": "m", "dropout": n / 10}) for n in range(5)]
    found = importances(study_of(*graded(10), *with_dropout))
    assert set(found.shares) == {"lr", "model"}
    assert "left out, not in every trial: dropout" in found.note


def test_infinite_scores_do_not_count() -> None:
    broken = [trial(score=float("inf")) for _ in range(5)]
    found = importances(study_of(*graded(MIN_TRIALS - 1), *broken, direction="minimize"))
    assert found.note.startswith("too few completed trials")
