"""What is measured to verify an effect; ``values`` are the losses or scores of successive checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.curve_bank.samples import Part
from scripts.curve_bank.training import Run, evaluate

HIGH, CALMER = 0.08, 3.0
"""Jumps of a validation loss as a share of its level, and how many times those of another loss, that are no chance."""

RESTS, STEADY, FALLEN = 0.012, 0.02, 0.85
"""The change and the spread of a score that rests, and what is left of a loss that falls meanwhile."""

FAR_FALLEN, STRAIGHT = 0.6, 0.69
"""The most that a nearly straight line loses of the untrained loss, and the most of that it loses in its first half."""

Values = Sequence[float]
Array = NDArray[np.float64]


def end(values: Values) -> float:
    """Return the mean of the last few values: a tenth of them, 1 … 5."""
    return float(np.mean(values[-max(1, min(5, len(values) // 10)) :]))


def around(values: Values, share: float, half_width: int = 2) -> float:
    """Return the mean of the values around ``share`` of the run."""
    i = min(len(values) - 1, int(share * len(values)))
    return float(np.mean(values[max(0, i - half_width) : i + half_width + 1]))


def smoothed(values: Values, width: int = 3) -> Array:
    """Return the running mean, shape kept."""
    width = min(width, len(values))
    padded = np.pad(np.asarray(values, dtype=np.float64), (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")


def lowest(values: Values) -> tuple[int, float]:
    """Return index and value of the lowest smoothed value."""
    smooth = smoothed(values)
    i = int(np.argmin(smooth))
    return i, float(smooth[i])


def jitter(values: Values) -> float:
    """Return the standard deviation of the second differences, as that of the noise on the values."""
    return float(np.std(np.diff(values, n=2)) / np.sqrt(6))


def variation(values: Values) -> float:
    """Return the coefficient of variation."""
    return float(np.std(values) / (abs(np.mean(values)) + 1e-12))


def turns(values: Values) -> float:
    """Return the share of neighbouring steps that change direction."""
    steps = np.sign(np.diff(values))
    return float(np.mean(steps[1:] != steps[:-1]))


def plateau(values: Values) -> int:
    """Return how many rows pass before a tenth of the whole fall is done."""
    smooth = smoothed(values)
    limit = smooth[1] - 0.1 * (smooth[1] - smooth[-3:].mean())
    return int(np.argmax(smooth < limit)) if (smooth < limit).any() else len(values)


def begins_late(values: Values) -> bool:
    """Say whether 10 to 50 % of the rows, five at least, pass before a tenth of the whole fall is done."""
    return max(5, 0.1 * len(values)) <= plateau(values) <= 0.5 * len(values)


def nearly_learnt(run: Run, gain: float) -> bool:
    """Say whether three quarters of what half as much training again reaches, by ``gain``, are reached already."""
    first, last = run.initial["loss"], end(run.test["loss"])
    return first - last > 0.3 * first and first - last >= 0.75 * (first - last * (1 - gain))


def moved(score: Values) -> tuple[float, float]:
    """Return how a score changed over the last 60 %, and its spread there."""
    late = len(score) * 2 // 5
    change = float(np.mean(score[-late // 2 :])) - float(np.mean(score[late : late + max(3, late // 4)]))
    return change, float(np.std(score[late:]))


def wave(values: Values, period: int) -> tuple[float, float]:
    """Return the power at a period and its harmonics, and its share of all, of the detrended values."""
    n = len(values) // period * period
    array = np.asarray(values[-n:], dtype=np.float64)
    trend = np.convolve(
        np.pad(array, (period // 2, period - 1 - period // 2), mode="reflect"), np.ones(period) / period
    )
    rest = array - trend[period - 1 : period - 1 + n]
    power = np.abs(np.fft.rfft(rest - rest.mean())) ** 2
    bins = np.arange(n // period, len(power), n // period)
    return float(power[bins].sum()), float(power[bins].sum() / (power.sum() + 1e-12))


def chance(part: Part, classes: int) -> float:
    """Return the accuracy that guessing reaches at most: the largest class, plus 2.6 standard errors."""
    share = float(part.y.bincount(minlength=classes).max()) / len(part)
    return share + 2.6 * float(np.sqrt(share * (1 - share) / len(part)))


def at_chance(run: Run, part: Part) -> bool:
    found = evaluate(run, part)
    if run.setup.mode == "cls":
        return found["accuracy"] <= chance(part, run.setup.task.classes)
    return found["r2"] <= 0.02


def guessing(run: Run) -> float:
    """Return the loss on the test set of the best answer that is always the same."""
    test, classes = run.setup.task.test, run.setup.task.classes
    often = (test.y.bincount(minlength=classes) / len(test)).clamp(min=1e-6).log()
    same = torch.cat([often, test.z.mean(dim=0)]).expand(len(test), -1)
    return sum(float(part) for part in run.measure(same, test.y, test.z, run.model).values())


def finite(run: Run) -> bool:
    return bool(np.isfinite([*run.train["loss"], *run.test["loss"], *run.val["loss"]]).all())
