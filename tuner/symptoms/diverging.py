"""Training and validation loss rise together, or the loss explodes, and they stay up.

Looks like: the training loss climbs well above its first value, or falls first and then returns to where it began,
while the validation loss goes the same way and the score is lost.

A run can also explode within its first epochs, the first one included. Then a loss is several times what guessing
gives, later ones come down to that and not below, and the score never leaves chance: it is dead. Or it learns
something first, and falls back to guessing for good, or loses a good part of its best score while its losses rise.

Not meant: one spike that comes down again; a bump that the score survives, since runs with a high rate and a decaying
schedule can look bad in the middle and end best.

Usual causes: a learning rate far too high, a sign error in the loss, a wrong model definition or configuration.

In a search: lower the learning rate by a full step, warm up longer, clip gradients, fall back to a known-good
optimizer.

For a person: check the model definition and the values in the configuration; check the sign of the loss; look for
broken samples and labels.

Thresholds: they spare what was seen to end well among 1,000 recorded small networks. The best of one search rose to
1.8 times its first training loss, its score losing 16 %, and came back; another of the best tenth blew up to 50 times,
but was down to half of its peak within 15 % of the plan. Of 1,024 recorded classifiers, a random search, 34 had
exploded and come down to guessing half-way, and all of them ended there; of 105 that had exploded and were still far
above it 6 ended with an accuracy above 0.6, so that is said and no trial is ended for it. Once the plan is over, a
training loss that stays 1.6 times above its lowest level is enough, with the score lost: no sound run of the bank ends
so; and so is a score that has lost a fifth of its best, with losses above what they were then. A run whose losses rise
to twice their first ones by then diverges whatever a score below 0.2 does: so little cannot be lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Series
from tuner.diagnosis import CERTAIN, NAMED, SURE, Symptom, goes_on
from tuner.symptoms import guessing, trend
from tuner.symptoms.guessing import Before

HEALTHY = False


@dataclass(frozen=True)
class Options:
    above_start: float = 2.0  # times the first loss; the best run of a recorded search rose to 1.8
    stay_share: float = 0.15  # of the planned epochs: the best recorded run that blew up was on its way back by then
    named_share: float = 0.07  # of the planned epochs, after which it is said
    beyond: float = 5.0  # times the first losses, of training and validation, where no score is above
    nothing: float = 0.2  # as a share of 1: so little cannot be lost
    leap: float = 1.3  # times the lowest loss, from which on it rises for some rows in training and validation
    leap_rows: int = 4  # epochs: noise hardly rises so often in a row in both
    stay_least: int = 5  # epochs, for short plans: a spike lasts one or two
    peak: float = 0.5  # share of the highest loss that must still be there, else it is on its way back
    falling_rows: int = 3  # epochs: a detector's loss is small while no box is assigned, then leaps, and is learnt
    explosion: float = 1e6  # times the first loss: beyond any spike, two rows are enough
    ended: float = 0.9  # share of the plan after which a loss that is up has not come back
    climbed: float = 1.15  # times the losses of the first quarter, where a loss has never fallen
    fallen: float = 0.1  # share of the first loss that must have been gained before it can be lost again
    regained: float = 0.9  # share of that gain that must be lost again
    doubled: float = 1.6  # times its lowest value, once the plan is over: no sound run ends so far above it
    noises: float = 8.0  # jitters by which it must lie above that
    near_zero: float = 0.02  # share of the loss of the first quarter: below it every jitter is many times as high
    score_lost_at_end: float = 0.1  # share of the best score, once the plan is over
    score_lost: float = 0.3  # share of the best score; 0.16 was the most a run that ended well had lost
    score_gone: float = 0.2  # share of the best score, smoothed, once the plan is over
    gone_least: float = 0.08  # of it, as a share of 1
    rows_of_score: int = 20  # values of it: fewer jump too much to be smoothed
    gone_for: int = 5  # rows since the best


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a loss that rose far above its start, or back to it, and stayed."""
    train, val = trend.clean(curve.train_loss), trend.clean(curve.val_loss)
    if len(train) < 3:
        return None
    for series, loss, rows in ((curve.train_loss, train, 2), (curve.val_loss, val, options.stay_least)):
        if series is not None and _above(loss, train[0], options.explosion, rows):
            return _symptom(curve, series, rows, 1.0)
    for share, severity in ((options.stay_share, SURE), (options.named_share, NAMED)):
        rows = trend.patience(curve, share, options.stay_least)
        if curve.train_loss is not None and _lost(curve, train, val, rows, options):
            return _symptom(curve, curve.train_loss, rows, severity)
    leaps = all(_leaps(loss, options) for loss in (train, val) if len(loss))
    lost = leaps and (_score_is_lost(curve, 3, options.score_lost_at_end) or _leapt(curve, train, val, options))
    if curve.train_loss is not None and lost:
        return _symptom(curve, curve.train_loss, 3, NAMED)
    return _guesses(curve) or _unlearned(curve, train, val, options)


