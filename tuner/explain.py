"""Explain a symptom, a column of a log or a remedy: what ``tuner explain`` prints, and the pages are made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tuner import columns, manual
from tuner.consoles import open_console
from tuner.errors import TunerError, did_you_mean
from tuner.manual import word

if TYPE_CHECKING:
    from tuner.diagnose import Run
    from tuner.plot import Picture

# The plug-ins are imported only where a symptom or a remedy is asked for.

ACTIONS = {
    None: "Only reports it.",
    "continue": "Lets the run go on.",
    "stop": "Stops the run{}; its best epoch counts.",
    "prune": "Ends the run as failed{}, so that the sampler keeps away.",
}
"""What each action of the treatment table means, with a place for its condition; None: there is no row."""

CONDITIONS = {"min_severity": " from a severity of {} on", "min_confidence": " from a confidence of {} on"}
MOVES = " On a copy of the run it may try: {}."

PARTS = {
    "looks_like": "looks like",
    "not_meant": "not meant",
    "causes": "usual causes",
    "search": "in a search",
    "advice": "for a person",
    "thresholds": "thresholds",
}
"""The parts of a manual in the order of the page, and their headings."""

LONG = 5
"""Epochs: a shorter example shows little."""

WIDEST = 100
"""Columns: longer lines are hard to read."""


_CHINESE = r"\u3000-\u303f\u4e00-\u9fff\uff00-\uffef“”"
_UNBROKEN = re.compile(rf"[{_CHINESE}][，。；：、？！）”]*\s*|[^\s{_CHINESE}]+[，。；：、？！）”]*\s*")
"""What stays on one line: a Chinese character or a word, with the punctuation after it."""


class Part(NamedTuple):
    """A heading and what is said below it; several items are a list."""

    heading: str
    items: tuple[str, ...]


def show(name: str | None, language: str) -> None:
    """Print what ``name`` means, or everything there is to explain; raises TunerError for an unknown name."""
    if language not in manual.LANGUAGES:
        raise TunerError(f"--lang: unknown language {language!r}{did_you_mean(language, manual.LANGUAGES)}")
    console = open_console()
    console.width = min(console.width, WIDEST)
    if name is None:
        _show_all(console, language)
    elif column := columns.find(name):
        _show_parts(column if column == name else f"{column} ({name})", column_parts(column, language), console)
    else:
        _show_plugin(name, console, language)


def _show_plugin(name: str, console: Console, language: str) -> None:
    from tuner.registry import REMEDIES, SYMPTOMS

    plain = name.lower().replace("-", "_")
    if plain in SYMPTOMS:
        _show_symptom(plain, console, language)
    elif plain in REMEDIES:
        _show_parts(f"{manual.remedy(plain, language)} ({plain})", remedy_parts(plain, language), console)
    else:
        raise TunerError(f"{name}: nothing of that name to explain{_close(name, [*SYMPTOMS, *REMEDIES])}")


def _close(name: str, plugins: Iterable[str]) -> str:
    """Return the name that may be meant, or where to see them all, which are too many for one line."""
    others = [other for column in manual.columns().values() for other in column["names"] if len(other) > 2]
    meant = did_you_mean(name, [*plugins, *columns.names(), *others])
    return meant if meant.startswith(",") else "; tuner explain lists everything there is"


def symptom_parts(name: str, language: str) -> Iterator[Part]:
    """Yield the parts of a symptom's manual, and what the treatment table does about it after the causes."""
    page = manual.of(name, language)
    for part, heading in PARTS.items():
        said = getattr(page, part)
        if said:
            yield Part(word(heading, language), said if isinstance(said, tuple) else (said,))
        if part == "search":
            yield Part(word("what tuner does", language), (treatment(name, language),))


def treatment(name: str, language: str) -> str:
    """Say what the default treatment table does about a symptom."""
    row = manual.treatment(name)
    action = word(ACTIONS[row.get("action", "continue") if row else None], language)
    conditions = [word(said, language).format(row[key]) for key, said in CONDITIONS.items() if key in row]
    moves = word(", ", language).join(manual.remedy(move, language) for move in row.get("retry_with", ()))
    return action.format("".join(conditions)) + (word(MOVES, language).format(moves) if moves else "")


def column_parts(name: str, language: str) -> Iterator[Part]:
    column = manual.column(name, language)
    yield Part(word("measures", language), (column["means"],))
    yield Part(word("better", language), (word(column["better"], language),))
    yield Part(word("normal", language), (column["normal"],))
    if column["names"]:
        yield Part(word("also called", language), (word(", ", language).join(column["names"]),))


