"""What a model is worth on a part of the images."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuner.inside.feed import Feed

MOST_IMAGES = 1024
MOST_PIXELS = 2**22
"""Of a batch that is only looked at."""


@torch.no_grad()
def logits(model: nn.Module, feed: Feed, rows: Tensor) -> Tensor:
    """Return what the model says of the images of ``rows``, of shape [n, classes]."""
    model.eval()
    size = max(1, min(MOST_IMAGES, MOST_PIXELS // feed.images[0].numel()))
    return torch.cat([model(feed.batch(part)) for part in torch.split(rows, size)])


def evaluate(model: nn.Module, feed: Feed, rows: Tensor, labels: Tensor) -> dict[str, float]:
    """Return mean cross-entropy (nats), accuracy, balanced accuracy and macro F1 on the images of ``rows``."""
    said = logits(model, feed, rows)
    truth, told = labels.to(said.device), said.argmax(dim=1)
    confusion = confused(truth, told, said.shape[1])
    return {
        "loss": float(functional.cross_entropy(said, truth)),
        "accuracy": float((told == truth).float().mean()),
        "balanced_accuracy": balanced_accuracy(confusion),
        "f1": macro_f1(confusion),
    }


def confused(truth: Tensor, told: Tensor, classes: int) -> Tensor:
    """Return the confusion matrix, int64 of shape [classes, classes]: rows are what it is, columns what was told."""
    flat = torch.bincount(truth * classes + told, minlength=classes * classes)
    return flat.reshape(classes, classes).cpu()


def balanced_accuracy(confusion: Tensor) -> float:
    """Return the mean recall of the classes that are there."""
    there = confusion.sum(dim=1)
    recall = confusion.diagonal()[there > 0] / there[there > 0]
    return float(recall.mean())


def macro_f1(confusion: Tensor) -> float:
    """Return the mean F1 of the classes that are there or were told."""
    both = confusion.sum(dim=0) + confusion.sum(dim=1)
    f1 = 2 * confusion.diagonal()[both > 0] / both[both > 0]
    return float(f1.mean())
