"""The training loss, or the objective itself, has become NaN or infinite and stays so.

Looks like: the curve vanishes. The weights are gone, and no later epoch brings them back.

Not meant: one infinite cell in a validation loss (an overflow in mixed precision), a validation loss that is NaN
throughout while the score is fine, or a single infinite training loss whose step the gradient scaler skipped.
Real detector logs are full of these, and the runs end well.

Usual causes: a learning rate that is too high, overflow in mixed precision, a logarithm or division in the loss.

In a search: lower the learning rate, turn mixed precision off, clip gradients.

For a person: look for a logarithm, a root or a division in the loss that can meet 0; check inputs and labels for NaN
and for empty targets; find the first operation that gives NaN, with the anomaly detection of the framework.

Thresholds: one NaN is enough in the training loss, because the mean over an epoch is NaN only once a forward pass
was. An infinity must last, because a skipped step leaves one behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, Series
from tuner.diagnosis import Symptom

HEALTHY = False


@dataclass(frozen=True)
class Options:
    nan_rows: int = 1  # a NaN mean over an epoch means NaN weights: waiting saves nothing
    inf_rows: int = 3  # isolated infinite cells last one epoch in every real log seen
    objective_rows: int = 5  # F1 and AP are NaN in early epochs while nothing is predicted yet


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a training loss or objective that is not finite any more."""
    train, score = curve.train_loss, curve.score
    lost = _trailing(train)
    if train is not None and lost >= _needed(train, lost, score, options):
        return _symptom(curve, "train loss", train, lost, severity=1.0)
    lost = _trailing(score)
    if score is not None and lost >= options.objective_rows:
        return _symptom(curve, score.name, score, lost, severity=0.7)
    return None


def _trailing(series: Series | None) -> int:
    """Count the rows at the end that are not finite."""
    if series is None or not len(series):
        return 0
    finite = np.isfinite(series.values[::-1])
    return int(np.argmax(finite)) if finite.any() else len(finite)


def _needed(train: Series, lost: int, score: Series | None, options: Options) -> int:
    if lost and (np.isnan(train.values[-lost:]).any() or _trailing(score)):
        return options.nan_rows
    return options.inf_rows


def _symptom(curve: Curve, name: str, series: Series, lost: int, severity: float) -> Symptom:
    since = int(series.epochs[-lost])
    epoch = int(curve.epochs[-1])
    evidence: dict[str, float | int | str] = {"series": name, "rows": lost, "value": str(series.values[-1])}
    says = "{series} has been {value} from its first epoch on"
    if len(series) > lost:
        evidence["last_finite"] = float(series.values[-lost - 1])
        says = "{series} has been {value} since epoch {since_epoch}, after {last_finite:.3g}"
    return Symptom(
        name="nan",
        since_epoch=since,
        epoch=epoch,
        confidence=1 - 0.5 ** (lost + 1),
        severity=severity,
        evidence=evidence,
        says=(says,),
    )


_FALLING = 2.0 * 0.9 ** np.arange(20)
_GONE = np.where(np.arange(20) < 12, _FALLING, np.nan)
_ONE_CELL = np.where(np.arange(20) == 12, np.inf, _FALLING)

SEEN: Mapping[str, Curve] = {
    "train loss gone": Curve.of(train_loss=_GONE, val_loss=_GONE, planned_epochs=50),
    "gone from the start": Curve.of(train_loss=[np.nan]),
    "train loss stays infinite": Curve.of(train_loss=np.where(np.arange(20) < 12, _FALLING, np.inf)),
    "objective gone": Curve.of(train_loss=_FALLING, metrics={"f1": _GONE}, objective="f1"),
}
NOT_SEEN: Mapping[str, Curve] = {
    "one infinite validation cell": Curve.of(train_loss=_FALLING, val_loss=_ONE_CELL),
    "infinite validation cell in the last row": Curve.of(train_loss=_FALLING, val_loss=[*_FALLING[:-1], np.inf]),
    "one infinite training cell": Curve.of(train_loss=[*_FALLING[:-1], np.inf], val_loss=_FALLING),
    "validation NaN throughout, score fine": Curve.of(
        train_loss=_FALLING, val_loss=np.full(20, np.nan), metrics={"map": 1 - _FALLING / 2}
    ),
    "recovered": Curve.of(train_loss=np.where(np.arange(20) == 5, np.nan, _FALLING)),
}
