"""Draw one Snapshot: the budget, what trains right now, the incumbent and the last decisions."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuner import pace, screen_trials, words
from tuner.record import NOT_CONTINUED, Action, Origin, Record
from tuner.screen_trials import LABEL, bar, one_line
from tuner.snapshot import BudgetUse, Snapshot

DECISIONS = 8
HELD = "yellow"
LEAST_BAR, MOST_BAR = 8, 24
TALL = 30
"""From so many lines on all parameters of the best trial are shown."""
LEAST_DECISIONS = 4
"""Lines that the decisions get, however many trials are running."""
COLORS = {Action.FINISH: "green", Action.STOP: "yellow", Action.PRUNE: "red", Action.FAIL: "magenta"}

# Everything below is a Text and never a str: rich reads a str as markup, and names and reasons come from logs.


def picture(snapshot: Snapshot, console: Console) -> RenderableType:
    """Return the whole picture: what varies least comes first, and the decisions fill what is left of the terminal."""
    width, height = console.width, console.height - 1
    above: list[RenderableType] = [heading(snapshot), budget(snapshot, width), Text()]
    best = [Text(), incumbent(snapshot, lines=2 if height < TALL else 5, console=console)]
    note = [Text(), Text(words.plain(snapshot.note), style="dim" if snapshot.alive else "yellow")]
    note = note if snapshot.note else []
    waiting = [*screen_trials.paused(snapshot), *screen_trials.gpus(snapshot.gpus)]
    room = height - _height([*above, *waiting, *best, *note], console) - 1
    table = screen_trials.running(snapshot, width, lines=max(2, room - LEAST_DECISIONS))
    told = decisions(snapshot, console, room - _height([table], console))
    return Group(*above, table, *waiting, *best, *([Text(), *told] if told else []), *note)


def heading(snapshot: Snapshot) -> Text:
    goal = "maximise" if snapshot.higher_is_better else "minimise"
    text = Text.assemble(
        (words.plain(snapshot.study), "bold"),
        f"  {goal} {words.plain(snapshot.objective)}  ",
        (_tally(snapshot), "dim"),
    )
    return one_line(text)


def budget(snapshot: Snapshot, width: int) -> RenderableType:
    """Return what is used of the budget with a bar, and when it will be used up."""
    text = Text(used(snapshot.budget))
    left = pace.study_left(snapshot)
    if left is not None:
        text.append(" · ").append(f"about {words.roughly(left)} left", style="bold")
    share = pace.share_used(snapshot)
    room = width - text.cell_len - LABEL - 2
    if share is None:
        return _labelled("used", text)
    drawn = bar(share, min(MOST_BAR, room) if room >= LEAST_BAR else min(MOST_BAR, width - LABEL - 6))
    drawn.append(f" {share:.0%}" if room < LEAST_BAR else "")
    return _labelled("used", Text("  ").join([drawn, text]) if room >= LEAST_BAR else Text("\n").join([drawn, text]))


def used(use: BudgetUse) -> str:
    """Return what is used of the budget, and the limits there are."""
    parts = [
        _used("trials", str(use.trials), None if use.max_trials is None else str(use.max_trials)),
        _used("epochs", str(use.epochs), None if use.max_epochs is None else str(use.max_epochs)),
        _used("time", _hours(use.hours), None if use.max_hours is None else _hours(use.max_hours)),
    ]
    return " · ".join(parts)


def incumbent(snapshot: Snapshot, *, lines: int, console: Console) -> RenderableType:
    """Return the best trial, how it came about, and its parameters on at most ``lines`` lines."""
    best, seen = snapshot.incumbent, snapshot.best_seen
    if best is None:
        return _labelled("best", Text("no trial ended with a score yet", style="dim"))
    width = max(20, console.width - LABEL)
    how = Text.assemble((words.score(best), "bold green"), f"  trial {best.number}, ")
    how.append(words.came_about(best, snapshot.records))
    chosen = Text(words.params(best.params))
    text = Text("\n").join([*_cut(how, width, 2, console), *_cut(chosen, width, lines, console)])
    parts = [_labelled("best", text)]
    if seen is not None and seen.number != best.number:
        line = f"{words.score(seen)}  {words.title(seen)}, not trained to its end"
        parts.append(_labelled("seen", Text(line, style="dim")))
    return Group(*parts)


def decisions(snapshot: Snapshot, console: Console, lines: int) -> list[RenderableType]:
    """Return the last decisions in words, the latest last, as many as fit into ``lines`` and at least one.

    Where room is left the latest have their evidence too.
    """
    width = max(1, console.width - 2)
    told: list[Text] = []
    more: list[Text] = []
    for text, evidence in reversed(entries(snapshot)[-DECISIONS:]):
        rows = len(text.wrap(console, width))
        if rows > lines and told:
            break
        lines -= rows
        told.append(text)
        more.append(evidence)
    for i, evidence in enumerate(more):
        rows = len(evidence.wrap(console, width)) if evidence else 0
        if rows > lines:
            break
        lines -= rows
        told[i] = Text("\n").join([told[i], evidence]) if evidence else told[i]
    return [_hanging(text) for text in reversed(told)]


def entries(snapshot: Snapshot) -> list[tuple[Text, Text]]:
    """Return all decisions in their order, each with its evidence; trials that lost their race are told together."""
    children = {r.parent: r.number for r in snapshot.records if r.origin is Origin.REMEDY}
    over = snapshot.decided
    lost = [r for r in over if r.ending is not None and r.ending.reason == NOT_CONTINUED]
    found = [
        (_decision(r, children.get(r.number)), Text(words.evidence(r), style="dim")) for r in over if r not in lost
    ]
    if lost:
        found.append((Text(words.not_continued(len(lost))), Text()))
    return found


def _decision(record: Record, child: int | None) -> Text:
    color = COLORS.get(record.ending.action, "") if record.ending else HELD
    text = Text(words.gist(record, child))
    text.stylize(color, 0, len(words.title(record)))
    return text


def _labelled(label: str, text: Text) -> RenderableType:
    table = Table.grid(padding=0)
    table.add_column(width=LABEL)
    table.add_row(Text(label, style="dim"), text)
    return table


def _cut(text: Text, width: int, lines: int, console: Console) -> list[Text]:
    """Return the first ``lines`` lines of a text, the last one marked where there are more."""
    wrapped = text.wrap(console, width)
    if len(wrapped) > lines:
        wrapped[lines - 1].truncate(width - 2)
        wrapped[lines - 1].append(" …")
    return wrapped[:lines]


def _hanging(text: Text) -> RenderableType:
    """Return ``text`` behind a bullet, its further lines indented."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_row(Text("•", style="dim"), text)
    return table


def _height(parts: Sequence[RenderableType], console: Console) -> int:
    return len(console.render_lines(Group(*parts)))


def _tally(snapshot: Snapshot) -> str:
    state = "running" if snapshot.alive else "interrupted"
    counts = {state: len(snapshot.running), "paused": len(snapshot.paused)}
    return ", ".join(
        [f"{words.count(len(snapshot.ended), 'trial')} done", *(f"{n} {s}" for s, n in counts.items() if n)]
    )


def _used(name: str, used: str, allowed: str | None) -> str:
    return f"{name} {used}" if allowed is None else f"{name} {used} of {allowed}"


def _hours(hours: float) -> str:
    return words.duration(hours * 3600)
