"""Say in plain lines what a study does, each with its time: for a log, a pipe, or a terminal that cannot redraw."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from tuner import pace, screen, screen_trials, words
from tuner.record import NOT_CONTINUED, Record
from tuner.snapshot import Running, Snapshot

PROGRESS_SECONDS, RAREST_SECONDS = 30.0, 600.0
PATIENCE = 20.0
"""The progress is told each time that a study has become older by a part in so many."""
NAMED = 2
"""So many pauses and continuations at a time are told one by one."""


class PlainView:
    """Prints a line when a trial starts, is held or ends, and now and then one on the race and on the progress."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._pace = pace.Pace(clock)
        self._began = self._raced = self._progress = clock()
        self._over: set[int] | None = None
        self._until: dict[int, int | None] = {}
        self._standing: dict[int, str] = {}
        self._paused: dict[int, Record] = {}
        self._went_on: dict[int, Record] = {}
        self._note = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, snapshot: Snapshot) -> None:
        snapshot = self._pace.timed(snapshot)
        self._tell_ends(snapshot)
        self._note_pauses(snapshot)
        self._tell_starts(snapshot.running)
        now = self._clock()
        if now - self._raced >= PROGRESS_SECONDS:
            self._raced = now
            self._tell_race()
        if now - self._progress >= min(RAREST_SECONDS, max(PROGRESS_SECONDS, (now - self._began) / PATIENCE)):
            self._progress = now
            self.say(progress_line(snapshot))
        if snapshot.note != self._note:
            self._note = snapshot.note
            self.say(snapshot.note)

    def say(self, text: str) -> None:
        # One line is one line, however long: who reads a log through a pipe searches it by line.
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        self._console.print(Text(f"{now} {words.plain(text)}"), soft_wrap=True)

    def warn(self, text: str) -> None:
        self.say(f"warning: {text}")

    def _tell_ends(self, snapshot: Snapshot) -> None:
        first = self._over is None
        over = self._over or set()
        ended = [r for r in snapshot.ended if r.number not in over]
        self._over = over | {r.number for r in ended}
        if first:
            if ended:
                self.say(f"{words.count(len(ended), 'trial')} of {snapshot.study} ended before")
            return
        lost = [r for r in ended if r.ending is not None and r.ending.reason == NOT_CONTINUED]
        for record in ended:
            if record not in lost:
                self.say(words.sentence(record))
        if lost:
            self.say(f"{words.not_continued(len(lost))}: {_numbers(lost)}")

    def _note_pauses(self, snapshot: Snapshot) -> None:
        for record in snapshot.paused:
            if self._standing.get(record.number) == record.standing:
                continue
            self._standing[record.number] = record.standing
            if record.suspect:
                self.say(words.sentence(record))  # held for a symptom: a decision like an end
            else:
                self._paused[record.number] = record

    def _tell_starts(self, trials: Sequence[Running]) -> None:
        for record in (trial.record for trial in trials):
            if record.number not in self._until:
                self.say(words.start(record))
            elif self._until[record.number] != record.until:
                self._went_on[record.number] = record
            self._until[record.number] = record.until

    def _tell_race(self) -> None:
        """Tell who was paused and who went on since the last time, in one line where there were many."""
        paused, went_on = list(self._paused.values()), list(self._went_on.values())
        if len(paused) + len(went_on) <= NAMED:
            for line in [*map(words.sentence, paused), *map(words.goes_on, went_on)]:
                self.say(line)
        else:
            parts = [f"{words.count(len(paused), 'trial')} paused: {_numbers(paused)}"] if paused else []
            parts += [f"{len(went_on)} went on: {_numbers(went_on)}"] if went_on else []
            self.say("; ".join(parts))
        self._paused, self._went_on = {}, {}


def progress_line(snapshot: Snapshot) -> str:
    """Return the running trials, the incumbent and the budget on one line."""
    running = "; ".join(_progress(trial) for trial in snapshot.running) or "no trial is running"
    waiting = f" | {len(snapshot.paused)} paused" if snapshot.paused else ""
    best = "no trial ended with a score yet"
    if snapshot.incumbent is not None:
        best = f"best {words.figure(snapshot.incumbent.score)} (trial {snapshot.incumbent.number})"
    left = pace.study_left(snapshot)
    soon = "" if left is None else f", about {words.roughly(left)} left"
    return f"{running}{waiting} | {best} | {screen.used(snapshot.budget)}{soon}"


def _progress(trial: Running) -> str:
    score = screen_trials.best_so_far(trial.curve)
    reached = "" if score is None else f" {words.figure(score)}"
    seen = f" {trial.verdict.name}" if trial.verdict else ""
    left = "" if trial.left is None else f" ({words.roughly(trial.left)} left)"
    return f"trial {trial.record.number} epoch {screen_trials.epochs(trial).strip()}{left}{reached}{seen}"


def _numbers(records: Sequence[Record]) -> str:
    return ", ".join(str(r.number) for r in records)
