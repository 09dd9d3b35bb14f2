"""The part of the screen on the trials that are under way: a line for each that runs, and one for all that wait."""

from __future__ import annotations

from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuner import words
from tuner.curve import Curve, Series
from tuner.diagnosis import Symptom
from tuner.record import Record
from tuner.snapshot import GpuUse, Running, Snapshot
from tuner.sparkline import sparkline

MIDDLE, WIDE = 72, 110
"""From so many columns on there is room for device and bar, and for long bars and since when a symptom is seen."""
FROM, LOSSES = (15, 20, 30), (8, 9, 20)
"""Columns of the origin and of the drawn losses on a narrow, a middle and a wide terminal."""
LABEL = 7
"""Columns of the words that stand before a line."""

# As in screen.py, every cell is a Text: rich would read a str as markup.


def running(snapshot: Snapshot, width: int, lines: int) -> RenderableType:
    """Return a line for each running trial: origin, device, epochs, time left, best score, losses, diagnosis.

    There are at most ``lines``, the heading among them; the last counts those that do not fit.
    """
    trials = sorted(snapshot.running, key=lambda trial: trial.record.number)
    if not trials:
        return Text("no trial is running", style="dim")
    if len(trials) < lines:
        return _table(trials, width, alive=snapshot.alive)
    shown = trials[: max(1, lines - 2)]
    more = Text(f"… and {len(trials) - len(shown)} more", style="dim")
    return Group(_table(shown, width, alive=snapshot.alive), more)


def _table(trials: Sequence[Running], width: int, *, alive: bool) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", expand=False)
    table.add_column("#", justify="right", no_wrap=True)
    # Columns keep their widths while trials come and go: nothing is as restless as a table that moves.
    table.add_column("from", no_wrap=True, width=_by(width, *FROM))
    if width >= MIDDLE:
        table.add_column("on", no_wrap=True, overflow="ellipsis", max_width=8)
    table.add_column("epoch", no_wrap=True)
    table.add_column("left", justify="right", no_wrap=True, min_width=4)
    table.add_column("best", justify="right", no_wrap=True, min_width=6)
    table.add_column(_drawn_name(trials), no_wrap=True, width=_by(width, *LOSSES))
    # The only column that gives way: a verdict is one word, so it is shortened and never broken.
    table.add_column("diagnosis")
    for trial in trials:
        table.add_row(*_cells(trial, width), style="" if alive else "dim")
    return table


def gpus(found: Sequence[GpuUse]) -> list[RenderableType]:
    """Return what the GPUs do, side by side and on as many lines as it takes."""
    return [Columns([_gpu(use) for use in found], padding=(0, 3))] if found else []


def paused(snapshot: Snapshot) -> list[Text]:
    """Return how many trials wait for their turn and how far they came, on one line."""
    waiting = snapshot.paused
    if not waiting:
        return []
    depths = sorted({r.epochs for r in waiting})
    parts = [f"{sum(r.epochs == depth for r in waiting)} at epoch {depth}" for depth in depths]
    held = sum(bool(r.suspect) for r in waiting)
    text = f"{words.count(len(waiting), 'trial')}: {', '.join(parts)}"
    text += f"; {held} held for a symptom" if held else ""
    return [one_line(Text.assemble((f"{'paused':{LABEL}}", "dim"), text))]


def bar(share: float, width: int) -> Text:
    """Return a bar that is told apart from its rest without any colour."""
    halves = round(min(1.0, max(0.0, share)) * 2 * width)
    full, half = divmod(halves, 2)
    return Text.assemble(("━" * full + "╸" * half, "cyan"), ("─" * (width - full - half), "dim"))


def best_so_far(curve: Curve) -> float | None:
    best = curve.score.best() if curve.score is not None else None
    return best[1] if best else None


def epochs(trial: Running) -> str:
    """Return the epochs done of those planned, such as ``5/30``, or ``5→9/30`` where it is paused after the ninth."""
    planned, target = trial.planned, trial.target
    if not planned:
        return str(trial.curve.length)
    done = f"{trial.curve.length:>{len(str(planned))}}"
    return f"{done}/{planned}" if target == planned else f"{done}→{target}/{planned}"


def _cells(trial: Running, width: int) -> list[RenderableType]:
    done = Text(epochs(trial))
    if width >= MIDDLE and trial.target:
        done = Text(" ").join([bar(trial.share, _by(width, 0, 5, 16)), done])
    drawn = _drawn(trial.curve)
    return [
        Text(str(trial.record.number)),
        Text(_from(trial.record, _by(width, *FROM))),
        *([Text(words.plain(trial.record.device or words.NONE))] if width >= MIDDLE else []),
        done,
        Text(words.roughly(trial.left)),
        Text(words.figure(best_so_far(trial.curve))),
        Text("" if drawn is None else sparkline(drawn.values, _by(width, *LOSSES)), style="cyan"),
        _verdict(trial.verdict, since=width >= WIDE),
    ]


def _from(record: Record, width: int) -> str:
    """Return where a trial came from, its parent in full even where its remedy is cut."""
    said = words.origin(record)
    name, arrow, parent = said.partition(" ← ")
    cut = width - len(arrow + parent) - 1
    return said if len(said) <= width else f"{name[:cut]}…{arrow}{parent}"


def _drawn(curve: Curve) -> Series | None:
    known = [s for s in (curve.val_loss, curve.train_loss, curve.score) if s is not None and len(s)]
    return known[0] if known else None


def _drawn_name(trials: Sequence[Running]) -> str:
    for trial in trials:
        drawn = _drawn(trial.curve)
        if drawn is not None:
            return {"val_loss": "val loss", "train_loss": "loss"}.get(str(drawn.kind), "score")
    return ""


def _verdict(verdict: Symptom | None, *, since: bool) -> Text:
    if verdict is None:
        return Text(words.NONE, style="dim")
    when = f" since {verdict.since_epoch}" if since and not verdict.healthy else ""
    return one_line(Text(words.plain(verdict.name) + when, style="green" if verdict.healthy else "yellow"))


def _gpu(use: GpuUse) -> Text:
    busy = "" if use.busy is None else f"{use.busy:3d}% "
    memory = f"{use.used_bytes / 2**30:.0f}/{use.total_bytes / 2**30:.0f} GB"
    return one_line(Text.assemble((f"{words.plain(use.device)} ", "dim"), busy, memory))


def one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _by(width: int, narrow: int, middle: int, wide: int) -> int:
    return narrow if width < MIDDLE else middle if width < WIDE else wide
