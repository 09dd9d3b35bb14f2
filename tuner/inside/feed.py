"""Batches of images as a model gets them: on its device, augmented where it trains, normalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tuner.inside import sampling
from tuner.inside.augment import augment
from tuner.inside.data import Data, Images, Part
from tuner.inside.parameters import Parameters

RESIDENT = 2**30
"""Bytes of images that are copied to the device once; more are copied batch by batch."""
SAMPLED = 2048
"""Images that the statistics are taken of, at most."""


@dataclass(frozen=True)
class Feed:
    """All images of a set, and what is subtracted from each channel and what it is divided by; [1, c, 1, 1] both."""

    images: Tensor
    mean: Tensor
    deviation: Tensor
    channels: int
    flip: bool

    def batch(self, rows: Tensor, strength: float = 0.0) -> Tensor:
        """Return the images of ``rows``, float32 of shape [n, channels, h, w], on the device of ``mean``."""
        images = self.images[rows.to(self.images.device)].to(self.mean.device).float()
        normal = (augment(images, strength, flip=self.flip) - self.mean) / self.deviation
        return normal.expand(-1, self.channels, -1, -1) if self.channels > normal.shape[1] else normal


def of(data: Data, device: torch.device, *, channels: int, flip: bool, mean: Tensor, deviation: Tensor) -> Feed:
    """Return the images of ``data`` for ``device``, normalised with the statistics given."""
    return fed(data.images, device, channels=channels, flip=flip, mean=mean, deviation=deviation)


def fed(array: Images, device: torch.device, *, channels: int, flip: bool, mean: Tensor, deviation: Tensor) -> Feed:
    """Return an array of images for ``device``, likewise."""
    images = torch.from_numpy(array)
    if array.nbytes <= RESIDENT:
        images = images.to(device)
    return Feed(images, _shaped(mean).to(device), _shaped(deviation).to(device), channels, flip)


def statistics(data: Data, p: Parameters, seed: int, *, flip: bool) -> tuple[Tensor, Tensor]:
    """Return mean and deviation of each channel of the training images as an epoch shows them.

    That is oversampled and augmented; the draws are the same for all trials with the same settings.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = data.train.rows
    if p.oversample:
        rows = rows[sampling.order(torch.from_numpy(data.train.labels), p.oversample, generator).numpy()]
    if len(rows) > SAMPLED:
        rows = rows[np.linspace(0, len(rows) - 1, SAMPLED).round().astype(np.int64)]
    images = torch.from_numpy(np.ascontiguousarray(data.images[rows])).float()
    seen = augment(images, p.augmentation, flip=flip, generator=generator).numpy()
    by_channel = [seen[:, channel] for channel in range(seen.shape[1])]
    mean = [float(one.mean()) for one in by_channel]
    # A channel of one value has nothing to scale.
    deviation = [float(one.std()) or 1.0 for one in by_channel]
    return torch.tensor(mean), torch.tensor(deviation)


def places(part: Part) -> tuple[Tensor, Tensor]:
    """Return the rows and the labels of a part, on the CPU."""
    return torch.from_numpy(part.rows), torch.from_numpy(part.labels)


def _shaped(values: Tensor) -> Tensor:
    return values.reshape(1, -1, 1, 1)
