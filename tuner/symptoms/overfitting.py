"""The validation loss has turned and rises while the training loss still falls.

Looks like: the validation loss falls, flattens, then rises; the training loss goes on falling; metrics are flat or
sinking.

The objective decides. A rising validation loss is not a falling score: in detectors and classifiers the score often
climbs for a long time after the validation loss has turned. Severity is at least 0.5 only once the objective has not
improved for a patience; below 0.5 only the loss overfits and the run is better left alone.

Usual causes: a model too large for the data, training for too long, too little regularisation or augmentation.

What to do: a smaller model, fewer layers, fewer epochs, more weight decay, dropout or augmentation; more data.

Thresholds: among 210 labelled histories the validation losses of those not overfitting ended at most 2.6 % above their
minimum and those of the others at least 6.7 %; the patience is a quarter of the plan because decaying schedules and the
end of heavy augmentation rescue runs late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray, Series
from tuner.diagnosis import Symptom
from tuner.symptoms import trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    rise: float = 0.05  # share of the minimum; of labelled runs, healthy ones end within 0.026, overfitted from 0.067
    sigmas: float = 3.0  # jitters: a rise within them is noise, as the minimum is picked as the lowest of many
    width: int = 3  # rows of the running median that takes out spikes of one epoch
    kept: float = 0.5  # share of the highest rise that must still be there, else it is on its way back
    train_fallen: float = 0.05  # share of the training loss that must have gone since the turn
    memorised: float = 0.1  # share of the first training loss; below it there is no room left to fall
    turn_share: float = 0.1  # of the planned epochs since the minimum
    turn_least: int = 5  # rows since the minimum, for short plans and sparse validation
    patience_share: float = 0.25  # of the planned epochs without a better score: late rescues happen
    patience_least: int = 10  # epochs without a better score; early stopping is rarely set lower
    gain: float = 0.002  # share of the best score that counts as an improvement


_ALONE = "val loss rose {val_lowest:.3g} → {val_now:.3g} since epoch {since_epoch}"
_WITH_TRAIN = _ALONE + " while train loss went {train_then:.3g} → {train_now:.3g}"
_HARMFUL = "no better score for {epochs_without_gain} epochs"
_MILD = "the score still holds, only the loss overfits"


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a validation loss that rises from its minimum while the training loss does not."""
    val = curve.val_loss
    if val is None or len(val.finite) <= options.turn_least:
        return None
    loss = trend.running_median(trend.clean(val), options.width)
    lowest = int(np.argmin(loss))
    turned = int(val.finite.epochs[lowest])
    if not _rises(curve, trend.clean(val), loss, lowest, options) or not _train_falls(curve, turned, options):
        return None
    return _symptom(curve, val, loss, options)


def _rises(curve: Curve, raw: FloatArray, loss: FloatArray, lowest: int, options: Options) -> bool:
    """Tell whether the loss rose by more than noise and has been doing so long enough."""
    after = len(loss) - 1 - lowest
    epochs = curve.length * after / len(loss)
    if after < options.turn_least or epochs < trend.patience(curve, options.turn_share, options.turn_least):
        return False
    rise = loss[-1] - loss[lowest]
    if rise < options.kept * (loss[lowest:].max() - loss[lowest]):
        return False
    if rise < max(options.rise * abs(loss[lowest]), options.sigmas * trend.jitter(raw[lowest:]), 1e-200):
        return False
    return trend.fit_line(raw[lowest:]).rises(options.sigmas)


def _train_falls(curve: Curve, turned: int, options: Options) -> bool:
    """Tell whether the training loss has fallen since ``turned``, or has no room to; True where none is logged."""
    train = curve.train_loss
    if train is None or not len(train.finite):
        return True
    loss = trend.clean(train)
    after = loss[int(np.searchsorted(train.finite.epochs, turned)) :]
    line = trend.fit_line(after)
    if abs(line.level) <= options.memorised * abs(loss[0]):
        return not line.rises(options.sigmas)
    fallen = len(after) > 2 and after[0] - trend.median(after[-3:])
    return line.share <= -options.train_fallen and fallen >= options.train_fallen * abs(after[0])


