"""A loss that must be positive is below 0.

Looks like: the line crosses 0 and goes on falling, or lies below it from the first epoch.

Not meant: losses that may be negative by right, such as log likelihoods, evidence bounds, adversarial and similarity
losses; they are told by their names.

Usual causes: a loss that was given the wrong kind of input: probabilities where logarithms are expected, logarithms
where probabilities are, targets outside of 0 … 1.

In a search: nothing, no hyperparameter repairs it.

For a person: check what the loss function expects: probabilities, logits or logarithms; check the range of the
targets; if the loss may be negative by right, give it a name that says so.

Thresholds: the last rows have to lie below 0, since one value can be a slip of rounding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, Series
from tuner.diagnosis import Symptom
from tuner.symptoms import trend

HEALTHY = False

BY_RIGHT = re.compile(
    r"elbo|likelihood|log_?prob|nll|sd[nr]r?|snr|gan|critic|disc|(^|[^a-z])(gen|adv|actor|policy|dice|cos|iou|bpd)"
    r"|generator|reward|entropy_bonus|mutual|density|flow|energy|barlow|contrast",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Options:
    rows: int = 2  # at the end that lie below 0
    share: float = 0.001  # of the largest value: less below 0 is rounding


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a loss whose last values are negative."""
    for series in (curve.train_loss, curve.val_loss):
        if series is None or BY_RIGHT.search(series.name):
            continue
        values = trend.clean(series)
        last = float(values[-options.rows :].max()) if len(values) >= options.rows else 0.0
        if last < 0 and last < -options.share * float(np.abs(values).max()):
            return _symptom(curve, series)
    return None


def _symptom(curve: Curve, series: Series) -> Symptom:
    values, epochs = trend.clean(series), series.finite.epochs
    below = values < 0
    since = int(epochs[len(below) - int(np.argmin(below[::-1]))]) if not below.all() else int(epochs[0])
    return Symptom(
        name="negative_loss",
        since_epoch=since,
        epoch=int(curve.epochs[-1]),
        confidence=0.95 if below.all() or values[0] > 0 else 0.9,
        severity=1.0,
        evidence={"series": series.name, "first": float(values[0]), "now": float(values[-1])},
        says=("{series} has been below 0 since epoch {since_epoch}: {first:.3g} → {now:.3g}",),
    )


_E = np.arange(20.0)

SEEN: Mapping[str, Curve] = {
    "falls through 0": Curve.of(train_loss=1 - 0.1 * _E, val_loss=1.1 - 0.1 * _E, planned_epochs=20),
    "below 0 from the start": Curve.of(train_loss=-0.9 + 0.8**_E, planned_epochs=20),
}
NOT_SEEN: Mapping[str, Curve] = {
    "positive": Curve.of(train_loss=0.9**_E, val_loss=0.9**_E),
    "ends at 0": Curve.of(train_loss=np.maximum(1 - 0.1 * _E, 0)),
    "rounding": Curve.of(train_loss=np.r_[0.5**_E, -1e-6, -1e-6]),
}
