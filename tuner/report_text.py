"""Print a report on a terminal: the trials first and the summary last, where the eye is."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tuner import consoles, screen, words
from tuner.experiments import spread
from tuner.record import Record
from tuner.report import Report
from tuner.worth import Worth

WIDE = 110
"""From this many columns on the table of trials has room for device, time and state."""
BAR = 20
PLAIN_COLUMNS = 3

# As in screen.py, every cell is a Text: rich would read a str as markup.


def show(report: Report, console: Console | None = None) -> None:
    console = console or consoles.open_console()
    wide = console.width >= WIDE
    for part in (_heading(report), _trials(report, wide=wide), *_experiments(report), *_summary(report)):
        console.print(part)


def _heading(report: Report) -> Text:
    states = ", ".join(f"{n} {state}" for state, n in report.states.items())
    return Text.assemble(
        (words.plain(report.study), "bold"),
        f"  {report.direction} {words.plain(report.objective)}  ",
        (f"{words.count(len(report.trials), 'trial')}{f': {states}' if states else ''}", "dim"),
        "\n",
    )


def _summary(report: Report) -> list[RenderableType]:
    parts = (_remedies, _importances, _budget, _checks, _repeats, _differences, _best, _tested)
    return [shown for part in parts for shown in part(report)]


def _trials(report: Report, *, wide: bool) -> RenderableType:
    if not report.trials:
        return Text("no trial was run", style="dim")
    table = _table()
    table.add_column("trial", justify="right", no_wrap=True)
    table.add_column("from", overflow="fold", max_width=24 if wide else 19)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("epochs", justify="right", no_wrap=True)
    if wide:
        for name in ("state", "on", "time"):
            table.add_column(name, no_wrap=True, max_width=10)
    table.add_column("why it ended", overflow="fold", ratio=1)
    for record in report.trials:
        table.add_row(*_cells(record, report, wide=wide))
    return table


def _cells(record: Record, report: Report, *, wide: bool) -> list[Text]:
    best = report.incumbent is not None and record.number == report.incumbent.number
    place = (record.state.name.lower(), words.plain(record.device or words.NONE), words.duration(record.seconds))
    return [
        Text(f"★ {record.number}" if best else str(record.number), style="bold green" if best else ""),
        Text(words.origin(record)),
        Text(words.figure(record.score), style="bold green" if best else ""),
        Text(words.epochs(record)),
        *(Text(cell) for cell in (place if wide else ())),
        _ending(record),
    ]


def _ending(record: Record) -> Text:
    if record.paused and not record.finished:
        return Text(words.plain(record.standing), style="dim")
    if not record.finished or record.ending is None:
        return Text(f"{words.STATES[record.state.name]}", style="dim")
    verb = (words.verb(record.ending), screen.COLORS.get(record.ending.action, ""))
    following = f" → {words.prescription(record, record.prescription)}" if record.prescription else ""
    return Text.assemble(verb, f": {words.why(record.ending)}{following}")


def _experiments(report: Report) -> list[RenderableType]:
    found = report.experiments
    if len(found.columns) <= PLAIN_COLUMNS:
        return []  # the score, the epochs and the time are in the first table
    table = _table()
    table.add_column("trial", justify="right", no_wrap=True)
    for name in found.columns:
        table.add_column(words.plain(name), justify="right", overflow="fold")
    for record, row in zip(found.trials, found.rows, strict=True):
        cells = [words.plain(v) if isinstance(v, str) else words.number(v, 3) for v in row]
        table.add_row(*(Text(cell) for cell in (str(record.number), *cells)))
    return [Text("\nwhat they reached, at the best epoch of each", style="bold"), table]


def _repeats(report: Report) -> list[RenderableType]:
    if not report.repeats:
        return []
    table = Table.grid(padding=(0, 2, 0, 0))
    for repeat in report.repeats:
        trials = ", ".join(map(str, repeat.trials))
        score = f"{words.figure(repeat.mean)} ± {words.number(repeat.spread, 2)}"
        table.add_row(Text(f"  trials {trials}"), Text(score, style="bold"))
    title = "\nthe same settings with other seeds: mean ± standard deviation"
    return [Text(title, style="bold"), table]


def _differences(report: Report) -> list[RenderableType]:
    if not report.differences:
        return []
    lines = [Text("\nthe best of them against each other one, seed by seed: better by, 95 % interval", style="bold")]
    for one in report.differences:
        interval = f"[{words.number(one.low, 2)}, {words.number(one.high, 2)}]"
        told = "more than chance" if one.clear else "chance may explain it"
        figures = f"{words.number(one.mean, 2)} {interval}"
        lines.append(
            Text.assemble(
                f"  {words.change(one.changed, 'against')}  ",
                (figures, "bold"),
                f"  {words.count(len(one.first), 'seed')}, {told}",
            )
        )
    return [*lines]


def _tested(report: Report) -> list[RenderableType]:
    if not report.tested:
        return []
    table = Table.grid(padding=(0, 2, 0, 0))
    for name in report.tested[0].scores:
        mean, deviation = spread([t.scores[name] for t in report.tested if name in t.scores])
        note = f" ± {words.number(deviation, 2)}" if len(report.tested) > 1 else ""
        table.add_row(Text(words.plain(name)), Text(f"{words.figure(mean)}{note}", style="bold"))
    trials = ", ".join(str(t.trial) for t in report.tested)
    return [Text(f"\ntest split, scored once: trial {trials}", style="bold"), Padding(table, (0, 0, 0, 2))]


def _remedies(report: Report) -> list[RenderableType]:
    if not report.worth:
        return []
    table = _table()
    table.add_column("remedy", overflow="fold", min_width=19)
    for name in ("pairs", "better", "mean gain", "rescued", "broke"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("parent → child", overflow="fold", ratio=1)
    for worth in report.worth:
        table.add_row(*_worth(worth))
    return [Text("\nwhat the remedies were worth", style="bold"), table]


def _worth(worth: Worth) -> list[Text]:
    gain = worth.mean_gain
    color = "" if not gain else "green" if gain > 0 else "red"
    return [
        Text(words.plain(worth.remedy)),
        Text(str(len(worth.pairs))),
        Text(str(worth.wins)),
        Text(_signed(gain), style=color),
        Text(f"{worth.rescued} of {worth.tried_to_rescue}" if worth.tried_to_rescue else words.NONE),
        Text(str(worth.broke) if worth.broke else words.NONE),
        Text(", ".join(f"{p.parent} → {p.child} {_signed(p.gain)}" for p in worth.pairs), style="dim"),
    ]


def _signed(gain: float | None) -> str:
    return words.NONE if gain is None else f"{gain:+.4g}"


def _importances(report: Report) -> list[RenderableType]:
    found = report.importances
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, share in found.shares.items():
        bar = "━" * round(share * BAR)
        table.add_row(Text(words.plain(name)), Text(f"{share:.0%}", justify="right"), Text(bar, style="cyan"))
    parts: list[RenderableType] = [Text("\nimportance of the hyperparameters", style="bold")]
    parts += [Padding(table, (0, 0, 0, 2))] if found.shares else []
    parts += [Padding(Text(words.plain(found.note), style="dim"), (0, 0, 0, 2))] if found.note else []
    return parts


def _budget(report: Report) -> list[RenderableType]:
    used = report.used
    extra = f" and {used.extra_epochs} after the decisions" if used.extra_epochs else ""
    time = words.duration(used.hours * 3600)
    text = f"{words.count(used.trials, 'trial')}, {words.count(used.epochs, 'epoch')}{extra}, {time} of training"
    return [Text("\nbudget used", style="bold"), Padding(Text(text), (0, 0, 0, 2))]


def _checks(report: Report) -> list[RenderableType]:
    if not report.checks:
        return []
    table = Table.grid(padding=(0, 1, 0, 0))
    for check in report.checks:
        table.add_row(Text("  !", style="yellow"), Text(words.plain(check.text)))
    return [Text("\nto mind", style="bold"), table]


def _best(report: Report) -> list[RenderableType]:
    best = report.incumbent
    if best is None:
        return [Text("\nno trial completed with a score: there is no best trial", style="bold red")]
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in report.best_params.items():
        table.add_row(Text(words.plain(name)), Text(words.value(value), style="bold"))
    line = Text.assemble(
        ("\nbest  ", "bold"),
        (f"{words.plain(report.objective)} {words.score(best)}", "bold green"),
        f"  trial {best.number}, {words.origin(best)}",
    )
    return [line, Padding(table, (0, 0, 0, 2))]


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