def _stalled(curve: Curve, options: Options) -> tuple[int, float]:
    """Return for how many epochs the score has not improved, and the share of its best value it has lost since."""
    score = curve.score
    cost = trend.clean_cost(score)
    if score is None or not len(cost):
        return 0, 0.0
    best = float(cost.min())
    since = int(score.finite.epochs[trend.last_gain(cost, options.gain * abs(best))])
    lost = trend.ratio(trend.median(cost[-options.width :]) - best, abs(best))
    return int(np.sum(curve.epochs > since)), lost


def _symptom(curve: Curve, val: Series, loss: FloatArray, options: Options) -> Symptom:
    raw, epochs = trend.clean(val), val.finite.epochs
    lowest = int(np.argmin(raw))
    since, low, now = int(epochs[lowest]), float(raw[lowest]), float(loss[-1])
    rise = trend.ratio(now - low, abs(low))
    stalled, lost = _stalled(curve, options)
    patience = trend.patience(curve, options.patience_share, options.patience_least)
    harmful = stalled >= patience
    evidence: dict[str, float | int | str] = {"val_lowest": low, "val_now": now, "rise": rise}
    evidence |= {"epochs_without_gain": stalled, "score_lost": lost}
    evidence |= _train(curve, since)
    says = _WITH_TRAIN if "train_now" in evidence else _ALONE
    return Symptom(
        name="overfitting",
        since_epoch=since,
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(rise, options.rise),
        severity=0.5 + 0.5 * min(1.0, max(lost, rise / 4)) if harmful else 0.2 + 0.25 * min(1.0, stalled / patience),
        evidence=evidence,
        says=(says, _HARMFUL if harmful else _MILD),
    )


def _train(curve: Curve, since: int) -> dict[str, float]:
    train = curve.train_loss.finite if curve.train_loss is not None else None
    if train is None or not len(train):
        return {}
    i = min(int(np.searchsorted(train.epochs, since)), len(train) - 1)
    return {"train_then": float(train.values[i]), "train_now": float(train.values[-1])}


_E = np.arange(40.0)
_TRAIN = 0.6 * 0.92**_E
_VAL = 0.2 + 0.5 * 0.8**_E + 0.006 * np.maximum(_E - 10, 0)
_FLAT = 0.2 + 0.5 * 0.8**_E + 0.002 * np.sin(7.3 * _E)
_CLIMBS = 0.5 + 0.008 * _E
_PEAKS = 0.7 - 0.0004 * (_E - 12) ** 2

SEEN: Mapping[str, Curve] = {
    "by loss": Curve.of(train_loss=_TRAIN, val_loss=_VAL, planned_epochs=60),
    "score sinks": Curve.of(train_loss=_TRAIN, val_loss=_VAL, metrics={"map": _PEAKS}, planned_epochs=60),
    "score climbs (mild)": Curve.of(train_loss=_TRAIN, val_loss=_VAL, metrics={"map": _CLIMBS}, planned_epochs=60),
}
NOT_SEEN: Mapping[str, Curve] = {
    "val flat": Curve.of(train_loss=_TRAIN, val_loss=_FLAT, planned_epochs=60),
    "both rise": Curve.of(train_loss=_VAL, val_loss=_VAL, planned_epochs=60),
    "just turned": Curve.of(train_loss=_TRAIN[:15], val_loss=_VAL[:15], planned_epochs=60),
    "noise": Curve.of(train_loss=_TRAIN, val_loss=0.3 + 0.1 * np.sin(7.3 * _E), planned_epochs=60),
    "one spike at the end": Curve.of(train_loss=_TRAIN, val_loss=[*_FLAT[:-1], 2.0], planned_epochs=60),
}
