"""What a data set is made of: samples with two targets, in parts that share no sample."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

ALPHABET = "\0 abcdefghijklmnopqrstuvwxyz0123456789.,()'\"`*:_\n=-"
BLANKS = [1, ALPHABET.index("\n")]
VOWELS = [ALPHABET.index(c) for c in "aeiou"]
LETTERS = list(range(2, 28))


@dataclass(frozen=True)
class Part:
    """Samples: ``x`` of shape [n, ...], ``y`` of shape [n], ``z`` of shape [n, outputs]."""

    x: Tensor
    y: Tensor
    z: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: Tensor) -> Part:
        return Part(self.x[index], self.y[index], self.z[index])


@dataclass(frozen=True)
class Task:
    """One draw from a data set."""

    name: str
    train: Part
    val: Part
    test: Part
    classes: int

    @property
    def outputs(self) -> int:
        return int(self.train.z.shape[1])

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        return self.train, self.val, self.test

    @property
    def is_text(self) -> bool:
        return not self.train.x.is_floating_point()

    def with_parts(self, train: Part | None = None, val: Part | None = None, test: Part | None = None) -> Task:
        return replace(self, train=train or self.train, val=val or self.val, test=test or self.test)


def standardise(values: Array) -> Array:
    """Scale columns to mean 0 and standard deviation 1."""
    scaled: Array = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9)
    return scaled


def as_part(x: Array, y: NDArray[np.int64], z: Array) -> Part:
    return Part(torch.tensor(x, dtype=torch.float32), torch.tensor(y), torch.tensor(z, dtype=torch.float32))


def share(windows: Tensor, codes: list[int]) -> Tensor:
    return torch.isin(windows, torch.tensor(codes)).float().mean(dim=1)
