"""Draw runs with Plotly as one page that needs no network, light or dark as the reader's system is."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs
from plotly.subplots import make_subplots

from tuner.plot import BLUE, GREEN, GREY, Picture

HEIGHTS = {"loss": 240, "score": 170, "rate": 90}
PAGE = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
  :root {{ --paper: #ffffff; --ink: #222222; --pale: #767676; }}
  @media (prefers-color-scheme: dark) {{ :root {{ --paper: #16181c; --ink: #e4e4e4; --pale: #9a9a9a; }} }}
  body {{ background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto;
         max-width: 1100px; padding: 0 1rem; }}
  section + section {{ margin-top: 2.5rem; }}
  h2 {{ font-size: 1.25rem; margin: 0; }}
  p {{ margin: .2rem 0 .4rem; }}
  .name {{ color: var(--pale); font-size: .85rem; overflow-wrap: anywhere; }}
  .js-plotly-plot text {{ fill: var(--ink) !important; }}
  .js-plotly-plot .hovertext text {{ fill: #222222 !important; }}
</style>
<script>{script}</script>
</head>
<body>
{sections}
</body>
</html>
"""
SECTION = """\
<section>
<div class="name">{name}</div>
<h2 style="color: {color}">{title}</h2>
<p>{text}</p>
{figure}
</section>
"""


def page(pictures: Sequence[Picture], language: str) -> str:
    """Return the page as text."""
    title = (
        f"{pictures[0].title} · {pictures[0].name}" if len(pictures) == 1 else f"tuner diagnose: {len(pictures)} runs"
    )
    sections = "\n".join(_section(picture) for picture in pictures)
    return PAGE.format(language=language, title=html.escape(title), script=get_plotlyjs(), sections=sections)


def _section(picture: Picture) -> str:
    figure = ""
    if picture.panels:
        config = {"displaylogo": False, "responsive": True}
        figure = _figure(picture).to_html(full_html=False, include_plotlyjs=False, config=config)
    return SECTION.format(
        name=html.escape(picture.name),
        color=picture.color,
        title=html.escape(picture.title),
        text=html.escape(picture.text),
        figure=figure,
    )


def _figure(picture: Picture) -> Any:
    heights = [HEIGHTS[panel.kind] for panel in picture.panels]
    figure = make_subplots(
        rows=len(heights), cols=1, shared_xaxes=True, vertical_spacing=0.04, row_heights=[float(h) for h in heights]
    )
    for row, panel in enumerate(picture.panels, 1):
        for line in panel.lines:
            series, name = line.series.finite, html.escape(line.label)
            trace = go.Scatter(
                x=series.epochs.tolist(), y=series.values.tolist(), name=name, line={"color": line.color, "width": 2}
            )
            figure.add_trace(trace, row=row, col=1)
        best = picture.best
        if best is not None and best.line in [line.label for line in panel.lines]:
            figure.add_trace(_star(picture), row=row, col=1)
        figure.update_yaxes(
            title_text=html.escape(panel.name),
            type="log" if panel.log else "linear",
            row=row,
            col=1,
            exponentformat="power",
            dtick=1 if panel.log else None,
        )
    figure.update_xaxes(title_text="epoch", row=len(heights), col=1)
    _marks(figure, picture)
    _dress(figure, sum(heights) + 90)
    return figure


def _star(picture: Picture) -> Any:
    best = picture.best
    assert best is not None
    marker = {"symbol": "star", "size": 14, "color": "#e8b004", "line": {"width": 1, "color": GREY}}
    name = html.escape(f"{best.label} {best.value:.4g} @ {best.epoch}")
    return go.Scatter(x=[best.epoch], y=[best.value], mode="markers", name=name, marker=marker)


def _marks(figure: Any, picture: Picture) -> None:
    """Shade what the primary symptom spans, and name where each began."""
    first, last = picture.ends
    sick = [mark for mark in picture.marks if mark.color != GREEN]
    for i, mark in enumerate(sick):
        if mark is picture.marks[0] and mark.epoch > first:
            figure.add_vrect(x0=mark.epoch, x1=last, fillcolor=mark.color, opacity=0.09, line_width=0)
        if mark.epoch > first:
            figure.add_vline(x=mark.epoch, line={"color": mark.color, "width": 1, "dash": "solid" if i == 0 else "dot"})
        figure.add_annotation(
            x=mark.epoch,
            y=1,
            yref="paper",
            yshift=-15 * i,
            yanchor="top",
            xanchor="left" if 2 * mark.epoch < last else "right",
            text=html.escape(f"{mark.epoch}: {mark.label}"),
            showarrow=False,
            font={"color": mark.color},
        )


def _dress(figure: Any, height: int) -> None:
    pale = "rgba(128, 128, 128, 0.25)"
    figure.update_xaxes(gridcolor=pale, zeroline=False, linecolor=GREY)
    figure.update_yaxes(gridcolor=pale, zeroline=False, linecolor=GREY)
    figure.update_layout(
        height=height,
        modebar={"bgcolor": "rgba(0, 0, 0, 0)", "color": GREY, "activecolor": BLUE},
        margin={"l": 60, "r": 20, "t": 20, "b": 45},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        hovermode="x unified",
        hoverlabel={"bgcolor": "#ffffff", "font": {"color": "#222222"}},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
    )
