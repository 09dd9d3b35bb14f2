"""Losses and score zig-zag widely, up one epoch and down the next, without a trend.

Looks like: saw teeth in the training loss as well as in validation, whose height is a large part of the level.

Not meant: a validation loss that jumps while the training loss falls smoothly (the validation set is too small);
noise around a clear trend, which is ordinary.

Usual causes: too little data, a batch that is too small, a learning rate that is too high.

In a search: a larger batch, a lower learning rate, slightly more epochs.

For a person: collect more data; smooth the curve before judging its trend.

Thresholds: independent noise changes direction in two thirds of its steps, a smooth curve in almost none. On verified
curves of seven architectures the training loss jumps by 0.07 to 0.9 of its level, mostly 0.14 or more, on sound ones
by at most 0.09. It may fall meanwhile; validation must lead nowhere. Verified small validation sets lay beside training
losses that jump less, or that have come down to two fifths of their first level and
farther. Where nothing but the
training loss is logged, five swings to 1.4 times and back are enough, however many rows each takes. Saw teeth of a
tenth of the level at every row count on the way down too: there a step and the next are correlated by -0.8 and less,
in independent noise by -0.5, and of 2,200 other curves of the bank none has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, FloatArray
from tuner.diagnosis import Symptom
from tuner.symptoms import trend

HEALTHY = False


@dataclass(frozen=True)
class Options:
    window_share: float = 0.2  # of the planned epochs
    window_least: int = 12  # epochs: a share of turns among fewer steps says little
    soon: int = 8  # epochs, after which it can be suspected while the run goes on
    turns: float = 0.4  # share of steps that change direction; independent noise has 2 / 3
    height: float = 0.1  # of the training loss: how far it jumps as a share of its level; sound runs stayed below 0.09
    val_height: float = 0.12  # of the validation loss
    score_height: float = 0.08  # of the score, on a scale of 0 … 1
    far: float = 0.39  # share of the loss of the first quarter that is still there; near 0 every jitter is large
    least: float = 0.05  # share of the first three losses, for runs that fall within few epochs
    teeth: float = 4.0  # jumps of the means of two: a fall within them is one more tooth
    swing: float = 1.4  # times as high or as low: a swing of a loss that takes more than a row up and down
    swings: int = 5  # of them, where nothing but the training loss is logged; no verified sound run had three
    saw: float = -0.8  # correlation of a step with the next, up and down at every row; independent noise has -0.5
    saw_far: float = 0.25  # share of the loss of the first quarter that is still there meanwhile
    settle: float = 0.1  # share of the rows left out at the start
    sigmas: float = 2.0  # standard errors: a trend beyond them is a trend


def detect(curve: Curve, *, options: Options) -> Symptom | None:
    """See a training loss that zig-zags without a trend, and validation doing the same."""
    if curve.length < trend.wait(curve, options.window_share, options.soon, options.window_least):
        return None
    rows = min(curve.length, trend.patience(curve, options.window_share, options.window_least))
    train, whole = trend.tail(curve.train_loss, curve, rows), trend.clean(curve.train_loss)
    if len(train) < rows or trend.median(train) <= 0:
        return None
    val, metric = trend.tail(curve.val_loss, curve, rows), trend.metric(curve)
    score = trend.tail(metric, curve, rows) / trend.whole(metric)
    if _saws(whole, rows, options) and not _climbs_calmly(score, options):
        return _symptom(curve, train, rows)
    if trend.median(train) < max(options.far * trend.beginning(whole), options.least * trend.median(whole[:3])):
        return None
    if not len(val) and not len(score) and _swings(whole, options) >= options.swings:
        return _symptom(curve, train, rows)
    if _height(train) < options.height or _turns(train) < options.turns:
        return None
    if (_height(val) >= options.val_height and _leads_nowhere(val, options)) or _score_zigzags(score, options):
        return _symptom(curve, train, rows)
    return None


def _saws(loss: FloatArray, rows: int, options: Options) -> bool:
    """Tell whether a loss goes high up and down at every row, as whole gradients do at the edge of what is stable."""
    if len(loss) < max(rows, options.window_least):
        return False
    last = loss[-max(rows, options.window_least, len(loss) // 2) :]
    steps = last[1:] - last[:-1]
    if float(steps[1:] @ steps[:-1]) > options.saw * float(steps @ steps):
        return False
    far = trend.median(last) >= max(options.saw_far * trend.beginning(loss), options.least * trend.median(loss[:3]))
    return far and _height(last) >= options.height


def _swings(loss: FloatArray, options: Options) -> int:
    """Return how often a loss, single spikes aside, went far up after a fall, or far down after such a rise."""
    calm = trend.running_median(loss, 3)[int(options.settle * len(loss)) :].tolist()
    low = high = calm[0]
    rising, swings = False, 0
    for value in calm:
        low, high = min(low, value), max(high, value)
        if not rising and value > options.swing * low > 0:
            rising, high, swings = True, value, swings + 1
        elif rising and options.swing * value < high:
            rising, low, swings = False, value, swings + 1
    return swings


def _height(loss: FloatArray) -> float:
    """Return how far a loss jumps, as a share of its level; 0 where there is too little of it."""
    level = trend.median(loss) if len(loss) > 5 else 0.0
    return trend.jumps(loss) / level if level > 0 else 0.0


def _leads_nowhere(loss: FloatArray, options: Options) -> bool:
    """Tell whether values change direction nearly as often as noise does, and have no trend."""
    return _turns(loss) >= options.turns and not _falls(loss, options)


def _score_zigzags(cost: FloatArray, options: Options) -> bool:
    """Tell the same of a score, a share of 1."""
    if len(cost) < 6 or _falls(cost, options):
        return False
    return trend.jumps(cost) >= options.score_height


def _climbs_calmly(cost: FloatArray, options: Options) -> bool:
    """Tell whether a score, a share of 1, gets better and jumps little meanwhile."""
    return len(cost) > 5 and _falls(cost, options) and trend.jumps(cost) < options.score_height


def _falls(cost: FloatArray, options: Options) -> bool:
    """Tell whether there is a trend down once each two neighbours are averaged, which takes the teeth out."""
    means = (cost[1:] + cost[:-1]) / 2
    line = trend.fit_line(means)
    return line.falls(options.sigmas) and -line.change > options.teeth * trend.jumps(means)


def _turns(values: FloatArray) -> float:
    """Return the share of steps that go against the step before."""
    steps = np.sign(np.diff(values))
    return float(np.mean(steps[1:] * steps[:-1] < 0))


def _symptom(curve: Curve, train: FloatArray, rows: int) -> Symptom:
    level, turns = trend.median(train), _turns(train)
    height = trend.ratio(trend.jumps(train), abs(level))
    return Symptom(
        name="oscillating",
        since_epoch=int(curve.epochs[-rows]),
        epoch=int(curve.epochs[-1]),
        confidence=trend.confidence(height, 0.1),
        severity=0.5 + 0.4 * min(1.0, height),
        evidence={"height": height, "turns": turns, "level": level, "epochs": rows},
        says=(
            "train loss jumps by {height:.0%} of its level {level:.3g} and turns in {turns:.0%} of the last {epochs} "
            "epochs, without a trend",
        ),
    )


_E = np.arange(30.0)
_SAW = np.where(_E % 2 == 0, 1.0, 1.7) + 0.1 * np.sin(2.9 * _E)
_CALM = 2.0 * 0.9**_E + 0.2
_NOISY_FALL = _CALM * (1 + 0.1 * np.sin(7.3 * _E))

SEEN: Mapping[str, Curve] = {
    "at every row, on the way down": Curve.of(
        train_loss=2 * 0.97**_E * np.where(_E % 2 == 0, 0.8, 1.2), val_loss=2 * 0.97**_E, planned_epochs=30
    ),
    "swings of several rows, and nothing else is logged": Curve.of(
        train_loss=1 + 0.6 * np.sin(0.9 * _E + 0.02 * _E**2), planned_epochs=30
    ),
    "saw teeth": Curve.of(train_loss=_SAW, val_loss=1.1 * _SAW, planned_epochs=50),
    "validation leads nowhere while training still falls": Curve.of(
        train_loss=_SAW * 0.98**_E, val_loss=1.1 * _SAW, planned_epochs=50
    ),
    "in loss and score": Curve.of(train_loss=_SAW, metrics={"acc": _SAW / 3}, planned_epochs=50),
}
NOT_SEEN: Mapping[str, Curve] = {
    "waves that die out": Curve.of(train_loss=1 + 0.9**_E * np.cos(0.7 * _E), planned_epochs=50),
    "only validation jumps": Curve.of(train_loss=_CALM, val_loss=_SAW, planned_epochs=50),
    "noise around a trend": Curve.of(train_loss=_NOISY_FALL, val_loss=_NOISY_FALL, planned_epochs=50),
    "small teeth": Curve.of(train_loss=1 + 0.05 * _SAW, val_loss=1 + 0.05 * _SAW, planned_epochs=50),
    "score climbs all the same": Curve.of(train_loss=_SAW, metrics={"acc": _E / 40}, planned_epochs=50),
}
