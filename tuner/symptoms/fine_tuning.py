"""A run that began low already, and falls slowly but surely through its noise.

Looks like: losses that are low from the first epoch, noisy, with a gentle trend down; a score that is good from the
beginning.

Not meant: a plateau, which has no trend; a run from scratch with a rate that is too low, whose loss is high.

In a search: nothing is wrong; keep the learning rate low.

For a person: judge the trend over many epochs, not the noise between two.

Thresholds: the first epoch already has four fifths of the best score, or the losses begin below what guessing between
two classes gives. The training loss of 68 verified curves lost up to 0.95 of its first value, the most where models
learn a small set by heart; how they begin then tells them from a run from scratch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, Kind
from tuner.diagnosis import Symptom
from tuner.symptoms import trend

HEALTHY = True


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.25  # of the planned epochs
    wait_least: int = 8  # rows
    first_score: float = 0.8  # share of the best score that the first epoch has
    good_score: float = 0.65  # of the first epoch, as a share of 1
    low: float = 0.55  # loss of the first epoch: guessing between two classes gives 0.69
    fall_most: float = 0.95  # share of the first loss that may go: more is learning from scratch
    fall_least: float = 0.02
    straight_most: float = 0.93  # share of the fall in its first half
    sigmas: float = 2.0  # standard errors: the trend must be sure


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a loss that is low from the start and falls slowly but surely."""
    train = trend.clean(curve.train_loss)
    if len(train) < trend.patience(curve, options.wait_share, options.wait_least):
        return None
    first, now = trend.median(train[:3]), trend.median(train[-3:])
    fall = trend.ratio(first - now, abs(first))
    if not options.fall_least <= fall <= options.fall_most or not trend.fit_line(train).falls(options.sigmas):
        return None
    half = trend.ratio(first - trend.median(train[len(train) // 2 - 1 : len(train) // 2 + 2]), first - now)
    if half > options.straight_most or not began_low(curve, options):
        return None
    val = trend.clean(curve.val_loss)
    if len(val) > 5 and trend.fit_line(val).rises(options.sigmas):
        return None
    return Symptom(
        name="fine_tuning",
        since_epoch=int(curve.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=1 - trend.confidence(fall, 1.0),
        severity=0.0,
        evidence={"first": first, "now": now, "fall": fall, "epochs": curve.length},
        says=("train loss began low and fell slowly but surely: {first:.3g} → {now:.3g} in {epochs} epochs",),
        healthy=True,
    )


def began_low(curve: Curve, options: Options = Options()) -> bool:
    """Tell by the score, or by the losses where none is logged, whether the run began with something learned."""
    score = curve.score
    values = trend.shares(score) if score is not None and score.kind is Kind.METRIC else np.empty(0)
    if len(values):
        first, best = float(values[0]), float(values.max())
        return first >= options.good_score and first >= options.first_score * best
    losses = [trend.clean(series) for series in (curve.train_loss, curve.val_loss)]
    return all(0 < loss[0] <= options.low for loss in losses if len(loss))


_E = np.arange(40.0)
_NOISE = np.random.default_rng(4).normal(0, 1, 40)
_LOW = 0.4 - 0.004 * _E + 0.01 * _NOISE

SEEN: Mapping[str, Curve] = {
    "losses": Curve.of(train_loss=_LOW, val_loss=_LOW + 0.02, planned_epochs=40),
    "score": Curve.of(
        train_loss=_LOW + 1, val_loss=_LOW + 1, metrics={"acc": 0.8 + 0.002 * _E + 0.004 * _NOISE}, planned_epochs=40
    ),
}
NOT_SEEN: Mapping[str, Curve] = {
    "from scratch": Curve.of(train_loss=2.3 * 0.9**_E, val_loss=2.3 * 0.9**_E, planned_epochs=40),
    "a plateau": Curve.of(train_loss=0.4 + 0.01 * _NOISE, planned_epochs=40),
    "slow from scratch": Curve.of(
        train_loss=2.3 - 0.01 * _E, val_loss=2.3 - 0.01 * _E, metrics={"acc": 0.1 + 0.01 * _E}, planned_epochs=40
    ),
}
