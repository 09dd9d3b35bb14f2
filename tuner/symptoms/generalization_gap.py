"""The training loss falls while validation hovers, far from it, without falling.

Looks like: two lines that part early: one goes down, the other stays where it is, neither falling nor clearly rising.

Not meant: a gap that is left after both have fallen, which every sound run on little data has; a validation loss that
turns and rises (see overfitting).

Usual causes: training and validation data come from different distributions: other scenes, sensors, preprocessing.

In a search: lower the learning rate.

For a person: look at the split and at some samples of both sides; check that both pass through the same preprocessing;
check for a domain shift.

Thresholds: measured from the higher of the two first losses, validation has gained less than half of what training
has gained, or less than two thirds and lies at three times the training loss; of 19 verified runs in between 16 did,
and of 7 sound ones, most of them on small tables and sequences, none that gained less than 0.58. It has gained less
than 0.56 of its first loss. Where it was lowest it already lay at 2.5 times the training loss, else a rise is
overfitting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner import remarks
from tuner.curve import Curve, FloatArray, Kind
from tuner.diagnosis import NAMED, Symptom
from tuner.symptoms import fine_tuning, trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.5  # of the planned epochs
    wait_least: int = 10  # epochs
    window: float = 0.6  # share of the rows, at the end, over which validation must hover
    train_gain: float = 0.3  # share of the higher first loss that training must have gained, and
    own_gain: float = 0.1  # of its own
    val_share: float = 0.48  # of that gain: validation must have gained less; or, far from training,
    val_share_far: float = 0.68
    val_gain: float = 0.56  # of its own first loss: a sound run on little data keeps a gap, but gains more
    far: float = 1.25  # times the training loss
    very_far: float = 3.0  # times the training loss; sound runs that had gained as little were nearer
    parted: float = 2.5  # times the training loss where validation was lowest: below it a rise is overfitting
    falls: float = 0.08  # share of its level that validation may lose over the window
    hover: float = 0.15  # share of its level that it may rise; more is overfitting
    leaves: float = 0.12  # share of its level that training falls by over the last two thirds, while
    rests: float = 0.06  # share of its level that validation moves by, very far from it: whatever it had gained
    stands: float = 0.03  # share of its level that validation moves by over the last half
    score_gain: float = 0.04  # of the score over the window, as a share of its level
    score_step: float = 0.03  # of the score over the window, for scores near 0


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a validation loss that hovers above a training loss that falls."""
    train, val = trend.clean(curve.train_loss), trend.clean(curve.val_loss)
    if fine_tuning.began_low(curve) or min(len(train), len(val)) < trend.patience(
        curve, options.wait_share, options.wait_least
    ):
        return None
    # Both are measured from one height: after one epoch validation may be as low already as it will ever be.
    start = max(float(train[0]), float(val[0]))
    val_gain = _gain(val, start)
    train = train[: remarks.augmented_rows(curve)]
    train_gain = _gain(train, start)
    if _gain(train, float(train[0])) < options.own_gain or train_gain < options.train_gain:
        return None
    level, below = trend.median(val[-5:]), trend.median(train[-5:])
    share = options.val_share_far if level > options.very_far * below else options.val_share
    if val_gain > min(options.val_gain, share * train_gain) and not _left(train, val, options):
        return None
    line = trend.fit_line(val[-int(options.window * len(val)) :])
    if not -options.falls <= line.share <= options.hover or level < options.far * below:
        return None
    lowest = int(np.argmin(val))
    rise = trend.ratio(level - float(val[lowest]), abs(float(val[lowest])))
    at = min(len(train) - 1, lowest * len(train) // len(val))
    if rise > options.hover or (lowest > 0.1 * len(val) and rise > 0.05 and val[lowest] < options.parted * train[at]):
        return None
    if curve.score is not None and curve.score.kind is Kind.METRIC:
        score = trend.clean_cost(curve.score)
        line = trend.fit_line(score[-int(options.window * len(score)) :])
        if len(score) > 4 and -line.change > max(options.score_gain * abs(line.level), options.score_step):
            return None
    return _symptom(curve, train, val, (train_gain, val_gain))


def _left(train: FloatArray, val: FloatArray, options: Options) -> bool:
    """Tell whether training went on, very far from a validation loss that has rested for two thirds of the rows.

    Of 96 such curves on nine parts of the bank that show no second symptom 72 keep a gap, and 7 are healthy.
    """
    if trend.median(val[-5:]) < options.very_far * trend.median(train[-5:]):
        return False
    rests = abs(_fall(val, 1 / 3)) <= options.rests and abs(_fall(val, 1 / 2)) <= options.stands
    return rests and _fall(train, 1 / 3) >= options.leaves


def _fall(loss: FloatArray, since: float) -> float:
    """Return the share of its level that a loss fell by since a share of the rows."""
    row = int(since * len(loss))
    level = trend.median(loss[max(0, row - 1) : row + 2])
    return trend.ratio(level - trend.median(loss[-5:]), abs(level))


def _gain(loss: FloatArray, start: float) -> float:
    """Return the share of ``start`` that a loss has gained."""
    return trend.ratio(start - trend.median(loss[-5:]), abs(start))


def _symptom(curve: Curve, train: FloatArray, val: FloatArray, gains: tuple[float, float]) -> Symptom:
    assert curve.val_loss is not None
    level, below = trend.median(val[-5:]), trend.median(train[-5:])
    near = int(np.argmax(val <= level + 0.1 * abs(level)))
    return Symptom(
        name="generalization_gap",
        since_epoch=int(curve.val_loss.finite.epochs[near]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(trend.ratio(level, below), 1.0),
        severity=NAMED,
        evidence={
            "train_first": float(train[0]),
            "train_now": below,
            "train_gain": gains[0],
            "val_first": float(val[0]),
            "val_now": level,
            "val_gain": gains[1],
        },
        says=(
            "train loss fell {train_first:.3g} → {train_now:.3g} while val loss went {val_first:.3g} → {val_now:.3g} "
            "and hovers there",
        ),
    )


_E = np.arange(40.0)
_TRAIN = 2.0 * 0.9**_E + 0.1
_JITTER = np.random.default_rng(2).normal(0, 0.015, 40)

SEEN: Mapping[str, Curve] = {
    "hovers": Curve.of(train_loss=_TRAIN, val_loss=2.0 + _JITTER, planned_epochs=40),
    "fell a little": Curve.of(
        train_loss=_TRAIN, val_loss=1.7 + 0.4 * 0.5**_E + _JITTER, metrics={"acc": 0.3 + _JITTER}, planned_epochs=40
    ),
}
NOT_SEEN: Mapping[str, Curve] = {
    "training steps down as augmentation ends": Curve.of(
        train_loss=np.where(_E < 36, 0.6 + 2.0 * 0.8**_E, 0.2),
        val_loss=1.05 + 1.2 * 0.8**_E,
        planned_epochs=40,
    ),
    "both fell": Curve.of(train_loss=_TRAIN, val_loss=0.5 + 1.5 * 0.8**_E, planned_epochs=40),
    "still falls": Curve.of(train_loss=_TRAIN, val_loss=2.0 - 0.012 * _E, planned_epochs=40),
    "the score climbs": Curve.of(
        train_loss=_TRAIN, val_loss=2.0 + _JITTER, metrics={"acc": 0.2 + 0.01 * _E}, planned_epochs=40
    ),
    "neither falls": Curve.of(train_loss=2 + _JITTER, val_loss=3.0 - _JITTER, planned_epochs=40),
}
