from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from tests.studies import DIVERGING, FINISHED, HOSTILE, KILLED, OVERFITTING, record
from tuner import words
from tuner.record import Origin, Params, Prescription


def test_a_stopped_trial_is_told_with_symptom_evidence_score_and_next_move() -> None:
    smaller = Prescription("smaller_model", {"lr": 0.01, "model": "s"})
    assert words.sentence(record(7, OVERFITTING, score=0.81234, score_epoch=14, prescription=smaller)) == (
        "trial 7 stopped at epoch 23: overfitting since 15: val loss rose 31 % while train loss fell; "
        "best 0.8123 at epoch 14 → queued: smaller_model (model m → s)"
    )


def test_the_symptom_of_a_remedy_is_named_where_it_is_not_why_the_trial_ended() -> None:
    params: Params = {"lr": 0.03, "model": "m"}
    ended = record(7, OVERFITTING, prescription=Prescription("raise_learning_rate", params, "slow_convergence"))
    assert words.sentence(ended).endswith("→ queued: raise_learning_rate against slow_convergence (lr 0.01 → 0.03)")
    same = record(7, OVERFITTING, prescription=Prescription("raise_learning_rate", params, "overfitting"))
    assert words.sentence(same).endswith("→ queued: raise_learning_rate (lr 0.01 → 0.03)")


def test_a_pruned_trial_without_a_score_says_so() -> None:
    assert words.sentence(record(3, DIVERGING)) == (
        "trial 3 pruned at epoch 3: diverging since 1: train loss rose from 2.3 to 847; no score"
    )


def test_a_finished_trial_does_not_say_finished_twice() -> None:
    assert words.sentence(record(1, FINISHED, score=0.9)) == (
        "trial 1 finished: all 10 planned epochs were trained; best 0.9000"
    )


def test_a_failed_trial_names_what_broke_it() -> None:
    assert words.sentence(record(4, KILLED)).startswith("trial 4 failed at epoch 4: killed: the process was ended")


def test_a_child_is_told_with_its_remedy_and_its_parent() -> None:
    child = record(9, FINISHED, origin=Origin.REMEDY, remedy="smaller_model", parent=7, score=0.9)
    assert words.sentence(child).startswith("trial 9 (smaller_model ← 7) finished")


@pytest.mark.parametrize(
    ("state", "said"),
    [(TrialState.RUNNING, "trial 7 is running"), (TrialState.WAITING, "trial 7 waits for its turn")],
)
def test_an_unfinished_trial_is_told_by_its_state(state: TrialState, said: str) -> None:
    assert words.sentence(replace(record(7, None), state=state)) == said


def test_an_ending_that_nobody_stored_is_not_made_up() -> None:
    assert "no reason was stored" in words.sentence(replace(record(7, None), state=TrialState.COMPLETE))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"origin": Origin.BASELINE}, "baseline"),
        ({"origin": Origin.RETRY, "parent": 3, "retry": 1}, "retry ← 3"),
        ({"origin": Origin.REMEDY, "remedy": "more_dropout", "parent": 3}, "more_dropout ← 3"),
        ({"origin": Origin.SAMPLER, "retry": 2}, "sampler, retry 2"),
    ],
)
def test_the_origin_names_remedy_parent_and_retries(fields: dict[str, Any], said: str) -> None:
    assert words.origin(record(5, **fields)) == said


def test_changes_name_what_was_added_changed_and_dropped_and_nothing_else() -> None:
    before: Params = {"lr": 0.01, "momentum": 0.9, "batch": 32}
    after: Params = {"lr": 0.003, "batch": 32, "beta": True}
    assert words.changes(before, after) == "lr 0.01 → 0.003, momentum dropped, beta = True"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0s"), (59.6, "1m 00s"), (185, "3m 05s"), (3840, "1h 04m"), (float("nan"), "-")]
)
def test_a_duration_has_its_two_largest_units(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"), [(12345678, "12345678"), (3e-05, "3e-05"), (64.0, "64"), (0.123456, "0.1235"), (None, "-")]
)
def test_a_number_is_short(value: float | None, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(("score", "said"), [(0.9, "0.9000"), (1, "1.000"), (float("inf"), "inf"), (None, "-")])
def test_a_score_keeps_its_zeros(score: float | None, said: str) -> None:
    assert words.figure(score) == said


def test_text_from_a_log_loses_escape_codes_line_breaks_and_direction_marks() -> None:
    assert words.plain(HOSTILE) == "loss [red]nan[/red] [/] [31m at [link=http://x]step[/link] 1"


@given(st.text())
def test_plain_text_is_one_printable_line(text: str) -> None:
    said = words.plain(text)
    assert len(said.splitlines()) <= 1
    assert "\x1b" not in said
    assert words.plain(said) == said
