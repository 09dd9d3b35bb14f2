"""How many trials a budget buys: as many as the race really starts."""

from __future__ import annotations

import math
import random
from collections import defaultdict

import pytest

from tuner import racing
from tuner.config_model import Budget
from tuner.preview import race
from tuner.standings import Entry, Rules, Stand, Standings


def played(rules: Rules, planned: int, budget: int) -> int:
    """Return how many trials a race of curves whose early ranks hold starts before its epochs are spent."""
    draw = random.Random(1)
    rates: defaultdict[int, float] = defaultdict(lambda: draw.uniform(0.9, 1))
    standings, spent = Standings(rules), 0
    while True:
        entries = standings.entries
        move = racing.decide(standings, left=budget - spent)
        assert move is not None
        number = move.number if isinstance(move, racing.Continue) else len(entries)
        before = entries[number].best if number in entries else ()
        until = move.until if isinstance(move, racing.Continue) else min(rules.look, planned)
        spent += until - len(before)
        if spent > budget:
            return len(entries)
        last = before[-1] if before else 1.0
        best = [*before, *(last := last * rates[number] for _ in range(until - len(before)))]
        stand = Stand.ENDED if until == planned else Stand.PAUSED
        standings.enter(Entry(number, tuple(best), planned, stand))


@pytest.mark.parametrize(
    ("rules", "planned", "budget"),
    [(Rules(3, 1, 1.0), 100, 3000), (Rules(4), 30, 600), (Rules(2, 2), 50, 1500), (Rules(3, 1, 0.75), 24, 200)],
)
def test_the_expected_trials_are_those_that_a_race_starts(rules: Rules, planned: int, budget: int) -> None:
    expected = race.expected(planned, rules, Budget(epochs=budget))
    assert expected.trials is not None
    assert expected.trials == pytest.approx(played(rules, planned, budget), rel=0.25)


def test_without_pausing_every_trial_costs_all_its_epochs() -> None:
    expected = race.expected(30, None, Budget(trials=40))
    assert (expected.trials, expected.epochs, expected.cost, expected.starts) == (40, 1200, 30, 1)


def test_the_tighter_of_two_limits_counts() -> None:
    assert race.expected(10, None, Budget(trials=40, epochs=50)).trials == 5
    assert race.expected(10, None, Budget(trials=3, epochs=50)).trials == 3


def test_hours_alone_say_nothing_until_the_speed_is_known() -> None:
    assert race.expected(10, None, Budget(hours=2.0)).trials is None
    assert race.expected(10, None, Budget(hours=2.0), epochs_by_time=55.0).trials == 5


def test_a_trial_shorter_than_the_first_look_has_one_rung() -> None:
    assert [rung.epochs for rung in race.rungs(3, Rules(4, 4))] == [3]
    assert math.isclose(race.expected(3, Rules(4, 4), Budget(epochs=30)).cost, 3)
