"""The loss drops once and then stays where it is, far from low, from the second epoch on.

Looks like: one step down, then a horizontal or bouncing line; the score does the same.

Not meant: fine-tuning, which starts low and creeps down; a run whose first epochs only set the scale while the rest
still falls (ignore them and look again); a run that is flat at a good score, which has converged.

Usual causes: a learning rate so large that the weights bounce between the walls of the valley; a model that learns
the class frequencies and nothing else.

In a search: lower the learning rate by a step on the log grid.

For a person: plot the loss of every step of the first epoch; check the balance of the classes, since a model that
always answers the most frequent one looks like this.

Thresholds: named after an eighth of the plan and sure after a third, because a decaying schedule can still free a run
that bounces; recorded runs that bounced for half of their plan came to rest and ended well, so those are sure only
near its end. "Far from low" is half of the first training loss, a tenth where the loss bounces, next to nothing where
validation jumps by 0.15 of its level. Where no validation loss is logged the jumps of the score stand for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray
from tuner.diagnosis import NAMED, SURE, Symptom
from tuner.symptoms import trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.12  # of the planned epochs
    sure_share: float = 0.33  # of them: schedules decay late
    wait_least: int = 10  # epochs: two thirds of fewer are no trend
    soon: int = 7  # epochs, after which it can be suspected while the run goes on
    drop: float = 0.05  # share of the first loss that the first step must take off
    first_steps: float = 0.88  # share of the whole fall that must have happened by the second row
    far: float = 0.5  # share of the first loss that is still there
    bounce_share: float = 0.15  # of the planned epochs, where the loss bounces
    sure_bounce_share: float = (
        0.8  # of them: recorded runs that bounced for half of the plan came to rest and ended well
    )
    at_once: float = 0.06  # share of the rows in which the fall is over where the loss bounces from then on
    share: float = 0.75  # of the whole fall that lies in them
    bounce_drop: float = 0.1  # share of the first loss that the fall must be
    left: float = 0.1  # share of the first loss that is still there where it bounces
    wild: float = 0.15  # jumps of the validation loss as a share of its level, with which little may be left
    wild_left: float = 0.002  # share of the first loss: large weights begin at a hundred times what is left
    level: float = 0.2  # share of its level that a loss that bounces may still change
    train_bounce: float = 0.02  # jumps of the training loss as a share of its level; below it is calm
    val_bounce: float = 0.035  # of the validation loss, or of the score as a share of 1
    good_bounce: float = 0.9  # as a share of 1: a score that good is no failure
    zigzag: float = 0.13  # of the training loss: beyond it nothing but the zig-zag can be seen (see oscillating)
    sigmas: float = 2.0  # standard errors: a fall beyond them is learning
    flat: float = 0.002  # share of the level that counts as no change, for curves without jitter
    good_score: float = 0.6  # metrics above it (as a share of 1) are no failure


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a training loss that dropped once and has been constant or bouncing since."""
    train = trend.clean(curve.train_loss)
    rows = trend.patience(curve, options.wait_share, options.wait_least)
    if len(train) <= trend.wait(curve, options.wait_share, options.soon, options.wait_least):
        return None
    if _is_constant(curve, train, rows, options):
        share = options.sure_share
    elif len(train) > trend.patience(curve, options.bounce_share, options.wait_least) and _bounces(
        curve, train, options
    ):
        share = options.sure_bounce_share
    else:
        return None
    sure = curve.length >= trend.patience(curve, share, options.wait_least)
    return _symptom(curve, train, SURE if sure else NAMED)


def _is_constant(curve: Curve, train: FloatArray, rows: int, options: Options) -> bool:
    """Tell whether everything has been flat since one drop, far from low."""
    if not _dropped_once(train, options) or not _flat(train[1:], options):
        return False
    for values in (trend.clean_cost(curve.val_loss)[1:], trend.clean_cost(trend.metric(curve))[1:]):
        if len(values) >= rows // 2 and not _flat(values, options):
            return False
    metric = trend.shares(trend.metric(curve))
    return not len(metric) or trend.median(metric[-rows:]) <= options.good_score


