"""The healthy shapes: converged, still_improving, too_early."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.symptoms.test_contract import PLUGINS
from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import diagnose
from tuner.symptoms import converged, still_improving, too_early

E = np.arange(60.0)
FALLS = 2.0 * 0.8**E + 0.3
JITTER = np.random.default_rng(0).normal(size=60)


def flat(jitter: float, slope: float = 0.0) -> Curve:
    values = FALLS + jitter * JITTER - slope * E
    return Curve.of(train_loss=values, val_loss=values, planned_epochs=80)


def test_a_flat_and_calm_run_has_converged_and_is_healthy() -> None:
    diagnosis = diagnose(flat(0.001), PLUGINS)
    assert [s.name for s in diagnosis.symptoms] == ["converged"]
    assert diagnosis.symptoms[0].healthy


def test_a_run_that_jitters_widely_may_still_be_calmed_by_its_schedule() -> None:
    wave = np.tile([0.0, 0.03, -0.03], 20)
    calm, wide = (Curve.of(train_loss=FALLS, val_loss=FALLS + k * wave, planned_epochs=80) for k in (0.01, 1.0))
    assert converged.detect(calm, options=converged.Options()) is not None
    assert converged.detect(wide, options=converged.Options()) is None


def test_a_run_that_creeps_down_steadily_has_not_converged() -> None:
    assert converged.detect(flat(0.0, slope=0.0001), options=converged.Options()) is None


def test_a_run_with_one_quarter_of_its_plan_flat_is_flat_long_enough() -> None:
    step = np.r_[np.linspace(2.0, 1.0, 30), np.ones(30)]
    curve = Curve.of(train_loss=step, val_loss=step, planned_epochs=80)
    first = next(e for e in range(1, 61) if converged.detect(curve.until(e), options=converged.Options()))
    assert 45 <= first <= 50  # flat from epoch 30 on, for 20 epochs; medians forgive the first few


def test_a_score_that_still_climbs_has_not_converged_although_losses_are_flat() -> None:
    curve = Curve.of(train_loss=FALLS, val_loss=FALLS, metrics={"map": 0.3 + 0.005 * E}, planned_epochs=80)
    assert converged.detect(curve, options=converged.Options()) is None


def test_a_detector_without_a_score_yet_has_not_converged_while_its_loss_wanders() -> None:
    """The first 7 of 16 epochs of a real YOLO trained from scratch on few images."""
    val = [14.4, 14.4, 14.56, 14.01, 14.12, 14.12, 14.17]
    train = [8.16, 10.48, 8.59, 7.42, 6.91, 6.54, 6.37]
    curve = Curve.of(train_loss=train, val_loss=val, metrics={"map": np.zeros(7)}, planned_epochs=16)
    seen = diagnose(curve, PLUGINS).symptoms[0]
    assert seen.name == "too_early"
    assert seen.text == "map has not moved from 0 in 7 epochs"


def test_a_run_is_still_improving_only_at_the_end_of_its_plan() -> None:
    curve = Curve.of(train_loss=0.98**E, val_loss=0.98**E, planned_epochs=60)
    assert still_improving.detect(curve.until(56), options=still_improving.Options()) is None
    symptom = still_improving.detect(curve.until(57), options=still_improving.Options())
    assert symptom is not None and symptom.healthy


def test_a_falling_training_loss_alone_is_no_improvement() -> None:
    curve = Curve.of(train_loss=0.98**E, val_loss=np.full(60, 0.5), planned_epochs=60)
    assert still_improving.detect(curve, options=still_improving.Options()) is None


@pytest.mark.parametrize(("planned", "needed"), [(None, 5), (20, 5), (300, 30), (3, 3)])
def test_a_tenth_of_the_plan_is_needed_before_anything_is_said(planned: int | None, needed: int) -> None:
    curve = Curve.of(train_loss=FALLS, planned_epochs=planned)
    seen = [e for e in range(1, 61) if too_early.detect(curve.until(e), options=too_early.Options())]
    assert seen == list(range(1, needed))


def test_a_healthy_run_is_never_called_sick_at_any_epoch() -> None:
    noisy = Curve.of(
        train_loss=FALLS * (1 + 0.03 * JITTER),
        val_loss=(FALLS + 0.05) * (1 + 0.05 * JITTER[::-1]),
        metrics={"acc": 0.9 - 0.8 * 0.8**E + 0.01 * JITTER},
        planned_epochs=60,
    )
    for epoch in range(1, 61):
        assert all(s.healthy for s in diagnose(noisy.until(epoch), PLUGINS).symptoms)


def test_a_whole_diagnosis_takes_a_few_milliseconds() -> None:
    """Measured at 1 to 2 ms; the bound leaves room for a busy machine and none for quadratic work."""
    epochs, rng = np.arange(300), np.random.default_rng(0)
    kinds = [Kind.TRAIN_LOSS] * 3 + [Kind.VAL_LOSS] * 3 + [Kind.METRIC] * 4
    seconds = []
    for _ in range(5):
        series = {str(i): Series(str(i), k, epochs, rng.random(300)) for i, k in enumerate(kinds)}
        curve = Curve(series, planned_epochs=300)
        start = time.perf_counter()
        diagnose(curve, PLUGINS)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.02
