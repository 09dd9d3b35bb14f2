from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.studies import DIVERGING, FINISHED, KILLED, RATES, record
from tuner.checks import Check, checks
from tuner.record import Ending, ParamValue, Record

PRUNER = Ending(DIVERGING.action, "pruner", "worse than the median at epoch 3", epoch=3)


def edge(value: ParamValue, ends: Sequence[ParamValue]) -> str | None:
    found = checks([], record(1, score=0.5, params={"p": value}), {"p": ends})
    return found[0].data["side"] if found else None


def only(found: tuple[Check, ...]) -> Check:
    (one,) = found
    return one


def many(n: int, ending: Ending, **params: ParamValue) -> list[Record]:
    return [record(i, ending, params=params) for i in range(n)]


@pytest.mark.parametrize(
    ("value", "ends", "side"),
    [
        (0.001, RATES, "lower"),
        (1.0, RATES, "upper"),
        (0.1 + 0.2, [0.1, 0.2, 0.3], "upper"),
        (0.01, RATES, None),
        (0.595, (0.0, 0.6), "upper"),
        (0.3, (0.0, 0.6), None),
        (2e-6, (1e-6, 0.1), None),
        (1.1e-6, (1e-6, 0.1), "lower"),
        (3.0, (0.0, 0.6), "outside"),
        ("s", ["s", "m", "l"], "first"),
        ("l", ["s", "m", "l"], "last"),
        ("m", ["s", "m", "l"], None),
        ("xl", ["s", "m", "l"], "outside"),
        ("l", ("s", "l"), "last"),
        ("m", ("s", "l"), None),
    ],
)
def test_the_best_value_is_known_to_lie_at_an_end(value: ParamValue, ends: Sequence[ParamValue], side: str) -> None:
    assert edge(value, ends) == side


@pytest.mark.parametrize(
    ("value", "ends"), [(True, [False, True]), ("sgd", ["sgd", "adam"]), (16, [16, 32]), (5, (5, 5)), (5, [5]), (5, [])]
)
def test_of_two_values_or_one_neither_end_is_worth_a_word(value: ParamValue, ends: Sequence[ParamValue]) -> None:
    assert edge(value, ends) is None


@pytest.mark.parametrize("ends", [[0.0, 0.5, 1.0], (0.0, 1.0)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_beyond_nothing_and_beyond_all_of_it_there_is_no_space(value: float, ends: Sequence[ParamValue]) -> None:
    assert edge(value, ends) is None
    assert edge(0.5, (0.0, 0.5)) == "upper"


def test_a_conditional_hyperparameter_that_the_best_trial_lacks_is_passed_over() -> None:
    assert checks([], record(1, params={"lr": 0.1}), {"momentum": (0.0, 0.9)}) == ()


def test_failures_are_counted_with_their_commonest_reason() -> None:
    records = [*many(3, DIVERGING), *many(1, KILLED), *many(4, FINISHED)]
    assert only(checks(records, None, {})).text == "4 of 8 ended trials failed (50%), most often: diverging (3)"


def test_the_region_of_the_failures_is_named_where_it_is_obvious() -> None:
    records = [*many(11, DIVERGING, lr=1.0, batch=32), *many(3, DIVERGING, lr=0.01, batch=32)]
    records += [*many(12, FINISHED, lr=0.01, batch=32), *many(8, FINISHED, lr=0.1, batch=64)]
    assert "; 11 of 14 pruned trials had lr >= 1, and 0 of 20 completed ones" in only(checks(records, None, {})).text


def test_a_region_may_be_one_option_or_a_low_end() -> None:
    sgd = [*many(5, DIVERGING, optimizer="sgd"), *many(5, FINISHED, optimizer="adam")]
    assert "5 of 5 pruned trials had optimizer = sgd" in only(checks(sgd, None, {})).text
    low = [*many(5, DIVERGING, batch=8), *many(5, FINISHED, batch=64)]
    assert "5 of 5 pruned trials had batch <= 8" in only(checks(low, None, {})).text


@pytest.mark.parametrize("n", [3, 5])
def test_no_region_is_named_where_it_is_not_obvious_or_trials_are_few(n: int) -> None:
    completed = [*many(n, FINISHED, lr=1.0)] if n == 5 else [*many(n, FINISHED, lr=0.01)]
    assert "region" not in only(checks([*many(n, DIVERGING, lr=1.0), *completed], None, {})).data


def test_a_trial_that_was_killed_does_not_blame_its_hyperparameters() -> None:
    records = [*many(5, KILLED, lr=1.0), *many(5, FINISHED, lr=0.01)]
    assert "region" not in only(checks(records, None, {})).data


def test_a_trial_that_only_lost_against_its_peers_did_not_fail() -> None:
    assert checks([*many(5, PRUNER), *many(5, FINISHED)], None, {}) == ()


def test_running_trials_make_the_figures_provisional() -> None:
    found = only(checks([record(3, None), record(5, None), record(1)], None, {}))
    assert found.text == "trials 3, 5 still running: the figures are not final"


def test_a_loss_that_was_recovered_from_behind_the_log_is_named() -> None:
    quiet = record(1, score=0.5, facts={"nan_recoveries": 0, "batch": 8})
    found = only(checks([quiet, record(4, score=0.4, facts={"nan_recoveries": 2})], None, {}))
    assert found.text.endswith("unseen in the log: trial 4 (2 times)")