def _bounces(curve: Curve, train: FloatArray, options: Options) -> bool:
    """Tell whether the losses fell at once and have been bouncing around one level since."""
    start = max(1, math.ceil(options.at_once * len(train)))
    quarter = max(3, (len(train) - start) // 4)
    early, late = trend.median(train[start : start + quarter]), trend.median(train[-quarter:])
    fall = float(train[0]) - late
    if late <= options.wild_left * float(train[0]) or fall < options.bounce_drop * float(train[0]):
        return False
    if float(train[0]) - early < options.share * fall or abs(early - late) > options.level * late:
        return False
    if not options.train_bounce <= trend.jumps(train[start:]) / late < options.zigzag:
        return False
    bounce = _validation_bounce(curve, start, quarter, options)
    return bounce >= (options.val_bounce if late >= options.left * float(train[0]) else options.wild)


def _validation_bounce(curve: Curve, start: int, quarter: int, options: Options) -> float:
    """Return how high the validation loss jumps, as a share of its level, or the score where none is logged.

    Returns 0 where it gets better.
    """
    val, metric = trend.clean(curve.val_loss)[start:], trend.metric(curve)
    if len(val) > 5:
        falls = trend.median(val[-quarter:]) < (1 - options.level) * trend.median(val[:quarter])
        return 0.0 if falls else trend.ratio(trend.jumps(val), trend.median(val))
    score = trend.clean_cost(metric)[start:]
    if len(score) < 6 or trend.fit_line(score).falls(options.sigmas) or trend.good(metric, options.good_bounce):
        return 0.0
    return trend.jumps(score) / trend.whole(metric)


def _dropped_once(train: FloatArray, options: Options) -> bool:
    """Tell whether the first step took most of the fall, and left the loss far from low."""
    level = trend.median(train[1:])
    fall = float(train[0]) - level
    first_step = float(train[0] - train[1])
    enough = fall > options.drop * abs(train[0]) and first_step >= options.first_steps * fall
    zigzags = trend.jumps(train[1:]) >= options.zigzag * level
    return enough and not zigzags and level >= options.far * float(train[0])


def _flat(cost: FloatArray, options: Options) -> bool:
    """Tell whether neither the whole nor the later half of the values goes down beyond its jitter."""
    lines = (trend.fit_line(cost), trend.fit_line(cost[len(cost) // 2 :]))
    return all(line.change >= -max(options.sigmas * line.error, options.flat * abs(line.level)) for line in lines)


def _symptom(curve: Curve, train: FloatArray, severity: float) -> Symptom:
    assert curve.train_loss is not None
    since, epoch = int(curve.train_loss.finite.epochs[1]), int(curve.epochs[-1])
    level, bounce = trend.median(train[1:]), trend.jitter(train[1:])
    share = trend.ratio(level, abs(float(train[0])))
    return Symptom(
        name="stuck_after_first_epoch",
        since_epoch=since,
        epoch=epoch,
        confidence=trend.confidence(float(len(train)), trend.patience(curve, 0.1, 5)),
        severity=severity,
        evidence={
            "first": float(train[0]),
            "second": float(train[1]),
            "level": level,
            "share_left": share,
            "jitter": bounce,
        },
        says=("train loss dropped {first:.3g} → {second:.3g} at once and has stayed near {level:.3g} since",),
    )


_E = np.arange(20.0)
_BOUNCE = 0.06 * np.sin(7.3 * _E) + 0.04 * np.sin(2.9 * _E)
_STUCK = np.r_[2.3, 1.9 + _BOUNCE]
_SLOW = np.r_[2.3, 1.9 - 0.03 * _E + _BOUNCE]

SEEN: Mapping[str, Curve] = {
    "bounces": Curve.of(train_loss=_STUCK, val_loss=_STUCK + 0.1, planned_epochs=40),
    "constant": Curve.of(train_loss=np.r_[2.3, np.full(20, 1.9)], planned_epochs=40),
    "large weights at first, validation wild": Curve.of(
        train_loss=np.r_[90.0, 3.0 + 2 * np.tile(_BOUNCE, 2)],
        val_loss=np.r_[9.0, 3.0 + 12 * np.tile(_BOUNCE, 2)],
        planned_epochs=41,
    ),
    "at a poor score": Curve.of(train_loss=_STUCK, metrics={"acc": np.r_[0.1, 0.2 + _BOUNCE / 5]}, planned_epochs=40),
}
NOT_SEEN: Mapping[str, Curve] = {
    "drops, then falls slowly": Curve.of(train_loss=_SLOW, val_loss=_SLOW, planned_epochs=40),
    "flat at a low level": Curve.of(train_loss=np.r_[2.3, 0.1 + _BOUNCE / 10], planned_epochs=40),
    "flat at a good score": Curve.of(
        train_loss=_STUCK, metrics={"acc": np.r_[0.1, np.full(20, 0.95)]}, planned_epochs=40
    ),
    "early in a long plan": Curve.of(train_loss=_STUCK, planned_epochs=200),
    "never dropped": Curve.of(train_loss=2.3 + _BOUNCE / 10),
}
