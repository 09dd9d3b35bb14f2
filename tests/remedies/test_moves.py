"""What each remedy moves in a space that has a parameter for it, and that it leaves all others alone."""

from __future__ import annotations

from typing import Any

import pytest

from tuner import config, space_file
from tuner.record import ParamValue
from tuner.registry import REMEDIES
from tuner.space import Space


def build(document: dict[str, Any]) -> Space:
    return space_file.build(document, "space.yaml")


SPACE = build(
    {
        "mosaic": {"linear": [0.0, 1.0], "default": 0.4},
        "warmup_epochs": {"ordered": [0, 3, 5], "default": 3},
        "epochs": {"ordered": [100, 200, 300]},
        "grad_clip": {"ordered": [0, 0.1, 1, 10], "default": 1},
        "amp": {"choice": [True, False]},
        "shuffle": {"choice": [False, True]},
        "pretrained": {"choice": [False, True]},
        "cls": {"log": [0.1, 10], "default": 0.5},
        "box": {"log": [1, 10], "default": 7.5},
        "lr": {"grid": [0.001, 0.1]},
    }
)


@pytest.mark.parametrize(
    ("remedy", "name", "before", "after"),
    [
        ("more_augmentation", "mosaic", 0.4, 0.6),
        ("less_augmentation", "mosaic", 0.4, 0.2),
        ("longer_warmup", "warmup_epochs", 3, 5),
        ("shorter_warmup", "warmup_epochs", 3, 0),
        ("fewer_epochs", "epochs", 200, 100),
        ("train_longer", "epochs", 200, 300),
        ("clip_gradients", "grad_clip", 1, 0.1),
        ("no_mixed_precision", "amp", True, False),
        ("shuffle", "shuffle", False, True),
        ("pretrained", "pretrained", False, True),
        ("lower_class_loss_weight", "cls", 0.5, 0.158114),
    ],
)
def test_a_remedy_moves_its_own_parameter_and_no_other(
    remedy: str, name: str, before: ParamValue, after: ParamValue
) -> None:
    params = SPACE.complete({name: before})
    assert REMEDIES[remedy].changes(params, SPACE) == {**params, name: after}


@pytest.mark.parametrize(
    ("remedy", "name", "edge"),
    [
        ("more_augmentation", "mosaic", 1.0),
        ("shorter_warmup", "warmup_epochs", 0),
        ("fewer_epochs", "epochs", 100),
        ("clip_gradients", "grad_clip", 0.1),
        ("no_mixed_precision", "amp", False),
        ("shuffle", "shuffle", True),
        ("pretrained", "pretrained", True),
        ("lower_class_loss_weight", "cls", 0.1),
    ],
)
def test_a_remedy_has_no_answer_where_all_is_done_already(remedy: str, name: str, edge: ParamValue) -> None:
    assert REMEDIES[remedy].changes(SPACE.complete({name: edge}), SPACE) is None


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_remedy_whose_parameter_is_not_in_the_space_has_no_answer(remedy: str) -> None:
    bare = build({"seed": {"linear": [1, 9], "int": True}})
    assert REMEDIES[remedy].changes(bare.complete({}), bare) is None


@pytest.mark.parametrize(
    ("limits", "before", "after"),
    [
        ({"ordered": [0, 0.1, 1, 10]}, 0, 10),  # off: the loosest limit first, not the tightest
        ({"ordered": [0, 0.1, 1, 10]}, 10, 1),
        ({"ordered": ["none", 1, 10]}, "none", 10),
        ({"ordered": ["none", 1, 10]}, 10, 1),
        ({"ordered": ["none", 1, 10]}, 1, None),  # one step down would be no limit at all
        ({"ordered": [False, 1, 10]}, False, 10),
        ({"choice": [False, True]}, False, True),
        ({"choice": [False, True]}, True, None),
        ({"linear": [0, 5]}, 0, 5),
        ({"linear": [0, 5]}, 1, None),
        ({"grid": [0.1, 10]}, 1, 0.3),
        ({"choice": ["norm", "value"]}, "norm", None),
    ],
)
def test_clipping_is_switched_on_and_tightened_but_never_off(
    limits: dict[str, Any], before: ParamValue, after: ParamValue | None
) -> None:
    space = build({"grad_clip": limits})
    changed = REMEDIES["clip_gradients"].changes({"grad_clip": before}, space)
    assert changed == (None if after is None else {"grad_clip": after})


def test_mixed_precision_and_weights_may_be_a_list_from_little_to_much() -> None:
    space = build({"amp": {"ordered": ["fp32", "fp16"]}, "weights_from": {"ordered": ["scratch", "imagenet", "coco"]}})
    params = {"amp": "fp16", "weights_from": "imagenet"}
    assert REMEDIES["no_mixed_precision"].changes(params, space) == {**params, "amp": "fp32"}
    assert REMEDIES["pretrained"].changes(params, space) == {**params, "weights_from": "coco"}


def test_the_shipped_table_names_remedies_that_there_are() -> None:
    rows = config.default_treatment()
    assert {remedy for row in rows.values() for remedy in row.get("retry_with", ())} <= set(REMEDIES)
