"""The architectures of heldout5: maxima, distances, sines, products, parallel kernels, Fourier mixing, one layer."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from scripts.curve_bank.models_heldout4 import numbers
from scripts.curve_bank.samples import ALPHABET, Task

PIECES = 3
RANK = 6
AGAIN = 4
KERNELS = (1, 3, 5)


class Maxout(nn.Module):
    """Layers of units that are the largest of three sums (maxout networks)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        width = max(8, width // 2)
        sizes = [size, *[width] * depth]
        self.layers = nn.ModuleList(nn.Linear(a, PIECES * width) for a in sizes[:-1])
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for layer in self.layers:
            x = layer(x).view(len(x), PIECES, -1).amax(dim=1)
        out: Tensor = self.head(self.dropout(x))
        return out


class Radial(nn.Module):
    """Sums of bells around learned centres (a radial basis network), normalised to shares."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.centres = nn.Parameter(torch.randn(width, size))
        self.sharpness = nn.Parameter(torch.zeros(width))
        self.scale = 2.0 / size
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)
        nn.init.normal_(self.head.weight, std=0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        distance = ((x[:, None] - self.centres) ** 2).sum(dim=2) * self.scale
        bells = (-distance * self.sharpness.exp()).softmax(dim=1)
        out: Tensor = self.head(self.dropout(4 * bells))
        return out


class Sines(nn.Module):
    """Layers of sines (as in SIREN)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        sizes = [size, *[width] * depth]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        for layer in self.layers:
            nn.init.uniform_(layer.weight, -((6 / layer.in_features) ** 0.5), (6 / layer.in_features) ** 0.5)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for layer in self.layers:
            x = torch.sin(1.5 * layer(x))
        out: Tensor = self.head(self.dropout(x))
        return out


class Factorisation(nn.Module):
    """A linear model and the products of all pairs of numbers, of low rank for each output (factorisation machine)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.rank, self.n_out = max(2, min(RANK, width // 8)), n_out
        self.linear = nn.Linear(size, n_out)
        self.factors = nn.Linear(size, n_out * self.rank, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        squares = (x**2) @ (self.factors.weight**2).T
        pairs = (self.factors(x) ** 2 - squares).view(len(x), self.n_out, self.rank).sum(dim=2)
        out: Tensor = self.linear(self.dropout(x)) + 0.5 * pairs
        return out


class InceptionCNN(nn.Module):
    """Parallel convolutions of three sizes beside each other, with batch normalisation (as in Inception)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        channels = max(3, width // 12)
        self.blocks = nn.ModuleList()
        for i in range(min(depth, 2)):
            n_in = 1 if i == 0 else channels * len(KERNELS)
            self.blocks.append(nn.ModuleList(nn.Conv2d(n_in, channels, k, padding=k // 2) for k in KERNELS))
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels * len(KERNELS)) for _ in self.blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels * len(KERNELS) * 16, n_out)

    def forward(self, x: Tensor) -> Tensor:
        for block, norm in zip(self.blocks, self.norms, strict=True):
            x = nn.functional.elu(norm(torch.cat([kernel(x) for kernel in block], dim=1)))
        out: Tensor = self.head(self.dropout(nn.functional.avg_pool2d(x, 2).flatten(1)))
        return out


class FourierMixing(nn.Module):
    """Elements of a sequence or rows of an image, mixed by a Fourier transform (as in FNet), layer normalisation."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        width = max(8, width // 2)
        self.embedding = nn.Embedding(len(ALPHABET), width) if task.is_text else None
        shape = task.train.x.shape
        length, inner = (shape[2], shape[3]) if len(shape) == 4 else (shape[-1], 1)
        self.enter = nn.Linear(inner, width)
        self.place = nn.Parameter(0.5 * torch.randn(length, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth))
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width))
            for _ in range(depth)
        )
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        if self.embedding is not None:
            x = self.embedding(x)
        else:
            x = self.enter(x[:, 0] if x.ndim == 4 else x.flatten(1)[:, :, None])
        x = x + self.place
        for i, layer in enumerate(self.layers):
            x = self.norms[2 * i](x + torch.fft.fft(x, dim=1, norm="ortho").real)
            x = self.norms[2 * i + 1](x + layer(x))
        out: Tensor = self.head(torch.cat([x.mean(dim=1), x[:, -1]], dim=1))
        return out


class WeightTied(nn.Module):
    """One layer that is applied four times to its own output and the sample (towards an equilibrium)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, width)
        self.again = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        entered = self.enter(self.first(x))
        state = torch.zeros_like(entered)
        for _ in range(AGAIN):
            state = torch.tanh(entered + self.again(state))
        out: Tensor = self.head(self.dropout(state))
        return out
