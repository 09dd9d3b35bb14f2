"""Show a study while it runs: a picture on a terminal, plain lines in a log, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tuner import screen, words
from tuner.record import Record
from tuner.snapshot import Running, Snapshot

REDRAW_SECONDS = 0.5
"""A picture that changes more often than twice a second is not read but endured."""
PROGRESS_SECONDS = 30.0

Clock = Callable[[], float]


class View(Protocol):
    """What the loop shows a study through; ``update`` may be called several times a second."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, snapshot: Snapshot) -> None:
        """Show that the study looks like this now."""

    def say(self, text: str) -> None:
        """Print a line that stays."""


def view(quiet: bool, console: Console | None = None) -> View:
    """Return the view that suits the console: standard output where none is given."""
    if quiet:
        return QuietView()
    console = console or screen.open_console()
    return LiveView(console) if console.is_interactive else PlainView(console)


class QuietView:
    """Shows nothing at all."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, snapshot: Snapshot) -> None: ...

    def say(self, text: str) -> None: ...


class _Ended:
    """Remembers which trials have ended, in the order in which that was seen."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._numbers: set[int] = set()

    def news(self, snapshot: Snapshot) -> list[Record]:
        """Return the trials that have ended since the last call."""
        new = [r for r in snapshot.records if r.finished and r.number not in self._numbers]
        self._numbers.update(r.number for r in new)
        # An ended trial may be given its prescription a moment later: keep what is known now.
        latest = {r.number: r for r in snapshot.records}
        self.records = [latest.get(r.number, r) for r in self.records] + new
        return new


class LiveView:
    """Draws the study on a terminal and redraws it in place, at most every ``REDRAW_SECONDS``."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._clock = clock
        self._drawn = float("-inf")
        self._ended = _Ended()
        self._last: Snapshot | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._last is not None:
            self._draw(self._last)
        self._live.stop()

    def update(self, snapshot: Snapshot) -> None:
        self._last = snapshot
        self._ended.news(snapshot)
        if self._clock() - self._drawn >= REDRAW_SECONDS:
            self._draw(snapshot)

    def say(self, text: str) -> None:
        self._console.print(Text(words.plain(text)))

    def _draw(self, snapshot: Snapshot) -> None:
        self._drawn = self._clock()
        self._live.update(screen.picture(snapshot, self._ended.records, self._console), refresh=True)


class PlainView:
    """Prints a line when a trial starts and when it ends, and one on the progress every ``PROGRESS_SECONDS``."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._progress = clock()
        self._ended = _Ended()
        self._started: dict[int, int | None] = {}
        self._paused: dict[int, str] = {}
        self._first = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, snapshot: Snapshot) -> None:
        ended = self._ended.news(snapshot)
        if self._first and ended:
            self.say(f"{words.count(len(ended), 'trial')} of {snapshot.study} ended before")
            ended = []
        self._first = False
        for record in ended:
            self.say(words.sentence(record))
        for record in snapshot.paused:
            if self._paused.get(record.number) != record.standing:
                self._paused[record.number] = record.standing
                self.say(words.sentence(record))
        for trial in snapshot.running:
            record = trial.record
            if self._started.get(record.number, -1) != record.until:
                self.say(words.goes_on(record) if record.number in self._started else words.start(record))
                self._started[record.number] = record.until
        if self._clock() - self._progress >= PROGRESS_SECONDS:
            self._progress = self._clock()
            self.say(progress_line(snapshot))

    def say(self, text: str) -> None:
        # One line is one line, however long: who reads a log through a pipe searches it by line.
        self._console.print(Text(f"{time.strftime('%H:%M:%S')} {words.plain(text)}"), soft_wrap=True)


def progress_line(snapshot: Snapshot) -> str:
    """Return the running trials, the incumbent and the budget on one line."""
    running = "; ".join(_progress(trial) for trial in snapshot.running) or "no trial is running"
    best = "no score yet"
    if snapshot.incumbent is not None:
        best = f"best {words.figure(snapshot.incumbent.score)} (trial {snapshot.incumbent.number})"
    return f"{running} | {best} | {screen.budget(snapshot.budget).plain}"


def _progress(trial: Running) -> str:
    done, planned = screen.progress(trial)
    seen = f" {trial.verdict.name}" if trial.verdict else ""
    score = screen.best_so_far(trial.curve)
    reached = "" if score is None else f" {words.figure(score)}"
    return f"trial {trial.record.number} epoch {done}{f'/{planned}' if planned else ''}{reached}{seen}"
