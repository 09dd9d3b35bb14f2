"""The loss falls in an almost straight, shallow line: sure progress, far too slow.

Looks like: a gentle slope from the first epoch to the last, in training and validation, without the bend of an
ordinary fall.

Under a schedule it bends with the rate: what has been learned is then a straight line of the steps that were made, each
as long as its rate, so a log without rates does not show it.

Not meant: the last part of an ordinary fall; fine-tuning, which is shallow because it starts low.

Usual causes: a learning rate that is too low.

In a search: one step up on the log grid of the learning rate.

For a person: check for an activation before the softmax; check the scale of the inputs and the loss function.

Thresholds: an exponential fall loses 62 % in its first half when it has come down to 37 %, and more the farther it
comes; so up to two thirds in the first half is nearly straight. Where more than three tenths are gone, as in sound
runs whose plan ends early, it is at most 0.57. Until 0.85 of the plan is done it has to be straighter, since the
beginning of any fall is straight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Kind
from tuner.diagnosis import NAMED, Symptom
from tuner.symptoms import fine_tuning, trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.14  # of the planned epochs
    sure_share: float = 0.85  # of them: until then the fall has to be straighter, as the beginning of any fall is
    straight_early: float = 0.56  # share of the fall that lies in the first half, until then
    fall_early: float = 0.35  # share of the first loss that will be gone at the end at this pace, until then
    wait_least: int = 12  # rows
    soon: int = 8  # rows, after which it can be suspected while the run goes on
    straight_least: float = 0.2  # share of the fall that lies in its first half
    straight_most: float = 0.65
    fall_least: float = 0.002  # share of the first loss: less is no learning
    fall_most: float = 0.62  # share of the first loss: more is not slow
    straight_far: float = 0.57  # share of a deep fall that lies in the first half
    far: float = 0.3  # share of the first loss: a fall as deep that bends the ordinary way is no straight line
    good_score: float = 0.85  # as a share of 1: a run that is so good is not slow
    smooth: float = 0.25  # jitter as a share of the fall
    spent: float = 0.6  # share of all steps in a quarter of the rows, above which the rate was gone too soon


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a training loss on a straight shallow slope, and nothing that says otherwise."""
    train = trend.clean(curve.train_loss)
    val = trend.clean(curve.val_loss)
    if len(train) and _fall(train) > options.fall_most:
        return None
    if len(val) == len(train) and trend.jumps(val) < 0.5 * trend.jumps(train):
        train = val  # dropout and small batches hide a slope that validation shows
    if len(train) < trend.wait(curve, options.wait_share, options.soon, options.wait_least):
        return None
    fall = _fall(train)
    if not options.fall_least <= fall <= options.fall_most:
        return None
    done = _done(curve, len(train))
    if done[len(done) // 4] > options.spent or not _slope(train, done, options):
        return None
    if fine_tuning.began_low(curve) or _is_good(curve, options.good_score):
        return None
    if len(val) >= options.soon and not _follows(val, _done(curve, len(val)), options):
        return None
    planned = trend.ratio(curve.planned_epochs or len(train), len(train))
    early = curve.length < trend.patience(curve, options.sure_share, options.wait_least)
    if fall * max(1.0, planned) > (options.fall_early if early else options.fall_most):
        return None
    half = _first_half(train, done)
    if (early and half > options.straight_early) or (fall > options.far and half > options.straight_far):
        return None
    return _symptom(curve, train, fall)


def _is_good(curve: Curve, limit: float) -> bool:
    """Tell whether the score, or all scores taken together, end above ``limit``, a share of 1."""
    ends = [trend.median(s[-5:]) for m in curve.of_kind(Kind.METRIC) if len(s := trend.shares(m))]
    return trend.good(trend.metric(curve), limit) or (len(ends) > 0 and trend.mean(np.array(ends)) > limit)


def _fall(loss: FloatArray) -> float:
    """Return the fall from the first row to the last ones as a share of the first."""
    return trend.ratio(float(loss[0]) - trend.median(loss[-3:]), abs(float(loss[0])))


def _done(curve: Curve, n: int) -> FloatArray:
    """Return what share of all steps, weighed by their rate, is done by each of n rows; of all rows, without rates.

    What a rate far too low has learned is a straight line of this, whatever the schedule: small steps add up.
    """
    rates = curve.of_kind(Kind.LEARNING_RATE)
    rate = trend.clean(rates[0]) if rates else np.empty(0)
    if len(rate) != n or rate.min() < 0 or not rate[1:].any():
        rate = np.ones(n)
    steps = np.concatenate([[0.0], np.cumsum(rate[1:])])
    return steps / float(steps[-1])


_QUARTERS = np.array([0.0, 0.25, 0.5, 0.75, 1.0]) + 1e-9


def _slope(loss: FloatArray, done: FloatArray, options: Options) -> bool:
    """Tell whether a loss falls by a fair share, smoothly, and about as much in the second half of the steps."""
    cost = trend.running_median(loss, 3)
    fall = float(cost[0] - cost[-1])
    if fall <= 0 or trend.jitter(loss) > options.smooth * fall:
        return False
    quarters = np.diff(cost[np.searchsorted(done, _QUARTERS, side="right") - 1])
    straight = options.straight_least <= _first_half(loss, done) <= options.straight_most
    return straight and bool((quarters < 0.05 * fall).all())


def _first_half(loss: FloatArray, done: FloatArray) -> float:
    """Return the share of the fall that lies in the first half of the steps."""
    cost = trend.running_median(loss, 3)
    return trend.ratio(float(cost[0] - cost[np.searchsorted(done, 0.5 - 1e-9)]), float(cost[0] - cost[-1]))


def _follows(cost: FloatArray, done: FloatArray, options: Options) -> bool:
    """Tell whether the validation loss falls as well, and no less in its second half than the training."""
    parts = np.split(cost, np.searchsorted(done, (0.2, 0.4, 0.6, 0.8)))
    first, middle, last = (trend.median(part if len(part) else cost[-1:]) for part in (parts[0], parts[2], parts[4]))
    gain = first - last
    return gain > 0 and first - middle <= (options.straight_most + 0.05) * gain


def _symptom(curve: Curve, train: FloatArray, fall: float) -> Symptom:
    half = len(train) // 2
    evidence = {"first": float(train[0]), "half": float(train[half]), "now": float(train[-1]), "fall": fall}
    return Symptom(
        name="slow_convergence",
        since_epoch=int(curve.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=1 - trend.confidence(fall, 0.6),
        severity=NAMED,
        evidence={**evidence, "epochs": curve.length},
        says=(
            "train loss fell in a straight line {first:.3g} → {half:.3g} → {now:.3g}, by {fall:.1%} in {epochs} epochs",
        ),
    )


_E = np.arange(50.0)
_COSINE = 0.5 + 0.5 * np.cos(np.pi * _E / 50)
_LEFT = 1 - np.cumsum(_COSINE) / 25  # what is left to do of all steps
_NOISE = np.random.default_rng(2).normal(0, 0.015, 50)

SEEN: Mapping[str, Curve] = {
    "a shallow line": Curve.of(train_loss=2.3 - 0.01 * _E, val_loss=2.31 - 0.01 * _E, planned_epochs=50),
    "flattens with its rate": Curve.of(train_loss=2.1 + 0.2 * _LEFT, learning_rate=_COSINE, planned_epochs=50),
    "jitters": Curve.of(train_loss=2.3 - 0.01 * _E + _NOISE, planned_epochs=50),
}
NOT_SEEN: Mapping[str, Curve] = {
    "bends": Curve.of(train_loss=0.5 + 1.8 * 0.9**_E, planned_epochs=50),
    "early in a long plan": Curve.of(train_loss=2.3 - 0.01 * _E[:12], planned_epochs=100),
    "flat": Curve.of(train_loss=2.3 + _NOISE, planned_epochs=50),
    "validation does not follow": Curve.of(train_loss=2.3 - 0.01 * _E, val_loss=2.3 + 0.01 * _E, planned_epochs=50),
}
