from __future__ import annotations

from dataclasses import replace

import pytest

from tests.studies import DIVERGING, HOSTILE, KILLED, OVERFITTING, console, record, running, snapshot, text
from tuner.record import NOT_CONTINUED, Action, Ending, Origin, Prescription, Record
from tuner.screen import picture
from tuner.snapshot import BudgetUse, GpuUse, Snapshot

SMALLER = Prescription("smaller_model", {"lr": 0.01, "model": "s"}, "overfitting")
LOST = Ending(Action.PRUNE, NOT_CONTINUED, "rank 3 of 4 at epoch 1", epoch=1)


def shown(seen: Snapshot, width: int = 80, height: int = 40) -> str:
    screen = console(width, height)
    screen.print(picture(seen, screen))
    return text(screen)


def crowded(trials: int) -> Snapshot:
    """Return a study in which everything there is to show is there, with long names."""
    ends = [record(n, OVERFITTING, score=0.8, score_epoch=14, prescription=SMALLER) for n in range(9)]
    waits = [record(n, None, paused=True, score=0.9, epochs=1, suspect="held for nan", standing="x") for n in range(9)]
    best = {f"parameter_{n}": 0.001234 for n in range(30)}
    trial = running(999, 9, "stuck_after_first_epoch", remedy="lower_learning_rate", parent=12, device="gpu 7", until=9)
    gpus = tuple(GpuUse(f"gpu {n}", 87, 71 * 2**30, 80 * 2**30) for n in range(8))
    child = record(50, score=0.9, parent=0, remedy="smaller_model", origin=Origin.REMEDY, params=best)
    budget = BudgetUse(30, 100, 4567, 100_000, 20.0, 48.0)
    note = "no tuner works on it since 12:00:00. To go on: tuner resume results/a/rather/long/name"
    several = (trial,) * trials
    return snapshot(*ends, child, *waits, running=several, gpus=gpus, budget=budget, note=note, study="ships" * 9)


@pytest.mark.parametrize("trials", [0, 1, 8, 40])
@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int, trials: int) -> None:
    assert max(map(len, shown(crowded(trials), width).splitlines())) <= width


@pytest.mark.parametrize("trials", [0, 1, 8, 40])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 30), (140, 40), (110, 60)])
def test_the_picture_fits_on_the_terminal_with_a_line_for_the_cursor(width: int, height: int, trials: int) -> None:
    drawn = shown(crowded(trials), width, height).splitlines()
    assert len(drawn) < height
    assert any("not continued" in line or "smaller_model" in line for line in drawn)
    assert "tuner resume" in drawn[-1] or "tuner resume" in drawn[-2]


def test_decisions_fill_what_is_left_and_not_a_line_more() -> None:
    many = snapshot(*(record(n, OVERFITTING, prescription=SMALLER) for n in range(20)), running=(running(21),))
    for height in range(18, 40):
        assert len(shown(many, 80, height).splitlines()) < height


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_decision_is_told_in_words_with_what_follows(width: int) -> None:
    ended = record(7, OVERFITTING, score=0.81, score_epoch=14, prescription=SMALLER)
    said = " ".join(shown(snapshot(ended), width).split())
    assert (
        "• trial 7 stopped at epoch 23: overfitting since 15; best 0.8100 at epoch 14 "
        "→ queued: smaller_model (model m → s) val loss rose 31 % while train loss fell"
    ) in said


def test_a_remedy_that_is_being_tried_is_no_longer_queued() -> None:
    child = running(9, origin=Origin.REMEDY, remedy="smaller_model", parent=7)
    said = shown(snapshot(record(7, OVERFITTING, prescription=SMALLER), running=(child,)), 140)
    assert "→ trial 9: smaller_model (model m → s)" in said
    assert "queued" not in said


def test_the_evidence_gives_way_before_a_decision_does() -> None:
    ends = [record(n, DIVERGING) for n in range(8)]
    assert shown(snapshot(*ends), height=40).count("train loss rose") == 8
    low = shown(snapshot(*ends), height=18)
    assert low.count("pruned at epoch 3") == 8
    assert low.count("train loss rose") == 2


def test_the_last_eight_decisions_are_told_and_none_before() -> None:
    said = shown(snapshot(*(record(n, DIVERGING) for n in range(12))))
    assert [f"trial {n} pruned" in said for n in range(12)] == [False] * 4 + [True] * 8


def test_a_low_terminal_shows_fewer_decisions_and_keeps_the_latest() -> None:
    said = shown(snapshot(*(record(n, OVERFITTING, prescription=SMALLER) for n in range(8))), height=12)
    assert "trial 7 stopped" in said
    assert "trial 4 stopped" not in said


def test_decisions_are_told_in_the_order_in_which_trials_ended() -> None:
    said = shown(snapshot(record(2, DIVERGING, ended=20.0), record(9, DIVERGING, ended=10.0)))
    assert said.index("trial 9 pruned") < said.index("trial 2 pruned")


def test_trials_that_lost_their_race_are_told_together() -> None:
    said = shown(snapshot(record(1, DIVERGING), *(record(n, LOST) for n in range(2, 30))))
    assert "28 paused trials not continued, as others were better" in said
    assert "trial 1 pruned" in said
    assert "trial 29" not in said


