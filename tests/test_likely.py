"""What usually is good comes first: where it lies, and how much of the first draws keeps to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from tuner import space_file
from tuner.errors import ConfigError
from tuner.record import Origin, Params
from tuner.sampler import Sampler, first_draws
from tuner.space import Levels, Range, Space


def build(**parameters: dict[str, Any]) -> Space:
    return space_file.build(parameters, "space.yaml")


SPACE = build(
    wd={"log": [1e-6, 10.0]},
    lr={"grid": [0.001, 10]},
    dropout={"ordered": [0.0, 0.1, 0.3, 0.9]},
    width={"linear": [1, 9], "int": True},
    optimizer={"choice": ["sgd", "adam"]},
    momentum={"linear": [0.0, 0.99], "when": {"optimizer": "sgd"}},
)


def drawn(trials: int = 60, space: Space = SPACE, **options: Any) -> list[Params]:
    """Return the parameters of trials that were drawn before any of them has ended."""
    study = optuna.create_study()
    given: dict[str, Any] = {"name": "TPESampler", "options": {}, "prior": 0.75, **options}
    sampler = Sampler(study, space, seed=3, **given)
    return [sampler.ask(None, seed=None, origin=Origin.SAMPLER)[1].params for _ in range(trials)]


def is_usual(params: Mapping[str, Any]) -> bool:
    usual = params["wd"] <= 0.01 and params["lr"] <= 0.1 and params["dropout"] <= 0.5
    return bool(usual and params.get("momentum", 0.9) >= 0.8)


def ends(space: Space, name: str) -> tuple[float, ...]:
    likely = space.parameters[name].likely()
    assert isinstance(likely, Range | Levels)
    return (likely.low, likely.high) if isinstance(likely, Range) else likely.values


def test_the_role_says_where_good_values_usually_lie() -> None:
    assert ends(SPACE, "wd") == (1e-6, 0.01)
    assert ends(SPACE, "momentum") == (0.8, 0.99)
    assert ends(SPACE, "lr") == (0.001, 0.003, 0.01, 0.03, 0.1)
    assert ends(SPACE, "dropout") == (0.0, 0.1, 0.3)
    assert SPACE.parameters["width"].likely() == SPACE.parameters["width"]
    assert SPACE.parameters["optimizer"].likely() == SPACE.parameters["optimizer"]


def test_a_range_that_lies_elsewhere_is_taken_as_it_is() -> None:
    space = build(lr={"log": [1.0, 10.0]}, momentum={"ordered": [0.1, 0.5]})
    assert ends(space, "lr") == (1.0, 10.0)
    assert ends(space, "momentum") == (0.1, 0.5)


def test_a_person_knows_better() -> None:
    space = build(lr={"log": [1e-6, 10.0], "prior": [1, 5]}, width={"ordered": [1, 2, 4, 8], "prior": [2, 4]})
    assert ends(space, "lr") == (1, 5)
    assert ends(space, "width") == (2, 4)


@pytest.mark.parametrize(
    ("parameter", "prior"),
    [
        ({"log": [0.1, 1.0]}, [2.0, 3.0]),
        ({"log": [0.1, 1.0]}, [0.5]),
        ({"log": [0.1, 1.0]}, [0.9, 0.2]),
        ({"ordered": [1, 8]}, [2, 4]),
        ({"choice": ["a", "b"]}, [0, 1]),
    ],
)
def test_a_prior_that_holds_no_value_is_refused(parameter: dict[str, Any], prior: list[float]) -> None:
    with pytest.raises(ConfigError, match=r"space.yaml: x.prior: expected \[low, high\] of numbers that .* but got"):
        build(x={**parameter, "prior": prior})


def test_what_nobody_named_starts_in_the_middle_of_the_usual() -> None:
    assert SPACE.complete({"optimizer": "sgd"}) == {
        "wd": 0.0001,
        "lr": 0.01,
        "dropout": 0.1,
        "width": 5,
        "optimizer": "sgd",
        "momentum": 0.895,
    }


def test_three_of_four_first_draws_keep_to_the_usual_and_all_are_values_of_the_space() -> None:
    trials = drawn()
    for params in trials:
        assert all(SPACE.parameters[name].contains(value) for name, value in params.items())
        assert set(params) == set(SPACE.complete(params))
    assert 36 <= sum(map(is_usual, trials)) <= 54  # of 60; of plain draws about one in five does
    assert {params["optimizer"] for params in trials} == {"sgd", "adam"}


def test_without_a_prior_the_draws_are_plain() -> None:
    assert sum(map(is_usual, drawn(prior=0.0))) < 25


def test_a_sampler_that_never_learns_is_left_alone() -> None:
    assert first_draws("RandomSampler", {}) == 0 and first_draws("TPESampler", {"n_startup_trials": 4}) == 4
    assert sum(map(is_usual, drawn(name="RandomSampler"))) < 25


def test_it_ends_with_the_first_lesson() -> None:
    taught = drawn(2, lessons=lambda: {})
    study = optuna.create_study()
    sampler = Sampler(study, SPACE, seed=3, name="TPESampler", options={}, prior=1.0, lessons=lambda: {0: 1.0})
    study.add_trial(optuna.create_trial(params={}, distributions={}, state=TrialState.COMPLETE, value=1.0))
    later = [sampler.ask(None, seed=None, origin=Origin.SAMPLER)[1].params for _ in range(30)]
    assert len(taught) == 2 and sum(map(is_usual, later)) < 15


def test_a_draw_depends_on_its_number_alone() -> None:
    assert drawn(6) == drawn(6)
