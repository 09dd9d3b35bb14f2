"""The measures and peers that diagnoses are compared with."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from scripts.bench import bank, compared, early, judging, measures, peers, trials
from scripts.bench.judging import OURS, Case
from tuner.curve import Curve
from tuner.symptoms import not_learning, overfitting

E = np.arange(60.0)
FALLS = 2 * 0.9**E + 0.2
TURNS = 0.2 + 0.5 * 0.8**E + 0.006 * np.maximum(E - 10, 0)


def case(label: str, curve: Curve, group: str = "a", **known: object) -> Case:
    return Case(label, label, curve, group, **known)  # type: ignore[arg-type]


def test_the_interval_of_wilson_is_that_of_the_textbook() -> None:
    assert measures.share(9, 10) == pytest.approx((0.9, 0.5958, 0.9821), abs=1e-4)
    assert math.isnan(measures.share(0, 0).value)


def test_f1_is_that_of_scikit_learn_and_lies_in_its_interval() -> None:
    draw = np.random.default_rng(0)
    truth, said = draw.choice(list("abc"), 200).tolist(), draw.choice(list("abcz"), 200).tolist()
    counts = measures.confusion(truth, said, list("abc"))
    grouped = measures.by_group([str(i % 30) for i in range(200)], counts)
    found = measures.bootstrap(grouped, measures.f1_macro)
    assert found.value == pytest.approx(f1_score(truth, said, labels=list("abc"), average="macro"))
    assert found.low < found.value < found.high


def test_a_peer_that_says_the_same_is_no_better_and_no_worse() -> None:
    ours = compared.binary([True, False, True], [True, False, False], ["a", "b", "c"])
    assert compared.against(ours, ours, measures.f1_macro) == (0, 0, 0)


def test_confidence_that_is_always_right_is_calibrated() -> None:
    bins = measures.reliability([1.0, 1.0, 0.0], [True, True, False])
    assert measures.calibration_error(bins.sum(axis=0)[None]).tolist() == [0]
    bins = measures.reliability([1.0, 1.0], [True, False])
    assert measures.calibration_error(bins.sum(axis=0)[None]).tolist() == [0.5]


@pytest.mark.parametrize("name", ["· Overfit", "UMLAUT", "Keras, patience 10", "val loss +4.6 %"])
def test_peers_that_know_overfitting_see_it_and_spare_a_falling_loss(name: str) -> None:
    overfits = Curve.of(train_loss=0.6 * 0.92**E, val_loss=TURNS, planned_epochs=60)
    falls = Curve.of(train_loss=FALLS, val_loss=FALLS * 1.01, planned_epochs=60)
    assert peers.PEERS[name](overfits).overfitting
    assert not peers.PEERS[name](falls).overfitting


@pytest.mark.parametrize("name", peers.PEERS)
@pytest.mark.parametrize(
    "curve",
    [
        Curve({}),
        Curve.of(train_loss=[1.0]),
        Curve.of(metrics={"acc": [np.nan, np.inf]}),
        Curve.of(val_loss=[1e300] * 9),
    ],
)
def test_no_peer_fails_on_a_curve_of_little(name: str, curve: Curve) -> None:
    said = peers.PEERS[name](curve)
    assert isinstance(said.sick, bool) and said.overfitting in (None, True, False)


def test_what_is_said_on_the_way_is_counted_from_the_first_row() -> None:
    curve = not_learning.SEEN[next(iter(not_learning.SEEN))]
    walk = judging.walk(case("not_learning", curve, onset=int(curve.epochs[0]), ends_badly=True))
    first = walk.firsts[OURS]
    assert first.right is not None and 1 < first.right <= curve.length
    assert walk.firsts["always healthy"].sick is None
    assert early.in_time(1, case("not_learning", curve)) and not early.in_time(None, case("not_learning", curve))


def test_stopping_a_run_before_its_best_epoch_costs_what_it_would_have_gained() -> None:
    curve = Curve.of(metrics={"acc": [0.2, 0.4, 0.3, 0.8]}, objective="acc")
    walk = judging.walk(case("still_improving", curve))
    assert [early.lost(walk, row) for row in (2, 3, 4, None)] == pytest.approx([0.5, 0.5, 0, 0])


def test_the_tables_of_a_bank_count_what_is_right_and_what_is_a_false_alarm() -> None:
    sick = next(iter(overfitting.SEEN.values()))
    cases = [case("overfitting", sick, "a"), case("converged", sick, "b")]
    said = [judging.verdict(c.curve) for c in cases]
    rows = {row[0]: row for row in bank.overall(cases, said).rows}
    assert rows["verdict is the label"][2].value == 0.5  # type: ignore[union-attr]
    assert rows["false alarms: healthy called sick"][1:] == [1, measures.share(1, 1)]
    assert bank.confusions(cases, said).rows[0][:3] == ["converged", "overfitting", 1]


@pytest.mark.parametrize(
    ("accuracy", "loss", "ended"),
    [
        (np.full(20, 0.1), FALLS[:20], trials.CHANCE),
        (np.r_[np.linspace(0.1, 0.9, 10), np.full(10, 0.5)], FALLS[:20], trials.LOST),
        (np.linspace(0.1, 0.5, 20), FALLS[:20], trials.POOR),
        (np.linspace(0.1, 0.8, 20), FALLS[:20], trials.BETWEEN),
        (np.linspace(0.5, 1.2, 20).clip(0, 0.97), 0.2 + 0.7 ** E[:20], trials.GOOD),
        (np.linspace(0.5, 1.2, 20).clip(0, 0.97), np.r_[FALLS[:15], np.full(5, 1.0)], trials.BETWEEN),
        (np.full(20, 0.1), np.r_[FALLS[:19], np.nan], trials.NAN),
    ],
)
def test_how_a_recorded_trial_ended_is_told_by_its_test_set(accuracy: np.ndarray, loss: np.ndarray, ended: str) -> None:
    logged = {"train_loss": loss, "val_loss": loss, "test_loss": loss, "test_acc": accuracy}
    assert trials.ended(logged, 0.98) == ended


def test_recorded_trials_are_counted_by_their_end(tmp_path: Path) -> None:
    accuracy = np.stack([np.full(60, 0.1), 0.97 - 0.8 * 0.8**E])
    loss = np.stack([2.303 + 0.01 * np.sin(5 * E), 0.05 + 2.2 * 0.8**E])
    logged = {"train_loss": loss, "val_loss": loss, "test_loss": loss, "val_acc": accuracy, "test_acc": accuracy}
    np.savez(tmp_path / "two.npz", curves=np.stack(list(logged.values()), axis=2), metrics=list(logged))
    pd.DataFrame({"lr": [1.0, 0.1], "schedule": ["cosine", "constant"]}).to_parquet(tmp_path / "two.configs.parquet")
    end, names, half = trials.sheets(tmp_path, 1)
    assert end.heads == ["who", "at chance, 1", "lost, 0", "poor, 0", "between, 0", "good, 1"]
    assert [cell.value for cell in (end.rows[0][1], end.rows[0][5])] == [1.0, 0.0]  # type: ignore[union-attr]
    assert ["at chance", 1, "not_learning 1"] in names.rows and half.title.endswith("two half-way, called sick")
    assert trials.sheets(None, 1)[0].rows == [["no folder with *.npz was given"]]
