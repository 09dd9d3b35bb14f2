"""The architectures of heldout2: separable convolutions, a mixer, an LSTM and dilated convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scripts.curve_bank.samples import ALPHABET, Task

EMBEDDED = 12


class DepthwiseCNN(nn.Module):
    """Depthwise-separable convolutions with batch normalisation, then the mean over 2 x 2 quarters."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        channels = max(8, width // 3)
        layers: list[nn.Module] = [nn.Conv2d(1, channels, 3, stride=2, padding=1), nn.ReLU()]
        for _ in range(depth):
            layers += [nn.Conv2d(channels, channels, 3, padding=1, groups=channels), nn.Conv2d(channels, channels, 1)]
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(dropout))
        self.head = nn.Linear(4 * channels, n_out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(x))
        return out


class Mixer(nn.Module):
    """Blocks that mix first the tokens, then the channels, with layer normalisation; tokens are patches or letters."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        depth, first = min(depth, 2), task.train.x[0]
        self.patch = 0 if task.is_text else first.shape[-1] // 4
        tokens = len(first) if task.is_text else 16
        self.embedding = nn.Embedding(len(ALPHABET), width) if task.is_text else nn.Linear(self.patch**2, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth + 1))
        self.across = nn.ModuleList(perceptron(tokens, tokens, dropout) for _ in range(depth))
        self.within = nn.ModuleList(perceptron(width, width, dropout) for _ in range(depth))
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        if self.patch:
            x = nn.functional.unfold(x, self.patch, stride=self.patch).transpose(1, 2)
        x = self.embedding(x)
        for i, (across, within) in enumerate(zip(self.across, self.within, strict=True)):
            x = x + across(self.norms[2 * i](x).transpose(1, 2)).transpose(1, 2)
            x = x + within(self.norms[2 * i + 1](x))
        out: Tensor = self.head(self.norms[-1](x).mean(dim=1))
        return out


def perceptron(size: int, hidden: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, size))


class LSTM(nn.Module):
    """An LSTM over characters; the head sees its last state and the mean of all."""

    def __init__(self, n_out: int, width: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED)
        self.body = nn.LSTM(EMBEDDED, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.body(self.embedding(x))
        out: Tensor = self.head(self.dropout(torch.cat([states[:, -1], states.mean(dim=1)], dim=1)))
        return out


class TCN(nn.Module):
    """Dilated convolutions along the characters, or along an image whose rows are the channels; no normalisation."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED) if task.is_text else None
        channels = EMBEDDED if task.is_text else task.train.x.shape[2]
        layers: list[nn.Module] = []
        width = max(2, width // 2)
        for i in range(depth + 1):
            layers += [nn.Conv1d(channels, width, 3, padding=2**i, dilation=2**i), nn.ReLU()]
            channels = width
        self.body = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = x.squeeze(1) if self.embedding is None else self.embedding(x).transpose(1, 2)
        x = self.body(x)
        out: Tensor = self.head(self.dropout(torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)))
        return out
