"""The validation loss has turned and rises while the training loss still falls.

Looks like: the validation loss falls, flattens, then rises; the training loss goes on falling; metrics are flat or
sinking.

Not meant: a falling score, for a rising validation loss is none. In detectors and classifiers the score often climbs
for a long time after the validation loss has turned, so the objective decides: severity is at least 0.5 only once it
has not improved for a patience; below 0.5 only the loss overfits and the run is better left alone.

Usual causes: a model too large for the data, training for too long, too little regularisation or augmentation.

In a search: a smaller model, fewer layers, fewer epochs, a smaller batch, more weight decay, dropout or augmentation.

For a person: collect more data; keep the weights of the best epoch, not of the last one; look for near duplicates
within the training data.

Thresholds: among 210 labelled histories the validation losses of those not overfitting ended at most 2.6 % above
their minimum and those of the others at least 6.7 %. A rise by up to 40 % harms nothing while the score has lost less
than 3 % of its best: on validation sets of a hundred samples that of sound runs rose so far by chance. The patience is
a quarter of the plan because decaying schedules and the end of heavy augmentation rescue runs late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import HARMFUL, NAMED, SURE, Symptom
from tuner.symptoms import rising, trend

HEALTHY = False


@dataclass(frozen=True)
class Options(rising.Options):
    train_fallen: float = 0.05  # share of the training loss that must have gone since the turn
    lost: float = 0.08  # share of the best score that is said before the patience is over
    soars: float = 0.15  # rise of the validation loss that is said before the patience is over
    small: float = 0.4  # rise that does no harm while the score has lost next to nothing:
    small_lost: float = 0.03  # share of the best score; a few hundred samples err by as much
    sinks: float = 0.1  # share of the best score where only that gets worse: sound runs on 180 samples lost 0.09
    named: float = 0.5  # share of the patience after which it is
    memorised: float = 0.1  # share of the first training loss; below it there is no room left to fall


_LOSS = "{series} rose {lowest:.3g} → {now:.3g} since epoch {since_epoch}"
_SCORE = "{series} got worse, {lowest:.3g} → {now:.3g}, since epoch {since_epoch}"
_TRAIN_FELL = " while train loss fell {train_then:.3g} → {train_now:.3g}"
_TRAIN_LOW = " while train loss is as low as {train_now:.3g}"
_HARMFUL = "no better score, noise aside, for {epochs_without_gain} epochs"
_MILD = "the score still holds, only the loss overfits"


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a validation loss, or else a score, that gets worse while the training loss does not."""
    score = curve.score if curve.score is not None and curve.score.kind is Kind.METRIC else None
    for series in (curve.val_loss, score):
        turn = rising.turn(curve, series, options) if series is not None else None
        if series is None or turn is None or not _train_falls(curve, turn.epoch, options):
            continue
        if series is curve.val_loss or _sinks(curve, series, turn, options):
            return _symptom(curve, "val loss" if series is curve.val_loss else series.name, turn, options)
    return None


def _sinks(curve: Curve, score: Series, turn: rising.Turn, options: Options) -> bool:
    """Tell whether the score alone gets worse, by more than a few hundred samples err, and no loss contradicts."""
    return turn.rise >= options.sinks and _had_gained(score, turn) and not _val_falls(curve, turn.epoch, options)


def _had_gained(score: Series, turn: rising.Turn) -> bool:
    """Tell whether a score had got better for some rows before it turned; else nothing was there to overfit."""
    cost = trend.clean_cost(score)
    row = int(np.searchsorted(score.finite.epochs, turn.epoch))
    return row >= 2 and cost[0] - cost[row] >= 0.5 * (cost[-3:].mean() - cost[row])


def _val_falls(curve: Curve, turned: int, options: Options) -> bool:
    """Tell whether the validation loss has surely fallen since the score turned: then they measure different things."""
    val = curve.val_loss
    if val is None or len(val.finite) < 6:
        return False
    after = trend.clean(val)[int(np.searchsorted(val.finite.epochs, turned)) :]
    line = trend.fit_line(after)
    return line.falls(options.sigmas) and line.share < -options.train_fallen


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


def _symptom(curve: Curve, name: str, turn: rising.Turn, options: Options) -> Symptom:
    stall = rising.stalled(curve, options)
    severity = _severity(stall, turn, options)
    evidence: dict[str, float | int | str] = {"series": name, "lowest": turn.lowest, "now": turn.now}
    evidence |= {"rise": turn.rise, "epochs_without_gain": stall.epochs, "score_lost": stall.lost}
    train = _train(curve, turn.epoch)
    evidence |= train
    says = _SCORE if name in curve.series and curve.series[name].kind is Kind.METRIC else _LOSS
    if "train_now" in evidence:
        says += _TRAIN_FELL if train["train_now"] < train["train_then"] else _TRAIN_LOW
    return Symptom(
        name="overfitting",
        since_epoch=turn.epoch,
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(turn.rise, options.rise),
        severity=severity,
        evidence=evidence,
        says=(says, _HARMFUL if severity >= HARMFUL else _MILD),
    )


def _severity(stall: rising.Stall, turn: rising.Turn, options: Options) -> float:
    """Return how much it harms: for sure once the score has not improved for a patience, else by what it has lost."""
    if turn.rise < options.small and stall.lost <= options.small_lost:
        return 0.4
    if stall.harmful:
        return SURE + (1 - SURE) * min(1.0, max(stall.lost, turn.rise / 4))
    waited = stall.epochs >= options.named * stall.patience
    return NAMED if waited and max(turn.rise / options.soars, stall.lost / options.lost) >= 1 else 0.4


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

_TURNS = 0.4 + 1.3 * 0.72**_E + 0.04 * np.maximum(0.0, _E - 7)

SEEN: Mapping[str, Curve] = {
    "by loss": Curve.of(train_loss=_TRAIN, val_loss=_VAL, planned_epochs=60),
    "half-way, by loss": Curve.of(
        train_loss=2 * 0.78 ** _E[:20], val_loss=_TURNS[:20], objective="val_loss", planned_epochs=40
    ),
    "three quarters done, by loss": Curve.of(
        train_loss=2 * 0.78 ** _E[:30], val_loss=_TURNS[:30], objective="val_loss", planned_epochs=40
    ),
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
