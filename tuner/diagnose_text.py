"""Print diagnoses as a linter does: a line for each symptom of one run, a table for many runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner import manual, plot, plot_terminal, words
from tuner.diagnose import Refused, Run, moves, remarks
from tuner.diagnosis import Symptom

MIDDLE, WIDE = 90, 130
"""From so many columns on a table has room for the confidence, and for the format and the name of the metric."""
LEAST_CLAUSE, LEAST_NAME = 24, 12
"""Columns below which a clause on what was seen, or the name of a run, says too little."""
PIPED = 400
"""Columns where no terminal limits them, so that nothing is cut off."""
INDENT = 4
STYLES = {plot.GREEN: "green", plot.RED: "bold red", plot.AMBER: "yellow"}

# As in screen.py, everything is a Text: rich would read a str as markup, and names and reasons come from logs.


def show_run(run: Run, console: Console, language: str, *, picture: bool) -> None:
    """Print one run: a line for each symptom, notes, advice, the curve if it is wanted, and the best epoch."""
    # A line of its own has to say where it is from; below the symptoms on a terminal that is plain.
    name = Text() if console.is_terminal else Text(f"{words.plain(run.name)}: ")
    for line in symptom_lines(run, language):
        say(line, console)
    for line in [*_notes(run, language), *_advice(run, language)]:
        say(name + line, console)
    drawn = plot_terminal.draw(plot.picture(run, language), console) if picture else []
    for line in [Text(), *drawn] if drawn else []:
        console.print(line, no_wrap=True, crop=True)
    say(name + _best(run, language), console)


def symptom_lines(run: Run, language: str) -> list[Text]:
    """Return what a linter would say of a run, the primary symptom first."""
    return [symptom_line(run, symptom, language) for symptom in run.diagnosis.symptoms]


def symptom_line(run: Run, symptom: Symptom, language: str) -> Text:
    """Return ``file:epoch: name (confidence): what was seen; try: moves``."""
    state = "healthy" if symptom.healthy else "" if symptom.harmful else "mild"
    sure = f"{symptom.confidence:.2f}" + (f", {manual.word(state, language)}" if state else "")
    line = Text(f"{words.plain(run.name)}:{symptom.since_epoch}: ")
    line.append(symptom.name, style=STYLES[plot.color(symptom)])
    line.append(f" ({sure}): {words.plain(manual.phrases(symptom, language))}")
    tried = ", ".join(manual.remedy(move, language) for move in moves(symptom.name))
    return line.append(f"; {manual.word('try', language)}: ").append(tried, style="cyan") if tried else line


def say(line: Text, console: Console) -> None:
    """Print a line: whole where it is piped, on a terminal with what does not fit indented below."""
    if not console.is_terminal:
        console.print(line, soft_wrap=True)
        return
    first, *rest = line.wrap(console, max(20, console.width - INDENT)) or [Text()]
    for part in (first, *(Text(" " * INDENT).append_text(part) for part in rest)):
        console.print(part, no_wrap=True, crop=False, overflow="ignore")


def show_many(results: Sequence[Run | Refused], console: Console, language: str) -> None:
    """Print a table of runs, the files that could not be read, and how often each verdict was given."""
    runs = [result for result in results if isinstance(result, Run)]
    refused = [result for result in results if isinstance(result, Refused)]
    if not console.is_terminal:
        console.width = PIPED
    if runs:
        console.print(_table(runs, console, language))
    for problem in refused:
        say(refusal(problem), console)
    console.print(_summary(runs, refused, language))


def refusal(problem: Refused) -> Text:
    return Text.assemble(f"{words.plain(problem.path)}: ", (words.plain(problem.error), "yellow"))


def _notes(run: Run, language: str) -> Iterable[Text]:
    for remark in remarks(run, language):
        yield _remark("note", words.plain(remark), language)


def _advice(run: Run, language: str) -> Iterable[Text]:
    """Yield what a person can do about the primary symptom, and not a search."""
    advice = manual.of(run.verdict.name, language).advice
    if advice:
        semicolon = "；" if language == "zh" else "; "
        yield _remark("advice", words.plain(semicolon.join(advice)), language)


def _best(run: Run, language: str) -> Text:
    curve, best = run.curve, run.best
    length = f"{_length(run)} {manual.word('epochs logged', language)}"
    if best is None or curve.score is None:
        return _remark("best", f"{manual.word('no score', language)}, {length}", language)
    name, at = words.plain(curve.score.name), manual.word("at epoch", language)
    return _remark("best", f"{name} {words.figure(best[1])} {at} {best[0]}, {length}", language)


def _remark(key: str, text: str, language: str) -> Text:
    return Text.assemble((manual.word(key, language), "bold"), f": {text}")


def _table(runs: Sequence[Run], console: Console, language: str) -> Table:
    """Return a line for each run; what a narrow terminal has no room for is left out, and the clause gives way."""
    width = console.width
    base = _common(runs)
    columns = {
        "run": [Text(_name(run, base)) for run in runs],
        "format": [Text(run.format, style="dim") for run in runs] if width >= WIDE else [],
        "epochs": [Text(_length(run), justify="right") for run in runs],
        "verdict": [Text(run.verdict.name, style=STYLES[plot.color(run.verdict)]) for run in runs],
        "since": [Text(str(run.verdict.since_epoch), justify="right") for run in runs],
        "sure": [Text(f"{run.verdict.confidence:.2f}", justify="right") for run in runs] if width >= MIDDLE else [],
        "best": [_best_cell(run, named=width >= WIDE) for run in runs],
        "why": [Text(words.plain(manual.phrases(run.verdict, language))) for run in runs],
    }
    heads = {key: Text(manual.word(key, language), style="dim") for key, cells in columns.items() if cells}
    widths = {key: max(text.cell_len for text in [heads[key], *columns[key]]) + 2 for key in heads}
    others = sum(widths.values()) - widths["run"] - widths["why"]
    named = min(widths["run"], max(width // 4, width - others - widths["why"]))
    if width - others - named < LEAST_CLAUSE:
        del heads["why"]
        named = max(LEAST_NAME, width - others)
    columns["run"] = [_tail(text, named - 2) for text in columns["run"]]
    for text in columns["why"]:
        text.truncate(max(1, width - others - named), overflow="ellipsis")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(*heads.values())
    for cells in zip(*(columns[key] for key in heads), strict=True):
        table.add_row(*cells)
    return table


def _name(run: Run, base: Path) -> str:
    name = words.plain(run.path.relative_to(base) if base != Path() else run.path)
    return name if run.number is None else f"{name}#{run.number}"


def _length(run: Run) -> str:
    planned = run.curve.planned_epochs
    return f"{run.curve.length}/{planned}" if planned else str(run.curve.length)


def _best_cell(run: Run, *, named: bool) -> Text:
    if run.best is None or run.curve.score is None:
        return Text(words.NONE)
    name = f" {words.plain(run.curve.score.name)}" if named else ""
    return Text.assemble(f"{words.figure(run.best[1])}@{run.best[0]}", (name, "dim"))


def _common(runs: Sequence[Run]) -> Path:
    """Return the folder that all runs lie in, which need not be told on every line."""
    parents = [run.path.parent.parts for run in runs]
    same = 0
    while all(len(parts) > same for parts in parents) and len({parts[same] for parts in parents}) == 1:
        same += 1
    return Path(*parents[0][:same])


def _tail(name: Text, room: int) -> Text:
    """Return the end of a long name, which is what tells it from its neighbours."""
    return name if len(name) <= room else Text(f"…{name.plain[len(name) - room + 1 :]}")


def _summary(runs: Sequence[Run], refused: Sequence[Refused], language: str) -> Text:
    """Return how many runs there are and how often each verdict was given, the sick ones first."""
    verdicts = Counter((run.verdict.healthy, run.verdict.name) for run in runs)
    text = Text(f"\n{len(runs)} {manual.word('runs', language)}: ", style="bold")
    parts = []
    for (healthy, name), n in sorted(verdicts.items(), key=lambda item: (item[0][0], -item[1])):
        parts.append(Text.assemble((name, "green" if healthy else "red"), f" {n}", style="not bold"))
    text.append_text(Text(", ").join(parts))
    return text.append(f"; {len(refused)} {manual.word('not read', language)}") if refused else text
