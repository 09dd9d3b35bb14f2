from __future__ import annotations

from dataclasses import replace

import pytest

from tests.studies import Clock, record, running, snapshot
from tuner import pace
from tuner.pace import Pace
from tuner.snapshot import BudgetUse, Snapshot


def left(seen: Snapshot) -> float | None:
    return seen.running[0].left


def test_the_time_left_follows_the_epochs_that_were_seen_and_not_the_start_of_the_process() -> None:
    clock = Clock()
    watched = Pace(clock)
    for rows in range(5):
        clock.now = 100.0 + rows  # the process took 100 s to start, an epoch takes one
        seen = watched.timed(snapshot(running=(running(8, rows),)))
    assert left(seen) == pytest.approx(6.0)
    clock.now += 0.5
    assert left(watched.timed(snapshot(running=(running(8, 4),)))) == pytest.approx(5.5)


def test_a_trial_that_waits_at_a_rung_takes_as_long_as_it_takes_to_there() -> None:
    clock = Clock()
    watched = Pace(clock)
    for rows in (2, 4):
        clock.now = float(rows)
        seen = watched.timed(snapshot(running=(running(8, rows, until=6),)))
    assert left(seen) == pytest.approx(2.0)


def test_at_first_sight_the_time_of_the_whole_trial_counts() -> None:
    assert left(Pace(Clock()).timed(snapshot(running=(running(8, 5),)))) == pytest.approx(60.0)


@pytest.mark.parametrize("rows", [0, 1])
def test_of_a_trial_that_has_hardly_begun_nothing_is_said(rows: int) -> None:
    assert left(Pace(Clock()).timed(snapshot(running=(running(8, rows),)))) is None


def test_a_process_that_was_started_anew_is_timed_anew() -> None:
    clock = Clock()
    watched = Pace(clock)
    for now, rows, started in ((0.0, 3, 1.0), (50.0, 4, 1.0), (500.0, 4, 400.0), (501.0, 5, 400.0)):
        clock.now = now
        seen = watched.timed(snapshot(running=(running(8, rows, started=started),)))
    assert left(seen) == pytest.approx(5.0)


def test_nothing_is_left_to_say_of_what_nobody_works_on() -> None:
    dead = snapshot(running=(running(8, 5),), alive=False)
    assert left(Pace(Clock()).timed(dead)) is None
    assert pace.study_left(dead) is None


@pytest.mark.parametrize(
    ("budget", "share"),
    [
        (BudgetUse(6, 20, 55, None, 0.5, None), 5.4 / 20),  # the running one has 4 of 10 epochs
        (BudgetUse(6, 20, 55, 100, 0.5, None), 0.55),
        (BudgetUse(6, None, 55, 100, 0.9, 1.0), 0.9),
        (BudgetUse(6, None, 55, None, 0.9, None), None),
    ],
)
def test_of_a_budget_that_share_is_used_that_its_first_limit_says(budget: BudgetUse, share: float | None) -> None:
    assert pace.share_used(snapshot(running=(running(8, 4),), budget=budget)) == pytest.approx(share)


def test_the_number_of_trials_says_nothing_where_they_are_paused() -> None:
    waiting = record(1, None, score=0.5, epochs=3, paused=True)
    seen = snapshot(waiting, running=(running(8, 4),), budget=BudgetUse(20, 20, 55, None, 0.5, None))
    assert pace.share_used(seen) is None
    assert pace.study_left(seen) is None


def test_a_study_takes_as_long_again_as_its_share_says() -> None:
    seen = snapshot(running=(running(8, 4),), budget=BudgetUse(6, None, 25, 100, 1.0, None))
    assert pace.study_left(seen) == pytest.approx(3 * 3600)


def test_the_hours_left_bound_the_estimate() -> None:
    seen = snapshot(running=(running(8, 4),), budget=BudgetUse(6, None, 25, 100, 1.0, 1.5))
    assert pace.study_left(seen) == pytest.approx(1800)
    only_hours = replace(seen, budget=BudgetUse(0, None, 0, None, 0.0, 1.5))
    assert pace.study_left(only_hours) == pytest.approx(1.5 * 3600)


def test_before_anything_was_done_no_end_is_foretold() -> None:
    assert pace.study_left(snapshot(running=(running(8, 0),), budget=BudgetUse(1, 20, 0, None, 0.001, None))) is None
