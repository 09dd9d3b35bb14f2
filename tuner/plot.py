"""What a picture of a run shows, whoever draws it: losses, score and learning rate, and where things happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tuner import manual, words
from tuner.curve import Curve, Kind, Series

if TYPE_CHECKING:
    from tuner.diagnose import Run
    from tuner.diagnosis import Symptom

LOG_RATIO = 50.0
"""Positive values that span more than this are drawn on a logarithmic axis."""

BLUE, ORANGE, GREEN, PURPLE = "#4c78a8", "#e4812b", "#3f9b4f", "#9467bd"
RED, AMBER, GREY = "#d62f3c", "#b8860b", "#8a8a8a"
"""Colours that remain apart for most eyes, on white and on black."""

TERMINAL_COLORS = {BLUE: "bright_blue", ORANGE: "yellow", GREEN: "green", PURPLE: "magenta"}


@dataclass(frozen=True)
class Line:
    """A series as it is drawn."""

    label: str
    series: Series
    color: str


@dataclass(frozen=True)
class Panel:
    """Lines over one axis: losses, score or rate; ``log`` says that it is a logarithmic one."""

    kind: str
    name: str
    lines: tuple[Line, ...]
    log: bool


@dataclass(frozen=True)
class Mark:
    """The epoch at which a symptom began."""

    epoch: int
    label: str
    color: str


@dataclass(frozen=True)
class Best:
    """The best value of what the run is judged by; ``line`` is the label of the line it lies on."""

    line: str
    epoch: int
    value: float
    label: str


@dataclass(frozen=True)
class Picture:
    """One run: panels from top to bottom, where the symptoms began, the primary first, and the best epoch."""

    name: str
    title: str
    text: str
    panels: tuple[Panel, ...]
    marks: tuple[Mark, ...]
    best: Best | None
    color: str

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last epoch drawn; there is at least one line."""
        epochs = [line.series.epochs for panel in self.panels for line in panel.lines]
        return int(min(e[0] for e in epochs)), int(max(e[-1] for e in epochs))


def picture(run: Run, language: str = "en") -> Picture:
    """Return what there is to draw of a run."""
    verdict = run.verdict
    primary = color(verdict)
    state = "" if verdict.healthy else f" {manual.word('since epoch', language)} {verdict.since_epoch}"
    name = manual.of(verdict.name, language).title
    return Picture(
        name=words.plain(run.name),
        title=f"{name}{state} ({verdict.confidence:.2f})",
        text=words.plain(manual.phrases(verdict, language)),
        panels=tuple(_panels(run.curve, language)),
        marks=tuple(_marks(run.diagnosis.symptoms, language)),
        best=_best(run.curve, language),
        color=primary,
    )


def color(symptom: Symptom) -> str:
    return GREEN if symptom.healthy else RED if symptom.harmful else AMBER


def is_log(lines: Iterable[Line]) -> bool:
    """Tell whether a logarithmic axis shows these lines better: all positive, over a wide range."""
    values = np.concatenate([line.series.finite.values for line in lines] or [np.empty(0)])
    return bool(len(values) and values.min() > 0 and values.max() / values.min() > LOG_RATIO)


def _panels(curve: Curve, language: str) -> Iterable[Panel]:
    for kind, name, lines in (
        ("loss", "loss", _losses(curve, language)),
        ("score", "score", _score(curve)),
        ("rate", "learning rate", _rate(curve, language)),
    ):
        drawn = tuple(line for line in lines if len(line.series.finite))
        if drawn:
            yield Panel(kind, manual.word(name, language), drawn, is_log(drawn) and kind != "score")


def _losses(curve: Curve, language: str) -> list[Line]:
    train, val = curve.train_loss, curve.val_loss
    lines = [] if train is None else [Line(manual.word("train loss", language), train, BLUE)]
    return lines if val is None else [*lines, Line(manual.word("val loss", language), val, ORANGE)]


def _score(curve: Curve) -> list[Line]:
    score = curve.score
    if score is None or any(score is loss for loss in (curve.train_loss, curve.val_loss)):
        return []
    return [Line(words.plain(score.name), score, GREEN)]


def _rate(curve: Curve, language: str) -> list[Line]:
    rates = [rate for rate in curve.of_kind(Kind.LEARNING_RATE) if len(rate.finite) > 1]
    # The groups of an optimizer mostly share one schedule: the first that moves tells it.
    moving = [rate for rate in rates if np.ptp(rate.finite.values) > 0]
    return [Line(manual.word("learning rate", language), rate, PURPLE) for rate in (moving or rates)[:1]]


def _marks(symptoms: Sequence[Symptom], language: str) -> Iterable[Mark]:
    for i, symptom in enumerate(symptoms):
        if i == 0 or not symptom.healthy:
            yield Mark(symptom.since_epoch, manual.of(symptom.name, language).title, color(symptom))


def _best(curve: Curve, language: str) -> Best | None:
    score = curve.score
    best = score.best() if score is not None else None
    if score is None or best is None:
        return None
    lines = [*_score(curve), *_losses(curve, language)]
    label = next((line.label for line in lines if line.series is score), words.plain(score.name))
    return Best(label, *best, manual.word("best", language))
