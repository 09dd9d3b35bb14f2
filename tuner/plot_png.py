"""Draw runs with Matplotlib: one with all its panels, several as small multiples."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tuner.plot import GREEN, GREY, Panel, Picture

CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei")
HEIGHTS = {"loss": 3.0, "score": 2.0, "rate": 1.0}
INK = "#222222"
DPI = 150
MOST_ACROSS = 4
MARKERS_UP_TO = 60
"""Values; more of them are drawn as a line without dots."""

STYLE: dict[str, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.formatter.useoffset": False,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "font.size": 9,
    "font.family": ["DejaVu Sans", *CHINESE],
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def can_write(language: str) -> bool:
    """Tell whether a font for the language is installed."""
    return language != "zh" or bool(_installed())


def save(pictures: Sequence[Picture], path: Path | BinaryIO, dpi: int = DPI) -> None:
    """Draw the pictures into a PNG file, which may be one in memory; raises OSError where it cannot be written."""
    style: Any = {**STYLE, "font.family": ["DejaVu Sans", *_installed()]}
    with matplotlib.rc_context(style):
        figure = _one(pictures[0]) if len(pictures) == 1 else _many(pictures)
        figure.savefig(path, dpi=dpi, format="png", facecolor="white")


def _installed() -> list[str]:
    known = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in CHINESE if name in known]


def _one(picture: Picture) -> Figure:
    heights = [HEIGHTS[panel.kind] for panel in picture.panels]
    text = textwrap.wrap(picture.text, 118)[:3]
    head = 0.72 + 0.19 * len(text) + 0.16 * sum(mark.color != GREEN for mark in picture.marks)
    figure = Figure(figsize=(9.0, head + 0.85 * sum(heights) + 0.7))
    tall = figure.get_figheight()
    figure.text(0.02, 1 - 0.16 / tall, picture.title, color=picture.color, weight="bold", size=14, va="top")
    figure.text(0.02, 1 - 0.44 / tall, "\n".join(text), color=INK, size=9, va="top", linespacing=1.35)
    figure.text(0.98, 1 - 0.2 / tall, _short(picture.name, 60), color=GREY, size=8, ha="right", va="top")
    if not heights:
        return figure
    grid = figure.add_gridspec(
        len(heights),
        1,
        height_ratios=heights,
        hspace=0.14,
        left=0.09,
        right=0.97,
        top=1 - head / tall,
        bottom=0.5 / tall,
    )
    first: Axes | None = None
    for i, panel in enumerate(picture.panels):
        axes = figure.add_subplot(grid[i, 0], sharex=first)
        first = first or axes
        _panel(axes, panel, picture)
        axes.set_ylabel(panel.name)
        if panel.kind != "rate":
            axes.legend(loc="best")
        axes.tick_params(labelbottom=i == len(heights) - 1)
    axes.set_xlabel("epoch")
    _name_marks(figure.axes[0], picture)
    return figure


def _many(pictures: Sequence[Picture]) -> Figure:
    across = min(MOST_ACROSS, math.ceil(math.sqrt(len(pictures))))
    down = math.ceil(len(pictures) / across)
    figure = Figure(figsize=(3.6 * across, 2.4 * down + 0.4), layout="constrained")
    handles: dict[str, Any] = {}
    for i, picture in enumerate(pictures):
        handles |= _small(figure.add_subplot(down, across, i + 1), picture)
    figure.legend(handles=handles.values(), labels=handles.keys(), loc="outside upper left", ncols=4)
    return figure


def _small(axes: Axes, picture: Picture) -> dict[str, Any]:
    """Draw losses, and the score over an axis of its own on the right; return what the legend tells."""
    axes.set_title(f"{_short(picture.name, 42)}\n", loc="left", size=7.5, color=GREY)
    axes.text(0, 1.03, _short(picture.title, 44), transform=axes.transAxes, size=9, weight="bold", color=picture.color)
    handles: dict[str, Any] = {}
    for panel in [panel for panel in picture.panels if panel.kind != "rate"]:
        on = axes if panel is picture.panels[0] else axes.twinx()
        _panel(on, panel, picture, small=True)
        on.grid(visible=on is axes)
        on.spines["right"].set_visible(on is not axes)
        on.tick_params(labelsize=7)
        lines = zip(panel.lines, on.get_lines(), strict=False)
        handles |= {panel.name if panel.kind == "score" else line.label: drawn for line, drawn in lines}
    return handles


def _panel(axes: Axes, panel: Panel, picture: Picture, *, small: bool = False) -> None:
    for line in panel.lines:
        series = line.series.finite
        dots = "o" if len(series) <= MARKERS_UP_TO and not small else ""
        axes.plot(series.epochs, series.values, color=line.color, label=line.label, lw=1.5, marker=dots, ms=2.5)
    if panel.log:
        axes.set_yscale("log")
    best = picture.best
    if best is not None and best.line in [line.label for line in panel.lines]:
        label = f"{best.label} {best.value:.4g} @ {best.epoch}"
        axes.plot(
            [best.epoch], [best.value], "*", color="#e8b004", mec=INK, mew=0.6, ms=12, label=label, ls="", zorder=5
        )
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6 if small else 10))
    _marks(axes, picture, shaded=not small or panel is picture.panels[0])


def _marks(axes: Axes, picture: Picture, *, shaded: bool) -> None:
    """Shade what the primary symptom spans, and draw a line where each began."""
    first, last = picture.ends
    for i, mark in enumerate(picture.marks):
        if mark.color == GREEN:
            continue
        if i == 0 and mark.epoch > first and shaded:
            axes.axvspan(mark.epoch, last, color=mark.color, alpha=0.07, lw=0)
        if mark.epoch > first:
            axes.axvline(mark.epoch, color=mark.color, lw=1.0, ls="-" if i == 0 else ":", alpha=0.8)


def _name_marks(axes: Axes, picture: Picture) -> None:
    """Write above the first panel which symptom began where, one over the other as they may overlap."""
    first, last = picture.ends
    for i, mark in enumerate(mark for mark in picture.marks if mark.color != GREEN):
        share = (mark.epoch - first) / max(1, last - first)
        axes.annotate(
            f" {mark.epoch}: {mark.label} ",
            (mark.epoch, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3 + 11 * i),
            textcoords="offset points",
            ha="left" if share < 0.7 else "right",
            va="bottom",
            size=8,
            color=mark.color,
        )


def _short(text: str, room: int) -> str:
    return text if len(text) <= room else f"…{text[len(text) - room + 1 :]}"
