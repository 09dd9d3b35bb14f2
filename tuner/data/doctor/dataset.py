"""A data set as the checks see it, whatever files it lies in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuner.data.labels import NO_BOXES

Boxes = NDArray[np.float32]
"""One row an object: class, centre x, centre y, width, height; the last four as shares of the image."""
UNSPLIT = "all"
"""The one split of a set that is not split."""
LARGEST_RATIO = 5.0
"""Largest over smallest class in the training images: up to about five counts as balanced, a rule of practice."""
WHOLE = (0.5, 0.5, 1.0, 1.0)
"""The box of an image that is one object: what classification is about."""


@dataclass(frozen=True)
class Sample:
    """An image and what it shows; ``boxes`` is None where nothing says so. ``pixels`` are those of an array."""

    path: str
    boxes: Boxes | None = None
    pixels: NDArray[np.generic] | None = None

    @property
    def objects(self) -> Boxes:
        return NO_BOXES if self.boxes is None else self.boxes


@dataclass(frozen=True)
class DataSet:
    """The samples of each split by its name; a set that is not split has the one split ``UNSPLIT``."""

    where: str
    task: str
    names: tuple[str, ...]
    splits: dict[str, tuple[Sample, ...]]

    def samples(self) -> Iterator[tuple[str, Sample]]:
        """Yield every sample with the name of its split."""
        yield from ((name, sample) for name, samples in self.splits.items() for sample in samples)

    def classes(self, split: str) -> Counter[int]:
        """Return how many objects of each class a split has."""
        return Counter(int(c) for sample in self.splits[split] for c in sample.objects[:, 0])

    @property
    def training(self) -> str:
        """The name of the split that is trained on."""
        return "train" if "train" in self.splits else next(iter(self.splits))


def of_class(number: int) -> Boxes:
    """Return the one object of an image that belongs to a class as a whole."""
    return np.array([(number, *WHOLE)], np.float32)


def lengths(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """Return how many objects each sample has."""
    return np.array([len(sample.objects) for sample in samples], np.int64)
