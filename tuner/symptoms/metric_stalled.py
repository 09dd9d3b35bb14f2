"""The losses fall, but the score does not get better.

Looks like: training and validation loss go on falling for most of the run while the score is a horizontal line.

Not meant: a score that has nothing left to gain; a validation loss that is flat too (see generalization_gap).

Usual causes: loss and score measure different things; a late fall of a total loss is often only the regulariser
shrinking the weights.

In a search: stop early; lower the weight decay, if the fall is the regulariser's.

For a person: judge by the score and not by the total loss; log the parts of the loss one by one; check what the score
measures, and its threshold.

Thresholds: a seventh of the whole fall, and 4 % of it in the second half, must lie where the score has stalled; a
sound run whose score was at its best as early had 1 % left there. Where a loss began in the hundreds, three
tenths of what was left then are enough. A score moves by single samples on a small set, so one sample is no gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Series
from tuner.diagnosis import NAMED, SURE, Symptom
from tuner.symptoms import fine_tuning, trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.2  # of the planned epochs
    sure_share: float = 0.85  # of them: scores of sound runs were seen to move again after a long rest
    wait_least: int = 12  # rows
    stalled: float = 0.4  # share of the rows, at the end, in which the score has not got better
    gain: float = 0.015  # share of its level by which a score gets better
    room: float = 0.1  # share of what is left to gain, where that is less than the level
    fall: float = 0.15  # share of the whole fall of a loss that must lie where the score has stalled
    late: float = 0.04  # share of it that must lie in the second half of the rows
    poor_fall: float = 0.03  # the same where the score is poor
    poor: float = 0.5  # as a share of 1
    level: float = 0.22  # share of its level that a loss must have lost since, where the score is poor
    fair_level: float = 0.42  # the same where it is not: losses of sound runs go on falling while a good score rests
    low_level: float = 0.25  # the same where a run began with a good score
    low: float = 1.5  # first training loss; beyond it a good first score says that more than the task is in the loss
    steep: float = 0.3  # share of its level then, and half of it since the middle, which is enough of a fall as well
    fair: float = 0.8  # as a share of 1: below it, as a good score can rest while a loss goes to 0
    unsure: float = 0.03  # jumps of a score, as a share of 1, that hide a trend where no validation loss is logged
    good: float = 0.9  # as a share of 1, for a run that began with a good score
    perfect: float = 0.98  # as a share of 1: above it there is nothing left to gain


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See losses that fall while the score is flat."""
    metric = trend.metric(curve)
    train, val, cost = trend.clean(curve.train_loss), trend.clean(curve.val_loss), trend.clean_cost(metric)
    if metric is None or min(len(train), len(cost)) < trend.patience(curve, options.wait_share, options.wait_least):
        return None
    shares = trend.shares(metric)
    best = float(shares.max()) if len(shares) else 0.0
    low = fine_tuning.began_low(curve) and float(train[0]) <= options.low
    if best > (options.good if low else options.perfect):
        return None
    row = _stalls(metric, cost, options)
    if len(cost) - row < options.stalled * len(cost):
        return None
    poor = len(shares) > 0 and best < options.poor
    share, late = (options.poor_fall, 0.0) if poor else (options.fall, options.late)
    fair = len(shares) > 0 and best < options.fair and len(val) > 5
    steep = options.steep if fair else np.inf
    losses = [loss for loss in (train, val) if len(loss) > 5]
    if len(losses) < 2 and trend.jumps(cost) / trend.whole(metric) > options.unsure:
        return None
    level = options.low_level if low else options.level if poor else options.fair_level
    if not all(_falls(loss, row * len(loss) // len(cost), (share, late), level, steep) for loss in losses):
        return None
    sure = curve.length >= trend.patience(curve, options.sure_share, options.wait_least)
    return _symptom(curve, train, metric, row, SURE if sure else NAMED)


def _stalls(metric: Series, cost: FloatArray, options: Options) -> int:
    """Return the row since which a score has not got better by more than noise; the last where it creeps on."""
    level = abs(trend.median(cost))
    room = trend.room(metric, level)
    gain = max(options.gain * level if room == level else options.room * room, 1.01 * trend.one_sample(cost))
    row = trend.last_gain(trend.running_median(cost, 5), max(gain, 2 * trend.jitter(cost)))
    return len(cost) - 1 if -trend.fit_line(cost[row:]).change > 1.5 * gain else row


def _falls(loss: FloatArray, row: int, shares: tuple[float, float], level: float, steep: float) -> bool:
    """Tell whether good shares of the fall of a loss lie after ``row`` and in the second half, or it falls steeply."""
    end, then = trend.median(loss[-3:]), trend.median(loss[max(0, row - 1) : row + 2])
    half = trend.median(loss[len(loss) // 2 :][:3])
    whole = float(loss[: max(1, row)].max()) - end
    if whole <= 0 or then - end < level * abs(then) or then - end < 3 * trend.jitter(loss):
        return False
    # Where a loss began in the hundreds, a tenth of what is left can be less than a hundredth of the whole.
    if then - end >= steep * abs(then) and half - end >= steep / 2 * abs(half):
        return True
    return then - end >= shares[0] * whole and half - end >= shares[1] * whole


def _symptom(curve: Curve, train: FloatArray, metric: Series, row: int, severity: float) -> Symptom:
    score = trend.clean(metric)
    then = float(train[min(len(train) - 1, row * len(train) // len(score))])
    return Symptom(
        name="metric_stalled",
        since_epoch=int(metric.finite.epochs[row]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(trend.ratio(then - float(train[-1]), abs(then)), 0.1),
        severity=severity,
        evidence={
            "series": metric.name,
            "score_then": float(score[row]),
            "score_now": trend.median(score[-3:]),
            "train_then": then,
            "train_now": float(train[-1]),
            "rows": len(score) - row,
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
    "from the hundreds down to little": Curve.of(
        train_loss=140 * 0.85**_E + 1.3 * 0.99**_E,
        val_loss=140 * 0.85**_E + 1.3 * 0.985**_E,
        metrics={"acc": _FLAT - 0.15},
        planned_epochs=50,
    ),
    "no validation loss": Curve.of(train_loss=_LOSS, metrics={"acc": _FLAT}, planned_epochs=50),
}
NOT_SEEN: Mapping[str, Curve] = {
    "too noisy to tell, and no validation loss": Curve.of(
        train_loss=_LOSS, metrics={"acc": _FLAT + 0.08 * np.sin(2.9 * _E)}, planned_epochs=50
    ),
    "the score climbs": Curve.of(train_loss=_LOSS, val_loss=_LOSS, metrics={"acc": 0.3 + 0.005 * _E}),
    "a perfect score": Curve.of(train_loss=_LOSS, val_loss=_LOSS, metrics={"acc": _FLAT + 0.4}),
    "validation flat": Curve.of(train_loss=_LOSS, val_loss=0.5 + 3 * 0.5**_E, metrics={"acc": _FLAT}),
    "nothing falls any more": Curve.of(train_loss=0.5 + 3 * 0.5**_E, metrics={"acc": _FLAT}),
}
