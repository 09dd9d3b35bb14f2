"""Within a few epochs everything has become flat, far from a good result.

Looks like: a short fall, then horizontal lines for nearly all of the plan, in training and validation alike.

Not meant: a run that is flat because it has solved its task; lines that still creep down; a loss that fell in a single
step (see stuck_after_first_epoch).

Usual causes: a model too deep for easy data, a batch too large, a rate too high or one that decays too soon.

In a search: a smaller batch, a smaller model, a lower learning rate.

For a person: on a truly easy data set this is normal, a few thousand images or more make it suspicious; check that the
learning rate does not decay to nothing in the first epochs; compare with what others reach on these data.

Thresholds: flat within a tenth of the plan, since sound runs of small models were flat after an eighth; practitioners
speak of 20 of 300 epochs. Where the logged learning rate has come to nothing by then, an eighth is enough, and a good
score is no excuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from tuner.curve import Curve, FloatArray, Kind
from tuner.diagnosis import NAMED, SURE, Symptom
from tuner.symptoms import trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    within: float = 0.1  # share of the plan in which the fall is over
    within_spent: float = 0.125  # the same where the learning rate had come to nothing
    within_least: int = 6  # rows, for short plans
    times: float = 2.0  # as long as the fall the flat part must be
    wait_share: float = 0.14  # of the planned epochs
    sure_share: float = 0.4  # of them: schedules decay late
    wait_least: int = 10  # rows
    soon: int = 8  # rows, after which it can be suspected while the run goes on
    over: float = 0.93  # share of the fall after which it is over
    flat: float = 0.02  # change of the flat part from end to end, as a share of the fall
    calm: float = 0.05  # jitter of the flat part as a share of the fall
    train_calm: float = 0.2  # of the training loss, which dropout and small batches keep noisy
    left: float = 0.12  # share of the first training loss that must be left, else the task is solved
    good_score: float = 0.95  # metrics above it (as a share of 1) leave little to gain
    fallen: float = 0.03  # share of the first loss that must have gone
    spent: float = 1e-3  # of its peak: a logged learning rate below it, so early, is the cause of being flat
    spent_within: float = 0.4  # share of the plan
    spent_left: float = 0.03  # share of the first training loss that must be left then
    spent_good: float = 0.99  # metrics above it leave little to gain then either


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See losses, and a score, that have been flat since the first epochs."""
    train = trend.clean(curve.train_loss)
    if len(train) < trend.wait(curve, options.wait_share, options.soon, options.wait_least):
        return None
    spent = _rate_is_spent(curve, options)
    if trend.median(train[-5:]) < (options.spent_left if spent else options.left) * abs(float(train[0])):
        return None
    metric = trend.metric(curve)
    if trend.good(metric, options.spent_good if spent else options.good_score):
        return None
    within = options.within_spent if spent else options.within
    latest = max(options.within_least, within * (curve.planned_epochs or len(train)))
    ends = []
    for values in (train, trend.clean(curve.val_loss), trend.clean_cost(metric)):
        if len(values) < 0.5 * len(train):
            continue
        end = _over(values, options.train_calm if values is train else options.calm, options)
        if end is None or end > latest:
            return None
        ends.append(end)
    fall_rows = ends[0]
    if len(train) < options.times * (fall_rows + 1):
        return None
    sure = len(train) >= trend.patience(curve, options.sure_share, options.wait_least)
    return _symptom(curve, train, fall_rows, SURE if sure else NAMED)


def _rate_is_spent(curve: Curve, options: Options) -> bool:
    """Tell whether every logged learning rate had decayed to nothing early in the plan."""
    rates = [trend.clean(s) for s in curve.of_kind(Kind.LEARNING_RATE)]
    at = int(options.spent_within * (curve.planned_epochs or curve.length))
    return bool(rates) and all(len(r) > at and r[at] < options.spent * r.max() for r in rates)


def _over(cost: FloatArray, calm: float, options: Options) -> int | None:
    """Return the row in which the fall of values [n] was over; None where it was none, or goes on."""
    level = trend.median(cost[len(cost) // 2 :])
    fall = float(cost[0]) - level
    if fall < options.fallen * abs(float(cost[0])) or fall <= 0:
        return None
    row = int(np.argmax(cost <= level + (1 - options.over) * fall))
    rest = cost[min(2 * row, len(cost) - 5) :]  # without the last bit of the fall
    line = trend.fit_line(rest)
    if abs(line.change) > options.flat * fall + 2 * line.error:
        return None
    return row if trend.jitter(rest) <= calm * fall else None


def _symptom(curve: Curve, train: FloatArray, row: int, severity: float) -> Symptom:
    assert curve.train_loss is not None
    score = curve.score if curve.score is not None and curve.score.kind is Kind.METRIC else None
    now = trend.median(train[-5:])
    left = trend.ratio(now, abs(float(train[0])))
    evidence: dict[str, float | int | str] = {"first": float(train[0]), "now": now, "left": left, "rows": len(train)}
    says = ["train loss fell {first:.3g} → {now:.3g} until epoch {since_epoch} and has been flat since"]
    if score is not None and len(score.finite):
        evidence["score"] = trend.median(trend.clean(score)[-5:])
        says.append("the score has stayed at {score:.3g}")
    return Symptom(
        name="premature_convergence",
        since_epoch=int(curve.train_loss.finite.epochs[row]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(left, 0.1),
        severity=severity,
        evidence=evidence,
        says=tuple(says),
    )


_E = np.arange(100.0)
_EARLY = 1.0 + 1.0 * 0.4**_E
_LATE = 1.0 + 1.0 * 0.9**_E

_LOW = partial(Curve.of, train_loss=_EARLY - 0.94, metrics={"r2": 0.97 - 0.4 * 0.4**_E}, planned_epochs=100)

SEEN: Mapping[str, Curve] = {
    "a good score, but the rate was spent at once": _LOW(learning_rate=0.01 * 0.7**_E),
    "losses": Curve.of(train_loss=_EARLY, val_loss=_EARLY + 0.1, planned_epochs=100),
    "score too": Curve.of(train_loss=_EARLY, val_loss=_EARLY, metrics={"acc": 0.6 - 0.4 * 0.4**_E}, planned_epochs=100),
}
NOT_SEEN: Mapping[str, Curve] = {
    "a good score, and a rate that is not logged": _LOW(),
    "falls for long": Curve.of(train_loss=_LATE, val_loss=_LATE, planned_epochs=100),
    "solved": Curve.of(train_loss=_EARLY - 0.99, val_loss=_EARLY - 0.95, planned_epochs=100),
    "a good score": Curve.of(train_loss=_EARLY, metrics={"acc": 0.99 - 0.4 * 0.4**_E}, planned_epochs=100),
    "creeps down": Curve.of(train_loss=_EARLY - 0.003 * _E, val_loss=_EARLY - 0.003 * _E, planned_epochs=100),
}
