from __future__ import annotations

import pytest

from tests.studies import DIVERGING, FINISHED, KILLED, OVERFITTING, record
from tuner.record import Ending, Record
from tuner.worth import worth


def pair(number: int, before: float | None, after: float | None, end: tuple[Ending, Ending]) -> list[Record]:
    return [
        record(number, end[0], score=before),
        record(number + 1, end[1], score=after, parent=number, remedy="smaller_model"),
    ]


BOTH = (OVERFITTING, FINISHED)


@pytest.mark.parametrize(("higher", "gain", "wins"), [(True, 0.05, 1), (False, -0.05, 1)])
def test_the_gain_is_positive_where_the_child_is_better(higher: bool, gain: float, wins: int) -> None:
    found = worth([*pair(0, 0.5, 0.7, BOTH), *pair(2, 0.6, 0.5, BOTH)], higher_is_better=higher)[0]
    assert (len(found.pairs), found.wins) == (2, wins)
    assert found.mean_gain == pytest.approx(gain)


def test_a_child_of_a_failed_parent_is_a_rescue_and_no_gain() -> None:
    # The score of a pruned parent says how far it came: a gain over it would be no gain.
    records = [
        *pair(0, 0.1, 0.9, (DIVERGING, FINISHED)),
        *pair(2, None, None, (DIVERGING, DIVERGING)),
        *pair(4, None, 0.8, (DIVERGING, OVERFITTING)),
    ]
    (found,) = worth(records, higher_is_better=True)
    assert (found.rescued, found.tried_to_rescue) == (2, 3)
    assert found.pairs == () and found.mean_gain is None


def test_a_child_that_failed_where_its_parent_had_not_is_counted_against_the_remedy() -> None:
    (found,) = worth(pair(0, 0.5, 0.2, (OVERFITTING, DIVERGING)), higher_is_better=True)
    assert (found.broke, found.pairs) == (1, ())


@pytest.mark.parametrize("end", [KILLED, None])
def test_a_child_that_was_killed_or_still_runs_says_nothing(end: Ending | None) -> None:
    records = [record(0, OVERFITTING, score=0.5), record(1, end, parent=0, remedy="smaller_model")]
    assert worth(records, higher_is_better=True) == ()


def test_a_retry_is_no_remedy_and_a_lost_parent_no_pair() -> None:
    retry, orphan = record(1, score=0.9, parent=0), record(3, score=0.9, parent=99, remedy="more_dropout")
    assert worth([record(0, score=0.5), retry, orphan], higher_is_better=True) == ()


def test_an_infinite_score_is_not_a_score() -> None:
    (found,) = worth(pair(0, float("inf"), 0.4, BOTH), higher_is_better=False)
    assert (found.pairs, found.rescued) == ((), 1)
