"""Validation jumps far more than training does, with no trend to explain it.

Looks like: a smooth training loss, and a validation loss or score that goes up and down by a good part of its level.

Not meant: a validation loss that rises (see overfitting); training that jumps as well (see oscillating).

Usual causes: a validation set that is too small, or a small random draw of it in every epoch.

In a search: nothing; scores that differ by less than the jumps cannot be told apart.

For a person: give validation about 20 % of the data, and always the same part; draws of fewer than about 3,000 samples
were found unstable; compare runs by a mean over their last epochs instead of their best one.

Thresholds: jumps are the standard deviation around a straight line through three neighbours, as a share of the level.
Of 123 verified sound runs one jumped by more than 0.05 in validation (0.06), and the verified ones by 0.14 or more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Kind, Series
from tuner.diagnosis import NAMED, Symptom
from tuner.symptoms import trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.6  # of the planned epochs: the first steps jump
    wait_least: int = 15  # rows
    settle: float = 0.2  # share of the rows left out at the start
    times: float = 2.5  # as high as the jumps of the training loss
    loss_height: float = 0.1  # of the validation loss, as a share of its level
    score_height: float = 0.03  # of the score, on a scale of 0 … 1
    calm: float = 0.13  # jumps of the training loss, as a share of its level, beyond which it is not smooth
    near_zero: float = 0.1  # of the first training loss
    trend: float = 8.0  # times the jumps: a fall over the second half beyond it explains more than they hide


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a validation curve that jumps while the training loss is smooth."""
    train = _settled(curve.train_loss, options)
    if curve.length < trend.patience(curve, options.wait_share, options.wait_least) or not len(train):
        return None
    # Near 0 every jump is a large share of the level.
    level = max(abs(trend.median(train)), options.near_zero * float(trend.clean(curve.train_loss)[0]))
    smooth = trend.ratio(trend.jumps(train), level)
    if smooth > options.calm:
        return None
    found = [_look(series, smooth, options) for series in (curve.val_loss, curve.score)]
    seen = [f for f in found if f is not None]
    if not seen:
        return None
    series, height, times = max(seen, key=lambda f: f[2])
    return _symptom(curve, series, height, smooth, times)


def _settled(series: Series | None, options: Options) -> FloatArray:
    values = trend.clean(series)
    return values[int(options.settle * len(values)) :]


def _look(series: Series | None, smooth: float, options: Options) -> tuple[Series, float, float] | None:
    """Return a series that jumps, how high, and how many times as high as the training loss."""
    values = _settled(series, options)
    if series is None or len(values) < options.wait_least / 2:
        return None
    if series.kind is Kind.METRIC:
        level, least = trend.whole(series), options.score_height
    else:
        level, least = abs(trend.median(values)), options.loss_height
    # A decaying rate calms jumps that come from it, but not those of a small validation set.
    late = trend.jumps(values[-max(8, len(values) // 3) :])
    if trend.ratio(late, level) < least:
        return None
    jump = min(late, trend.jumps(values))
    height = trend.ratio(jump, level)
    times = trend.ratio(height, max(smooth, least / options.times))
    if (
        height < least
        or times < options.times
        or abs(trend.fit_line(values[len(values) // 2 :]).change) > options.trend * jump
    ):
        return None
    return series, height, times


def _symptom(curve: Curve, series: Series, height: float, smooth: float, times: float) -> Symptom:
    return Symptom(
        name="noisy_validation",
        since_epoch=int(series.finite.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(times, 2.0),
        severity=NAMED,
        evidence={"series": series.name, "height": height, "train_height": smooth},
        says=("{series} jumps by {height:.1%} from epoch to epoch while train loss jumps by {train_height:.1%}",),
    )


_E = np.arange(40.0)
_TRAIN = 0.5 * 0.95**_E + 0.3
_NOISE = np.random.default_rng(3).normal(0, 1, 40)

SEEN: Mapping[str, Curve] = {
    "val loss": Curve.of(train_loss=_TRAIN, val_loss=0.5 + 0.1 * _NOISE, planned_epochs=40),
    "jumps on its way down": Curve.of(
        train_loss=_TRAIN, val_loss=(0.3 + 2 * 0.9**_E) * np.exp(0.2 * _NOISE), planned_epochs=40
    ),
    "score": Curve.of(
        train_loss=_TRAIN, val_loss=0.4 + 0.0 * _E, metrics={"acc": 0.7 + 0.06 * _NOISE}, planned_epochs=40
    ),
}
NOT_SEEN: Mapping[str, Curve] = {
    "calm": Curve.of(train_loss=_TRAIN, val_loss=0.5 + 0.005 * _NOISE),
    "both jump": Curve.of(train_loss=_TRAIN * (1 + 0.2 * _NOISE), val_loss=0.5 + 0.1 * _NOISE),
    "a trend explains it": Curve.of(train_loss=_TRAIN, val_loss=2 * 0.9**_E + 0.01 * _NOISE),
}
