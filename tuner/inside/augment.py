"""Light changes to training images: mirrored, cut out and scaled back, brighter or darker."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CROPPED = 0.3
"""Of a side, at full strength: what may be cut away."""
BRIGHTENED = 0.4
"""Of the values, at full strength: what may be added or taken."""


def augment(images: Tensor, strength: float, *, flip: bool, generator: torch.Generator | None = None) -> Tensor:
    """Return ``images``, float of shape [n, c, h, w] from 0 on, each changed at random up to ``strength`` (0 … 1).

    The draws come from the CPU, where a checkpoint keeps the state of the generator.
    """
    if not strength:
        return images
    drawn = torch.rand(len(images), 5, generator=generator).to(images.device)
    size = 1 - CROPPED * strength * drawn[:, 0]
    mirror = torch.where(drawn[:, 1] < strength / 2, -1.0, 1.0) if flip else torch.ones_like(size)
    shift = (2 * drawn[:, 2:4] - 1) * (1 - size)[:, None]
    theta = torch.zeros(len(images), 2, 3, device=images.device)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = size * mirror, size, shift
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    cut = functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return cut * (1 + BRIGHTENED * strength * (2 * drawn[:, 4] - 1))[:, None, None, None]
