"""The architectures of heldout6: Fourier features, products, skips from 0, two that normalise, windows, sets, means."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from scripts.curve_bank.models_heldout4 import numbers
from scripts.curve_bank.samples import ALPHABET, Task

MEMBERS = 4
WINDOW, STRIDE = 6, 3
PLACE = 4


class FourierFeatures(nn.Module):
    """Cosines of random sums that are not trained, under a linear layer that is (random Fourier features)."""

    frequencies: Tensor
    phases: Tensor

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.register_buffer("frequencies", torch.randn(size, 4 * width) * 0.7 / size**0.5)
        self.register_buffer("phases", 6.28 * torch.rand(4 * width))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        features = 1.4 * torch.cos(self.first(x) @ self.frequencies + self.phases)
        out: Tensor = self.head(self.dropout(features))
        return out


class Products(nn.Module):
    """A polynomial of the sample: each layer multiplies the last one's output by sums of the sample (Pi-nets)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.layers = nn.ModuleList(nn.Linear(size, width) for _ in range(min(depth, 2) + 1))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        enter, *others = self.layers
        state = enter(x)
        for layer in others:
            state = state + layer(x) * state
        out: Tensor = self.head(self.dropout(state))
        return out


class SkipsFromZero(nn.Module):
    """Residual blocks without normalisation, each weighed by a number that begins at 0 (ReZero)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width))
            for _ in range(depth + 1)
        )
        self.weights = nn.Parameter(torch.zeros(depth + 1))
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.enter(self.first(x)))
        for weight, block in zip(self.weights, self.blocks, strict=True):
            x = x + weight * block(x)
        out: Tensor = self.head(x)
        return out


def self_normalising(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers with SELU from LeCun's initial weights, and dropout that keeps mean and variance."""
    first, size = numbers(task)
    layers: list[nn.Module] = [first]
    for a, b in pairwise([size, *[width] * (1 + depth)]):
        layer = nn.Linear(a, b)
        nn.init.normal_(layer.weight, std=a**-0.5)
        layers += [layer, nn.SELU(), nn.AlphaDropout(dropout / 2)]
    return nn.Sequential(*layers, nn.Linear(width, n_out))


def batch_normalised(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers with batch normalisation before each SiLU."""
    first, size = numbers(task)
    layers: list[nn.Module] = [first]
    for a, b in pairwise([size, *[width] * depth]):
        layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.SiLU()]
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(width, n_out))


class Local(nn.Module):
    """Windows of the sample, each with weights of its own (locally connected layers)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.window = min(size, WINDOW)
        windows, units = (size - self.window) // STRIDE + 1, max(3, width // 8)
        self.weights = nn.Parameter(torch.randn(windows, self.window, units) / self.window**0.5)
        self.rest = nn.Linear(size, units)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear((windows + 1) * units, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        seen = torch.einsum("nwk,wku->nwu", x.unfold(1, self.window, STRIDE), self.weights)
        found = torch.cat([seen.flatten(1), self.rest(x)], dim=1)
        out: Tensor = self.head(self.dropout(nn.functional.gelu(found)))
        return out


class Sets(nn.Module):
    """The same layers for each element and its place; their mean and maximum go on (deep sets)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        width = max(12, width // 2)
        self.embedding = nn.Embedding(len(ALPHABET), width) if task.is_text else None
        length = task.train.x[0].numel()
        self.place = nn.Parameter(0.5 * torch.randn(length, width))
        self.enter = nn.Parameter(torch.randn(length, width))
        self.each = nn.Linear(width, width)
        self.after = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Dropout(dropout))
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        entered = self.embedding(x) if self.embedding is not None else x.flatten(1)[:, :, None] * self.enter
        each = nn.functional.gelu(self.each(torch.tanh(entered + self.place)))
        pooled = torch.cat([each.mean(dim=1), each.amax(dim=1)], dim=1)
        out: Tensor = self.head(self.after(pooled))
        return out


class Average(nn.Module):
    """The mean of four small networks side by side, each with two layers and softplus."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        inner = max(6, width // 3)
        self.enter = nn.Parameter(1.4 * torch.randn(MEMBERS, size, inner) / size**0.5)
        self.second = nn.Parameter(1.4 * torch.randn(MEMBERS, inner, inner) / inner**0.5)
        self.bias = nn.Parameter(torch.zeros(MEMBERS, 1, inner))
        self.out = nn.Parameter(torch.randn(MEMBERS, inner, n_out) / inner**0.5)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        state = self.first(x).expand(MEMBERS, -1, -1)
        state = nn.functional.softplus(state @ self.enter + self.bias) - 0.7
        state = self.dropout(nn.functional.softplus(state @ self.second) - 0.7)
        out: Tensor = (state @ self.out).mean(dim=0) + self.last
        return out
