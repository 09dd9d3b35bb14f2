"""Nothing has been learned: losses are flat near their initial level and the metric stays at chance or 0.

Looks like: near-horizontal lines from the first epochs on, train and validation alike; accuracy bounces around what
guessing gives, mAP is 0. Where validation never moves at all, a training loss that jumps is that of its batches.

Not meant: a slow start or a warm-up, in which the loss creeps down steadily (any trend that can be told from the
jitter counts as learning); a classification loss that is constant because there is a single class, while the rest
improves; a fine-tuned model whose metric is good from the start.

Usual causes: wrong or shuffled labels (audit the dataset first: it is the cause most of the time), far too few images
or epochs, a learning rate that is far too low or so high that the units died, an unsuited optimizer, an activation
before the softmax, broken configuration.

In a search: change the optimizer, move the learning rate one step either way; else give the trial up.

For a person: audit the data set first, since it is the cause most of the time; then check the loss function, the data
loading and the optimizer; look for an activation such as ReLU before the softmax; see whether the model can learn a
hundred images by heart; if all else fails, give the experiment up and save the time.

Thresholds: it is said after a fifth of the plan and sure after a third: of 65 recorded recurrent networks that left
chance at all, 15 did so only after a quarter of it, and one of those ended among the best tenth. A metric that knows
no more than three values is that of a model that gives everything one of a few answers, and the frequencies of those
took up to 11 % off the losses of such runs of the bank: 15 % are spared. A score whose 0 means nothing
(R2; every score at 0 in every row) and that has not left it by three fifths of the plan tells it whatever the
losses did: they fall on the way to the mean as well. An accuracy p at losses of about -log p, for the better part of
the plan, tells it whatever both did before, unless they creep down without a jump.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Kind, Series
from tuner.diagnosis import CERTAIN, NAMED, SURE, Symptom, goes_on
from tuner.symptoms import guessing, trend
from tuner.symptoms.guessing import Before

HEALTHY = False

_EXPLAINED = re.compile(r"(?:^|[^a-z])r2(?:$|[^a-z0-9])|explained")


@dataclass(frozen=True)
class Options:
    wait_share: float = 0.2  # of the planned epochs
    sure_share: float = 0.35  # of them: the latest take-off of a recorded run that ended well was at 0.34
    wait_least: int = 8  # epochs: fewer cannot tell a creep from jitter
    flat: float = 0.001  # share of the level that counts as no change at all, for curves without jitter
    sigmas: float = 2.0  # standard errors: a fall beyond them is learning
    fallen: float = 0.03  # share of the first level: more than this has been learned, whatever came after
    step: float = 0.05  # share of the first loss that a first epoch may take off where no metric is logged
    calm: float = 0.03  # jitter as a share of the level; at chance it stays below 0.013, a run that jumps may yet learn
    unmoved: float = 0.03  # of a metric (as a share of 1) over its first value, where the training loss fell a little
    prior: float = 0.15  # share of the first training loss that the frequencies of the answers may take off
    unproved: float = 0.08  # the same where no metric says that nothing was learned, only the validation loss
    jumps: float = 0.1  # jitter of the training loss where neither validation nor metric moves
    gained: float = 0.05  # of a metric (as a share of 1) over its first value: more has been learned
    creep: float = 0.02  # of a metric (as a share of 1) from end to end: a surer rise than that is learning
    prior_val: float = 0.06  # share of the first validation loss that they may take off
    late: float = 0.6  # of the plan: by then a fall of less than ``fallen`` is none
    answers: int = 3  # values of a metric: a model that learns passes through more of them
    at_chance: float = 0.6  # metrics above it (as a share of 1) are not chance, even for two classes
    explained: float = 0.03  # R2: what always gives the mean has 0
    apart: float = 1.3  # times the training loss: beyond it something was learned that validation does not show


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See losses and metric that never left their initial level."""
    if curve.length < trend.patience(curve, options.wait_share, options.wait_least):
        return None
    train, val = trend.clean(curve.train_loss), trend.clean(curve.val_loss)
    metric = trend.metric(curve)
    found = guessing.guess(curve, guessing.Options())
    if found is not None and found.before is Before.NOTHING:
        return _symptom(curve, train, _severity(curve, options))
    losses = [v for v in (train, val) if len(v) >= options.wait_least]
    dead = _at_chance(trend.shares(metric), options) if metric is not None else None
    fixed = _fixed_answer(trend.shares(metric), options) if metric is not None else False
    dead = True if fixed else dead
    if (metric is not None and _says_nothing(metric, curve, options)) or _stands_still(curve, train, val, options):
        return _symptom(curve, losses[0] if losses else trend.clean(metric), SURE)
    if dead is False or (not losses and not dead):
        return None
    flat = all(_flat(v, options) for v in losses)
    if not flat and not (dead is not None or len(val)):
        return None
    if (
        not flat
        and not _prior_only(trend.shares(metric), train, val, fixed, options)
        and not (dead and _hardly(curve, train, val, options))
    ):
        return None
    # Without a metric that says otherwise, a first step down is something learned (stuck_after_first_epoch).
    last = losses[-1] if losses else train
    if dead is None and last[0] - trend.median(last[1:]) > options.step * abs(last[0]):
        return None
    severity = min(SURE, _severity(curve, options))
    return _symptom(curve, losses[0] if losses else trend.clean(metric), severity)


