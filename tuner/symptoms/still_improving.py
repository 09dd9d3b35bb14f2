"""The planned epochs are nearly spent, and the run is still getting better.

Looks like: at the end of the budget the score still climbs, or the losses still fall. A validation curve can look flat
only because the first epochs set the scale, so only the last part is judged, by its own jitter.

In a search: nothing is wrong; more epochs, a higher learning rate, a larger batch, a larger model or pretrained weights
are likely to pay.

For a person: plan more epochs; add images of the class that scores worst.

Thresholds: the last fifth of the plan has to gain more than its jitter, and 2 % of what is left to gain; verified
runs gained 5 % or more when they were trained half as long again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, Series
from tuner.diagnosis import Symptom
from tuner.symptoms import trend

HEALTHY = True


@dataclass(frozen=True)
class Options:
    progress: float = 0.95  # share of the plan after which the end is near enough to speak of it
    window_share: float = 0.2  # of the planned epochs
    window_least: int = 5  # epochs
    gain: float = 0.02  # share of what is left to gain, won within the window; less is not worth more epochs
    sigmas: float = 2.0  # standard errors: a change within them is jitter


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a score, or losses, that still go the good way at the end of the plan."""
    if curve.progress is None or curve.progress < options.progress:
        return None
    rows = trend.patience(curve, options.window_share, options.window_least)
    series = {s.name: s for s in (curve.score, curve.val_loss, curve.train_loss) if s is not None}
    windows = {name: trend.tail(s, curve, rows) for name, s in series.items()}
    lines = {name: trend.fit_line(values) for name, values in windows.items() if len(values) >= 3}
    if not lines:
        return None
    first = next(iter(lines))
    losses = [name for name in lines if name != first]
    if _improves(lines[first], series[first], options):
        return _symptom(curve, first, lines[first], rows)
    # A training loss that falls alone is no progress: the validation loss has to fall with it.
    both_fall = len(losses) == 2 and all(_improves(lines[name], series[name], options) for name in losses)
    if both_fall and not lines[first].rises(options.sigmas):
        return _symptom(curve, losses[0], lines[losses[0]], rows)
    return None


def _improves(line: trend.Line, series: Series, options: Options) -> bool:
    return line.falls(options.sigmas) and -line.change >= options.gain * trend.room(series, line.level)


def _symptom(curve: Curve, name: str, line: trend.Line, rows: int) -> Symptom:
    gain = -line.share
    return Symptom(
        name="still_improving",
        since_epoch=int(curve.epochs[-min(rows, curve.length)]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(trend.ratio(-line.change, line.error), 2.0),
        severity=0.0,
        evidence={"series": name, "gain_share": gain, "epochs": rows},
        says=("{series} still improved by {gain_share:.2%} over the last {epochs} epochs of the plan",),
        healthy=True,
    )


_E = np.arange(50.0)
_FALLS = 0.3 + 0.97**_E
_FLAT = 0.3 + 0.7**_E

SEEN: Mapping[str, Curve] = {
    "losses fall": Curve.of(train_loss=_FALLS, val_loss=_FALLS, planned_epochs=50),
    "score climbs": Curve.of(train_loss=_FLAT, val_loss=_FLAT, metrics={"acc": 0.3 + 0.01 * _E}, planned_epochs=50),
    "perfect score, falling losses": Curve.of(
        train_loss=_FALLS, val_loss=_FALLS, metrics={"acc": 0.999 - 0.2 * 0.5**_E}, planned_epochs=50
    ),
}
NOT_SEEN: Mapping[str, Curve] = {
    "flat at the end": Curve.of(train_loss=_FLAT, val_loss=_FLAT, planned_epochs=50),
    "not at the end": Curve.of(train_loss=_FALLS, val_loss=_FALLS, planned_epochs=100),
    "no length planned": Curve.of(train_loss=_FALLS, val_loss=_FALLS),
    "train falls, score sinks": Curve.of(
        train_loss=_FALLS, val_loss=1.3 - _FALLS / 2, metrics={"acc": 0.9 - 0.01 * _E}, planned_epochs=50
    ),
}
