"""The classification loss rises while the other losses of the run fall.

Looks like: of several validation losses (box, class, …) the one of the classes turns and rises; the others go on
falling or stay where they are.

Not meant: a total that rises with all of its parts (see overfitting); a class loss of 0 of a single class.

Usual causes: wrong or inconsistent labels, an unsuitable rate or batch, a model that learns the classes by heart.

In a search: lower the learning rate, a larger batch, less weight on the class loss.

For a person: audit the labels of the classes that score worst; look at the pairs most often confused; merge classes
that nobody can tell apart.

Thresholds: those of overfitting, with twice the rise, for the class loss alone; on 30 verified curves the class loss
rose by 16 % or more, all but two by half of its minimum and more. Such a rise harms the classes even where the score,
often one of the boxes, still climbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Kind, Series
from tuner.diagnosis import NAMED, Symptom
from tuner.remarks import OF_CLASSES
from tuner.symptoms import rising, trend

HEALTHY = False


@dataclass(frozen=True)
class Options(rising.Options):
    rise: float = 0.15  # share of the minimum: parts of a loss are noisier than their sum
    steep: float = 0.5  # share of the minimum from which on it harms the classes, whatever the score does
    climbs: float = 0.03  # share of its level that the score must have gained since, for the rise to do no harm
    total: float = 0.03  # share of its minimum that the total may have risen for the rise of a part to do no harm
    held: float = 0.03  # share of its level that another loss may have risen since


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a class loss that turned while the other losses of the same kind did not."""
    for kind in (Kind.VAL_LOSS, Kind.TRAIN_LOSS):
        parts = [s for s in curve.of_kind(kind) if s.bounded.any()]
        classes = [s for s in parts if OF_CLASSES.search(s.name)]
        total = curve.val_loss if kind is Kind.VAL_LOSS else curve.train_loss
        others = [s for s in parts if s not in classes and s is not total]
        for series in classes if others else ():
            turn = rising.turn(curve, series, options)
            if turn is not None and not any(_rose(other, turn.epoch, options) for other in others):
                harmless = turn.rise < options.steep and _harmless(curve, turn.epoch, options)
                return _symptom(curve, series, others[0], turn, harmless)
    return None


def _rose(series: Series, since: int, options: Options) -> bool:
    values = trend.clean(series)
    after = values[int(np.searchsorted(series.finite.epochs, since)) :]
    if len(after) < 3:
        return False
    return trend.median(after[-3:]) > trend.median(after[:3]) + options.held * abs(trend.median(after[:3]))


def _harmless(curve: Curve, since: int, options: Options) -> bool:
    """Tell whether the metric has got better since, and lately; or the total loss has not risen, without a metric."""
    score = curve.score
    if score is None or len(score.finite) < 6:
        return False
    if score.kind is not Kind.METRIC:
        loss = trend.clean(score)
        return trend.median(loss[-5:]) <= (1 + options.total) * float(loss.min())
    cost = trend.clean_cost(score)
    row = min(int(np.searchsorted(score.finite.epochs, since)), len(cost) - 3)
    then = trend.median(cost[max(0, row - 2) : row + 3])
    climbs = then - trend.median(cost[-5:]) > options.climbs * abs(then)
    stall = rising.stalled(curve, options)
    return (climbs and stall.epochs < 0.5 * stall.patience) or stall.lost <= options.gain


def _symptom(curve: Curve, series: Series, other: Series, turn: rising.Turn, harmless: bool) -> Symptom:
    values = trend.clean(other)
    then = float(values[min(int(np.searchsorted(other.finite.epochs, turn.epoch)), len(values) - 1)])
    return Symptom(
        name="class_loss_rising",
        since_epoch=turn.epoch,
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(turn.rise, 0.05),
        severity=0.4 if harmless else NAMED,
        evidence={
            "series": series.name,
            "lowest": turn.lowest,
            "now": turn.now,
            "rise": turn.rise,
            "other": other.name,
            "other_then": then,
            "other_now": float(values[-1]),
        },
        says=(
            "{series} rose {lowest:.3g} → {now:.3g} since epoch {since_epoch} "
            "while {other} went {other_then:.3g} → {other_now:.3g}",
        ),
    )


_E = np.arange(40.0)
_BOX = 0.5 + 0.95**_E
_CLASS = 0.6 + 0.6 * 0.7**_E + 0.012 * np.maximum(_E - 10, 0)


def _run(box: FloatArray, classes: FloatArray, score: FloatArray) -> Curve:
    epochs = np.arange(1, 41)
    columns = [("val/box_loss", Kind.VAL_LOSS, box), ("val/cls_loss", Kind.VAL_LOSS, classes)]
    columns += [("train/loss", Kind.TRAIN_LOSS, 2 * 0.95**_E), ("map", Kind.METRIC, score)]
    series = {name: Series(name, kind, epochs, values, kind is Kind.METRIC) for name, kind, values in columns}
    return Curve(series, objective="map", planned_epochs=40)


SEEN: Mapping[str, Curve] = {
    "score flat": _run(_BOX, _CLASS, 0.5 - 0.4 * 0.7**_E),
    "steep, while the score climbs": _run(_BOX, 2 * _CLASS - 0.6, 0.2 + 0.01 * _E),
    "score climbs (mild)": _run(_BOX, _CLASS, 0.2 + 0.01 * _E),
}
NOT_SEEN: Mapping[str, Curve] = {
    "both rise": _run(_CLASS, _CLASS, 0.5 - 0.4 * 0.7**_E),
    "both fall": _run(_BOX, _BOX, 0.2 + 0.01 * _E),
    "the box loss rises": _run(_CLASS, _BOX, 0.5 - 0.4 * 0.7**_E),
    "one class": _run(_BOX, np.zeros(40), 0.2 + 0.01 * _E),
}
