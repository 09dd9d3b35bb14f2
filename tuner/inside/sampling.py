"""Which images an epoch shows, and how much each class counts."""

from __future__ import annotations

import torch
from torch import Tensor


def order(labels: Tensor, oversample: float, generator: torch.Generator) -> Tensor:
    """Return the places of ``labels`` in a random order, those of weak classes several times.

    A class of n images, where the largest has m, is shown n^(1-s) * m^s times with ``oversample`` s: as often as there
    are images of it with 0, as often as the largest with 1. Every image is shown once at least.
    """
    if not oversample:
        return torch.randperm(len(labels), generator=generator)
    counts = torch.bincount(labels)
    most = int(counts.max())
    shown = [torch.arange(len(labels))]
    for number, count in enumerate(counts.tolist()):
        extra = round(count ** (1 - oversample) * most**oversample) - count if count else 0
        if extra > 0:
            places = torch.nonzero(labels == number).reshape(-1)
            rounds = [places[torch.randperm(count, generator=generator)] for _ in range(-(-extra // count))]
            shown.append(torch.cat(rounds)[:extra])
    together = torch.cat(shown)
    return together[torch.randperm(len(together), generator=generator)]


def class_weights(labels: Tensor, classes: int, share: float) -> Tensor | None:
    """Return how much each class counts in the loss, 1 on average over the images; None where all count alike.

    A class of n images counts n^-s with ``share`` s, so that with 1 all classes count the same in total.
    """
    if not share:
        return None
    counts = torch.bincount(labels, minlength=classes).to(torch.float32)
    weights = counts.clamp(min=1).pow(-share)
    return weights * len(labels) / (weights * counts).sum()


def batches(rows: Tensor, size: int, *, of_two: bool) -> list[Tensor]:
    """Split an epoch into batches; ``of_two`` leaves out a last image alone, which has no statistics of a batch."""
    parts = list(torch.split(rows, size))
    return parts[:-1] if of_two and len(parts) > 1 and len(parts[-1]) == 1 else parts
