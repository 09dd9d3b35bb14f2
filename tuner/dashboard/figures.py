"""The plots of a study beside the dashboard's own: what was reached, why trials ended, what remedies were worth."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from tuner import words
from tuner.plot import AMBER, BLUE, GREEN, GREY, ORANGE, PURPLE, RED
from tuner.record import Record, usable_score
from tuner.report_html import curves
from tuner.report_html.content import Content, outcome

COLORS = {
    "finished": GREEN,
    "stopped": AMBER,
    "pruned": RED,
    "failed": PURPLE,
    "left": GREY,
    "running": BLUE,
    "paused": GREY,
    "waiting": GREY,
}
MOST_CURVES = 100
"""More lines than this are a blot, and the page fetches them again with every look."""


def of(content: Content) -> Iterator[tuple[str, Any]]:
    """Yield the name and the Plotly figure of every plot that has something to show."""
    if any(r.score is not None for r in content.report.trials):
        yield "tuner-progress", progress(content)
    if any(seen.curve.score is not None for seen in content.seen.values()):
        yield "tuner-curves", scores(content)
    if any(worth.pairs for worth in content.report.worth):
        yield "tuner-remedies", remedies(content)


def progress(content: Content) -> Any:
    """Return every trial's score over the epochs spent until its end, and the best so far."""
    figure, spent, points = go.Figure(), 0, []
    for record in content.report.trials:
        spent += record.trained_epochs
        if record.score is not None:
            points.append((spent, record))
    for kind in dict.fromkeys(outcome(r) for _, r in points):
        mine = [(at, r) for at, r in points if outcome(r) == kind]
        figure.add_trace(
            go.Scatter(
                x=[at for at, _ in mine],
                y=[r.score for _, r in mine],
                mode="markers",
                name=kind,
                marker={"color": COLORS[kind], "size": 9},
                text=[_hover(r) for _, r in mine],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    at, best = _best_so_far(content, points)
    figure.add_trace(go.Scatter(x=at, y=best, mode="lines", name="best so far", line={"color": ORANGE, "shape": "hv"}))
    return _dressed(figure, "What was reached, and how each trial ended", "epochs spent", content.report.objective)


def scores(content: Content) -> Any:
    """Return the score of each trial over its epochs, with a cross where the symptom that ended it began."""
    figure = go.Figure()
    named: set[str] = set()
    for record in content.report.trials[-MOST_CURVES:]:
        series = content.seen[record.number].curve.score
        if series is None or not len(series):
            continue
        kind = outcome(record)
        line = {"color": COLORS[kind], "width": 1.5}
        points = curves.points(series)
        epochs = points.get("epochs") or [points["from"] + i for i in range(len(points["values"]))]
        since = record.ending.since_epoch if record.ending else None
        figure.add_trace(
            go.Scatter(
                x=epochs,
                y=points["values"],
                mode="lines+markers",
                name=kind,
                legendgroup=kind,
                showlegend=kind not in named,
                line=line,
                marker={"symbol": "x", "size": [9 if e == since else 0 for e in epochs], "color": COLORS[kind]},
                text=_hover(record),
                hovertemplate="epoch %{x}: %{y:.4g}<br>%{text}<extra></extra>",
            )
        )
        named.add(kind)
    return _dressed(figure, "Every trial's score; × where what ended it began", "epoch", content.report.objective)


def remedies(content: Content) -> Any:
    """Return the score of each remedied trial beside that of the trial it was made of."""
    figure = go.Figure()
    for worth, color in zip(content.report.worth, _colors(len(content.report.worth)), strict=True):
        x = [end for p in worth.pairs for end in ("before", "after", None)]
        y = [end for p in worth.pairs for end in (p.parent_score, p.child_score, None)]
        text = [f"trial {p.parent} → {p.child}: {p.gain:+.4g}" for p in worth.pairs for _ in range(3)]
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines+markers",
                name=html.escape(worth.remedy),
                line={"color": color},
                text=text,
                hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            )
        )
    return _dressed(figure, "What remedies were worth: a trial and the one made of it", "", content.report.objective)


def _best_so_far(content: Content, points: Sequence[tuple[int, Record]]) -> tuple[list[int], list[float]]:
    at: list[int] = []
    best: list[float] = []
    for spent, record in points:
        score = usable_score(record)
        if score is not None:
            at.append(spent)
            best.append(score if not best or content.sign * (score - best[-1]) > 0 else best[-1])
    return at, best


def _hover(record: Record) -> str:
    """Return what became of a trial, on lines that fit a tooltip."""
    said, lines = html.escape(words.sentence(record)).split(), [""]
    for word in said:
        if len(lines[-1]) + len(word) > 70:
            lines.append("")
        lines[-1] += f" {word}"
    return "<br>".join(line.strip() for line in lines[:6])


def _colors(count: int) -> list[str]:
    palette = (BLUE, ORANGE, GREEN, PURPLE, RED, AMBER, GREY)
    return [palette[i % len(palette)] for i in range(count)]


def _dressed(figure: Any, title: str, x: str, y: str) -> Any:
    pale = "rgba(128, 128, 128, 0.25)"
    axis = {"gridcolor": pale, "zeroline": False}
    figure.update_layout(
        title={"text": title, "font": {"size": 16}},
        xaxis={**axis, "title": {"text": x}},
        yaxis={**axis, "title": {"text": html.escape(words.plain(y))}},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"color": GREY},  # read on white and on black: the page does not say which it shows
        margin={"l": 60, "r": 20, "t": 50, "b": 45},
    )
    return figure
