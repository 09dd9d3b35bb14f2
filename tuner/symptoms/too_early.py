"""There are too few epochs to say anything, for the length that was planned.

Looks like: a handful of points. Any verdict on them would be a guess, so none is given.

In a search: wait.

For a person: wait; judge a short run by the plan it was made for.

Thresholds: a tenth of the plan, which is what successive halving spends before its first comparison, and never less
than five epochs, unless the whole plan is shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve
from tuner.diagnosis import Symptom
from tuner.symptoms import trend

HEALTHY = True


@dataclass(frozen=True)
class Options:
    share: float = 0.1  # of the planned epochs
    least: int = 5  # epochs


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a curve that is too short to be judged."""
    needed = trend.patience(curve, options.share, options.least)
    if curve.planned_epochs is not None:
        needed = min(needed, curve.planned_epochs)
    if not 0 < curve.length < needed:
        return None
    return Symptom(
        name="too_early",
        since_epoch=int(curve.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=1 - curve.length / needed,
        severity=0.0,
        evidence={"epochs": curve.length, "needed": needed},
        says=("{epochs} epochs are logged, {needed} are needed before anything can be said",),
        healthy=True,
    )


_FALLS = 2.0 * 0.9 ** np.arange(20)

SEEN: Mapping[str, Curve] = {
    "one epoch": Curve.of(train_loss=_FALLS[:1]),
    "ten of 300": Curve.of(train_loss=_FALLS[:10], planned_epochs=300),
}
NOT_SEEN: Mapping[str, Curve] = {
    "ten of 20": Curve.of(train_loss=_FALLS[:10], planned_epochs=20),
    "a short plan, finished": Curve.of(train_loss=_FALLS[:3], planned_epochs=3),
    "no length planned": Curve.of(train_loss=_FALLS),
}