def remedy_parts(name: str, language: str) -> Iterator[Part]:
    if language == "en":
        does, _, rest = (import_module(f"tuner.remedies.{name}").__doc__ or "").strip().partition("\n\n")
        yield Part("does", (" ".join(does.split()),))
        if rest:
            yield Part("when", (" ".join(rest.split()),))
    from tuner.registry import SYMPTOMS

    answered = [s for s in SYMPTOMS if name in manual.treatment(s).get("retry_with", ())]
    if answered:
        yield Part(word("tried against", language), (word(", ", language).join(titled(s, language) for s in answered),))


def titled(name: str, language: str) -> str:
    """Return a symptom's title with its name where they differ, such as ``过拟合 (overfitting)``."""
    title = manual.of(name, language).title
    return name if title == name.replace("_", " ") else f"{title} ({name})"


def example(name: str) -> Run:
    """Return the first example of a symptom's plug-in that has some length, with that symptom alone."""
    from tuner.diagnose import Run
    from tuner.diagnosis import Diagnosis
    from tuner.registry import SYMPTOMS

    plugin = SYMPTOMS[name]
    seen = [(key, c, s) for key, c in plugin.SEEN.items() if (s := plugin.detect(c, options=plugin.Options()))]
    key, curve, symptom = next((found for found in seen if found[1].length >= LONG), seen[0])
    return Run(Path(f"{name} ({key})"), "", curve, Diagnosis((symptom,)))


def drawn(run: Run, language: str = "en") -> Picture:
    """Return the picture of an example; where the evidence names parts of the loss, these instead of the total."""
    from tuner import plot

    picture = plot.picture(run, language)
    named = [run.curve.series.get(str(run.verdict.evidence.get(key))) for key in ("series", "other")]
    parts = [part for part in named if part is not None and len(run.curve.of_kind(part.kind)) > 1]
    if len(parts) < 2:
        return picture
    lines = tuple(plot.Line(s.name, s, color) for s, color in zip(parts, (plot.ORANGE, plot.PURPLE), strict=True))
    panels = [replace(p, lines=lines, log=False) if p.kind == "loss" else p for p in picture.panels]
    return replace(picture, panels=tuple(panels))


def _show_symptom(name: str, console: Console, language: str) -> None:
    from tuner import plot_terminal

    page, run = manual.of(name, language), example(name)
    healthy = word("healthy" if run.verdict.healthy else "sick", language)
    _show_parts(f"{titled(name, language)}, {healthy}", symptom_parts(name, language), console, page.summary)
    console.print(Text(f"\n{word('example', language)}", style="bold"))
    _say(manual.phrases(run.verdict, language), console, indent=2)
    console.print()
    for line in plot_terminal.draw(drawn(run, language), console):
        console.print(line, no_wrap=True, crop=True)


def _show_parts(title: str, parts: Iterable[Part], console: Console, summary: str = "") -> None:
    console.print(Text(title, style="bold green"))
    if summary:
        _say(summary, console)
    for heading, items in parts:
        console.print(Text(f"\n{heading}", style="bold"))
        for item in items:
            _say(item, console, indent=4, first="  • ") if len(items) > 1 else _say(item, console, indent=2)


def _show_all(console: Console, language: str) -> None:
    """Print every symptom, column and remedy with a line each."""
    from tuner.registry import REMEDIES, SYMPTOMS

    sick = [name for name in SYMPTOMS if not SYMPTOMS[name].HEALTHY]
    for heading, names in (("sick curves", sick), ("healthy curves", [n for n in SYMPTOMS if n not in sick])):
        _show_list(heading, ((name, _in_line(name, language)) for name in names), console, language)
    listed = ((name, manual.column(name, language)["means"]) for name in columns.names())
    _show_list("columns of logs", listed, console, language)
    _show_list("remedies", ((name, manual.remedy(name, language)) for name in REMEDIES), console, language)
    console.print(Text(word("more on one: tuner explain NAME", language), style="dim"))


def _in_line(name: str, language: str) -> str:
    page = manual.of(name, language)
    return page.summary if language == "en" else f"{page.title}：{page.summary}"


def _show_list(heading: str, lines: Iterable[tuple[str, str]], console: Console, language: str) -> None:
    console.print(Text(word(heading, language), style="bold"))
    told = list(lines)
    widest = max(len(name) for name, _ in told)
    for name, text in told:
        line = Text.assemble("  ", (f"{name:<{widest}}", "cyan"), "  ", text)
        line.truncate(console.width, overflow="ellipsis")
        console.print(line, no_wrap=True)
    console.print()


def _say(text: str, console: Console, indent: int = 0, first: str | None = None) -> None:
    """Print a paragraph in lines that fit, broken between Chinese characters too, where rich would not."""
    start = " " * indent if first is None else first
    line = ""
    for part in _UNBROKEN.findall(text):
        if line and cell_len((line + part).rstrip()) > console.width - indent:
            console.print(Text(start + line.rstrip()), no_wrap=True)
            line, start = "", " " * indent
        line += part
    console.print(Text(start + line.rstrip()), no_wrap=True, crop=False, overflow="ignore")
