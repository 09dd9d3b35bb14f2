from __future__ import annotations

import numpy as np
import pytest

from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import SURE
from tuner.symptoms import overfitting
from tuner.symptoms.overfitting import Options

E = np.arange(60.0)
TRAIN = 0.6 * 0.93**E
VAL = 0.2 + 0.5 * 0.8**E + 0.006 * np.maximum(E - 12, 0)
TURN = int(np.argmin(VAL)) + 1


def curve(epochs: int = 60, planned: int | None = 80, **metrics: np.ndarray) -> Curve:
    cut = {name: values[:epochs] for name, values in metrics.items()}
    return Curve.of(train_loss=TRAIN[:epochs], val_loss=VAL[:epochs], metrics=cut, planned_epochs=planned)


def severity(of: Curve, options: Options | None = None) -> float:
    symptom = overfitting.detect(of, options=options or Options())
    return 0.0 if symptom is None else symptom.severity


def test_it_began_where_the_validation_loss_was_lowest() -> None:
    symptom = overfitting.detect(curve(), options=Options())
    assert symptom is not None and symptom.since_epoch == TURN


def test_it_names_the_numbers_that_show_it() -> None:
    symptom = overfitting.detect(curve(), options=Options())
    assert symptom is not None
    assert symptom.text.startswith(f"val loss rose {VAL.min():.3g} → ")
    assert f"since epoch {TURN} while train loss fell" in symptom.text
    assert symptom.evidence["train_now"] == pytest.approx(TRAIN[-1])
    assert symptom.evidence["epochs_without_gain"] == 60 - TURN


def test_a_score_that_still_climbs_keeps_it_mild_and_the_text_says_so() -> None:
    symptom = overfitting.detect(curve(acc=0.5 + 0.005 * E), options=Options())
    assert symptom is not None and symptom.severity < 0.5
    assert "the score still holds" in symptom.text


def test_a_score_that_has_stalled_for_the_patience_makes_it_worth_stopping() -> None:
    assert severity(curve(acc=np.minimum(0.9, 0.5 + 0.05 * E))) >= 0.5


def test_a_score_that_is_best_when_low_is_read_that_way() -> None:
    climbing_error = Curve.of(
        train_loss=TRAIN, val_loss=VAL, metrics={"wer": 0.5 - 0.004 * E}, higher_is_better=False, planned_epochs=80
    )
    assert 0 < severity(climbing_error) < 0.5


def test_it_is_mild_before_the_patience_is_over_and_severe_after() -> None:
    patience = 20  # a quarter of 80 planned epochs
    assert severity(curve(TURN + patience - 1)) < SURE <= severity(curve(TURN + patience))


def test_a_longer_plan_means_more_patience_for_a_late_rescue() -> None:
    assert severity(curve(planned=80)) >= SURE
    assert severity(curve(planned=300)) < SURE


def test_a_run_rescued_late_is_not_seen_any_more() -> None:
    rescued = np.r_[VAL[:40], np.full(20, 0.9 * VAL.min())]
    assert severity(Curve.of(train_loss=TRAIN, val_loss=rescued, planned_epochs=80)) == 0


def test_a_loss_that_has_come_half_way_back_is_not_seen() -> None:
    bump = np.interp(E, [0, 12, 35, 59], [0.9, 0.3, 0.7, 0.45])
    stays = np.interp(E, [0, 12, 35, 59], [0.9, 0.3, 0.7, 0.65])
    assert severity(Curve.of(train_loss=TRAIN, val_loss=bump, planned_epochs=80)) == 0
    assert severity(Curve.of(train_loss=TRAIN, val_loss=stays, planned_epochs=80)) >= 0.5


def test_a_validation_loss_that_rises_because_training_goes_wrong_is_not_overfitting() -> None:
    assert severity(Curve.of(train_loss=VAL, val_loss=VAL, planned_epochs=80)) == 0
    assert severity(Curve.of(train_loss=np.full(60, 0.5), val_loss=VAL, planned_epochs=80)) == 0


def test_a_training_loss_with_no_room_left_to_fall_counts_as_memorised() -> None:
    memorised = np.maximum(TRAIN * 0.5**E, 1e-4)
    assert severity(Curve.of(train_loss=memorised, val_loss=VAL, planned_epochs=80)) >= 0.5


def test_without_a_training_loss_the_validation_loss_alone_decides() -> None:
    assert severity(Curve.of(val_loss=VAL, planned_epochs=80)) >= 0.5


def test_a_larger_rise_is_more_certain() -> None:
    early = overfitting.detect(curve(35), options=Options())
    late = overfitting.detect(curve(60), options=Options())
    assert early is not None and late is not None and early.confidence < late.confidence


def test_an_objective_that_has_not_been_logged_yet_is_no_reason_to_stop() -> None:
    waiting = Curve.of(train_loss=TRAIN, val_loss=VAL, objective="map", planned_epochs=80)
    assert 0 < severity(waiting) < 0.5


def test_thresholds_can_be_changed() -> None:
    assert severity(curve(), Options(rise=10.0)) == 0


def test_a_validation_every_five_epochs_is_enough() -> None:
    epochs = np.arange(1, 61, dtype=np.int64)
    sparse = Curve(
        {
            "train": Series("train", Kind.TRAIN_LOSS, epochs, TRAIN),
            "val": Series("val", Kind.VAL_LOSS, epochs[4::5], VAL[4::5]),
        },
        planned_epochs=60,
    )
    assert severity(sparse) >= 0.5