def _leaps(loss: FloatArray, options: Options) -> bool:
    """Tell whether the loss has been rising for some rows without a stop, by a good part of its lowest value."""
    lowest = int(np.argmin(loss))
    after = loss[lowest:]
    last = after[-options.leap_rows :]
    if len(after) <= options.leap_rows or after[0] <= 0 or last[0] < options.leap * after[0]:
        return False
    if _swings(loss[: lowest + 1], options.leap):
        return False
    return bool(np.all(np.diff(last) > 0)) and last[-1] - after[0] > 6 * trend.jitter(loss)


def _leapt(curve: Curve, train: FloatArray, val: FloatArray, options: Options) -> bool:
    """Tell whether the losses are far above their first values at the end, with next to nothing that could be lost."""
    far = all(_above(loss, loss[0], options.above_start, 1) for loss in (train, val) if len(loss))
    return far and _ended(curve, options) and not trend.good(trend.metric(curve), options.nothing)


def _swings(loss: FloatArray, times: float) -> bool:
    """Tell whether a loss has risen so many times above its lowest value already, and came back lower."""
    smooth = trend.running_median(loss, 3)
    return float((smooth - times * np.minimum.accumulate(smooth)).max()) > 0


def _lost(curve: Curve, train: FloatArray, val: FloatArray, rows: int, options: Options) -> bool:
    """Tell whether the loss has been up for ``rows`` rows, and validation and score with it."""
    stays = _ended(curve, options) or not _comes_back(train, options)
    far = stays and all(_above(loss, loss[0], options.beyond, rows) for loss in (train, val) if len(loss))
    if far and not trend.good(trend.metric(curve), options.nothing):
        return True
    up = stays and _above(train, train[0], options.above_start, rows)
    up = up or _only_up(train, val, rows, options)
    up = up or _returned(train, rows, options) or (_ended(curve, options) and _doubled(train, rows, options))
    return up and _others_agree(curve, rows, options)


def _comes_back(loss: FloatArray, options: Options) -> bool:
    """Tell whether the loss is well below its highest value by now, or has fallen in every row since."""
    falling = np.diff(loss[int(np.argmax(loss)) :])
    steadily = len(falling) >= options.falling_rows and bool(np.all(falling < 0))
    return steadily or trend.median(loss[-3:]) < options.peak * loss.max()


def _above(loss: FloatArray, first: float, times: float, rows: int) -> bool:
    """Tell whether the last ``rows`` losses all lie ``times`` as high as ``first``; no loss is compared with 0."""
    if len(loss) <= rows or first == 0:
        return False
    return bool(loss[-rows:].min() > first + (times - 1) * abs(first))


def _ended(curve: Curve, options: Options) -> bool:
    """Tell whether nothing can come back any more, as far as is known."""
    return curve.progress is None or curve.progress >= options.ended


