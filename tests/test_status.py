from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from tests import driving
from tests.studies import record, running, snapshot
from tuner import config, sampler, status
from tuner.snapshot import BudgetUse, Snapshot

Write = Callable[..., Path]
SPENT = BudgetUse(20, 20, 55, None, 0.5, None)


def test_a_finished_study_is_read_with_its_trials_in_the_order_in_which_they_ended(write_config: Write) -> None:
    settings = config.load(write_config(), ["budget.trials=4"])
    driving.study(write_config(), "budget.trials=4")
    seen = status.look(settings, sampler.load_study(settings.storage, "small"), alive=False)
    ends = [r.ended for r in seen.ended]
    assert len(ends) == 4 and ends == sorted(ends, key=lambda end: end or 0.0)
    assert abs(time.time() - (ends[-1] or 0.0)) < 60
    assert status.is_over(seen)


def test_the_time_used_goes_on_between_two_notes_of_it_while_a_driver_is_alive(write_config: Write) -> None:
    settings = config.load(write_config(), ["budget.trials=1"])
    driving.study(write_config(), "budget.trials=1")
    study = optuna.load_study(storage=settings.storage, study_name="small")
    study.set_user_attr(status.HOURS, 1.0)
    study.set_user_attr(status.HOURS_AT, time.time() - 18)
    assert status.look(settings, study, alive=True).budget.hours == pytest.approx(1.005, abs=0.001)
    assert status.look(settings, study, alive=False).budget.hours == 1.0
    study.set_user_attr(status.HOURS_AT, time.time() - 1e6)  # of a driver that died long before this one began
    assert status.look(settings, study, alive=True).budget.hours < 1.01


@pytest.mark.parametrize(
    ("seen", "over"),
    [
        (snapshot(record(1), budget=SPENT, alive=False), True),
        (snapshot(record(1), budget=SPENT, alive=True), False),  # it may still be writing its report
        (snapshot(record(1), running=(running(2),), budget=SPENT, alive=False), False),
        (snapshot(record(1), budget=replace(SPENT, trials=19), alive=False), False),
        (snapshot(record(1), budget=replace(SPENT, max_trials=None, max_epochs=55), alive=False), True),
        (snapshot(record(1), budget=replace(SPENT, max_trials=None, max_hours=0.5), alive=False), True),
    ],
)
def test_a_study_is_over_when_its_budget_is_used_and_nobody_works_on_it(seen: Snapshot, over: bool) -> None:
    assert status.is_over(seen) is over
