from __future__ import annotations

import re

import pytest

from tests.studies import DIVERGING, HOSTILE, OVERFITTING, Clock, console, record, running, snapshot, text
from tuner.plain_view import PROGRESS_SECONDS, RAREST_SECONDS, PlainView
from tuner.record import NOT_CONTINUED, Action, Ending, Record

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
LOST = Ending(Action.PRUNE, NOT_CONTINUED, "rank 3 of 4 at epoch 1", epoch=1)


class Log:
    """A plain view, its clock, and the lines that it has printed since the last look."""

    def __init__(self, width: int = 80) -> None:
        self.clock, self._console, self._read = Clock(), console(width), 0
        self.view = PlainView(self._console, self.clock)

    def news(self) -> list[str]:
        lines = text(self._console).splitlines()
        new, self._read = lines[self._read :], len(lines)
        assert all(TIME.match(line) for line in new)
        return [TIME.sub("", line) for line in new]


def paused(number: int, standing: str = "paused at epoch 1: rank 1 of 3", **fields: object) -> Record:
    known = {"score": 0.5, "score_epoch": 3, "epochs": 3, "paused": True, "standing": standing}
    return record(number, None, **{**known, **fields})


def test_a_log_gets_one_line_with_its_time_for_each_start_and_each_end() -> None:
    log = Log()
    for _ in range(3):
        log.view.update(snapshot(running=(running(8, device="gpu 0"),)))
    for _ in range(3):
        log.view.update(snapshot(record(8, OVERFITTING, score=0.8)))
    start, end = log.news()
    assert start == "trial 8 (sampler) started on gpu 0: lr=0.01, model=m"
    assert end.startswith("trial 8 stopped at epoch 23: overfitting since 15: val loss rose 31 %")


def test_nothing_in_a_log_moves_a_cursor_or_has_a_colour() -> None:
    out = console(terminal=True)
    view = PlainView(out, Clock())
    view.update(snapshot(record(1, DIVERGING), running=(running(8),)))
    view.warn(HOSTILE)
    assert not set("\x1b\r\b") & set(text(out))


def test_the_progress_is_told_every_half_minute_at_first_and_ever_more_rarely() -> None:
    log = Log()
    seen = snapshot(record(1, score=0.75), running=(running(8, 4, "overfitting"),))
    log.view.update(seen)
    log.news()
    told = []
    for second in range(1, 20 * 3600):
        log.clock.now = float(second)
        log.view.update(seen)
        if lines := log.news():
            told.append((second, lines))
    first = told[0][1][0]
    assert first.startswith("trial 8 epoch 4/10 (") and "0.6333 overfitting | best 0.7500 (trial 1) | " in first
    assert "trials 1 of 20 · epochs 55 · time 30m 00s of 2h 00m" in first
    times = [second for second, _ in told]
    gaps = [b - a for a, b in zip([0, *times], times, strict=False)]
    assert gaps[0] == PROGRESS_SECONDS and gaps[-1] == RAREST_SECONDS
    assert gaps == sorted(gaps)


def test_pauses_are_told_together_and_not_one_by_one() -> None:
    log = Log()
    log.view.update(snapshot(running=tuple(running(n, 1, until=1) for n in range(9))))
    assert len(log.news()) == 9
    waits = [paused(n) for n in range(8)]
    log.view.update(snapshot(*waits, running=(running(8, 1, until=4),)))
    assert log.news() == []
    log.clock.now = PROGRESS_SECONDS
    log.view.update(snapshot(*waits, running=(running(8, 1, until=4),)))
    race, progress = log.news()
    assert race == "8 trials paused: 0, 1, 2, 3, 4, 5, 6, 7; 1 went on: 8"
    assert "| 8 paused |" in progress


def test_where_few_trials_pause_each_is_told_with_its_reason() -> None:
    log = Log()
    log.view.update(snapshot(running=(running(8, 1, until=1),)))
    log.news()
    log.view.update(snapshot(paused(8)))
    log.view.update(snapshot(running=(running(8, 1, until=3, standing="rank 1 of 3: the best third goes on"),)))
    log.clock.now = PROGRESS_SECONDS - 1
    log.view.update(snapshot(running=(running(8, 1, until=3),)))
    assert log.news() == []
    log.clock.now = PROGRESS_SECONDS
    log.view.update(snapshot(running=(running(8, 1, until=3),)))
    assert log.news()[:2] == [
        "trial 8 paused at epoch 1: rank 1 of 3; best 0.5000 at epoch 3",
        "trial 8 goes on to epoch 3: rank 1 of 3: the best third goes on",
    ]


def test_a_trial_that_is_held_for_a_symptom_is_told_at_once() -> None:
    log = Log()
    why = "held at epoch 3 for overfitting since 2: val loss rose"
    log.view.update(snapshot(paused(8, f"{why}; rank 2 of 9", suspect=why)))
    assert log.news() == [f"trial 8 {why}; rank 2 of 9; best 0.5000 at epoch 3"]


def test_trials_that_lost_their_race_are_told_in_one_line() -> None:
    log = Log()
    log.view.update(snapshot(record(0)))
    log.news()
    log.view.update(snapshot(record(0), *(record(n, LOST) for n in range(1, 40))))
    (line,) = log.news()
    assert line.startswith("39 paused trials not continued, as others were better: 1, 2, 3, ")


def test_a_resumed_study_does_not_repeat_its_history() -> None:
    log = Log()
    log.view.update(snapshot(*(record(n, DIVERGING) for n in range(12))))
    assert log.news() == ["12 trials of digits ended before"]


def test_a_line_is_never_wrapped_and_never_markup() -> None:
    log = Log(width=40)
    log.view.say("[red]" + "x" * 300 + HOSTILE)
    (line,) = log.news()
    assert line.startswith("[red]xxx")
    assert len(line) > 300


def test_a_warning_is_called_one() -> None:
    log = Log()
    log.view.warn("no trial is paused")
    assert log.news() == ["warning: no trial is paused"]


@pytest.mark.parametrize("notes", [("watching", "watching", "no tuner works on it", "watching")])
def test_a_note_is_told_when_it_changes(notes: tuple[str, ...]) -> None:
    log = Log()
    for note in notes:
        log.view.update(snapshot(note=note))
    assert log.news() == ["watching", "no tuner works on it", "watching"]
