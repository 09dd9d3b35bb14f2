"""The space: what is drawn, what a step is, which parts apply."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from tuner import space_file
from tuner.sampler import Snapped, make_sampler
from tuner.space import Role, Space, log_grid


def build(document: dict[str, Any]) -> Space:
    return space_file.build(document, "space.yaml")


@pytest.fixture
def space() -> Space:
    return build(
        {
            "momentum": {"linear": [0.0, 0.99], "when": {"optimizer": ["sgd"]}},
            "beta1": {"linear": [0.8, 0.99], "when": {"optimizer": "adam"}, "default": 0.9},
            "lr": {"grid": [0.001, 10]},
            "batch": {"ordered": [16, 32, 64, 128]},
            "wd": {"log": [1e-6, 0.1]},
            "model": {"ordered": ["n", "s", "m"]},
            "layers": {"linear": [1, 9], "int": True},
            "optimizer": {"choice": ["sgd", "adam", "rprop"]},
        }
    )


def draw(space: Space, sampler: str, trials: int) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=Snapped(make_sampler(sampler, {}, 3), space))
    drawn = []
    for i in range(trials):
        trial = study.ask()
        drawn.append(space.suggest(trial))
        study.tell(trial, i)
    assert [t.params for t in study.trials] == drawn
    return drawn


def test_the_grid_is_one_three_ten() -> None:
    assert log_grid(0.001, 10) == (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
    assert log_grid(0.002, 0.1) == (0.003, 0.01, 0.03, 0.1)


@pytest.mark.parametrize("sampler", ["TPESampler", "RandomSampler", "QMCSampler"])
def test_every_draw_is_a_value_of_the_space(space: Space, sampler: str) -> None:
    for params in draw(space, sampler, 40):
        assert all(space.parameters[name].contains(value) for name, value in params.items())


def test_every_level_of_a_grid_is_equally_likely(space: Space) -> None:
    drawn = [p["lr"] for p in draw(space, "RandomSampler", 900)]
    counts = [drawn.count(v) for v in log_grid(0.001, 10)]
    assert min(counts) > 65 and max(counts) < 140


def test_only_parameters_whose_condition_is_met_are_drawn(space: Space) -> None:
    for params in draw(space, "RandomSampler", 60):
        assert ("momentum" in params) == (params["optimizer"] == "sgd")
        assert ("beta1" in params) == (params["optimizer"] == "adam")


def test_a_whole_number_stays_one(space: Space) -> None:
    for params in draw(space, "TPESampler", 20):
        assert isinstance(params["batch"], int) and isinstance(params["layers"], int)


def test_roles_follow_from_usual_names(space: Space) -> None:
    roles = {name: p.role for name, p in space.parameters.items()}
    assert roles["lr"] is Role.LEARNING_RATE
    assert roles["batch"] is Role.BATCH_SIZE
    assert roles["wd"] is Role.WEIGHT_DECAY
    assert roles["model"] is Role.MODEL_SIZE
    assert roles["layers"] is None


@pytest.mark.parametrize(
    ("role", "steps", "name", "before", "after"),
    [
        (Role.LEARNING_RATE, -1, "lr", 0.1, 0.03),
        (Role.LEARNING_RATE, 1, "lr", 0.1, 0.3),
        (Role.BATCH_SIZE, 1, "batch", 32, 64),
        (Role.MODEL_SIZE, -1, "model", "m", "s"),
        (Role.WEIGHT_DECAY, 1, "wd", 1e-3, 0.00316228),
        (Role.MOMENTUM, 1, "momentum", 0.9, 0.99),
    ],
)
def test_a_step_moves_one_parameter(space: Space, role: Role, steps: int, name: str, before: Any, after: Any) -> None:
    params = space.complete({name: before})
    moved = space.step(params, role, steps)
    assert moved == {**params, name: after}
    assert space.parameters[name].contains(moved[name])


@pytest.mark.parametrize(
    ("role", "steps", "name", "edge"),
    [
        (Role.LEARNING_RATE, -1, "lr", 0.001),
        (Role.LEARNING_RATE, 1, "lr", 10.0),
        (Role.MODEL_SIZE, 1, "model", "m"),
        (Role.WEIGHT_DECAY, 1, "wd", 0.1),
        (Role.DROPOUT, 1, "lr", 0.1),
    ],
)
def test_there_is_no_step_beyond_the_edge(space: Space, role: Role, steps: int, name: str, edge: Any) -> None:
    assert space.step(space.complete({name: edge}), role, steps) is None


@pytest.mark.parametrize("options", [[False, True], [True, False]])
def test_a_switch_has_two_steps_off_before_on(options: list[bool]) -> None:
    switch = build({"amp": {"choice": options}})
    assert switch.step({"amp": True}, Role.MIXED_PRECISION, -1) == {"amp": False}
    assert switch.step({"amp": False}, Role.MIXED_PRECISION, 1) == {"amp": True}
    assert switch.step({"amp": False}, Role.MIXED_PRECISION, -1) is None
    assert switch.bounds() == {"amp": [False, True]}
    assert switch.complete({}) == {"amp": options[0]}


def test_the_weight_of_the_class_loss_has_a_role_of_its_own() -> None:
    weights = build(
        {"box": {"log": [1, 10]}, "cls": {"log": [0.1, 1]}, "w": {"log": [1, 2], "role": "class_loss_weight"}}
    )
    roles = {name: p.role for name, p in weights.parameters.items()}
    assert roles == {"box": Role.LOSS_WEIGHT, "cls": Role.CLASS_LOSS_WEIGHT, "w": Role.CLASS_LOSS_WEIGHT}


def test_another_optimizer_brings_its_own_parameters(space: Space) -> None:
    adam = space.complete({**space.complete({"optimizer": "sgd"}), "optimizer": "adam"})
    assert "momentum" not in adam and adam["beta1"] == 0.9


def test_the_sweep_goes_from_end_to_end(space: Space) -> None:
    points = [v for _, v in space.sweep(Role.LEARNING_RATE, 7, space.complete({}))]
    assert len(points) == 7 and points[0] == 0.001 and points[-1] == 10
    assert [v for _, v in space.sweep(Role.WEIGHT_DECAY, 3, space.complete({}))] == [1e-6, 0.000316228, 0.1]
    assert space.sweep(Role.DROPOUT, 7, space.complete({})) == []


def test_the_sweep_takes_the_rate_that_applies() -> None:
    two = build(
        {
            "opt": {"choice": ["sgd", "adam"]},
            "lr_sgd": {"grid": [0.01, 1], "role": "learning_rate", "when": {"opt": "sgd"}},
            "lr_adam": {"grid": [0.001, 0.1], "role": "learning_rate", "when": {"opt": "adam"}},
        }
    )
    assert {name for name, _ in two.sweep(Role.LEARNING_RATE, 3, two.complete({"opt": "adam"}))} == {"lr_adam"}


def test_rounded_values_stay_inside_a_narrow_range() -> None:
    narrow = build({"beta2": {"linear": [0.9991, 0.9999]}, "wd": {"log": [1e-4, 0.1234567]}})
    for params in (narrow.complete({}), narrow.step({"beta2": 0.9995, "wd": 0.1}, Role.WEIGHT_DECAY, 1)):
        assert params is not None
        assert all(narrow.parameters[name].contains(value) for name, value in params.items())


def test_a_changed_space_is_told_apart(space: Space) -> None:
    other = {**space.describe(), "lr": {"ordered": [0.1]}, "extra": {"choice": [1]}}
    del other["wd"]
    assert sorted(line.split()[0] for line in space.differences(other)) == ["extra", "lr", "wd"]
    assert space.differences(space.describe()) == []