def test_a_trial_that_is_held_for_a_symptom_is_a_decision() -> None:
    why = "held at epoch 9 for overfitting since 4: val loss rose: by 31 %"
    held = record(
        3, None, paused=True, score=0.5, suspect=why, held=("overfitting",), prescription=SMALLER, started=15.0
    )
    seen = snapshot(record(1, DIVERGING, ended=10.0), held, record(2, DIVERGING, ended=20.0))
    lines = [line.rstrip() for line in shown(seen, 110).splitlines()]
    at = lines.index(
        "• trial 3 held at epoch 9 for overfitting since 4; best 0.5000 → queued: smaller_model (model m → s)"
    )
    assert lines[at + 1] == "  val loss rose: by 31 %"
    assert lines[at - 2].startswith("• trial 1") and lines[at + 2].startswith("• trial 2")


def test_paused_trials_are_counted_by_how_far_they_came() -> None:
    waits = [record(n, None, paused=True, epochs=1 if n < 6 else 4, score=0.5 + n / 100) for n in range(1, 8)]
    held = replace(waits[0], suspect="held at epoch 1 for overfitting since 1")
    lines = shown(snapshot(record(0, score=0.4), held, *waits[1:], running=(running(),))).splitlines()
    assert "paused 7 trials: 5 at epoch 1, 2 at epoch 4; 1 held for a symptom" in lines
    assert "7 paused" in lines[0]
    assert any(line.startswith("seen   0.5700  trial 7, not trained to its end") for line in lines)


@pytest.mark.parametrize(
    ("fields", "how"),
    [
        ({"origin": Origin.BASELINE}, "trial 2, a baseline"),
        ({"origin": Origin.SWEEP}, "trial 2, from the sweep of the learning rate"),
        ({"origin": Origin.SAMPLER}, "trial 2, drawn by the sampler"),
        ({"origin": Origin.RETRY, "parent": 1, "retry": 1}, "trial 2, retry ← 1"),
        (
            {"origin": Origin.REMEDY, "parent": 1, "remedy": "smaller_model", "params": {"lr": 0.01, "model": "s"}},
            "trial 2, smaller_model for trial 1 (overfitting, 0.5000): model m → s",
        ),
    ],
)
def test_the_incumbent_is_shown_with_how_it_came_about(fields: dict[str, object], how: str) -> None:
    parent = record(1, OVERFITTING, score=0.5, prescription=SMALLER)
    said = shown(snapshot(parent, record(2, score=0.75, score_epoch=9, **fields)), 140)
    assert f"best   0.7500 at epoch 9  {how}" in said


def test_the_incumbent_is_shown_with_its_hyperparameters_on_two_lines_at_most_where_the_terminal_is_low() -> None:
    params = {f"parameter_{n}": float(n) for n in range(30)}
    best = record(2, score=0.75, params=params)
    low, high = shown(snapshot(best), height=24), shown(snapshot(best), height=50)
    assert "parameter_0=0" in low and "…" in low
    assert sum("parameter_" in line for line in low.splitlines()) == 2
    assert sum("parameter_" in line for line in high.splitlines()) == 5


def test_without_a_score_there_is_no_incumbent() -> None:
    assert "no trial ended with a score yet" in shown(snapshot(record(1, DIVERGING)))


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (BudgetUse(3, 20, 55, None, 0.5, 2.0), "trials 3 of 20 · epochs 55 · time 30m 00s of 2h 00m"),
        (BudgetUse(3, None, 55, 900, 0.5, None), "trials 3 · epochs 55 of 900 · time 30m 00s"),
    ],
)
def test_the_budget_names_only_the_limits_there_are(budget: BudgetUse, said: str) -> None:
    assert said in shown(snapshot(budget=budget))


def test_the_budget_has_a_bar_and_the_time_that_is_left() -> None:
    half = snapshot(running=(running(8, 4),), budget=BudgetUse(3, None, 50, 100, 1.0, None))
    line = shown(half, 140).splitlines()[1]
    assert line.count("━") == line.count("─") == 12
    assert line.endswith("· about 1h 00m left")


def test_a_narrow_terminal_has_the_bar_and_its_figures_on_lines_of_their_own() -> None:
    half = snapshot(running=(running(8, 4),), budget=BudgetUse(3, None, 50, 100, 1.0, None))
    lines = shown(half, 60).splitlines()
    assert lines[1].rstrip().endswith("50%")
    assert "epochs 50 of 100" in lines[2]


def test_what_nobody_works_on_is_interrupted_and_has_no_time_left() -> None:
    dead = snapshot(running=(running(8, 4),), alive=False, note="no tuner works on it")
    said = shown(dead)
    assert "1 interrupted" in said and "running" not in said
    assert " left" not in said.replace("left   best", "")
    assert said.splitlines()[-1] == "no tuner works on it"


def test_text_from_logs_is_printed_as_it_is_and_not_as_markup() -> None:
    ending = replace(OVERFITTING, text=HOSTILE)
    best = record(2, score=0.5, params={"model": "[bold]m[/]"})
    trial = running(3, device="[red]", remedy="[/]", parent=2, verdict="[b]x")
    said = shown(snapshot(best, record(1, ending), running=(trial,), study="[/x]", note="[/]"), 140)
    for part in ("loss [red]nan[/red] [/] [31m at [link=http://x]step[/link] 1", "model=[bold]m[/]", "[/] ← 2"):
        assert part in said
    assert "\x1b" not in said


def test_a_trial_that_broke_says_how() -> None:
    said = shown(snapshot(record(4, KILLED)))
    assert "trial 4 failed at epoch 4: killed; no score" in said
    assert "the process was ended by signal 9" in said


def test_a_finished_trial_does_not_say_so_twice() -> None:
    ended: Record = record(1, score=0.9, score_epoch=7)
    assert "• trial 1 finished: best 0.9000 at epoch 7\n" in shown(snapshot(ended))
