"""Draw one SVG for each symptom, small, the same on every run, and readable on white and on black."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from scripts.curve_bank.load import Labelled, load
from tuner import explain
from tuner.curve import Curve, Kind
from tuner.diagnose import Run
from tuner.diagnosis import Diagnosis, diagnose
from tuner.plot import Line, Panel
from tuner.registry import SYMPTOMS

SIZE = (7.4, 3.0)  # inches
INK = "#7d7d7d"  # as far from white as from black
COLUMNS = 112  # of the title
NAMES = 0.26  # share of the epochs: room for the names of the lines
APART = 0.09  # share of the height that two names need
SHORTEST = 6  # epochs, where there is a choice
LONGEST = 100  # epochs: longer curves make larger files, and show no more
STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none",  # text stays text: small, and in the font of the page
    "svg.hashsalt": "tuner",
    "font.size": 9.5,
    "font.family": "sans-serif",
    "path.simplify": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}


def write(folder: Path, bank: Path) -> None:
    """Draw every symptom into ``folder``, from the bank of curves where it holds a fitting one."""
    folder.mkdir(parents=True, exist_ok=True)
    recorded = _recorded(bank)
    for name in SYMPTOMS:
        run = recorded.get(name)
        text = draw(run or explain.example(name), "a recorded training" if run else "a made-up example")
        (folder / f"{name}.svg").write_text(text, encoding="utf-8")


def draw(run: Run, source: str) -> str:
    """Return a picture of a run as SVG."""
    picture = explain.drawn(run)
    panels = [panel for panel in picture.panels if panel.kind != "rate"][:2]
    with matplotlib.rc_context(dict(STYLE)):
        figure = Figure(figsize=SIZE, layout="constrained")
        for i, panel in enumerate(panels):
            _panel(figure.add_subplot(1, len(panels), i + 1), panel, run, picture.color)
        title = textwrap.fill(f"{run.verdict.name.replace('_', ' ')}: {picture.text}", COLUMNS)
        figure.suptitle(title, x=0.01, ha="left", fontsize=9.5)
        figure.supxlabel("epoch", fontsize=9)
        figure.text(0.995, 0.012, source, ha="right", fontsize=8)
        return _svg(figure)


def _panel(axes: Axes, panel: Panel, run: Run, color: str) -> None:
    for line in panel.lines:
        finite = line.series.finite
        axes.plot(finite.epochs, finite.values, color=line.color, linewidth=1.8, marker=_marker(line), markersize=3)
    first, last = int(run.curve.epochs[0]), int(run.curve.epochs[-1])
    room = NAMES * max(1, last - first)
    axes.set_xlim(first - 0.02 * (last - first), last + room)
    axes.set_xticks(
        [
            tick
            for tick in MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]).tick_values(first, last)
            if first <= tick <= last
        ]
    )
    if panel.log:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if high < 1e3 * low else (1.0,), numticks=8))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.locator_params(axis="y", nbins=5)
    axes.grid(axis="y", color=INK, alpha=0.25, linewidth=0.6)
    _since(axes, run.verdict.since_epoch, color)
    left = run.verdict.since_epoch > first + 0.3 * (last - first)
    axes.set_title(panel.name + (", log" if panel.log else ""), loc="left" if left else "right", fontsize=9.5)
    _label(axes, panel.lines)


def _since(axes: Axes, epoch: int, color: str) -> None:
    axes.axvline(epoch, color=color, linestyle=(0, (4, 3)), linewidth=1.3)
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    axes.annotate(f"since {epoch}", (epoch, 1.0), xytext=(0, 3), color=color, fontsize=8.5, **place)


def _marker(line: Line) -> str:
    return "o" if len(line.series.finite) < 12 else ""


def _label(axes: Axes, lines: tuple[Line, ...]) -> None:
    """Write each line's name beside its end, and keep the names apart."""
    ends = sorted((_height(axes, line), line.label, line) for line in lines)
    lowest = 0.0
    for i, (height, label, line) in enumerate(ends):
        height = max(lowest, min(height, 1 - APART * (len(ends) - 1 - i)))
        lowest = height + APART
        place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        end = int(line.series.finite.epochs[-1])
        axes.annotate(label, (end, height), xytext=(5, 0), color=line.color, fontsize=9, va="center", **place)


def _height(axes: Axes, line: Line) -> float:
    """Return where a line ends, as a share of the height of the axes."""
    at = axes.transData.transform((0, line.series.finite.values[-1]))
    return float(axes.transAxes.inverted().transform(at)[1])


def _svg(figure: Figure) -> str:
    """Return the figure without a date, in the sans-serif font of the reader, in coordinates to a tenth of a point."""
    buffer = StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", buffer.getvalue(), flags=re.DOTALL)
    text = re.sub(r"font-family: [^;]*;", "font-family: sans-serif;", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    text = re.sub(r'(?<= [dxy]=")[^"]*', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]).replace(" \n", "\n"), text)
    return re.sub(r"\n +", "\n", text)


def _recorded(bank: Path) -> dict[str, Run]:
    """Return, by name, the recorded run that shows a symptom best, where the diagnosis agrees with its label."""
    best: dict[str, Run] = {}
    for labelled in load(bank) if bank.is_file() else ():
        label = labelled.row["label"]
        run = _run(labelled)
        if run is not None and _rank(run) > (_rank(best[label]) if label in best else (False, False, 0.0)):
            best[label] = run
    return best


def _run(labelled: Labelled) -> Run | None:
    curve = labelled.curve
    if curve.train_loss is None or curve.val_loss is None or curve.length > LONGEST:
        return None
    label, verdict = labelled.row["label"], diagnose(curve, SYMPTOMS).verdict
    # A verdict may also be what is left where no symptom is seen.
    symptom = SYMPTOMS[label].detect(curve, options=SYMPTOMS[label].Options())
    if symptom is None or verdict is None or verdict.name != label:
        return None
    return Run(Path(labelled.row["id"]), "", curve, Diagnosis((symptom,)))


def _rank(run: Run) -> tuple[bool, bool, float]:
    return run.curve.length >= SHORTEST, _has_score(run.curve), run.verdict.confidence


def _has_score(curve: Curve) -> bool:
    score = curve.score
    # An R2 of -1e7 leaves nothing to see of the rest.
    return score is not None and score.kind is Kind.METRIC and abs(score.finite.values).max(initial=0) < 10
