"""What the built-in classifier accepts."""

from __future__ import annotations

from typing import Any

import pytest

from tuner.inside import parameters


def test_fills_in_what_the_space_does_not_name() -> None:
    assert parameters.parse({"lr": 3, "batch": 16.0}) == parameters.Parameters(lr=3, batch=16)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"learning_rate": 1}, r"unknown parameter 'learning_rate' \(known: augmentation, batch, beta1"),
        ({"dropuot": 0.1}, r"unknown parameter 'dropuot', did you mean 'dropout'\? \(known: lr, batch"),
        ({"model": "resnet"}, "model: expected one of mlp-xs, .* but got 'resnet'"),
        ({"optimizer": 3}, "optimizer: expected one of sgd, .* but got 3"),
        ({"lr": "high"}, "lr: expected a number, but got 'high'"),
        ({"lr": float("nan")}, "lr: expected a number, but got nan"),
        ({"lr": True}, "lr: expected a number, but got True"),
        ({"weight_decay": -1}, "weight_decay: expected 0 or more, but got -1"),
        ({"grad_clip": -1}, "grad_clip: expected 0 or more, but got -1"),
        ({"grad_clip": True}, "grad_clip: expected a number, but got True"),
        ({"momentum": 1}, "momentum: expected 0 or more and below 1, but got 1"),
        ({"oversample": 1.1}, "oversample: expected a number from 0 to 1, but got 1.1"),
        ({"ema": 1}, "ema: expected 0 or more and below 1, but got 1"),
        ({"pretrained": 1}, "pretrained: expected true or false, but got 1"),
        ({"head_epochs": -1}, "head_epochs: expected a whole number of 0 or more, but got -1"),
        ({"schedule": "linear"}, "schedule: expected one of cosine, .* but got 'linear'"),
        ({"batch": 1.5}, "batch: expected a whole number of 1 or more, but got 1.5"),
        ({"batch": 0}, "batch: expected a whole number of 1 or more, but got 0"),
    ],
)
def test_says_which_value_it_cannot_use(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameters.parse(params)