def _severity(curve: Curve, options: Options) -> float:
    if not goes_on(curve):
        return CERTAIN
    return SURE if curve.length >= trend.patience(curve, options.sure_share, options.wait_least) else NAMED


def _says_nothing(metric: Series, curve: Curve, options: Options) -> bool:
    """Tell whether a score has a 0 that means nothing at all and has not left it, whatever the losses did.

    Losses fall on the way to the mean of targets that are not around 0, or to "there is no object".
    """
    score = trend.shares(metric)
    if len(score) < trend.patience(curve, options.late, options.wait_least):
        return False
    if not _EXPLAINED.search(metric.name.lower()):
        return not any(trend.shares(other).any() for other in curve.of_kind(Kind.METRIC))
    train, val = trend.clean(curve.train_loss), trend.clean(curve.val_loss)
    if len(train) < options.wait_least or -trend.share_of_change(train[len(train) // 2 :]) > options.fallen:
        return False  # it learns, if not what was validated on
    apart = len(val) > 0 and trend.median(val[-5:]) > options.apart * trend.median(train[-5:])
    about_zero = abs(trend.median(score[-5:])) <= options.explained
    return about_zero and not apart and float(trend.running_median(score, 3).max()) <= options.explained


def _stands_still(curve: Curve, train: FloatArray, val: FloatArray, options: Options) -> bool:
    """Tell whether nothing that is validated ever moved, so that what the training loss does is that of its batches."""
    validated = [val, *(trend.clean(metric) for metric in curve.of_kind(Kind.METRIC))]
    if len(val) < options.wait_least or not val.any() or len(train) < options.wait_least:
        return False
    still = all(np.ptp(values) <= options.flat * float(np.abs(values).max()) for values in validated if len(values))
    return still and not trend.fit_line(train).falls(options.sigmas)


def _flat(loss: FloatArray, options: Options) -> bool:
    """Tell whether the loss stays at its initial level: no fall beyond jitter since the second row."""
    # The first row averages over the very first steps, in which only the output's bias is learned.
    rest = loss[1:]
    line = trend.fit_line(rest)
    if line.change < -max(options.sigmas * line.error, options.flat * abs(line.level)):
        return False
    recent = trend.fit_line(rest[len(rest) // 2 :])
    if recent.change < -max(options.sigmas * recent.error, options.flat * abs(recent.level)):
        return False
    first, now = trend.median(loss[:3]), trend.median(rest[-max(3, len(rest) // 3) :])
    return abs(now - first) <= options.fallen * abs(first) and trend.jitter(rest) <= options.calm * abs(first)


def _prior_only(metric: FloatArray, train: FloatArray, val: FloatArray, fixed: bool, options: Options) -> bool:
    """Tell whether all that went down is the training loss, a little and at first: the frequencies of the answers."""
    calm = trend.running_median(metric, 5)
    moved = max(0.0, float(calm.max())) - max(0.0, float(calm[0])) if len(calm) else 0.0
    if (moved > options.unmoved and not fixed) or len(train) < 4:
        return False
    spared = options.prior if fixed else options.prior_val if len(metric) else options.fallen
    if len(val) and val.min() < (1 - spared) * val[0]:
        return False
    rest = train[len(train) // 3 :]
    first, fallen = abs(float(train[0])), float(train[0]) - trend.median(rest)
    if (
        fallen > (options.prior if len(metric) else options.unproved if len(val) else options.fallen) * first
        or trend.jitter(rest) > options.jumps * first
    ):
        return False
    line = trend.fit_line(rest)
    # Labels that mean nothing are learned by heart, bit by bit, while nothing else gets better.
    if len(val) > 5:
        by_heart = len(metric) > 0 and not trend.fit_line(val[len(val) // 3 :]).falls(0.0)
    else:
        by_heart = len(metric) > 5 and trend.fit_line(metric).falls(options.sigmas)
    return abs(line.change) <= max((0.8 if by_heart else 0.3) * fallen, 3 * line.error)


def _hardly(curve: Curve, train: FloatArray, val: FloatArray, options: Options) -> bool:
    """Tell whether most of the plan has taken next to nothing off the training loss, and nothing off validation."""
    late = curve.progress is not None and curve.progress >= options.late
    if not late or len(train) < 3 or trend.jitter(train) > options.calm * abs(train[0]):
        return False
    return (not len(val) or _flat(val, options)) and bool(
        train[0] - trend.median(train[-3:]) <= options.fallen * train[0]
    )


def _fixed_answer(metric: FloatArray, options: Options) -> bool:
    """Tell whether a metric knows a few values only: a model that gives everything one of a few answers."""
    if len(metric) < options.wait_least or float(metric.max()) > options.at_chance:
        return False
    return len(np.unique(metric)) <= options.answers


def _at_chance(metric: FloatArray, options: Options) -> bool | None:
    """Tell whether a metric is low and without an upward trend; None where there is too little of it."""
    if len(metric) < options.wait_least:
        return None
    level, jitter = trend.median(metric), trend.jitter(metric)
    # What is explained below 0, as by a first R2, is no better than nothing explained.
    still = level <= max(0.0, float(metric[0])) + max(options.gained, options.sigmas * jitter)
    line = trend.fit_line(metric)
    rises = line.rises(options.sigmas) and line.change > options.creep
    return level <= options.at_chance and still and not rises


def _symptom(curve: Curve, values: FloatArray, severity: float) -> Symptom:
    epoch, since = int(curve.epochs[-1]), int(curve.epochs[0])
    first, now = trend.median(values[:3]), trend.median(values[-3:])
    metric = trend.clean(trend.metric(curve))
    evidence: dict[str, float | int | str] = {"first": first, "now": now, "epochs": curve.length}
    says = ["loss was {first:.4g} at first and is {now:.4g} after {epochs} epochs"]
    if len(metric):
        evidence |= {"metric_first": float(metric[0]), "metric_now": trend.median(metric[-3:])}
        says.append("metric {metric_first:.3g} → {metric_now:.3g}")
    return Symptom(
        name="not_learning",
        since_epoch=since,
        epoch=epoch,
        confidence=trend.confidence(float(curve.length), trend.patience(curve, 0.1, 4)),
        severity=severity,
        evidence=evidence,
        says=tuple(says),
    )


_E = np.arange(20.0)
_JITTER = 0.004 * np.sin(7.3 * _E) + 0.003 * np.sin(2.9 * _E)
_FLAT = 2.303 + _JITTER
_CHANCE = 0.1 + 5 * _JITTER
_CREEP = 2.303 - 0.004 * _E + _JITTER

SEEN: Mapping[str, Curve] = {
    "flat at chance": Curve.of(train_loss=_FLAT, val_loss=_FLAT, metrics={"acc": _CHANCE}, planned_epochs=50),
    "detector without a hit": Curve.of(train_loss=_FLAT, metrics={"map": np.zeros(20)}, planned_epochs=50),
    "the mean is learned and nothing is explained": Curve.of(
        train_loss=0.9 + 0.5 * 0.7**_E,
        val_loss=0.9 + 0.5 * 0.7**_E,
        metrics={"val_r2": -0.5 * 0.7**_E},
        planned_epochs=20,
    ),
    "the loss falls until nothing is found any more": Curve.of(
        train_loss=0.2 + 0.2 * 0.7**_E, metrics={"mAP50": np.zeros(20)}, planned_epochs=20
    ),
    "always one of two answers": Curve.of(
        train_loss=1.28 - 0.001 * _E + 0.01 * _JITTER,
        metrics={"acc": np.where(_E % 3 == 0, 0.26, 0.42)},
        planned_epochs=20,
    ),
    "labels learned by heart": Curve.of(
        train_loss=1.7 + 0.1 * 0.5**_E - 0.004 * _E,
        val_loss=1.7 + 0.002 * _E,
        metrics={"acc": 0.3 - 0.01 * _E},
        planned_epochs=40,
    ),
    "jitters around guessing, and calms down with the rate": Curve.of(
        train_loss=2.301 + 0.06 * (1 - _E / 20) + 10 * _JITTER * (1 - _E / 20),
        val_loss=2.308 + 0.05 * (1 - _E / 20) - 12 * _JITTER * (1 - _E / 20),
        metrics={"acc": np.where(_E > 14, 0.08, 0.1 + 5 * _JITTER)},
        planned_epochs=20,
    ),
    "dead accuracy": Curve.of(metrics={"acc": np.full(20, 0.1)}, planned_epochs=50),
    "constant to the last digit": Curve.of(train_loss=np.full(20, 2.303), val_loss=np.full(20, 2.303)),
}
NOT_SEEN: Mapping[str, Curve] = {
    "slow but sure": Curve.of(train_loss=_CREEP, val_loss=_CREEP, metrics={"acc": _CHANCE}, planned_epochs=50),
    "too early in a long plan": Curve.of(train_loss=_FLAT, metrics={"acc": _CHANCE}, planned_epochs=300),
    "one score is 0 and another is not": Curve.of(
        train_loss=0.2 + 0.2 * 0.7**_E, metrics={"mAP50(P)": np.zeros(20), "mAP50(B)": 0.5 + _E / 50}, planned_epochs=20
    ),
    "no hit so far": Curve.of(train_loss=2 * 0.9**_E, metrics={"map": np.zeros(20)}, planned_epochs=60),
    "constant class loss, metric rises": Curve.of(train_loss=np.full(20, 0.5), metrics={"map": _E / 40}),
    "fine-tuned": Curve.of(train_loss=_FLAT / 20, val_loss=_FLAT / 20, metrics={"acc": 0.95 + _JITTER}),
    "learned, then flat": Curve.of(
        train_loss=np.r_[2.3, 1.5, 1.0, 0.5 + _JITTER], val_loss=np.r_[2.3, 1.5, 1.0, _FLAT]
    ),
}
