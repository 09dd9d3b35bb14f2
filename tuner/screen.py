"""Draw one Snapshot: what trains right now, the incumbent, the last decisions and the budget used."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuner import words
from tuner.curve import Curve
from tuner.diagnosis import Symptom
from tuner.record import Action, Record
from tuner.snapshot import BudgetUse, Running, Snapshot

DECISIONS = 5
PAUSED = 3
COLORS = {Action.FINISH: "green", Action.STOP: "yellow", Action.PRUNE: "red", Action.FAIL: "magenta"}

# Everything below is a Text and never a str: rich reads a str as markup, and names and reasons come from logs.


def open_console() -> Console:
    """Return the console for standard output; output that goes into a pipe or a file is never redrawn."""
    # A character that the terminal's encoding lacks must cost a question mark, not the study.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return Console(highlight=False, force_interactive=None if sys.stdout.isatty() else False)


def picture(snapshot: Snapshot, decisions: Sequence[Record], console: Console) -> RenderableType:
    """Return the whole picture; ``decisions`` are ended trials, the latest last, and as many as fit are shown."""
    room = max(4, console.height - 10)
    shown = snapshot.running[: max(2, room // 2)]
    parts: list[RenderableType] = [heading(snapshot), running(shown, console.width)]
    if len(shown) < len(snapshot.running):
        parts.append(Text(f"… and {len(snapshot.running) - len(shown)} more", style="dim"))
    parts += [paused(snapshot, room)] if snapshot.paused else []
    parts += [Text(), incumbent(snapshot)]
    told = fitting(decisions, console, lines=room - len(shown) - min(PAUSED, len(snapshot.paused)))
    if told:
        parts += [Text(), *told]
    return Group(*parts, Text(), budget(snapshot.budget))


def heading(snapshot: Snapshot) -> Text:
    goal = "maximise" if snapshot.higher_is_better else "minimise"
    return Text.assemble(
        (words.plain(snapshot.study), "bold"),
        f"  {goal} {words.plain(snapshot.objective)}  ",
        (_tally(snapshot), "dim"),
    )


def running(trials: Sequence[Running], width: int) -> RenderableType:
    """Return one line for each running trial: number, origin, device, epochs, best score, diagnosis."""
    if not trials:
        return Text("no trial is running", style="dim")
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", expand=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True, overflow="ellipsis", max_width=24 if width < 100 else 30)
    if width >= 60:
        table.add_column("on", no_wrap=True, overflow="ellipsis", max_width=8)
        table.add_column("epoch", width=max(6, min(24, width - 74)))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("best", justify="right", no_wrap=True)
    # The only column that gives way: a verdict is one word, so it is shortened and never broken.
    table.add_column("diagnosis", overflow="ellipsis")
    for trial in trials:
        table.add_row(*_cells(trial, wide=width >= 60))
    return table


def paused(snapshot: Snapshot, room: int) -> RenderableType:
    """Return the best of the trials that wait, a line each, and how many more do."""
    waiting = snapshot.paused
    shown = waiting[: PAUSED if room > 2 * PAUSED else 1]
    lines = [Text(words.sentence(r), no_wrap=True, overflow="ellipsis", style="dim") for r in shown]
    more = len(waiting) - len(shown)
    return Group(*lines, *([Text(f"… and {more} more paused", style="dim")] if more else []))


def incumbent(snapshot: Snapshot) -> RenderableType:
    best, seen = snapshot.incumbent, snapshot.best_seen
    if best is None:
        return Text("best   no trial has a score yet", style="dim")
    line = Text.assemble(("best   ", "dim"), (words.score(best), "bold green"), f"  {words.title(best)}")
    parts: list[RenderableType] = [line, Padding(Text(words.params(best.params)), (0, 0, 0, 7))]
    if seen is not None and seen.number != best.number:
        parts.append(Text(f"seen   {words.score(seen)}  {words.title(seen)}, not trained to its end", style="dim"))
    return Group(*parts)


def fitting(decisions: Sequence[Record], console: Console, lines: int) -> list[RenderableType]:
    """Return the last decisions in words, the latest last, as many as fit into ``lines`` and at least one."""
    told: list[RenderableType] = []
    for record in reversed(decisions[-DECISIONS:]):
        text = decision(record)
        lines -= len(text.wrap(console, max(1, console.width - 2)))
        if lines < 0 and told:
            break
        told.insert(0, _hanging(text))
    return told


def decision(record: Record) -> Text:
    """Return the sentence on a trial that has ended, coloured by how it ended."""
    color = COLORS.get(record.ending.action, "") if record.ending else ""
    text = Text(words.sentence(record))
    text.stylize(color, 0, len(words.title(record)))
    return text


def budget(use: BudgetUse) -> Text:
    parts = [
        _used("trials", str(use.trials), None if use.max_trials is None else str(use.max_trials)),
        _used("epochs", str(use.epochs), None if use.max_epochs is None else str(use.max_epochs)),
        _used("time", _hours(use.hours), None if use.max_hours is None else _hours(use.max_hours)),
    ]
    return Text.assemble(("used   ", "dim"), " · ".join(parts))


def progress(trial: Running) -> tuple[int, int | None]:
    """Return the epochs logged and the epochs planned of a running trial."""
    return trial.curve.length, trial.record.planned_epochs or trial.curve.planned_epochs


def best_so_far(curve: Curve) -> float | None:
    best = curve.score.best() if curve.score is not None else None
    return best[1] if best else None


def _cells(trial: Running, *, wide: bool) -> list[RenderableType]:
    done, planned = progress(trial)
    bar = ProgressBar(total=planned, completed=done, complete_style="cyan", finished_style="cyan")
    place: list[RenderableType] = [Text(words.plain(trial.record.device or words.NONE)), bar if planned else Text()]
    return [
        Text(str(trial.record.number)),
        Text(words.origin(trial.record)),
        *(place if wide else []),
        Text(f"{done}/{planned}" if planned else str(done)),
        Text(words.figure(best_so_far(trial.curve))),
        _verdict(trial.verdict),
    ]


def _verdict(verdict: Symptom | None) -> Text:
    if verdict is None:
        return Text(words.NONE, style="dim")
    return Text(words.plain(verdict.name), style="green" if verdict.healthy else "yellow")


def _hanging(text: Text) -> RenderableType:
    """Return ``text`` behind a bullet, its further lines indented."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_row(Text("•", style="dim"), text)
    return table


def _tally(snapshot: Snapshot) -> str:
    ended = sum(record.finished for record in snapshot.records)
    waiting = f", {len(snapshot.paused)} paused" if snapshot.paused else ""
    return f"{words.count(ended, 'trial')} done, {len(snapshot.running)} running{waiting}"


def _used(name: str, used: str, allowed: str | None) -> str:
    return f"{name} {used}" if allowed is None else f"{name} {used} of {allowed}"


def _hours(hours: float) -> str:
    return words.duration(hours * 3600)
