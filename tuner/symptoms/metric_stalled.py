"""The losses fall, but the score does not get better.

Looks like: training and validation loss go on falling for most of the run while the score is a horizontal line.

Not meant: a score that has nothing left to gain; a validation loss that is flat too (see generalization_gap).

Usual causes: loss and score measure different things; a late fall of a total loss is often only the regulariser
shrinking the weights.

In a search: stop early; lower the weight decay, if the fall is the regulariser's.

For a person: judge by the score and not by the total loss; log the parts of the loss one by one; check what the score
measures, and its threshold.

Thresholds: the losses must have lost a fair share of their first value over the time in which the score was flat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray
from tuner.diagnosis import NAMED, SURE, Symptom
from tuner.symptoms import trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.35  # of the planned epochs
    sure_share: float = 0.6  # of them
    wait_least: int = 12  # rows
    window: float = 0.6  # share of the rows, at the end
    train_fall: float = 0.15  # of the training loss over the window, as a share of its level there
    val_fall: float = 0.08  # of the validation loss
    of_first: float = 0.05  # share of the first loss: smaller falls near 0 do not count
    flat: float = 0.01  # gain of the score over the window, as a share of its level
    good_score: float = 0.93  # metrics above it (as a share of 1) have nothing left to gain


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See losses that fall while the score is flat."""
    metric = trend.metric(curve)
    train, val, score = trend.clean(curve.train_loss), trend.clean(curve.val_loss), trend.clean_cost(metric)
    if metric is None or min(len(train), len(score)) < trend.patience(curve, options.wait_share, options.wait_least):
        return None
    if metric.higher_is_better and trend.as_share(-float(score.min())) > options.good_score:
        return None
    if not _falls(train, options.train_fall, options) or (len(val) > 5 and not _falls(val, options.val_fall, options)):
        return None
    rows = int(options.window * len(score))
    line = trend.fit_line(score[-rows:])
    gained = trend.ratio(float(score[:-rows].min() - score[-rows:].min()), abs(line.level))
    if line.share < -options.flat or (line.falls(3.0) and line.share < -options.flat / 3) or gained > 2 * options.flat:
        return None
    sure = curve.length >= trend.patience(curve, options.sure_share, options.wait_least)
    return _symptom(
        curve, train, metric.name, -score if metric.higher_is_better else score, rows, SURE if sure else NAMED
    )


def _falls(loss: FloatArray, share: float, options: Options) -> bool:
    """Tell whether a loss surely falls over the window, by a share of its level and of its first value."""
    line = trend.fit_line(loss[-int(options.window * len(loss)) :])
    enough = -line.change >= max(share * abs(line.level), options.of_first * abs(float(loss[0])))
    return enough and line.falls(3.0)


def _symptom(curve: Curve, train: FloatArray, name: str, score: FloatArray, rows: int, severity: float) -> Symptom:
    start = max(0, len(train) - rows)
    return Symptom(
        name="metric_stalled",
        since_epoch=int(curve.epochs[max(0, curve.length - rows)]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(trend.ratio(float(train[start] - train[-1]), abs(float(train[start]))), 0.1),
        severity=severity,
        evidence={
            "series": name,
            "score_then": float(score[-rows]),
            "score_now": float(score[-1]),
            "train_then": float(train[start]),
            "train_now": float(train[-1]),
            "rows": rows,
        },
        says=(
            "{series} went {score_then:.3g} → {score_now:.3g} since epoch {since_epoch} "
            "while train loss fell {train_then:.3g} → {train_now:.3g}",
        ),
    )


_E = np.arange(50.0)
_LOSS = 0.5 + 3.0 * 0.97**_E
_FLAT = 0.6 - 0.3 * 0.6**_E

SEEN: Mapping[str, Curve] = {
    "losses fall": Curve.of(train_loss=_LOSS, val_loss=_LOSS, metrics={"acc": _FLAT}, planned_epochs=50),
    "no validation loss": Curve.of(train_loss=_LOSS, metrics={"acc": _FLAT}, planned_epochs=50),
}
NOT_SEEN: Mapping[str, Curve] = {
    "the score climbs": Curve.of(train_loss=_LOSS, val_loss=_LOSS, metrics={"acc": 0.3 + 0.005 * _E}),
    "a perfect score": Curve.of(train_loss=_LOSS, val_loss=_LOSS, metrics={"acc": _FLAT + 0.39}),
    "validation flat": Curve.of(train_loss=_LOSS, val_loss=0.5 + 3 * 0.5**_E, metrics={"acc": _FLAT}),
    "nothing falls any more": Curve.of(train_loss=0.5 + 3 * 0.5**_E, metrics={"acc": _FLAT}),
}
