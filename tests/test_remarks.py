"""What is odd on a curve and benign is said, and is no symptom."""

from __future__ import annotations

import numpy as np

from tuner.curve import Curve, FloatArray, Kind, Series
from tuner.diagnosis import diagnose
from tuner.registry import SYMPTOMS
from tuner.remarks import remarks

E = np.arange(60.0)
FALLS = 0.4 + 1.6 * 0.93**E
NOISE = np.random.default_rng(0).normal(0, 0.01, 60)


def run(**columns: FloatArray) -> Curve:
    kinds = {"train": Kind.TRAIN_LOSS, "val": Kind.VAL_LOSS, "lr": Kind.LEARNING_RATE, "map": Kind.METRIC}
    epochs = np.arange(1, 61)
    made = {n.replace("__", "/"): (kinds[n.split("__")[0]], values) for n, values in columns.items()}
    series = {n: Series(n, kind, epochs, values, kind is Kind.METRIC) for n, (kind, values) in made.items()}
    return Curve(series, planned_epochs=60)


def names(curve: Curve) -> list[str]:
    return [r.name for r in remarks(curve)]


def test_a_class_loss_of_zero_is_a_single_class_and_not_a_run_that_does_not_learn() -> None:
    curve = run(train__box_loss=FALLS, train__cls_loss=0 * E, val__box_loss=FALLS, val__cls_loss=0 * E)
    assert names(curve) == ["single_class", "single_class"]
    verdict = diagnose(curve, SYMPTOMS).verdict
    assert verdict is not None and verdict.healthy


def test_a_single_infinite_cell_has_recovered() -> None:
    broken = np.where(E == 20, np.inf, FALLS)
    assert names(run(train__loss=FALLS, val__loss=broken)) == ["recovered"]
    assert "1 of 60 rows" in remarks(run(train__loss=FALLS, val__loss=broken))[0].text


def test_a_validation_loss_that_is_never_finite_beside_a_score_is_an_overflow_in_validation() -> None:
    assert names(run(train__loss=FALLS, val__loss=np.nan * E, map=1 - FALLS / 3)) == ["val_overflow"]
    assert names(run(train__loss=FALLS, val__loss=np.nan * E)) == []


def test_a_late_step_of_the_training_loss_alone_is_the_end_of_augmentation() -> None:
    stepped = FALLS + NOISE - 0.15 * (E >= 50)
    alone = remarks(run(train__loss=stepped, val__loss=FALLS))
    assert [(r.name, r.evidence["epoch"]) for r in alone] == [("augmentation_ends", 51)]
    assert names(run(train__loss=stepped, val__loss=stepped)) == []
    assert names(run(train__loss=FALLS, val__loss=FALLS)) == []


def test_a_schedule_that_warms_up_and_decays_is_told_from_the_learning_rate() -> None:
    rate = np.minimum((E + 1) / 5, 1) * 0.5 * (1 + np.cos(np.pi * E / 60))
    warmed, decayed = remarks(run(train__loss=FALLS, lr=rate))
    assert (warmed.name, decayed.name) == ("warm_up", "decayed")
    assert "until epoch 5" in warmed.text
    assert names(run(train__loss=FALLS, lr=np.full(60, 0.1))) == []
