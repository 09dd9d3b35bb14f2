"""Who trains next: the best of every rung go on, the deepest rung first; else a new trial starts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tuner import racing
from tuner.racing import CARRIED, ENOUGH, TOLD, Continue, New
from tuner.standings import Entry, Place, Rules, Stand, Standings, kendall

THIRD = Rules(eta=3)


def entry(
    number: int,
    *costs: float,
    stand: Stand = Stand.PAUSED,
    planned: int = 27,
    sick: bool = False,
    held: bool = False,
) -> Entry:
    return Entry(number, costs, planned, stand, sick, held)


def paused(*costs: float) -> list[Entry]:
    """Return trials with one epoch each."""
    return [entry(n, cost) for n, cost in enumerate(costs)]


def decide(entries: list[Entry], rules: Rules, **more: Any) -> Continue | New | None:
    return racing.decide(Standings(rules, entries), **more)


def lessons(entries: list[Entry], rules: Rules) -> dict[int, float]:
    return racing.lessons(Standings(rules, entries))


def place_of(number: int, entries: list[Entry], rules: Rules) -> Place | None:
    return Standings(rules, entries).place(number)


def moved(entries: list[Entry], rules: Rules = THIRD, **more: Any) -> tuple[int, int]:
    move = decide(entries, rules, **more)
    assert isinstance(move, Continue), move
    return move.number, move.until


def test_a_study_begins_with_new_trials_until_a_third_of_them_can_be_told() -> None:
    for n in range(3):
        assert isinstance(decide(paused(*range(n)), THIRD), New)
    assert moved(paused(2.0, 1.0, 3.0)) == (1, 3)


def test_the_reason_says_rank_and_rung() -> None:
    move = decide([*paused(2.0, 0.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), entry(9, 0.4, 0.4, 0.4)], THIRD)
    assert move == Continue(1, 3, "rank 2 of 9 at epoch 1: the best third goes on")
    place = place_of(4, paused(*range(9)), THIRD)
    assert str(place) == "rank 5 of 9 at epoch 1"


def test_the_deepest_rung_comes_first() -> None:
    deep = [entry(n, 9.0, 9.0, 5.0 + n) for n in range(10, 13)]
    assert moved([*paused(1.0, 2.0, 3.0), *deep]) == (10, 9)


def test_a_trial_that_went_on_counts_in_the_rungs_below_and_goes_on_once() -> None:
    assert isinstance(decide([entry(0, 1.0, 1.0, 1.0), *paused(0, 2.0, 3.0)[1:]], THIRD), New)


def test_running_trials_count_in_the_rung_they_passed_and_are_not_given_out_twice() -> None:
    running = entry(0, 1.0, stand=Stand.RUNNING)
    assert isinstance(decide([running, *paused(0, 2.0, 3.0, 4.0, 5.0)[1:]], THIRD), New)
    assert moved([running, *paused(0, 2.0, 3.0, 4.0, 5.0, 6.0)[1:]]) == (1, 3)


def test_a_new_trial_that_has_no_epoch_yet_counts_nowhere() -> None:
    starting = [entry(n, stand=Stand.RUNNING) for n in range(10, 14)]
    assert isinstance(decide([*paused(1.0, 2.0), *starting], THIRD), New)


def test_what_failed_counts_as_the_worst_of_its_rung() -> None:
    failed = [entry(7, 0.1, stand=Stand.ENDED, sick=True), entry(8, stand=Stand.ENDED, sick=True)]
    assert moved([entry(0, 5.0), *failed]) == (0, 3)
    assert str(place_of(7, [entry(0, 5.0), *failed], THIRD)) == "rank 2 of 3 at epoch 1"


def test_a_trial_that_ended_on_its_way_counts_where_it_was_sent() -> None:
    ended = entry(0, 9.0, 8.0, stand=Stand.ENDED)  # after 2 epochs, on its way to 3
    there = [entry(1, 7.0, 6.0, 5.0), entry(2, 7.0, 6.0, 6.0)]
    assert moved([ended, *there]) == (1, 9)
    assert isinstance(decide([entry(0, 9.0, stand=Stand.ENDED), *there], THIRD), New)


def test_a_held_trial_is_ranked_where_it_was_sent_with_what_it_has() -> None:
    there = [entry(1, 9.0, 9.0, 5.0, stand=Stand.ENDED), entry(2, 9.0, 9.0, 6.0, stand=Stand.ENDED)]
    good, poor = entry(0, 9.0, 4.0, held=True), entry(0, 9.0, 7.0, held=True)
    assert decide([good, *there], THIRD) == Continue(0, 3, "rank 1 of 3 at epoch 3: the best third goes on")
    assert isinstance(decide([poor, *there], THIRD), New)
    assert str(place_of(0, [poor, *there], THIRD)) == "rank 3 of 3 at epoch 3"
    assert moved([entry(0, 8.0, 7.0), *there]) == (0, 3), "not held, it would be the best at epoch 1 still"


def test_a_trial_held_before_the_first_rung_counts_there() -> None:
    rules = Rules(3, 3)
    looked = [entry(n, 5.0, 5.0, 5.0 + n) for n in (1, 2)]
    assert moved([entry(0, 1.0, held=True), *looked], rules) == (0, 3)


def test_a_trial_held_at_a_rung_is_ranked_there() -> None:
    there = [entry(n, 9.0, 9.0, 5.0 + n) for n in (1, 2)]
    held = entry(0, 9.0, 9.0, 5.5, held=True)
    assert moved([held, *there]) == (0, 9)
    assert str(place_of(0, [held, *there], THIRD)) == "rank 1 of 3 at epoch 3"


def test_what_is_held_is_the_last_to_use_up_a_budget() -> None:
    waiting = [
        entry(0, 3.0),
        entry(1, 1.0, held=True),
        *(entry(n, 2.0, 2.0, 2.0, stand=Stand.ENDED) for n in (2, 3, 4)),
    ]
    assert moved([w for w in waiting if w.number != 1], may_start=False)[0] == 0
    sick = [entry(5, 4.0, 4.0, held=True), *(entry(n, 2.0, 2.0, 2.0, stand=Stand.ENDED) for n in (2, 3, 4))]
    assert moved([entry(0, 30.0), *sick], may_start=False)[0] == 0
    assert moved(sick, may_start=False)[0] == 5


def test_a_sampler_learns_from_the_deepest_rung_that_enough_reached() -> None:
    first = paused(*range(50))
    assert lessons(first, THIRD) == {}
    third = [entry(n, 50.0, 3.0, n - 90.0) for n in range(100, 100 + ENOUGH)]
    assert lessons([*first, *third[1:]], THIRD) == {}
    assert lessons([*first, *third], THIRD) == {e.number: e.best[-1] for e in third}
    deep = [entry(n, *(1.0,) * 9) for n in range(200, 200 + ENOUGH - 1)]
    assert len(lessons([*first, *third, *deep], THIRD)) == 2 * ENOUGH - 1


def test_a_sampler_learns_where_trials_failed() -> None:
    third = [entry(n, 50.0, 3.0, 2.0) for n in range(ENOUGH)]
    failed = entry(90, 0.1, stand=Stand.ENDED, sick=True)
    assert lessons([*third, failed], THIRD)[90] == math.inf
    assert lessons([*third[1:], entry(90, 0.1, 0.1, 0.1, stand=Stand.ENDED, sick=True)], THIRD) == {}


def test_trials_without_a_finite_score_never_go_on() -> None:
    assert isinstance(decide(paused(math.inf, math.inf, math.inf), THIRD), New)
    assert decide(paused(math.inf), THIRD, may_start=False) is None


def test_the_best_value_so_far_decides_and_not_the_last() -> None:
    assert entry(0, 3.0, 1.0, 1.0).cost(3) == 1.0
    assert entry(0, 3.0, 1.0, 1.0).cost(1) == 3.0


def test_the_last_leg_ends_where_the_schedule_ends() -> None:
    short = [entry(n, 3.0 + n, 3.0 + n, 3.0 + n, planned=5) for n in range(3)]
    assert moved(short) == (0, 5)
    assert THIRD.after(9, 20) == 20
    assert THIRD.after(0, 1) == 1


def test_trials_of_different_lengths_meet_at_the_same_epochs() -> None:
    mixed = [entry(0, 1.0, planned=2), entry(1, 2.0, planned=30), entry(2, 3.0, planned=30)]
    assert moved(mixed) == (0, 2)


def test_a_trial_that_went_too_far_stands_in_the_rung_it_reached() -> None:
    far = entry(0, 1.0, 1.0, 1.0, 1.0)
    assert THIRD.after(4, 27) == 9
    assert str(place_of(0, [far, *paused(0, 2.0)[1:]], THIRD)) == "rank 1 of 1 at epoch 3"


def test_a_first_look_is_long_where_a_start_is_dear() -> None:
    assert [Rules(3, 1).rungs[k] for k in range(4)] == [1, 3, 9, 27]
    assert Rules(2, 2).rungs[3] == 16
    assert Rules(3, 1, start_cost=0.3).look == 2
    assert Rules(3, 5, start_cost=0.3).look == 5


def test_where_nothing_new_may_start_one_of_each_rung_goes_on_at_least() -> None:
    move = decide(paused(2.0, 1.0), THIRD, may_start=False, spend=False)
    assert move == Continue(1, 3, "rank 1 of 2 at epoch 1: the best third, rounded up, goes on, as no new trial starts")
    assert decide([entry(0, 1.0, 1.0, 1.0), *paused(0, 2.0)[1:]], Rules(3, 9), may_start=False, spend=False) is None


def test_what_is_left_of_a_budget_goes_to_the_best_that_wait() -> None:
    done = entry(0, 1.0, 1.0, 1.0, stand=Stand.RUNNING)
    waiting = [entry(1, 2.0), entry(2, 3.0)]
    assert decide([done, *waiting], THIRD, may_start=False, spend=False) is None
    assert moved([done, *waiting], may_start=False, spend=True) == (1, 3)


def test_the_best_so_far_is_finished_while_the_budget_is_just_enough() -> None:
    best, others = entry(0, 1.0, 1.0, 1.0, planned=9), paused(0, 2.0, 3.0, 4.0, 5.0)[1:]
    for left in (7.0, 100.0):
        assert isinstance(decide([best, *others], THIRD, left=left), New)
    move = decide([best, *others], THIRD, left=6)
    assert move == Continue(0, 9, "the best so far: 6 of the 6 epochs left are its last")
    assert isinstance(decide([best, *others], THIRD, left=5), New)  # too late
    done = entry(9, 0.5, 0.5, stand=Stand.ENDED, planned=2)
    assert isinstance(decide([best, done, *others], THIRD, left=6), New)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(2, 5))
def test_a_whole_race_promotes_no_more_than_its_share_and_ends(costs: list[float], eta: int) -> None:
    rules, done = Rules(eta), dict.fromkeys(range(len(costs)), 1)
    for _ in range(10 * len(costs)):
        entries = [Entry(n, (costs[n],) * k, 30, Stand.ENDED if k == 30 else Stand.PAUSED) for n, k in done.items()]
        move = decide(entries, rules)
        if isinstance(move, New):
            break
        assert isinstance(move, Continue) and move.until > done[move.number]
        done[move.number] = move.until
    else:
        raise AssertionError("it goes on for ever")
    for k in range(1, 5):
        came, before = (sum(d >= min(30, rules.rungs[i]) for d in done.values()) for i in (k, k - 1))
        assert came <= before // eta or rules.rungs[k - 1] >= 30


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12), st.booleans(), st.sampled_from(Stand)), max_size=60))
def test_standings_kept_trial_by_trial_are_those_of_all_trials_at_once(
    changes: list[tuple[int, int, bool, Stand]],
) -> None:
    kept, entries = Standings(THIRD), {}
    for number, epochs, held, stand in changes:
        costs = [(7 * number + 5 * epoch) % 11 - 2 * epoch for epoch in range(epochs)]
        sick = stand is Stand.ENDED and held
        entries[number] = entry(number, *map(float, costs), stand=stand, held=held, sick=sick)
        kept.enter(entries[number])
        kept.agreement()
    afresh = Standings(THIRD, entries.values())
    assert list(kept.waiting()) == list(afresh.waiting()) and kept.leading() == afresh.leading()
    assert [kept.place(n) for n in entries] == [afresh.place(n) for n in entries]
    assert kept.agreement() == afresh.agreement()
    for number in entries:
        kept.leave(number)
    assert not kept.entries and not any(kept.at(k) for k in range(kept.deepest + 1))


def tied(*ties: float, cost: float = 0.0) -> list[Entry]:
    """Return trials with one epoch each, all of one cost."""
    return [Entry(n, (cost,), 27, Stand.PAUSED, ties=(tie,)) for n, tie in enumerate(ties)]


def test_the_lower_validation_loss_decides_between_equal_scores() -> None:
    assert moved(tied(3.0, 1.0, 2.0)) == (1, 3)
    assert str(place_of(0, tied(3.0, 1.0, 2.0), THIRD)) == "rank 3 of 3 at epoch 1"
    better = Entry(9, (-0.1,), 27, Stand.PAUSED, ties=(50.0,))
    assert moved([*tied(3.0, 1.0), better]) == (9, 3), "the score comes first"


def test_the_number_decides_where_there_is_no_validation_loss() -> None:
    assert moved(paused(1.0, 1.0, 1.0)) == (0, 3)
    assert moved([*paused(0.0), *tied(4.0, 4.0, 3.0)[1:]]) == (2, 3), "no loss at all comes after any"


def test_what_has_ended_comes_first_among_equals() -> None:
    ended = Entry(9, (0.0,), 1, Stand.ENDED, ties=(9.0,))
    assert str(place_of(1, [*tied(3.0, 1.0), ended], THIRD)) == "rank 2 of 3 at epoch 1"


def crossing(agree: bool, went_on: int = TOLD) -> list[Entry]:
    """Return trials whose order at epoch 3 is that at epoch 1, or its reverse; the best of them is number 100."""
    later = range(went_on) if agree else reversed(range(went_on))
    far = [entry(101 + n, 10.0 + n, 10.0 + n, 1.0 + late) for n, late in enumerate(later)]
    return [*far[1:], entry(100, *far[0].best[:2], far[0].best[2])] if agree else [*far[:-1], entry(100, *far[-1].best)]


def test_how_well_early_ranks_foretell_is_learnt_from_the_trials_that_went_on() -> None:
    assert Standings(THIRD, crossing(True)).agreement().tau == 1.0
    against = Standings(THIRD, [*crossing(False), *paused(90.0, 91.0)])
    assert (against.agreement().tau, against.agreement().trials) == (-1.0, TOLD)
    against.enter(entry(200, 1.0, 1.0, 0.5))
    assert against.agreement().trials == TOLD + 1, "kept until another trial comes that far, and no longer"
    assert Standings(THIRD, crossing(False, 3)).agreement().trials == 0, "three say nothing"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30))
def test_kendalls_tau_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    expected = stats.kendalltau(a, b).statistic
    assert kendall(a, b) == pytest.approx(0.0 if math.isnan(expected) else expected)


def test_where_early_ranks_foretell_little_the_best_so_far_is_carried_to_its_end() -> None:
    poor = [entry(n, 500.0, stand=Stand.ENDED, sick=True) for n in range(20)]
    move = decide([*crossing(False), *poor], THIRD)
    assert isinstance(move, Continue) and (move.number, move.until) == (100, 9)
    assert "the best so far goes on, as early ranks foretell little here (tau -1.00 over 12 trials)" in move.why
    assert decide([*crossing(True), *poor], THIRD) == Continue(
        100, 9, "rank 1 of 12 at epoch 3: the best third goes on"
    ), "where they do, the race goes its way"
    assert "foretell" not in str(decide([*crossing(False, TOLD - 1), *poor], THIRD)), "a few cannot tell"


def test_what_is_carried_leaves_a_share_to_the_others() -> None:
    done = [entry(300 + n, *(2.0,) * 27, stand=Stand.ENDED) for n in range(5)]
    spent = sum(e.done for e in [*crossing(False), *done])
    assert sum(e.done for e in done) + 3 > CARRIED * spent
    assert "foretell" not in str(decide([*crossing(False), *done], THIRD))


def test_only_a_trial_that_waits_unsuspected_is_carried() -> None:
    *others, best = [*paused(90.0), *crossing(False)]
    running = replace(best, stand=Stand.RUNNING)
    assert "foretell" not in str(decide([*others, running], THIRD)), "it is on its way already"
    held = decide([*others, replace(best, held=True)], THIRD)
    assert isinstance(held, Continue) and held.number != best.number
