from __future__ import annotations

from dataclasses import replace

import pytest

from tests.studies import DIVERGING, HOSTILE, OVERFITTING, console, record, running, snapshot, text
from tuner import live
from tuner.live import LiveView, PlainView, QuietView
from tuner.record import Origin, Record
from tuner.screen import picture
from tuner.snapshot import BudgetUse, Snapshot


class Clock:
    """A clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(seen: Snapshot, width: int = 80, height: int = 40) -> str:
    screen = console(width, height)
    screen.print(picture(seen, [r for r in seen.records if r.finished], screen))
    return text(screen)


def test_a_terminal_gets_the_picture_a_pipe_gets_lines_and_quiet_gets_nothing() -> None:
    assert isinstance(live.view(False, console(terminal=True)), LiveView)
    assert isinstance(live.view(False, console(terminal=False)), PlainView)
    assert isinstance(live.view(True, console(terminal=True)), QuietView)


@pytest.mark.parametrize("width", [80, 140])
def test_a_running_trial_stands_on_one_line_with_all_that_matters(width: int) -> None:
    child = running(12, 4, "overfitting", origin=Origin.REMEDY, remedy="lower_learning_rate", parent=3, device="cuda:1")
    (line,) = (line for line in shown(snapshot(running=(child,)), width).splitlines() if "lower_learning" in line)
    for part in ("12", "lower_learning_rate ← 3", "cuda:1", "4/10", "0.6333", "overfitting"):
        assert part in line


def test_where_room_is_short_the_diagnosis_gives_way_and_no_figure() -> None:
    trial = running(123, 9, "stuck_after_first_epoch", remedy="lower_learning_rate", parent=99, device="cuda:1")
    (line,) = (line for line in shown(snapshot(running=(trial,)), 80).splitlines() if "lower_learning" in line)
    for part in ("123 lower_learning_rate ← 99 cuda:1 ", "9/10", "0.8556 stuck_after"):
        assert part in line


def test_the_bar_is_as_long_as_the_epochs_done() -> None:
    def bar(epochs: int) -> int:
        return shown(snapshot(running=(running(8, epochs),)), 140).count("━")

    assert 0 < bar(2) < bar(9)


def paused(number: int, score: float, standing: str, **fields: object) -> Record:
    return record(number, None, score=score, score_epoch=3, epochs=3, paused=True, standing=standing, **fields)


def test_paused_trials_are_shown_the_best_first_with_the_reason_in_words() -> None:
    waiting = [paused(n, 0.5 + n / 100, f"paused at epoch 3: rank {9 - n} of 9") for n in range(1, 8)]
    lines = shown(snapshot(record(0, score=0.4), *waiting, running=(running(),))).splitlines()
    assert any(line.startswith("trial 7 paused at epoch 3: rank 2 of 9; best 0.57") for line in lines)
    assert any("4 more paused" in line for line in lines)
    assert "7 paused" in lines[0]
    assert any(line.startswith("seen   0.5700 at epoch 3  trial 7, not trained to its end") for line in lines)


def test_a_log_says_when_a_trial_is_paused_and_why_it_goes_on() -> None:
    out = console()
    view = PlainView(out)
    child = running(8, 1, until=1, standing="first look")
    view.update(snapshot(running=(child,)))
    view.update(snapshot(paused(8, 0.5, "paused at epoch 1: rank 1 of 3")))
    view.update(snapshot(paused(8, 0.5, "paused at epoch 1: rank 1 of 3")))
    on = running(8, 1, until=3, standing="rank 1 of 3 at epoch 1: the best third goes on")
    view.update(snapshot(running=(on,)))
    view.update(snapshot(running=(on,)))
    started, waits, goes_on = (line[9:] for line in text(out).splitlines())
    assert started.startswith("trial 8 (sampler) started")
    assert waits == "trial 8 paused at epoch 1: rank 1 of 3; best 0.5000 at epoch 3"
    assert goes_on == "trial 8 goes on to epoch 3: rank 1 of 3 at epoch 1: the best third goes on"


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    ends = [record(n, OVERFITTING, score=0.8, score_epoch=14) for n in range(9)]
    trial = running(99, 9, "stuck_after_first_epoch", remedy="lower_learning_rate", parent=12, device="cuda:7")
    picture = shown(snapshot(*ends, running=(trial,) * 3), width)
    assert max(map(len, picture.splitlines())) <= width


def test_the_incumbent_is_shown_with_its_hyperparameters() -> None:
    picture = shown(snapshot(record(1, score=0.5), record(2, score=0.75, score_epoch=9, params={"lr": 0.3})))
    assert "best   0.7500 at epoch 9  trial 2" in picture
    assert "lr=0.3" in picture


def test_without_a_score_there_is_no_incumbent() -> None:
    assert "no trial has a score yet" in shown(snapshot(record(1, DIVERGING)))


def test_the_last_five_decisions_are_told_and_none_before() -> None:
    picture = shown(snapshot(*(record(n, DIVERGING) for n in range(8))))
    assert [f"trial {n} pruned" in picture for n in range(8)] == [False] * 3 + [True] * 5


def test_a_low_terminal_shows_fewer_decisions_and_keeps_the_latest() -> None:
    picture = shown(snapshot(*(record(n, OVERFITTING) for n in range(8)), running=(running(9),)), height=16)
    assert "trial 7 stopped" in picture
    assert "trial 4 stopped" not in picture
    assert len(picture.splitlines()) <= 16


def test_more_running_trials_than_fit_are_counted() -> None:
    picture = shown(snapshot(running=tuple(running(n) for n in range(30))), height=24)
    assert "… and 23 more" in picture
    assert len(picture.splitlines()) <= 24


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (BudgetUse(3, 20, 55, None, 0.5, 2.0), "trials 3 of 20 · epochs 55 · time 30m 00s of 2h 00m"),
        (BudgetUse(3, None, 55, 900, 0.5, None), "trials 3 · epochs 55 of 900 · time 30m 00s"),
    ],
)
def test_the_budget_names_only_the_limits_there_are(budget: BudgetUse, said: str) -> None:
    assert said in shown(snapshot(budget=budget))


def test_text_from_logs_is_printed_as_it_is_and_not_as_markup() -> None:
    ending = replace(OVERFITTING, text=HOSTILE)
    best = record(2, score=0.5, params={"model": "[bold]m[/]"})
    trial = running(3, device="[red]", remedy="[/]", parent=2, verdict="[b]x")
    picture = shown(snapshot(best, record(1, ending), running=(trial,), study="[/x]"), 140)
    for part in ("loss [red]nan[/red] [/] [31m at [link=http://x]step[/link] 1", "model=[bold]m[/]", "[/] ← 2"):
        assert part in picture
    assert "\x1b" not in picture


def test_the_picture_is_redrawn_at_most_twice_a_second() -> None:
    clock, screen = Clock(), console(terminal=True)
    with LiveView(screen, clock) as view:
        view.update(snapshot(study="first"))
        view.update(snapshot(study="second"))
        assert "second" not in text(screen)
        clock.now += live.REDRAW_SECONDS
        view.update(snapshot(study="third"))
        assert "third" in text(screen)


def test_the_last_picture_stays_when_the_view_is_left() -> None:
    screen = console(terminal=True)
    with LiveView(screen, Clock()) as view:
        view.update(snapshot())
        view.update(snapshot(record(5, DIVERGING)))
    assert "trial 5 pruned at epoch 3" in text(screen)


def test_decisions_are_told_in_the_order_in_which_trials_ended() -> None:
    clock, screen = Clock(), console(terminal=True)
    with LiveView(screen, clock) as view:
        view.update(snapshot(record(9, DIVERGING)))
        view.update(snapshot(record(2, DIVERGING), record(9, DIVERGING)))
    last = text(screen).rpartition("digits")[2]
    assert last.index("trial 9 pruned") < last.index("trial 2 pruned")


def test_a_line_that_is_said_stays_above_the_picture() -> None:
    screen = console(terminal=True)
    with LiveView(screen, Clock()) as view:
        view.update(snapshot())
        view.say("using [bold]1[/bold] device")
    assert "using [bold]1[/bold] device\n" in text(screen)


def test_a_log_gets_one_line_for_each_start_and_each_end() -> None:
    screen = console()
    with PlainView(screen, Clock()) as view:
        for _ in range(3):
            view.update(snapshot(running=(running(8, device="cuda:0"),)))
        for _ in range(3):
            view.update(snapshot(record(8, OVERFITTING, score=0.8)))
    start, end = (line[9:] for line in text(screen).splitlines())
    assert start == "trial 8 (sampler) started on cuda:0: lr=0.01, model=m"
    assert end.startswith("trial 8 stopped at epoch 23: overfitting since 15")


def test_a_log_gets_the_progress_every_half_minute() -> None:
    clock, screen = Clock(), console()
    seen = snapshot(record(1, score=0.75), running=(running(8, 4, "overfitting"),))
    with PlainView(screen, clock) as view:
        view.update(seen)
        before = len(text(screen).splitlines())
        for _ in range(61):
            clock.now += 1.0
            view.update(seen)
    progress = text(screen).splitlines()[before:]
    assert len(progress) == 2
    assert "trial 8 epoch 4/10 0.6333 overfitting | best 0.7500 (trial 1) | used trials 1 of 20" in progress[0]


def test_a_resumed_study_does_not_repeat_its_history_in_the_log() -> None:
    screen = console()
    with PlainView(screen, Clock()) as view:
        view.update(snapshot(*(record(n, DIVERGING) for n in range(12))))
    assert text(screen).splitlines()[0][9:] == "12 trials of digits ended before"
    assert len(text(screen).splitlines()) == 1


def test_a_line_in_a_log_is_never_wrapped_and_never_markup() -> None:
    screen = console(width=40)
    PlainView(screen, Clock()).say("[red]" + "x" * 300 + HOSTILE)
    (line,) = text(screen).splitlines()
    assert "[red]xxx" in line
    assert len(line) > 300


def test_the_quiet_view_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with live.view(True) as view:
        view.update(snapshot(record(1, DIVERGING)))
        view.say("hello")
    assert capsys.readouterr() == ("", "")


def test_a_pipe_is_never_redrawn_even_where_colour_is_forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with live.view(False) as view:
        assert isinstance(view, PlainView)
