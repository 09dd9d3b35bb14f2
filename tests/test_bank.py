"""Recorded trainings as a bank: what is read, what is refused, and which configuration is the nearest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests import banks
from tests.banks import EPOCHS
from tuner import bank_files, bank_space, space_file
from tuner.bank import Task, Unused, point
from tuner.errors import ConfigError, StudyError
from tuner.space import Levels, Range, Role


def loaded(folder: Path, **given: Any) -> Task:
    return bank_files.load(folder, "mlp", given)


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_task_of_three_files_becomes_configurations_and_curves(tmp_path: Path) -> None:
    task = loaded(banks.write(tmp_path))
    assert (task.objective, task.higher_is_better, task.epochs) == ("val_loss", False, EPOCHS)
    assert task.configurations[5] == {"lr": 1e-3, "width": 32}
    curve = task.curves[5]
    assert curve.train_loss is not None and curve.val_loss is not None and curve.planned_epochs == EPOCHS
    assert curve.val_loss.values == pytest.approx(banks.losses(1e-3, 32), rel=1e-6)
    assert task.costs.shape == (24, EPOCHS)


def test_an_objective_to_maximise_is_a_cost_the_other_way_round(tmp_path: Path) -> None:
    accuracy = np.linspace(0.1, 0.9, 24 * 5).reshape(24, 5)
    task = loaded(
        banks.write(tmp_path, metrics={"val_accuracy": accuracy, "val_loss": 1 - accuracy}), objective="val_accuracy"
    )
    assert task.higher_is_better
    assert task.best == pytest.approx(-0.9)
    assert task.regret(-0.9) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("given", [{"objective": "odd:max"}, {"objective": "odd", "direction": "maximize"}])
def test_a_metric_whose_name_says_nothing_needs_its_direction_said(tmp_path: Path, given: dict[str, Any]) -> None:
    folder = banks.write(tmp_path, metrics={"odd": np.ones((24, 3))})
    assert loaded(folder, **given).higher_is_better
    with pytest.raises(ConfigError, match="direction: expected minimize or maximize for 'odd', but got nothing"):
        loaded(folder, objective="odd")


def test_the_files_themselves_may_say_how_to_read_them(tmp_path: Path) -> None:
    values = np.linspace(1, 2, 24 * 4).reshape(24, 4)
    folder = banks.write(tmp_path, metrics={"val_loss": values, "val_acc": values}, meta={"objective": "val_acc"})
    (folder / "bank.yaml").write_text("skip: 1\nwhere: {width: 16}\n")
    task = loaded(folder)
    assert (task.objective, task.epochs, len(task.curves)) == ("val_acc", 3, 6)
    assert list(task.space.parameters) == ["lr"]


def test_a_step_zero_is_before_the_training(tmp_path: Path) -> None:
    folder = banks.write(tmp_path, fidelity=np.arange(EPOCHS))
    assert loaded(folder).epochs == EPOCHS - 1


def test_trainings_of_different_lengths_end_where_their_clock_ends(tmp_path: Path) -> None:
    steps = np.tile(np.arange(1.0, 7), (24, 1))
    loss = 1 / steps
    steps[3, 4:] = loss[3, 4:] = np.nan
    loss[7, 2:] = np.nan  # it trained on, and diverged
    task = loaded(banks.write(tmp_path, metrics={"val_loss": loss, "global_step": steps}))
    assert (task.lengths[3], task.lengths[7]) == (4, 6)
    assert np.isnan(task.ends[7])


def test_without_a_clock_what_is_missing_has_diverged_unless_a_column_says_the_length(tmp_path: Path) -> None:
    table = pd.DataFrame({"lr": np.linspace(0.1, 1, 24), "checkpoints": [3] * 12 + [5] * 12})
    loss = np.ones((24, 5))
    loss[:12, 3:] = np.nan
    folder = banks.write(tmp_path, table=table, metrics={"val_loss": loss})
    assert loaded(folder, ignore=["checkpoints"]).lengths.tolist() == [5] * 24
    task = loaded(folder, length="checkpoints")
    assert task.lengths.tolist() == [3] * 12 + [5] * 12
    assert list(task.space.parameters) == ["lr"]


def test_a_metric_that_is_logged_every_other_step_has_no_gaps(tmp_path: Path) -> None:
    loss = np.ones((24, 6))
    accuracy = np.ones((24, 6))
    accuracy[:, ::2] = np.nan
    task = loaded(banks.write(tmp_path, metrics={"train_loss": loss, "val_accuracy": accuracy}))
    score = task.curves[0].score
    assert score is not None and score.epochs.tolist() == [2, 4, 6] and np.isfinite(score.values).all()


def test_a_row_of_nothing_but_nan_is_a_training_that_failed_at_once(tmp_path: Path) -> None:
    loss = np.ones((24, 4))
    loss[2] = np.nan
    task = loaded(banks.write(tmp_path, metrics={"val_loss": loss}))
    assert task.curves[2].length == 4 and task.curves[2].score is not None
    assert not np.isfinite(task.curves[2].score.values).any()


def test_equal_configurations_are_two_trainings_of_the_same(tmp_path: Path) -> None:
    table = pd.DataFrame({"lr": [0.1, 0.1, 0.3], "seed": [0, 1, 0]})
    task = loaded(banks.write(tmp_path, table=table, metrics={"val_loss": [[3, 2], [2, 1], [1, 1]]}))
    unused = Unused(task)
    assert [unused.take({"lr": 0.1}) for _ in range(3)] == [0, 1, 2]


def test_time_is_recorded_epoch_by_epoch_or_all_in_all(tmp_path: Path) -> None:
    loss, total = np.ones((24, 4)), np.tile([2.0, 4, 6, 8], (24, 1))
    assert loaded(banks.write(tmp_path / "a", metrics={"val_loss": loss, "time": total})).seconds == (2.0,) * 24
    each = np.tile([2.0, 3, 2, 1], (24, 1))
    assert loaded(banks.write(tmp_path / "b", metrics={"val_loss": loss, "seconds": each})).seconds == (2.0,) * 24


@pytest.mark.parametrize(
    ("changes", "given", "problem"),
    [
        ({}, {"objective": "val_los"}, "objective: no metric 'val_los', did you mean 'val_loss'?"),
        ({"table": pd.DataFrame({"lr": []})}, {}, "curves: expected one for each of 0 rows, but got 24"),
        ({}, {"where": {"width": 7}}, "expected a table with at least one configuration, but got an empty one"),
        ({}, {"where": {"with": 7}}, "where.with: unknown column, did you mean 'width'?"),
        ({"metrics": {"val_loss": np.full((24, 3), np.nan)}}, {}, "val_loss: expected at least one finite value"),
        (
            {"metrics": {"a": np.ones((24, 3))}},
            {},
            "objective: expected the metric to judge by, one of a, but got none",
        ),
        ({"curves": np.ones((24, 3))}, {}, r"curves: expected .*, but got \[24, 3\]"),
        ({}, {"ignore": ["widht"]}, "parameters: unknown column 'widht', did you mean 'width'?"),
        ({}, {"length": "n"}, "length: no column or metric 'n'"),
        ({}, {"skip": EPOCHS}, "curves: expected more than 12 steps, but got 12"),
        ({}, {"colour": 1}, "colour: unknown key"),
    ],
)
def test_a_bad_bank_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, Any], given: dict[str, Any], problem: str
) -> None:
    folder = banks.write(tmp_path, **changes)
    with pytest.raises(ConfigError, match=problem) as error:
        loaded(folder, **given)
    assert "\n" not in str(error.value) and str(error.value).startswith(str(tmp_path))


@pytest.mark.parametrize("suffix", [".configs.parquet", ".npz", ".meta.json"])
def test_a_broken_file_is_named(tmp_path: Path, suffix: str) -> None:
    folder = banks.write(tmp_path)
    (folder / f"mlp{suffix}").write_bytes(b"PAR1 no such thing")
    with pytest.raises(ConfigError, match=f"mlp{suffix}: expected") as error:
        loaded(folder)
    assert "\n" not in str(error.value)


def test_an_unknown_task_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a bank"):
        bank_files.tasks(tmp_path)
    banks.write(tmp_path)
    with pytest.raises(ConfigError, match="mpl: unknown task, did you mean 'mlp'"):
        bank_files.load(tmp_path, "mpl")


# -- the space --------------------------------------------------------------------------------------------------------


def test_the_space_follows_from_the_table() -> None:
    draw = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "learning_rate": 10 ** draw.uniform(-4, 0, 60),
            "max_dropout": draw.uniform(0.001, 1, 60),
            "batch_size": draw.integers(16, 512, 60),
            "depth": draw.integers(1, 4, 60),
            "opt": draw.choice(["sgd", "adam"], 60),
            "nesterov": draw.choice([True, False], 60),
            "path": [f"run/{i}" for i in range(60)],
            "always": 1,
        }
    )
    found = bank_space.derive(table)
    forms = {name: next(iter(form)) for name, form in found.items()}
    assert forms == {
        "learning_rate": "log",
        "max_dropout": "linear",
        "batch_size": "linear",
        "depth": "ordered",
        "opt": "choice",
        "nesterov": "choice",
    }
    assert found["batch_size"]["int"] is True
    assert found["depth"] == {"ordered": [1, 2, 3], "role": "model_size"}
    space_file.build(found, "space")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("hp_learning_rate", Role.LEARNING_RATE),
        ("initial_lr", Role.LEARNING_RATE),
        ("num_layers", Role.MODEL_SIZE),
        ("max_dropout", Role.DROPOUT),
        ("Weight_Decay", Role.WEIGHT_DECAY),
        ("seed", None),
    ],
)
def test_what_a_column_means_to_a_remedy_is_known_by_its_usual_names(name: str, role: Role | None) -> None:
    assert bank_space.role(name) is role


def test_missing_values_are_an_option_of_their_own() -> None:
    assert bank_space.derive(pd.DataFrame({"beta": [0.9, None, 0.99]})) == {"beta": {"choice": [0.9, 0.99, "none"]}}


def test_uneven_levels_all_have_a_share_of_the_draws() -> None:
    even, uneven = Levels("batch", values=(16, 32, 64)), Levels("decay", values=(0.0, 1e-5, 0.1))
    assert even.even and not uneven.even
    assert type(even.distribution()).__name__ == "IntDistribution"
    assert type(uneven.distribution()).__name__ == "CategoricalDistribution"


# -- the nearest configuration ----------------------------------------------------------------------------------------


def test_the_nearest_is_so_on_the_scale_of_the_space() -> None:
    task = banks.task()
    row = Unused(task).nearest({"lr": 0.04, "width": 16})
    assert task.configurations[row] == {"lr": 0.1, "width": 16}  # nearer to 0.1 than to 0.01, by the logarithm


def test_every_configuration_is_used_once() -> None:
    unused = Unused(banks.task())
    rows = [unused.take({"lr": 0.1, "width": 64}) for _ in range(24)]
    assert sorted(rows) == list(range(24)) and not unused
    with pytest.raises(LookupError):
        unused.take({"lr": 0.1, "width": 64})


def test_options_without_an_order_are_one_apart_and_so_is_what_does_not_apply() -> None:
    space = space_file.build(
        {"opt": {"choice": ["sgd", "adam", "lion"]}, "momentum": {"linear": [0, 1], "when": {"opt": ["sgd"]}}}, "space"
    )
    sgd, adam, lion = (
        point({"opt": o, **m}, space) for o, m in (("sgd", {"momentum": 0.0}), ("adam", {}), ("lion", {}))
    )
    assert np.square(adam - lion).sum() == pytest.approx(1)
    assert np.square(sgd - adam).sum() == pytest.approx(2)


def test_a_narrower_space_reaches_a_part_of_the_task() -> None:
    space = space_file.build({"lr": {"log": [0.001, 0.1]}, "width": {"ordered": [16, 32, 64, 128]}}, "space")
    part = banks.task(seconds=(1.0,) * 24).within(space)
    assert {c["lr"] for c in part.configurations} == {0.001, 0.01, 0.1}
    assert len(part.curves) == len(part.seconds or ()) == 12
    with pytest.raises(StudyError, match="expected recorded trainings inside the space of rate, but got none"):
        banks.task().within(space_file.build({"rate": {"log": [0.001, 0.1]}}, "space"))
    assert isinstance(part.space.parameters["lr"], Range)


def test_regret_is_the_share_of_what_there_was_to_gain() -> None:
    task = banks.task()
    assert task.regret(task.best) == 0
    assert task.regret(task.best + task.scale / 2) == pytest.approx(0.5)
    assert task.regret(float("nan")) == task.regret(1e9) == 1
    assert [task.configurations[i] for i in np.flatnonzero(task.good())] == [
        {"lr": 0.1, "width": 64},
        {"lr": 0.1, "width": 128},
    ]
