from __future__ import annotations

import numpy as np

from tuner.curve import Curve
from tuner.symptoms import generalization_gap
from tuner.symptoms.generalization_gap import Options

E = np.arange(60.0)
VAL = 1.0 + 2.0 * 0.6**E
"""Gains two thirds, and rests from the tenth row on."""


def seen(train: np.ndarray, val: np.ndarray) -> bool:
    curve = Curve.of(train_loss=train, val_loss=val, planned_epochs=60)
    return generalization_gap.detect(curve, options=Options()) is not None


def test_a_validation_loss_that_gained_much_keeps_a_gap_where_training_falls_on_far_below_it() -> None:
    assert seen(0.1 + 2.9 * 0.85**E, VAL)


def test_it_keeps_none_where_training_rests_as_well_is_near_or_where_validation_still_falls() -> None:
    assert not seen(0.2 + 2.8 * 0.6**E, VAL)
    assert not seen(0.45 + 2.55 * 0.85**E, VAL)
    assert not seen(0.1 + 2.9 * 0.85**E, VAL - 0.004 * E)
