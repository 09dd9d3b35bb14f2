"""What ``tuner diagnose`` does: read, diagnose, show."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tuner import diagnose, diagnose_text, manual, words
from tuner.consoles import open_console
from tuner.diagnose import Asked, Refused, Run
from tuner.diagnose_columns import asked
from tuner.errors import TunerError, did_you_mean

__all__ = ["Show", "asked", "look", "watch"]

MANY = 20
"""From so many logs on it takes long enough to say how far it is."""


@dataclass(frozen=True)
class Show:
    """How the results are shown; ``plot`` is the file to draw them into."""

    as_json: bool = False
    plot: Path | None = None
    picture: bool = True
    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in manual.LANGUAGES:
            raise TunerError(
                f"--lang: unknown language {self.language!r}{did_you_mean(self.language, manual.LANGUAGES)}"
            )


def look(paths: Sequence[Path], asked: Asked, show: Show) -> int:
    """Diagnose the logs at the paths once, and return the exit code."""
    if show.plot is not None:
        from tuner import plot_file

        plot_file.check(show.plot)
    results = []
    for result in _results(paths, asked):
        results.append(result)
        if show.as_json:
            _print_json(result, show)
    runs = [result for result in results if isinstance(result, Run)]
    if not show.as_json:
        _print(results, runs, show)
    if not runs:
        raise TunerError(_nothing([r for r in results if isinstance(r, Refused)]))
    if show.plot is not None:
        from tuner import plot_file

        said = plot_file.write(runs, show.plot, show.language)
        print(said, file=sys.stderr if show.as_json else sys.stdout)
    return diagnose.exit_code(results)


def watch(paths: Sequence[Path], asked: Asked, show: Show, every: float) -> int:
    """Follow one log until it is interrupted, and return the exit code of the last verdict."""
    from tuner import diagnose_watch

    if show.plot is not None:
        raise TunerError("--plot and --watch do not go together: leave one of them out")
    found = list(diagnose.sources(paths, asked))
    if len(found) != 1 or len(paths) != 1:
        raise TunerError(f"--watch: expected one log, but got {len(found)}: name one of them")
    return diagnose_watch.follow(paths[0], found[0], asked, show, every)


def _results(paths: Sequence[Path], asked: Asked) -> Iterator[Run | Refused]:
    found = list(diagnose.sources(paths, asked))
    with _progress(len(found)) as step:
        for source in found:
            yield from [source] if isinstance(source, Refused) else diagnose.read(*source, asked)
            step()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show how many logs are read, where there are many and somebody watches; yields what counts one."""
    if total < MANY or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading logs", total=total)
        yield lambda: progress.advance(task)


def _print(results: Sequence[Run | Refused], runs: Sequence[Run], show: Show) -> None:
    console = open_console()
    if len(results) == 1 and runs:
        diagnose_text.show_run(runs[0], console, show.language, picture=show.picture and console.is_terminal)
    elif runs:
        diagnose_text.show_many(results, console, show.language)


def _print_json(result: Run | Refused, show: Show) -> None:
    print(json.dumps(diagnose.to_json(result, show.language), allow_nan=False, ensure_ascii=False), flush=True)


def _nothing(refused: Sequence[Refused]) -> str:
    """Say in one line why nothing could be read."""
    first = f"{words.plain(refused[0].path)}: {words.plain(refused[0].error)}"
    return first if len(refused) == 1 else f"{first}; and {len(refused) - 1} more that cannot be read"
