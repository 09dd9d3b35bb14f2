"""What a column's name says about it."""

from __future__ import annotations

import pytest

from tuner.curve import Kind
from tuner.readers import columns

NAMES = {
    Kind.TRAIN_LOSS: ["train/loss", "loss", "train/box_loss", "trainLoss", "Training Loss", "train_nll", "G_loss"],
    Kind.VAL_LOSS: ["val/loss", "val_loss", "valid_loss", "Validation Loss", "valLoss", "eval_loss", "val/cls_loss"],
    Kind.LEARNING_RATE: ["lr", "lr/pg0", "learning_rate", "learningRate", "train/lr", "lr-AdamW"],
    Kind.SECONDS: ["time", "seconds", "elapsed", "epoch_time", "eval_runtime"],
    Kind.OTHER: ["step", "grad_norm", "train_accuracy", "eval_samples_per_second", "per_class", "", "µ"],
}
HIGHER = ["accuracy", "val/accuracy", "val_acc", "metrics/mAP50-95(B)", "AP", "F1Score", "val_f1", "auc", "AUROC"]
HIGHER += [
    "metrics/precision(B)",
    "recall",
    "top1",
    "accuracy_top5",
    "mIoU",
    "dice",
    "val/mDice",
    "per_class_accuracy",
    "fitness",
]
HIGHER += ["DSC"]
LOWER = ["error", "val_error_rate", "top1_error", "rmse", "val_mae", "wer", "perplexity", "mean_squared_error", "FID"]
LOWER += ["HD95", "val/hausdorff", "ASSD"]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NAMES.items() for name in names])
def test_guesses_the_kind(kind: Kind, name: str) -> None:
    assert columns.guess(name).kind is kind


@pytest.mark.parametrize("name", HIGHER)
def test_knows_metrics_of_which_more_is_better(name: str) -> None:
    assert columns.guess(name) == (Kind.METRIC, True)


@pytest.mark.parametrize("name", LOWER)
def test_knows_metrics_of_which_less_is_better(name: str) -> None:
    assert columns.guess(name) == (Kind.METRIC, False)


@pytest.mark.parametrize("name", ["epoch", "Epoch", "trainer/epoch", "epoch_num", "epochs"])
def test_finds_the_epoch_column(name: str) -> None:
    assert columns.epoch_column(["loss", name], {}) == name


def test_takes_neither_a_time_nor_a_mean_over_the_epoch_for_the_epoch() -> None:
    assert columns.epoch_column(["epoch_time", "train_loss_epoch"], {}) is None


def test_takes_the_epoch_column_that_is_said() -> None:
    assert columns.epoch_column(["epoch", "round"], {"epoch": "round"}) == "round"


def test_a_bare_metric_beside_its_validation_twin_is_one_of_the_training() -> None:
    roles = columns.roles(["accuracy", "val_accuracy"], {})
    assert [roles["accuracy"].kind, roles["val_accuracy"].kind] == [Kind.OTHER, Kind.METRIC]


def test_a_loss_of_the_last_step_does_not_count_beside_the_mean_over_the_epoch() -> None:
    roles = columns.roles(["train_loss_step", "train_loss_epoch"], {})
    assert [role.kind for role in roles.values()] == [Kind.OTHER, Kind.TRAIN_LOSS]


def test_test_columns_count_only_where_there_is_no_validation() -> None:
    assert columns.roles(["test_loss"], {})["test_loss"].kind is Kind.VAL_LOSS
    assert columns.roles(["test_loss", "val_loss"], {})["test_loss"].kind is Kind.OTHER


def test_what_is_said_replaces_what_is_guessed_for_that_kind_only() -> None:
    options = {"val_loss": "a", "metrics": {"b": "min"}}
    roles = columns.roles(["a", "b", "val_loss", "val_accuracy", "loss"], options)
    assert roles == {
        "a": (Kind.VAL_LOSS, False),
        "b": (Kind.METRIC, False),
        "val_loss": (Kind.OTHER, False),
        "val_accuracy": (Kind.OTHER, False),
        "loss": (Kind.TRAIN_LOSS, False),
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val_los": "a"}, "unknown key 'val_los', did you mean 'val_loss'"),
        ({"metrics": {"a": "up"}}, "expected names with max or min"),
        ({"metrics": {"a": ["max"]}}, "expected names with max or min"),
        ({"metrics": ["a"]}, "expected names with max or min"),
        ({"epoch": 3}, "epoch: expected the name of a column, but got 3"),
        ({"train_loss": [1]}, "train_loss: expected names of columns"),
    ],
)
def test_refuses_options_that_are_none(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        columns.check(options)
