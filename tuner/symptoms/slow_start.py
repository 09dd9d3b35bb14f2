"""A long flat stretch at the beginning, and only then the loss begins to fall.

Looks like: a plateau near the first loss, a bend, then an ordinary fall.

Not meant: a few epochs of warm-up; a plateau that never ends (see not_learning).

Usual causes: initial weights that are too small, a rate that is too low, a warm-up that is too long.

In a search: a higher learning rate, a shorter warm-up, pretrained weights.

For a person: check the initialisation of the layers; a deep network without normalisation needs it to fit.

Thresholds: the plateau has to last an eighth of the plan, since warm-ups of three to five epochs are ordinary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray
from tuner.diagnosis import NAMED, Symptom
from tuner.symptoms import fine_tuning, trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    plateau_share: float = 0.11  # of the planned epochs
    plateau_least: int = 6  # rows, for short plans
    level: int = 5  # rows whose median is the level of the plateau
    flat: float = 0.08  # share of the whole fall that may be lost on the plateau
    fallen: float = 0.1  # share of the first loss that must have gone in the end
    bump: float = 0.2  # share of the fall by which the plateau may bulge
    bend: float = 0.4  # share of the time to half of the fall; a straight line has 0.16, an exponential fall 0.12
    sigmas: float = 4.0  # jitters of the plateau: the fall must be larger


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a plateau at the first loss, followed by a fall."""
    series = curve.train_loss or curve.val_loss
    loss = trend.clean(series)
    if series is None or len(loss) < 2 * options.plateau_least:
        return None
    cost = trend.running_median(loss, 3)
    level = trend.median(cost[: options.level])
    fall = level - float(cost.min())
    if fall < options.fallen * abs(level) or fall <= 0:
        return None
    rows = _plateau(cost, level, fall, options)
    if rows < trend.patience(curve, options.plateau_share, options.plateau_least) or rows >= len(loss) - 2:
        return None
    if fall < options.sigmas * trend.jitter(loss[:rows]) or not _bends(cost, rows, fall, options):
        return None
    if float(cost[:rows].max()) > level + options.bump * fall or fine_tuning.began_low(curve):
        return None
    if curve.train_loss is not None and not _val_falls(curve, int(series.finite.epochs[rows - 1]), options):
        return None
    return _symptom(curve, int(series.finite.epochs[rows - 1]), loss, rows, level)


def _plateau(cost: FloatArray, level: float, fall: float, options: Options) -> int:
    """Return for how many rows the loss stays within ``flat`` of the fall below ``level``."""
    below = cost < level - options.flat * fall
    return int(np.argmax(below)) if below.any() else len(cost)


def _bends(cost: FloatArray, rows: int, fall: float, options: Options) -> bool:
    """Tell whether the plateau takes up most of the time until half of the fall is done."""
    half = int(np.argmax(cost <= cost[0] - 0.5 * fall))
    return rows >= options.bend * half


def _val_falls(curve: Curve, end: int, options: Options) -> bool:
    """Tell whether the validation loss fell after epoch ``end`` too; the end of augmentation moves training only."""
    val = trend.clean(curve.val_loss)
    if curve.val_loss is None or len(val) < 4:
        return True
    i = max(1, int(np.searchsorted(curve.val_loss.finite.epochs, end, side="right")))
    before = trend.median(val[:i])
    return i < len(val) and before - float(val[i:].min()) >= options.fallen / 2 * abs(before)


def _symptom(curve: Curve, end: int, loss: FloatArray, rows: int, level: float) -> Symptom:
    return Symptom(
        name="slow_start",
        since_epoch=int(curve.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(rows, trend.patience(curve, 0.04, 2)),
        severity=NAMED,
        evidence={"plateau": level, "rows": rows, "until": end, "now": float(loss[-1])},
        says=("the loss stayed near {plateau:.3g} until epoch {until} and fell to {now:.3g} only then",),
    )


_E = np.arange(60.0)
_FALL = np.r_[np.full(15, 2.3), 2.3 * 0.9 ** _E[:45]]

SEEN: Mapping[str, Curve] = {
    "plateau, then a fall": Curve.of(train_loss=_FALL, val_loss=_FALL, planned_epochs=60),
    "jitters": Curve.of(train_loss=_FALL + 0.02 * np.random.default_rng(1).normal(0, 1, 60), planned_epochs=60),
}
NOT_SEEN: Mapping[str, Curve] = {
    "falls at once": Curve.of(train_loss=2.3 * 0.9**_E, planned_epochs=60),
    "never falls": Curve.of(train_loss=2.3 + 0.02 * np.random.default_rng(1).normal(0, 1, 60), planned_epochs=60),
    "a short warm-up": Curve.of(train_loss=np.r_[2.3, 2.3, 2.29, 2.3 * 0.9 ** _E[:57]], planned_epochs=60),
    "a straight line": Curve.of(train_loss=2.3 - 0.02 * _E, planned_epochs=60),
}
