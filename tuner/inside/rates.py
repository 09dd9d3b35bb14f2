"""How the learning rate moves over the epochs."""

from __future__ import annotations

import math

STEPS = (0.5, 0.75)
"""After which shares of the epochs a stepped rate falls to a tenth, as He et al. (2016) did on CIFAR-10."""


def learning_rate(done: float, *, epochs: float, peak: float, schedule: str, warmup: float, head: float = 0) -> float:
    """Return the rate after ``done`` epochs: the peak for the head alone, a linear warm-up, then the schedule.

    A fraction of an epoch counts; the rate depends on nothing else, so a checkpoint needs no scheduler state.
    """
    if done < head:
        return peak
    done, epochs = done - head, epochs - head
    if done < warmup:
        return peak * done / warmup
    if schedule == "constant":
        return peak
    share = (done - warmup) / max(epochs - warmup, 1e-9)
    if schedule == "step":
        return float(peak * 0.1 ** sum(share >= step for step in STEPS))
    return peak * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
