"""Draw a run with the characters of a terminal: eight dots to a character, in colour where there is any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.text import Text

from tuner import words
from tuner.curve import FloatArray
from tuner.plot import TERMINAL_COLORS, Line, Mark, Panel, Picture

AXIS = 9
"""Columns left of the dots: a number and the axis."""
MOST_COLUMNS = 110
TALL = 34
"""Lines of a terminal from which on the learning rate is drawn too."""
HEIGHTS = {1: (10,), 2: (8, 5), 3: (8, 5, 2)}
BRAILLE = 0x2800
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bit of each dot in a character, by row and column."""

Cells = dict[tuple[int, int], tuple[str, str]]
"""What stands in row and column: a character and its style."""


def draw(picture: Picture, console: Console) -> list[Text]:
    """Return the picture as lines as wide as the console; the rate is left out where there is little room."""
    panels = picture.panels if console.height >= TALL else tuple(p for p in picture.panels if p.kind != "rate")
    if not panels or console.width < AXIS + 20:
        return []
    columns = min(console.width - 2, MOST_COLUMNS) - AXIS
    first, last = picture.ends
    plain = console.no_color or console.color_system is None
    lines: list[Text] = []
    for panel, rows in zip(panels, HEIGHTS[len(panels)], strict=True):
        lines += _panel(panel, picture, rows, columns, (first, last), numbered=plain)
    return [*lines, *_foot(picture, columns, first, last)]


def _panel(
    panel: Panel, picture: Picture, rows: int, columns: int, ends: tuple[int, int], *, numbered: bool
) -> list[Text]:
    low, high = _range(panel)
    cells: Cells = {}
    for mark in reversed(picture.marks):
        if mark.epoch <= ends[0]:
            continue
        x = _column(mark.epoch, columns, ends)
        cells |= {(row, x): ("┊", _style(mark)) for row in range(rows)}
    numbered = numbered and len(panel.lines) > 1
    for number, line in enumerate(panel.lines, 1):
        dots = _dots(line, panel.log, rows, columns, ends, (low, high))
        if numbered:
            end = max(dots, key=lambda cell: cell[1])
            dots[end[0], end[1] + 1] = (str(number), "")
        cells |= dots
    cells |= _star(panel, picture, rows, columns, ends, (low, high))
    heading = Text(" " * AXIS).append_text(_legend(panel, numbered=numbered))
    return [heading, *(_row(cells, row, rows, columns, _label(row, rows, low, high, panel.log)) for row in range(rows))]


def _legend(panel: Panel, *, numbered: bool) -> Text:
    parts = [
        Text.assemble((f"{i} " if numbered else "━ ", TERMINAL_COLORS[line.color]), line.label)
        for i, line in enumerate(panel.lines, 1)
    ]
    legend = Text("   ").join(parts)
    return legend.append(f"  ({panel.name}, log)" if panel.log else "", style="dim")


def _range(panel: Panel) -> tuple[float, float]:
    values = np.concatenate([_scaled(line.series.finite.values, panel.log) for line in panel.lines])
    low, high = float(values.min()), float(values.max())
    room = 0.02 * (high - low) or abs(low) * 0.05 or 0.5
    return low - room, high + room


def _scaled(values: FloatArray, log: bool) -> FloatArray:
    # Halves, so that the distance of two huge values is a number.
    scaled: FloatArray = np.log10(values) if log else values / 2
    return scaled


def _dots(line: Line, log: bool, rows: int, columns: int, ends: tuple[int, int], span: tuple[float, float]) -> Cells:
    """Return the cells that a line passes through; it is broken where a value is not finite."""
    x = (line.series.epochs - ends[0]) / max(1, ends[1] - ends[0]) * (2 * columns - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        y = (span[1] - _scaled(line.series.values, log)) / (span[1] - span[0]) * (4 * rows - 1)
    bits: dict[tuple[int, int], int] = {}
    for column, row in _points(x, y):
        cell = (row // 4, column // 2)
        bits[cell] = bits.get(cell, 0) | int(DOTS[row % 4, column % 2])
    return {cell: (chr(BRAILLE + found), TERMINAL_COLORS[line.color]) for cell, found in bits.items()}


def _points(x: FloatArray, y: FloatArray) -> Iterator[tuple[int, int]]:
    """Yield the dots of a line, column and row; a value that is not finite breaks it."""
    for end, column, row in zip(range(len(x)), x.tolist(), y.tolist(), strict=True):
        if not np.isfinite(row):
            continue
        yield round(column), round(row)
        if end == 0 or not np.isfinite(y[end - 1]):
            continue
        across, down = float(x[end - 1]) - column, float(y[end - 1]) - row
        n = int(max(abs(across), abs(down))) + 1
        yield from ((round(column + across * i / n), round(row + down * i / n)) for i in range(1, n))


def _star(
    panel: Panel, picture: Picture, rows: int, columns: int, ends: tuple[int, int], span: tuple[float, float]
) -> Cells:
    best = picture.best
    if best is None or best.line not in [line.label for line in panel.lines]:
        return {}
    height = float(_scaled(np.array([best.value]), panel.log)[0])
    row = round((span[1] - height) / (span[1] - span[0]) * (4 * rows - 1)) // 4
    return {(row, _column(best.epoch, columns, ends)): ("★", "bold green")}


def _column(epoch: int, columns: int, ends: tuple[int, int]) -> int:
    return round((epoch - ends[0]) / max(1, ends[1] - ends[0]) * (2 * columns - 1)) // 2


def _label(row: int, rows: int, low: float, high: float, log: bool) -> str:
    if row not in (0, rows - 1) and not (row == rows // 2 and rows > 5):
        return ""
    at = high - (row + 0.5) / rows * (high - low)
    value = 10.0**at if log and at < 308 else at * 2
    return words.number(0.0 if not log and abs(value) < 1e-9 * abs(high - low) else value, 3)


def _row(cells: Cells, row: int, rows: int, columns: int, label: str) -> Text:
    text = Text(f"{label:>{AXIS - 2}} ", style="").append("┤" if label else "│", style="dim")
    for column in range(columns + 1):
        character, style = cells.get((row, column), (" ", ""))
        text.append(character, style=style)
    text.rstrip()
    return text


def _foot(picture: Picture, columns: int, first: int, last: int) -> list[Text]:
    """Return the axis of the epochs, and below it what is marked and where."""
    numbers = f"{first}" + f"{last}".rjust(max(1, columns - len(str(first))))
    lines = [Text(" " * (AXIS - 1) + "└" + "─" * columns, style="dim"), Text(" " * AXIS + numbers, style="dim")]
    told = Text(" " * AXIS)
    for mark in _distinct(picture.marks):
        told.append("┊ ", style=_style(mark)).append(f"{mark.epoch} {mark.label}   ")
    if picture.best is not None:
        told.append("★ ", style="bold green").append(f"{picture.best.epoch} {picture.best.label}")
    told.truncate(columns + AXIS, overflow="ellipsis")
    return [*lines, told]


def _distinct(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Yield one mark an epoch, its labels joined."""
    for epoch in dict.fromkeys(mark.epoch for mark in marks):
        here = [mark for mark in marks if mark.epoch == epoch]
        yield Mark(epoch, ", ".join(mark.label for mark in here), here[0].color)


def _style(mark: Mark) -> str:
    return {"#d62f3c": "red", "#b8860b": "yellow"}.get(mark.color, "green")
