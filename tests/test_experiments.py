"""The experiment table: what the trials reached, in columns that compare."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.trial import TrialState

from tuner import experiments
from tuner.compared import differences
from tuner.record import Action, Ending, Origin, Record

METRICS = {"metrics/precision(B)": 0.8, "metrics/recall(B)": 0.6, "metrics/mAP50(B)": 0.7, "metrics/mAP50-95(B)": 0.4}
FACTS = {"parameters": 3011043, "gflops": 8.1, "optimizer": "SGD"}


def record(number: int = 0, score: float | None = 0.4, **fields: object) -> Record:
    known = {"metrics": METRICS, "facts": FACTS, "epochs": 30, "seconds": 90.0, **fields}
    ending = Ending(Action.FINISH, "finished", "")
    return Record(number, TrialState.COMPLETE, {"lr0": 0.01}, score=score, ending=ending, **known)  # type: ignore[arg-type]


def test_metrics_lose_what_says_which_head_they_are_of() -> None:
    table = experiments.table([record()])
    expected = ("precision", "recall", "mAP50", "mAP50-95", "F1", "GFLOPs", "Mparams", "epochs", "min")
    assert table.columns == expected
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["mAP50"] == 0.7
    assert row["Mparams"] == pytest.approx(3.011043)
    assert row["F1"] == pytest.approx(2 * 0.8 * 0.6 / 1.4)
    assert row["min"] == 1.5


def test_of_two_heads_in_one_log_the_one_counts_that_the_objective_is_of() -> None:
    both = {"metrics/mAP50(B)": 0.7, "metrics/mAP50(M)": 0.6}
    masks = experiments.table([record(metrics=both)], "metrics/mAP50-95(M)")
    assert (masks.columns[0], masks.rows[0][0]) == ("mAP50", 0.6)
    assert experiments.table([record(metrics=both)]).columns[:2] == ("metrics/mAP50(B)", "metrics/mAP50(M)")


def test_a_column_that_no_trial_has_is_left_out_and_a_gap_is_a_gap() -> None:
    table = experiments.table([record(), record(1, facts={}), record(2, score=None)])
    assert "GB" not in table.columns
    assert [r.number for r in table.trials] == [0, 1]
    assert table.rows[1][table.columns.index("GFLOPs")] is None


def test_without_precision_there_is_no_f1_and_of_nothing_it_is_zero() -> None:
    assert experiments.f1({"val/accuracy": 0.9}) is None
    assert experiments.f1({"precision": 0.0, "recall": 0.0}) == 0.0


def test_seeds_of_one_setting_give_a_mean_and_a_spread() -> None:
    same = [record(i, score, origin=Origin.BASELINE, seed=i) for i, score in enumerate((0.4, 0.5, 0.6))]
    (repeat,) = experiments.repeated(same)
    assert repeat.trials == (0, 1, 2)
    assert (repeat.mean, repeat.spread) == (pytest.approx(0.5), pytest.approx(0.1))


def test_trials_of_the_sampler_are_no_repeats_although_they_share_their_parameters() -> None:
    assert experiments.repeated([record(0), record(1)]) == []


def paired(first: list[float], second: list[float]) -> list[Record]:
    """Return two settings with the seeds 0, 1, 2 …; the second has a warm-up."""
    plain = [record(2 * i, s, origin=Origin.BASELINE, seed=i) for i, s in enumerate(first)]
    warm = [record(2 * i + 1, s, origin=Origin.BASELINE, seed=i) for i, s in enumerate(second)]
    return plain + [replace(r, params={**r.params, "warmup": 3}) for r in warm]


def test_two_settings_are_compared_seed_by_seed_with_students_interval() -> None:
    stats = pytest.importorskip("scipy.stats")
    one, other = [0.50, 0.70, 0.60, 0.90], [0.49, 0.68, 0.59, 0.87]
    (found,) = differences(paired(one, other), higher_is_better=True)
    expected = stats.ttest_rel(one, other).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.first, found.second, found.changed) == ((0, 2, 4, 6), (1, 3, 5, 7), {"warmup": (None, 3)})
    assert found.clear and found.mean == pytest.approx(0.0175)  # though the scores overlap by far


def test_what_is_better_is_told_where_lower_is_better_and_seeds_are_missing() -> None:
    records = paired([0.5, 0.4, 0.6], [0.1, 0.5, 0.3, 0.2])
    (found,) = differences(records, higher_is_better=False)
    assert found.first == (1, 3, 5) and found.mean == pytest.approx(0.2) and not found.clear
    assert differences(records[:5], higher_is_better=False) == []  # two seeds in common
    assert differences(records[:3], higher_is_better=False) == []
