"""The symptoms of a training that fails: nan, diverging, not_learning, stuck_after_first_epoch, oscillating."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import NAMED, SURE
from tuner.symptoms import diverging, nan, not_learning, oscillating, stuck_after_first_epoch

E = np.arange(40.0)
FALLING = 2.2 * 0.9**E + 0.1
JITTER = np.random.default_rng(0).normal(size=40)
CHANCE = 0.1 + 0.01 * JITTER


def with_cell(values: np.ndarray, epoch: int, cell: float) -> np.ndarray:
    return np.where(epoch - 1 == E, cell, values)


# nan


def test_one_nan_row_of_training_loss_is_fatal() -> None:
    symptom = nan.detect(Curve.of(train_loss=[2.0, 1.0, np.nan]), options=nan.Options())
    assert symptom is not None and symptom.severity == 1.0 and symptom.since_epoch == 3
    assert symptom.text == "train loss has been nan since epoch 3, after 1"


def test_a_training_loss_that_is_nan_from_the_first_epoch_is_fatal() -> None:
    symptom = nan.detect(Curve.of(train_loss=[np.nan, np.nan]), options=nan.Options())
    assert symptom is not None and symptom.since_epoch == 1 and "last_finite" not in symptom.evidence


@pytest.mark.parametrize("cell", [np.nan, np.inf])
@pytest.mark.parametrize("epoch", [1, 20, 40])
def test_one_cell_of_a_validation_loss_is_not_fatal(cell: float, epoch: int) -> None:
    curve = Curve.of(train_loss=FALLING, val_loss=with_cell(FALLING, epoch, cell), metrics={"map": 1 - FALLING / 3})
    assert nan.detect(curve, options=nan.Options()) is None


def test_a_component_of_the_training_loss_is_enough() -> None:
    epochs = np.arange(1, 41, dtype=np.int64)
    parts = {
        "train/box": Series("train/box", Kind.TRAIN_LOSS, epochs, FALLING),
        "train/cls": Series("train/cls", Kind.TRAIN_LOSS, epochs, np.where(E > 30, np.nan, FALLING)),
    }
    symptom = nan.detect(Curve(parts), options=nan.Options())
    assert symptom is not None and symptom.since_epoch == 32


def test_an_infinite_training_loss_is_fatal_at_once_when_the_score_is_gone_too() -> None:
    gone = with_cell(FALLING, 40, np.inf)
    assert nan.detect(Curve.of(train_loss=gone, val_loss=FALLING), options=nan.Options()) is None
    assert nan.detect(Curve.of(train_loss=gone, val_loss=gone), options=nan.Options()) is not None


def test_the_longer_it_lasts_the_surer_it_is() -> None:
    lost = [nan.detect(Curve.of(train_loss=[1.0] + [np.nan] * n), options=nan.Options()) for n in (1, 4)]
    assert lost[0] is not None and lost[1] is not None and lost[0].confidence < lost[1].confidence


# diverging


def test_no_single_spike_is_taken_for_divergence() -> None:
    for epoch in range(1, 41):
        spike = Curve.of(train_loss=with_cell(FALLING, epoch, 1e9), val_loss=with_cell(FALLING, epoch, 1e9))
        for until in range(epoch, min(epoch + 3, 41)):
            assert diverging.detect(spike.until(until), options=diverging.Options()) is None


def test_an_explosion_is_seen_in_its_second_row() -> None:
    curve = Curve.of(train_loss=[2.3, 2.1, 9e6, 8e6], planned_epochs=300)
    assert diverging.detect(curve.until(3), options=diverging.Options()) is None
    symptom = diverging.detect(curve, options=diverging.Options())
    assert symptom is not None and symptom.severity == 1.0 and symptom.since_epoch == 2


def test_a_rising_loss_with_a_score_that_holds_is_left_alone() -> None:
    rising = 1.5 * 1.1**E
    held = Curve.of(train_loss=rising, val_loss=rising, metrics={"acc": 0.7 + 0.01 * JITTER})
    lost = Curve.of(train_loss=rising, val_loss=rising, metrics={"acc": np.r_[0.7, CHANCE[1:]]})
    assert diverging.detect(held, options=diverging.Options()) is None
    assert diverging.detect(lost, options=diverging.Options()) is not None


@pytest.mark.parametrize(("best", "lost"), [(0.1, True), (0.6, False)])
def test_losses_that_leap_far_above_their_first_values_at_the_end_are_lost_whatever_a_tiny_score_does(
    best: float, lost: bool
) -> None:
    loss = 0.3 - 0.002 * E + 0.002 * np.maximum(E - 28, 0) ** 2.6
    curve = Curve.of(train_loss=loss, val_loss=loss, metrics={"map": np.linspace(0, best, 40)}, planned_epochs=40)
    assert (diverging.detect(curve, options=diverging.Options()) is not None) == lost


def test_a_training_loss_that_rises_alone_is_not_divergence() -> None:
    curve = Curve.of(train_loss=1.5 * 1.1**E, val_loss=FALLING)
    assert diverging.detect(curve, options=diverging.Options()) is None


def test_a_blown_up_run_that_is_on_its_way_back_is_left_alone() -> None:
    back = np.r_[2.3, 100 * 0.9**E]
    curve = Curve.of(train_loss=back, val_loss=back, planned_epochs=80)
    assert diverging.detect(curve.until(20), options=diverging.Options()) is None


# not_learning


def test_a_dead_run_is_named_after_a_fifth_of_the_plan_and_given_up_only_later() -> None:
    flat = 2.303 + 0.002 * JITTER
    curve = Curve.of(train_loss=flat, val_loss=flat, metrics={"acc": CHANCE}, planned_epochs=60)
    severity = [
        s and s.severity
        for s in (not_learning.detect(curve.until(e), options=not_learning.Options()) for e in (11, 12, 20, 21))
    ]
    assert severity == [None, NAMED, NAMED, SURE]  # 12 = 0.2 x 60, 21 = 0.35 x 60


def test_a_single_class_with_a_constant_class_loss_is_benign() -> None:
    epochs = np.arange(1, 41, dtype=np.int64)
    columns = [("train/box", Kind.TRAIN_LOSS, FALLING), ("train/cls", Kind.TRAIN_LOSS, np.zeros(40))]
    columns += [("val/box", Kind.VAL_LOSS, FALLING), ("val/cls", Kind.VAL_LOSS, np.zeros(40))]
    curve = Curve({name: Series(name, kind, epochs, values) for name, kind, values in columns})
    for plugin in (not_learning, stuck_after_first_epoch, oscillating, diverging):
        assert plugin.detect(curve, options=plugin.Options()) is None


def test_a_slow_start_with_any_trend_at_all_is_given_time() -> None:
    creep = 2.303 - 0.0005 * E + 0.0002 * JITTER
    curve = Curve.of(train_loss=creep, val_loss=creep, metrics={"acc": CHANCE}, planned_epochs=40)
    assert not_learning.detect(curve, options=not_learning.Options()) is None


def test_a_metric_that_climbs_is_learning_whatever_the_loss_does() -> None:
    curve = Curve.of(train_loss=np.full(40, 1.0), metrics={"map": E / 100}, planned_epochs=40)
    assert not_learning.detect(curve, options=not_learning.Options()) is None


def test_validation_that_never_moves_is_nothing_learnt_however_the_batches_jump() -> None:
    batches = 3.1 + np.random.default_rng(0).normal(0, 0.25, 40)
    still = Curve.of(train_loss=batches, val_loss=np.full(40, 2.851), planned_epochs=40)
    moves = Curve.of(train_loss=batches, val_loss=np.linspace(2.851, 2.2, 40), planned_epochs=40)
    assert not_learning.detect(still, options=not_learning.Options()) is not None
    assert not_learning.detect(moves, options=not_learning.Options()) is None


def test_the_frequencies_of_the_answers_are_nothing_learnt_where_a_score_never_leaves_one_of_them() -> None:
    loss = 1.45 + 0.16 * 0.8**E + 0.005 * JITTER  # 10 % less than at first
    curve = Curve.of(train_loss=loss, val_loss=loss, metrics={"accuracy": np.full(40, 0.48)})
    climbing = Curve.of(train_loss=loss, val_loss=loss, metrics={"accuracy": 0.48 - 0.2 * 0.8**E})
    assert not_learning.detect(curve, options=not_learning.Options()) is not None
    assert not_learning.detect(climbing, options=not_learning.Options()) is None


def test_percentages_are_read_as_shares() -> None:
    flat = 0.05 + 1e-5 * JITTER
    good = Curve.of(train_loss=flat, metrics={"top1": 97 + 0.1 * JITTER}, planned_epochs=40)
    bad = Curve.of(train_loss=flat, metrics={"top1": 10 + 0.1 * JITTER}, planned_epochs=40)
    assert not_learning.detect(good, options=not_learning.Options()) is None
    assert not_learning.detect(bad, options=not_learning.Options()) is not None


# stuck_after_first_epoch


def test_a_run_stuck_since_its_second_epoch_is_seen() -> None:
    stuck = np.r_[2.3, np.full(39, 1.8) + 0.03 * JITTER[1:]]
    curve = Curve.of(train_loss=stuck, val_loss=stuck, planned_epochs=60)
    symptom = stuck_after_first_epoch.detect(curve, options=stuck_after_first_epoch.Options())
    assert symptom is not None and symptom.since_epoch == 2
    assert not_learning.detect(curve, options=not_learning.Options()) is None


def test_a_validation_loss_that_still_falls_keeps_a_stuck_training_loss_going() -> None:
    stuck = np.r_[2.3, np.full(39, 1.8) + 0.03 * JITTER[1:]]
    curve = Curve.of(train_loss=stuck, val_loss=FALLING, planned_epochs=60)
    assert stuck_after_first_epoch.detect(curve, options=stuck_after_first_epoch.Options()) is None


# oscillating


def test_saw_teeth_around_a_falling_trend_are_not_oscillation() -> None:
    saw = np.where(E % 2 == 0, 0.6, 1.4)
    flat = Curve.of(train_loss=saw, val_loss=saw, planned_epochs=60)
    falling = Curve.of(train_loss=saw * FALLING, val_loss=saw * FALLING, planned_epochs=60)
    assert oscillating.detect(flat, options=oscillating.Options()) is not None
    assert oscillating.detect(falling, options=oscillating.Options()) is None
    training_falls = Curve.of(train_loss=saw * FALLING, val_loss=saw, planned_epochs=60)
    assert oscillating.detect(training_falls, options=oscillating.Options()) is None


def test_teeth_near_zero_after_a_long_fall_are_not_oscillation() -> None:
    teeth = np.r_[2.3, 1.0, 0.3, np.where(E[3:] % 2 == 0, 0.006, 0.014)]
    curve = Curve.of(train_loss=teeth, val_loss=teeth, planned_epochs=60)
    assert oscillating.detect(curve, options=oscillating.Options()) is None
