"""An exponential moving average of the weights, which is scored and kept in place of the last ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Average:
    """The average of one flat vector for each of ``vectors``; ``steps`` is how many were taken."""

    vectors: tuple[Tensor, ...]
    decay: float
    values: tuple[Tensor, ...] = ()
    steps: int = 0

    def __post_init__(self) -> None:
        self.values = self.values or tuple(vector.clone() for vector in self.vectors)

    @torch.no_grad()
    def step(self) -> None:
        """Take the weights as they are into the average, those of the first steps soon forgotten."""
        self.steps += 1
        # As in TensorFlow's ExponentialMovingAverage: else the untrained weights would count for 1 / (1 - decay) steps.
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for value, vector in zip(self.values, self.vectors, strict=True):
            value.lerp_(vector, 1 - decay)

    def restore(self, values: tuple[Tensor, ...], steps: int) -> None:
        """Go on from what a checkpoint holds."""
        for value, saved in zip(self.values, values, strict=True):
            value.copy_(saved)
        self.steps = steps


@contextmanager
@torch.no_grad()
def averaged(average: Average | None) -> Iterator[None]:
    """Let the model have its averaged weights for a while; its own where there is no average."""
    if average is None:
        yield
        return
    own = [vector.clone() for vector in average.vectors]
    for vector, value in zip(average.vectors, average.values, strict=True):
        vector.copy_(value)
    try:
        yield
    finally:
        for vector, value in zip(average.vectors, own, strict=True):
            vector.copy_(value)