def _only_up(train: FloatArray, val: FloatArray, rows: int, options: Options) -> bool:
    """Tell whether the losses have done nothing but rise, as under gradient ascent."""
    for loss in (train, val):
        if len(loss) < 2 * rows or loss[-3:].min() < options.climbed * loss[: len(loss) // 4 + 1].max() or loss[0] <= 0:
            return False
        if loss[: len(loss) // 2].min() < (1 - options.fallen) * loss[0] or not trend.fit_line(loss).rises(3.0):
            return False
    return True


def _returned(loss: FloatArray, rows: int, options: Options) -> bool:
    """Tell whether the loss fell clearly, then lost that gain for ``rows`` rows."""
    if len(loss) < rows + 2:
        return False
    gain = float(loss[0] - loss[:-rows].min())
    if gain <= options.fallen * abs(loss[0]) or loss[-rows:].min() < loss[0] - (1 - options.regained) * gain:
        return False
    return gain > 3 * trend.jitter(loss)


def _doubled(loss: FloatArray, rows: int, options: Options) -> bool:
    """Tell whether the last ``rows`` losses lie far above the lowest level, however far the loss had fallen."""
    last = float(loss[-rows:].min())
    if len(loss) < 3 * rows or last < options.doubled * float(loss.min()):
        return False
    smooth = trend.running_median(loss, 5)
    low = float(smooth.min())
    if _swings(loss[: int(smooth.argmin()) + 1], options.leap):
        return False
    far = low > 0 and last >= options.doubled * low and last - low >= options.noises * trend.jitter(loss)
    return far and low >= options.near_zero * trend.beginning(loss)


def _others_agree(curve: Curve, rows: int, options: Options) -> bool:
    """Tell whether validation loss and metric, where logged, are lost as well."""
    val = trend.clean(curve.val_loss)
    kept = len(val) > 2 and trend.median(val[-rows:]) < val.min() + options.fallen * abs(val.min())
    if kept or _at_its_best(val):
        return False
    return _score_is_lost(curve, rows, options.score_lost_at_end if _ended(curve, options) else options.score_lost)


def _score_is_lost(curve: Curve, rows: int, share: float) -> bool:
    """Tell whether the metric has lost ``share`` of its best value; True where none is logged."""
    metric = trend.clean_cost(trend.metric(curve))
    if len(metric) < 2:
        return True
    lost = trend.median(metric[-rows:]) - float(metric.min()) >= share * abs(float(metric.min()))
    return lost and not _at_its_best(metric)


def _at_its_best(cost: FloatArray) -> bool:
    """Tell whether the last row is the best so far, after at least two that were better than those before them."""
    # A median over rows in which a series gets better looks like a loss of what the last of them has reached.
    return len(cost) > 3 and bool(np.all(np.diff(cost[-3:]) < 0)) and float(cost[-1]) <= float(cost.min())


def _guesses(curve: Curve) -> Symptom | None:
    """See a classifier that ends at guessing after its loss exploded, or after it had learned something."""
    found = guessing.guess(curve, guessing.Options())
    if found is None or found.before is Before.NOTHING:
        return None
    exploded, at_once = found.before is Before.EXPLODED, found.epoch == int(curve.epochs[0])
    since, evidence = (
        (_AT_CHANCE, {"guessing": found.loss}) if found.is_accuracy else (_STAYS, {"series": found.series})
    )
    far = found.first / found.loss - 1 if exploded else (found.best - found.score) / 0.05
    return Symptom(
        name="diverging",
        since_epoch=found.epoch,
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(far, 1.0),
        severity=CERTAIN if not goes_on(curve) else SURE if found.down else NAMED,
        evidence={**evidence, "first": found.first, "best": found.best, "accuracy": found.score},
        says=(_AT_ONCE if at_once else _EXPLODED, since) if exploded else (_FELL_BACK,),
    )


_AT_ONCE = "train loss exploded to {first:.3g} within the first epoch"
_EXPLODED = "train loss exploded to {first:.3g} at epoch {since_epoch}"
_AT_CHANCE = "since then accuracy stays at chance ({accuracy:.2g}), the loss no better than guessing ({guessing:.3g})"
_STAYS = "since then {series} stays at {accuracy:.2g}"
_FELL_BACK = "accuracy fell from {best:.2g} back to chance ({accuracy:.2g}) and the loss to guessing ({guessing:.3g})"


def _unlearned(curve: Curve, train: FloatArray, val: FloatArray, options: Options) -> Symptom | None:
    """See a score that has lost a good part of its best by the end, and losses no better than they were then."""
    metric = trend.metric(curve)
    raw = trend.shares(metric)
    if metric is None or len(raw) < options.rows_of_score or not _ended(curve, options):
        return None
    now = trend.median(raw[-5:])
    if float(raw.max()) - now < options.gone_least:  # most runs, and the median is the dearest here
        return None
    score = trend.running_median(raw, 5)
    row = int(np.argmax(score))
    best, share = float(score[row]), row / len(score)
    gone = best - now >= max(options.score_gone * abs(best), options.gone_least)
    if not gone or len(score) - row <= options.gone_for:
        return None
    if not all(_at(loss, share) < trend.median(loss[-5:]) for loss in (train, val) if len(loss)):
        return None
    losses = {"then_loss": _at(train, share), "now_loss": trend.median(train[-5:])}
    return Symptom(
        name="diverging",
        since_epoch=int(metric.finite.epochs[row]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(best - now, options.gone_least),
        severity=CERTAIN,
        evidence={"series": metric.name, "best": best, "now": now, **losses},
        says=(
            "{series} fell from {best:.3g} to {now:.3g} since epoch {since_epoch}",
            "train loss rose {then_loss:.3g} → {now_loss:.3g} meanwhile",
        ),
    )


def _at(loss: FloatArray, share: float) -> float:
    """Return the level of a loss around a share of its rows."""
    row = int(share * len(loss))
    return trend.median(loss[max(0, row - 2) : row + 3])


def _symptom(curve: Curve, series: Series, rows: int, severity: float) -> Symptom:
    loss = trend.clean(series)
    lowest = int(np.argmin(loss))
    since, first = int(series.finite.epochs[lowest]), float(loss[0])
    low, now = float(loss[lowest]), trend.median(loss[-rows:])
    times = trend.ratio(now, abs(first))
    return Symptom(
        name="diverging",
        since_epoch=since,
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(max(times, 1.0), 1 / 3),
        severity=severity,
        evidence={"series": series.name, "first": first, "lowest": low, "now": now, "times_first": times},
        says=("{series} rose {lowest:.3g} → {now:.3g} since epoch {since_epoch}, it began at {first:.3g}",),
    )


_E = np.arange(40.0)
_FALLING = 2.3 * 0.9**_E + 0.1
_UP = np.concatenate([_FALLING[:6], 1.5 * 1.3 ** np.arange(14)])
_BACK = np.concatenate([_FALLING[:6], np.full(14, 2.4) + 0.02 * np.sin(7.0 * np.arange(14))])
_SPIKE = np.where(_E == 20, 50.0, _FALLING)
_BUMP = 1.5 + 2.5 * np.exp(-(((_E - 12) / 5) ** 2)) - 0.03 * _E

SEEN: Mapping[str, Curve] = {
    "falls back to guessing": Curve.of(
        train_loss=np.r_[2.3, 1.9, 1.7, 2.1, np.full(16, 2.304)],
        val_loss=np.r_[2.2, 1.8, 1.7, 2.3, np.full(16, 2.306)],
        metrics={"accuracy": np.r_[0.15, 0.3, 0.37, 0.2, np.full(16, 0.1)]},
        planned_epochs=40,
    ),
    "both rise far, at a score that was nothing at first": Curve.of(
        train_loss=1.1**_E, val_loss=1.1**_E, metrics={"acc": np.full(40, 0.07)}, planned_epochs=40
    ),
    "both rise": Curve.of(train_loss=_UP, val_loss=1.1 * _UP, planned_epochs=50),
    "metric lost too": Curve.of(train_loss=_UP, metrics={"acc": np.r_[np.linspace(0.1, 0.5, 6), np.full(14, 0.1)]}),
    "validation explodes": Curve.of(train_loss=_FALLING[:12], val_loss=np.r_[_FALLING[:5], np.full(7, 1e30)]),
    "explodes at once": Curve.of(train_loss=[2.3, 5e9, 7e9, 6e9]),
    "dead after a first explosion": Curve.of(
        train_loss=np.r_[282.0, 2.31 + 9 * 0.5 ** _E[:14]],
        val_loss=2.31 + 9 * 0.6 ** _E[:15],
        metrics={"accuracy": 0.1 + 0.01 * np.sin(_E[:15])},
        planned_epochs=40,
    ),
    "late, far above its lowest, with no validation loss": Curve.of(
        train_loss=np.r_[0.5 + 0.9 * 0.9**_E, np.linspace(0.6, 1.1, 6), np.full(8, 1.1) + 0.03 * np.sin(7.0 * _E[:8])],
        metrics={"acc": np.r_[0.6 - 0.3 * 0.8**_E, np.linspace(0.55, 0.35, 6), np.full(8, 0.35)]},
        planned_epochs=54,
    ),
    "explodes after its first epoch, and comes down to guessing": Curve.of(
        train_loss=np.r_[2.3, 70.0, 346.0, 276.0, 3.0 + 40 * 0.6 ** _E[:16]],
        val_loss=np.r_[9.3, 230.0, 480.0, 281.0, 2.4 + 40 * 0.6 ** _E[:16]],
        metrics={"accuracy": 0.1 + 0.01 * np.sin(5 * _E[:20])},
        planned_epochs=20,
    ),
    "a score that is half lost, by losses far from where they began": Curve.of(
        train_loss=np.r_[2.3 * 0.8 ** _E[:12], np.linspace(0.2, 0.35, 28)],
        val_loss=np.r_[2.2 * 0.82 ** _E[:12], np.linspace(0.25, 0.4, 28)],
        metrics={"acc": np.r_[0.8 - 0.7 * 0.7 ** _E[:12], np.linspace(0.78, 0.4, 28)]},
        planned_epochs=40,
    ),
    "back to the start": Curve.of(train_loss=_BACK, val_loss=_BACK, planned_epochs=40),
}
NOT_SEEN: Mapping[str, Curve] = {
    "a total that comes down by and by at chance": Curve.of(
        train_loss=150 * 0.93 ** _E[:30] + 1.0,
        val_loss=140 * 0.93 ** _E[:30] + 1.0,
        metrics={"accuracy": 0.45 + 0.01 * np.sin(_E[:30])},
        planned_epochs=30,
    ),
    "a large loss of large weights that falls smoothly, at a score that rests": Curve.of(
        train_loss=1.4 + 19 * 0.8 ** _E[:30],
        val_loss=1.4 + 17 * 0.8 ** _E[:30],
        metrics={"accuracy": 0.29 + 0.01 * np.sin(5 * _E[:30])},
        planned_epochs=30,
    ),
    "a score that jumps while it climbs": Curve.of(
        train_loss=1.0 * 0.93 ** _E[:12],
        metrics={"mAP": [0.11, 0.16, 0.25, 0.3, 0.2, 0.24, 0.28, 0.23, 0.44, 0.44, 0.46, 0.46]},
        planned_epochs=12,
    ),
    "learns after a first explosion": Curve.of(
        train_loss=np.r_[282.0, 2.31 + 9 * 0.5 ** _E[:14]],
        val_loss=2.31 + 9 * 0.6 ** _E[:15],
        metrics={"accuracy": 0.1 + 0.01 * _E[:15]},
        planned_epochs=40,
    ),
    "a detector's loss that leaps once boxes are assigned": Curve.of(
        train_loss=[1.2, 10.17, 8.79, 7.62, 6.79, 6.19],
        val_loss=[5.89, 12.53, 11.38, 11.34, 10.41, 9.71],
        metrics={"mAP50-95": np.zeros(6)},
        planned_epochs=16,
    ),
    "a detector that assigns more boxes, its validation loss falling": Curve.of(
        train_loss=[2.68, 3.76, 7.06, 7.27, 9.92, 7.67, 8.38],
        val_loss=[2.87, 3.91, 3.85, 3.27, 2.70, 2.28, 2.12],
        metrics={"mAP50-95": np.zeros(7)},
        planned_epochs=16,
    ),
    "a detector whose score begins to climb": Curve.of(
        train_loss=[2.57, 3.08, 4.35, 4.45, 8.82, 8.46, 9.19, 8.91, 7.85, 8.25, 8.07, 7.91, 7.65, 7.29],
        val_loss=[2.81, 2.71, 2.50, 2.30, 2.08, 1.94, 1.84, 1.77, 1.74, 1.64, 1.63, 3.40, 7.32, 7.54],
        metrics={"mAP50-95": [*[0.0] * 11, 0.00112, 0.00448, 0.00917]},
        planned_epochs=16,
    ),
    "overfitted, training far below": Curve.of(train_loss=_FALLING, val_loss=_FALLING + 0.03 * _E, planned_epochs=40),
    "one spike": Curve.of(train_loss=_SPIKE, val_loss=_SPIKE),
    "spike in the last row": Curve.of(train_loss=_SPIKE[:21], val_loss=_SPIKE[:21]),
    "first validation loss of 0": Curve.of(train_loss=_FALLING, val_loss=np.r_[0.0, _FALLING[1:]]),
    "falling": Curve.of(train_loss=_FALLING, val_loss=_FALLING),
    "only validation rises": Curve.of(train_loss=_FALLING, val_loss=_UP),
    "a bump the score survives": Curve.of(
        train_loss=_BUMP, val_loss=_BUMP, metrics={"acc": 0.7 - 0.02 * _BUMP + 0.005 * _E}
    ),
    "a huge first loss": Curve.of(train_loss=[500.0, 40.0, 9.0, 3.0, 2.6, 2.5, 2.4, 2.4, 2.4]),
}
