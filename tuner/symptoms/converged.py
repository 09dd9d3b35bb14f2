"""Training loss, validation loss and score have become flat together, and no gap opens between them.

Looks like: horizontal lines at the end of a fall. Small jitter on little data is normal.

Not meant: lines that look flat only because the first epochs set the scale; lines that jitter widely, since a
decaying learning rate calms the jitter and the level falls with it; lines that never fell (see not_learning).

In a search: nothing is wrong; what is left of the plan may be spent on another trial. Where others score better, a
smaller batch or a larger model.

For a person: compare the score with a known-good baseline; look at the classes that score worst; keep the best and the
last weights.

Thresholds: a run has to be flat for a quarter of its plan, and calm, because recorded runs under a cosine schedule
gained most while the rate came down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Series
from tuner.diagnosis import Symptom
from tuner.symptoms import trend

HEALTHY = True


@dataclass(frozen=True)
class Options:
    window_share: float = 0.25  # of the planned epochs
    window_least: int = 10  # epochs: a trend over fewer is not told from jitter
    flat: float = 0.01  # share of the level (score, val loss) that may change from end to end of the window
    creep: float = 0.003  # share of the level below which even a sure improvement is not worth its epochs
    sigmas: float = 3.0  # standard errors: an improvement beyond them is sure
    moved: float = 3.0  # times the gain so far stand in for a level that hardly moved, such as 0.69 -> 0.60
    train_flat: float = 0.01  # share of the fall so far that the training loss may still change
    calm: float = 0.03  # jitter as a share of the level; more of it can still be calmed by a lower rate
    learned: float = 0.1  # share of the first loss that must have gone: flat from the start is another matter


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See all that was logged flat and calm after it had moved."""
    rows = trend.patience(curve, options.window_share, options.window_least)
    if curve.length < rows + 2:
        return None
    seen = {}
    for series in (curve.val_loss, curve.score):
        values = trend.tail(series, curve, rows)
        if series is not None and len(values) >= min(rows // 2, 5):
            seen[series.name] = trend.fit_line(values)
            if not _still(values, seen[series.name], _scale(series, options), options):
                return None
    train = trend.clean_cost(curve.train_loss)
    if not _train_flat(train, rows, options) or not seen or not _moved(curve, options):
        return None
    return _symptom(curve, seen, rows)


def _still(values: FloatArray, line: trend.Line, scale: float, options: Options) -> bool:
    """Tell whether values neither go anywhere, not even slowly but surely, nor jitter widely."""
    scale = min(abs(line.level), scale)
    creeps = line.falls(options.sigmas) and -line.change > options.creep * scale
    return abs(line.change) <= options.flat * scale and trend.jitter(values) <= options.calm * scale and not creeps


def _scale(series: Series, options: Options) -> float:
    """Return what a change is measured by where a run has hardly moved from its first value."""
    cost = trend.clean_cost(series)
    return options.moved * float(cost[0] - cost.min())


def _train_flat(train: FloatArray, rows: int, options: Options) -> bool:
    """Tell whether the training loss is flat, measured by its fall so far; True where none is logged."""
    if len(train) < 3:
        return True
    # The first rows set a scale of their own, after which everything looks flat.
    fall = trend.median(train[1:4]) - trend.median(train[-3:])
    line = trend.fit_line(train[-rows:])
    return abs(line.change) <= max(options.train_flat * max(fall, abs(line.level)), 1e-200)


def _moved(curve: Curve, options: Options) -> bool:
    """Tell whether anything was learned at all."""
    for series in (curve.train_loss, curve.val_loss, curve.score):
        cost = trend.clean_cost(series)
        if len(cost) and cost[0] - cost.min() > options.learned * abs(cost[0]):
            return True
    return False


def _symptom(curve: Curve, seen: Mapping[str, trend.Line], rows: int) -> Symptom:
    name, line = max(seen.items(), key=lambda item: abs(item[1].share))
    return Symptom(
        name="converged",
        since_epoch=int(curve.epochs[-rows]),
        epoch=int(curve.epochs[-1]),
        confidence=1 - trend.confidence(abs(line.share), 0.01),
        severity=0.0,
        evidence={"epochs": rows, "series": name, "change": line.change, "change_share": line.share},
        says=("all flat for {epochs} epochs: {series} changed most, by {change_share:.2%}",),
        healthy=True,
    )


_E = np.arange(50.0)
_FALLS = 2.0 * 0.8**_E + 0.3
_JITTER = 0.002 * np.sin(7.3 * _E)
_SCORE = 0.8 - 0.7 * 0.8**_E

SEEN: Mapping[str, Curve] = {
    "losses flat": Curve.of(train_loss=_FALLS + _JITTER, val_loss=_FALLS + 0.1 - _JITTER, planned_epochs=60),
    "score flat": Curve.of(train_loss=_FALLS, val_loss=_FALLS, metrics={"acc": _SCORE + _JITTER}, planned_epochs=60),
}
NOT_SEEN: Mapping[str, Curve] = {
    "still falling": Curve.of(train_loss=_FALLS, val_loss=0.3 + 0.95**_E, planned_epochs=60),
    "flat only on the scale of the first epoch": Curve.of(
        train_loss=np.r_[50.0, 1 - 0.01 * _E], val_loss=np.r_[50.0, 1 - 0.01 * _E], planned_epochs=60
    ),
    "jitters widely": Curve.of(train_loss=_FALLS, val_loss=_FALLS + 50 * _JITTER, planned_epochs=60),
    "never moved": Curve.of(train_loss=np.full(50, 2.3), val_loss=np.full(50, 2.3), planned_epochs=60),
    "a gap opens": Curve.of(train_loss=_FALLS, val_loss=_FALLS + 0.005 * _E, planned_epochs=60),
}
