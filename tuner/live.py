"""Show a study while it runs: a picture on a terminal, plain lines in a log, or nothing but warnings."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.text import Text

from tuner import screen, words
from tuner.consoles import open_console
from tuner.gpu_use import Gauge
from tuner.in_place import InPlace
from tuner.pace import Pace
from tuner.plain_view import PlainView
from tuner.snapshot import Snapshot

REDRAW_SECONDS = 0.5
"""A picture that changes more often than twice a second is not read but endured."""


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

    def warn(self, text: str) -> None:
        """Print a line that stays, also for somebody who wants to hear of nothing but trouble."""


def view(quiet: bool, console: Console | None = None) -> View:
    """Return the view that suits the console: standard output where none is given."""
    if quiet:
        return QuietView()
    console = console or open_console()
    return LiveView(console) if console.is_interactive else PlainView(console)


class QuietView:
    """Shows nothing but warnings, on standard error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, snapshot: Snapshot) -> None: ...

    def say(self, text: str) -> None: ...

    def warn(self, text: str) -> None:
        print(f"tuner: {words.plain(text)}", file=sys.stderr, flush=True)


class LiveView:
    """Draws the study on a terminal and redraws it in place, at most every ``REDRAW_SECONDS``."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._place = InPlace(console)
        self._pace, self._gauge = Pace(clock), Gauge(clock)
        self._drawn = float("-inf")
        self._last: Snapshot | None = None
        self._around = contextlib.ExitStack()

    def __enter__(self) -> Self:
        # What a library prints on the way would otherwise stand in the middle of the picture.
        self._around.enter_context(contextlib.redirect_stderr(_Lines(self.say)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._around.close()
        self._draw()

    def update(self, snapshot: Snapshot) -> None:
        self._last = self._pace.timed(snapshot)
        if self._clock() - self._drawn >= REDRAW_SECONDS:
            self._draw()

    def say(self, text: str) -> None:
        self._say(Text(words.plain(text)))

    def warn(self, text: str) -> None:
        self._say(Text(words.plain(text), style="yellow"))

    def _say(self, line: Text) -> None:
        self._place.lift()
        self._console.print(line)
        self._draw()

    def _draw(self) -> None:
        if self._last is None:
            return
        self._drawn = self._clock()
        devices = [t.record.device for t in self._last.running if t.record.device] if self._last.alive else []
        snapshot = replace(self._last, gpus=self._gauge.read(devices))
        self._place.draw(screen.picture(snapshot, self._console))


class _Lines(io.TextIOBase):
    """A stream that passes whole lines on."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._begun = say, ""

    def write(self, text: str) -> int:
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            if line.strip():
                self._say(line)
        return len(text)
