"""Follow a log that grows: say when its verdict or its symptoms change, until somebody presses Ctrl-C."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.text import Text

from tuner import diagnose, diagnose_text, manual, plot, plot_terminal, words
from tuner.consoles import open_console
from tuner.diagnose import Asked, Refused, Run, Source
from tuner.diagnose_command import Show
from tuner.errors import TunerError
from tuner.in_place import InPlace

State = tuple[tuple[str, bool], ...] | str
"""The symptoms in their order and whether each does harm; or what is wrong with the log."""


def follow(path: Path, first: Source | Refused, asked: Asked, show: Show, every: float) -> int:
    """Look at a log every few seconds until it is interrupted; return the exit code of the last verdict."""
    if isinstance(first, Refused) and not _may_grow(path):
        raise TunerError(f"{words.plain(path)}: {words.plain(first.error)}")
    path = path if isinstance(first, Refused) else first[0]
    console = open_console()
    place = None if show.as_json or not console.is_interactive else InPlace(console)
    last: Run | None = None
    said: State | None = None
    drawn: Run | Refused | None = None
    picture: RenderableType = Text()
    try:
        for result in _looks(path, asked, every):
            state, last = _state(result), result if isinstance(result, Run) else last
            if place is not None and state != said:
                place.lift()
            if state != said:
                _tell(result, console, show)
            said = state
            if place is not None:
                # The footer tells the time of the last change: made anew, it would say one that was none.
                picture = picture if result is drawn else _picture(result, last, console, show, every)
                drawn = result
                place.draw(picture)
    except KeyboardInterrupt:
        pass
    return diagnose.EXIT_UNUSABLE if last is None else diagnose.exit_code([last])


def _looks(path: Path, asked: Asked, every: float) -> Iterator[Run | Refused]:
    """Yield what is seen of a log: at once, and then whenever ``every`` seconds have passed."""
    stamp: tuple[int, int] | None = None
    result: Run | Refused | None = None
    while True:
        now = _stamp(path)
        if result is None or now != stamp:
            stamp, result = now, _look(path, asked)
        yield result
        time.sleep(every)


def _look(path: Path, asked: Asked) -> Run | Refused:
    """Return the last run of a log as far as it is written, or what is in the way of reading it."""
    found = next(iter(diagnose.sources([path], asked)))
    if isinstance(found, Refused):
        return found
    return diagnose.read(*found, asked, finished=False)[-1]


def _may_grow(path: Path) -> bool:
    """Tell whether a file that is no log yet may become one: it is there, and nothing is in it."""
    try:
        return path.is_file() and path.stat().st_size == 0
    except OSError:
        return False


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _state(result: Run | Refused) -> State:
    if isinstance(result, Refused):
        return result.error
    return tuple((symptom.name, symptom.harmful) for symptom in result.diagnosis.symptoms)


def _tell(result: Run | Refused, console: Console, show: Show) -> None:
    """Print what has changed: a line with the time, the epoch and every symptom."""
    if show.as_json:
        print(json.dumps(diagnose.to_json(result, show.language), allow_nan=False, ensure_ascii=False), flush=True)
        return
    now = time.strftime("%H:%M:%S")
    if isinstance(result, Refused):
        diagnose_text.say(Text(f"{now} ").append_text(diagnose_text.refusal(result)), console)
        return
    first, *others = result.diagnosis.symptoms
    line = Text(f"{now} {manual.word('epoch', show.language)} {result.curve.last_epoch}: ")
    line.append_text(diagnose_text.symptom_line(result, first, show.language))
    for other in others:
        line.append(f"; {manual.word('also', show.language)} {other.name}")
    diagnose_text.say(line, console)


def _picture(result: Run | Refused, last: Run | None, console: Console, show: Show, every: float) -> RenderableType:
    """Return what stands at the bottom of the terminal: the curve, and how far the run is."""
    parts: list[RenderableType] = []
    if last is not None and show.picture:
        parts += plot_terminal.draw(plot.picture(last, show.language), console)
    problem = f"  {words.plain(result.error)}" if isinstance(result, Refused) else ""
    done = "" if last is None else f"{words.plain(last.name)}  epoch {_progress(last)}  "
    footer = f"{done}last change {time.strftime('%H:%M:%S')}, looked at every {every:g} s; Ctrl-C ends"
    return Group(*parts, Text.assemble((footer, "dim"), (problem, "yellow")))


def _progress(run: Run) -> str:
    planned = run.curve.planned_epochs
    return f"{run.curve.last_epoch} of {planned}" if planned else str(run.curve.last_epoch)
