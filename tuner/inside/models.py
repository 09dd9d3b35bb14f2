"""Small image classifiers, without normalisation layers so that a rate that is too high really diverges."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

HIDDEN = {"mlp-xs": (16,), "mlp-s": (64,), "mlp-m": (256, 256)}
"""Widths of the hidden layers."""

CHANNELS = {"cnn-s": (8, 16), "cnn-m": (16, 32), "cnn-l": (24, 48)}
"""Channels of the two convolutions."""


def build(name: str, *, dropout: float, side: int = 8, classes: int = 10) -> nn.Sequential:
    """Return an untrained model for images of shape [n, 1, side, side]; its output are logits [n, classes]."""
    if name in HIDDEN:
        return _mlp((side * side, *HIDDEN[name]), classes, dropout)
    return _cnn(*CHANNELS[name], side, classes, dropout)


def _mlp(widths: tuple[int, ...], classes: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for width, following in pairwise(widths):
        layers += [nn.Linear(width, following), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], classes))


def _cnn(first: int, second: int, side: int, classes: int, dropout: float) -> nn.Sequential:
    flat = second * (side // 4) ** 2
    return nn.Sequential(
        *(nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(flat, 4 * second), nn.ReLU(), nn.Dropout(dropout)),
        nn.Linear(4 * second, classes),
    )
