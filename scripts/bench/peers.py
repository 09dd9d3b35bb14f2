"""What other tools would say of a curve, in short: rules that can be read off logged losses and scores.

Left out everywhere: what needs gradients, weights, activations or the data. Steps of a tool are the rows of a curve.
Where a source gives no number or no exact rule, the docstring says so. A tool that raises an alarm during training is
taken to have raised it where its rule held at any row so far.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuner.curve import Curve, FloatArray, Kind, Series


class Said(NamedTuple):
    """What a peer says: whether the run is sick, and whether it overfits (None: it has no word for that)."""

    sick: bool
    overfitting: bool | None = None


Peer = Callable[[Curve], Said]


# -- Amazon SageMaker Debugger, built-in rules ------------------------------------------------------------------------
# Parameters and defaults: docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html (the code is not open).


def debugger_loss_not_decreasing(curve: Curve) -> Said:
    """Compare the training loss with that ``num_steps`` (10) before; it must be ``diff_percent`` (0.1 %) lower.

    The documents do not say how ``increase_threshold_percent`` (5 %) and the comparison go together; a rise counts here
    like any missing fall.
    """
    loss = _values(curve.train_loss)[::10]
    return Said(bool(np.any(loss[1:] > loss[:-1] - 0.001 * np.abs(loss[:-1]))))


def debugger_overfit(curve: Curve) -> Said:
    """(val - train) / train exceeds ``ratio_threshold`` (0.1) for more than ``patience`` (1) steps."""
    train, val = _shared(curve)
    ratio = (val - train) / np.maximum(np.abs(train), 1e-12)
    found = _longest(ratio > 0.1) > 1
    return Said(found, found)


def debugger_overtraining(curve: Curve) -> Said:
    """No loss better by ``delta`` (0.01) for ``patience_train`` (5) and ``patience_validation`` (10) steps.

    The documents do not say whether one of the two or both must have run out; both is kinder to the rule.
    """
    found = _waited(curve.train_loss, 0.01) >= 5 and _waited(curve.val_loss, 0.01) >= 10
    return Said(found)


def debugger_exploding_tensor(curve: Curve) -> Said:
    """ExplodingTensor with ``only_nan`` False (the default), on the losses alone: a NaN or an infinity in one."""
    return Said(_any_non_finite(curve))


def debugger(curve: Curve) -> Said:
    """Any of the four rules above; PoorWeightInitialization, VanishingGradient, DeadRelu and others need tensors."""
    overfit = debugger_overfit(curve)
    others = (debugger_loss_not_decreasing, debugger_overtraining, debugger_exploding_tensor)
    return Said(overfit.sick or any(rule(curve).sick for rule in others), overfit.overfitting)


# -- AUTOTRAINER (Zhang et al., ICSE 2021) ----------------------------------------------------------------------------


def autotrainer(curve: Curve) -> Said:
    """Slow convergence, oscillating loss, and a NaN loss (there a sign of exploding gradients).

    Oscillating: turns of the accuracy by at least zeta = 0.03, in more than eta = 0.2 of the epochs. Slow: the accuracy
    gained less than delta = 0.01 an epoch while it is below Theta = 0.6. Values of the paper's section 4 and the
    published parameters, from memory; the average over all epochs so far is our reading of the gain. Vanishing and
    exploding gradients and dying ReLU are left out. The training accuracy is used, or the score where there is none.
    """
    accuracy = _accuracy(curve)
    if _any_non_finite(curve):
        return Said(True)
    if len(accuracy) < 3:
        return Said(False)
    slow = accuracy[-1] < 0.6 and (accuracy[-1] - accuracy[0]) / (len(accuracy) - 1) < 0.01
    return Said(bool(slow) or _turns(accuracy, 0.03) > 0.2 * len(accuracy))


def _turns(values: FloatArray, amplitude: float) -> int:
    """Return how many pairs of a maximum and the next minimum differ by at least ``amplitude``."""
    rises, falls = np.diff(values) >= 0, np.diff(values) <= 0
    high, low = values[1:-1][rises[:-1] & falls[1:]], values[1:-1][falls[:-1] & rises[1:]]
    n = min(len(high), len(low))
    return int(np.sum(high[:n] - low[:n] >= amplitude))


# -- UMLAUT (Schoop, Huang, Hartmann, CHI 2021) -----------------------------------------------------------------------


def umlaut(curve: Curve) -> Said:
    """Overfitting, NaN loss, suspicious validation accuracy, and a learning rate outside 1e-7 ... 0.01.

    Overfitting: the validation loss rises while the training loss falls; over how many epochs is not known to us, two
    in a row are taken. Validation accuracy above 95 % is reported as suspicious. Left out: checks of the input's shape,
    range and type, of activations, dropout rates and the last layer.
    """
    train, val = _shared(curve)
    diverge = (np.diff(val) > 0) & (np.diff(train) < 0)
    overfits = _longest(diverge) >= 2
    score = _accuracy(curve, of_validation=True)
    rate = np.concatenate([_values(s) for s in curve.of_kind(Kind.LEARNING_RATE)] or [np.empty(0)])
    odd_rate = bool(np.any((rate > 0.01) | ((rate < 1e-7) & (rate > 0))))
    return Said(overfits or _any_non_finite(curve) or bool(np.any(score > 0.95)) or odd_rate, overfits)


# -- BTTackler (Pi et al., KDD 2024) ----------------------------------------------------------------------------------


def bttackler(curve: Curve) -> Said:
    """Three of its seven indicators: passive loss changes, unexpected loss changes, no more gain.

    The paper's tuned thresholds are not known to us; ours are the plainest: the training loss changed by less than 1 %
    within the first quarter of the plan (passive); it is above twice its first value or not finite (unexpected); the
    best score lies in the first half of a run of which three quarters are done (no more gain). The four indicators of
    gradients and activations are left out.
    """
    loss = _values(curve.train_loss)
    planned = curve.planned_epochs or curve.length
    early = loss[: max(2, math.ceil(planned / 4))]
    done = len(early) >= max(2, math.ceil(planned / 4))
    passive = done and bool(np.ptp(early) < 0.01 * abs(early[0]))
    unexpected = _any_non_finite(curve) or (len(loss) > 1 and bool(loss[-1] > 2 * abs(loss[0])))
    score = curve.score.cost[np.isfinite(curve.score.values)] if curve.score is not None else np.empty(0)
    late = len(score) >= 0.75 * planned
    no_gain = late and len(score) > 0 and int(np.argmin(score)) < planned / 2
    return Said(passive or unexpected or no_gain)


# -- early stopping ---------------------------------------------------------------------------------------------------


def keras_patience(curve: Curve) -> Said:
    """Keras EarlyStopping: monitor val_loss, min_delta 0 (its defaults), patience 10 (its default of 0 serves nobody).

    Read as overfitting where it would have stopped.
    """
    found = _waited(curve.val_loss or curve.train_loss, 0.0) >= 10
    return Said(found, found)


def yolo_patience(curve: Curve) -> Said:
    """Early stopping of Ultralytics: no better score for 100 epochs (its default)."""
    found = _waited(curve.score, 0.0) >= 100
    return Said(found, found)


def tenth_of_plan(curve: Curve) -> Said:
    """Early stopping with a patience of 10 % of the planned epochs on the score."""
    found = _waited(curve.score, 0.0) >= max(1, math.ceil(0.1 * (curve.planned_epochs or curve.length)))
    return Said(found, found)


def val_rose(curve: Curve) -> Said:
    """One threshold: the last validation loss is more than 4.6 % above its minimum."""
    val = _values(curve.val_loss)
    found = len(val) > 0 and bool(val[-1] - val.min() > 0.046 * abs(val.min()))
    return Said(found, found)


def nothing(curve: Curve) -> Said:
    """Call every curve healthy."""
    return Said(False, False)


PEERS: Mapping[str, Peer] = {
    "Debugger, all four": debugger,
    "· LossNotDecreasing": debugger_loss_not_decreasing,
    "· Overfit": debugger_overfit,
    "· Overtraining": debugger_overtraining,
    "AUTOTRAINER": autotrainer,
    "UMLAUT": umlaut,
    "BTTackler": bttackler,
    "Keras, patience 10": keras_patience,
    "YOLO, patience 100": yolo_patience,
    "patience 10 % plan": tenth_of_plan,
    "val loss +4.6 %": val_rose,
    "always healthy": nothing,
}


# -- shared -----------------------------------------------------------------------------------------------------------


def _values(series: Series | None) -> FloatArray:
    """Return the finite values, clipped so that arithmetic cannot overflow."""
    return np.clip(series.finite.values, -1e100, 1e100) if series is not None else np.empty(0)


def _shared(curve: Curve) -> tuple[FloatArray, FloatArray]:
    """Return training and validation loss at the epochs that both have."""
    if curve.train_loss is None or curve.val_loss is None:
        return np.empty(0), np.empty(0)
    train, val = curve.train_loss.finite, curve.val_loss.finite
    _, i, j = np.intersect1d(train.epochs, val.epochs, assume_unique=True, return_indices=True)
    return _values(train)[i], _values(val)[j]


def _any_non_finite(curve: Curve) -> bool:
    losses = curve.of_kind(Kind.TRAIN_LOSS) + curve.of_kind(Kind.VAL_LOSS)
    return any(len(s.finite) < len(s) for s in losses)


def _waited(series: Series | None, delta: float) -> int:
    """Return the longest stretch of rows without a value that beats the best so far by more than ``delta``."""
    best, waiting, longest = math.inf, 0, 0
    costs = series.cost.tolist() if series is not None else []
    for cost in costs:
        if cost < best - delta:
            best, waiting = cost, 0
        else:
            waiting += 1
            longest = max(longest, waiting)
    return longest


def _longest(held: NDArray[np.bool_]) -> int:
    """Return the length of the longest stretch of True."""
    longest = now = 0
    for value in held.tolist():
        now = now + 1 if value else 0
        longest = max(longest, now)
    return longest


def _accuracy(curve: Curve, *, of_validation: bool = False) -> FloatArray:
    """Return the accuracy as shares of 1, that of the training where it is logged; nothing where there is none."""
    of_training = [s for s in curve.series.values() if s.name.replace("/", "_") in ("train_acc", "train_accuracy")]
    score = curve.score if curve.score is not None and curve.score.higher_is_better else None
    series = of_training[0] if of_training and not of_validation else score
    values = _values(series)
    return values / 100 if len(values) and values.max() > 1.5 else values
