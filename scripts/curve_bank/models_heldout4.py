"""The architectures of heldout4: deep and plain, soft trees, experts, a state space, queries, squeezed channels."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from scripts.curve_bank.samples import ALPHABET, Task

EMBEDDED = 8
LEVELS = 4
EXPERTS = 4


def numbers(task: Task) -> tuple[nn.Module, int]:
    """Return what turns a sample into a vector, and how long that is."""
    layer = nn.Embedding(len(ALPHABET), EMBEDDED) if task.is_text else nn.Identity()
    return nn.Sequential(layer, nn.Flatten()), task.train.x[0].numel() * (EMBEDDED if task.is_text else 1)


def deep_plain(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return 5 to 9 layers with leaky rectifiers and nothing that normalises or skips, from He's initial weights."""
    first, size = numbers(task)
    layers: list[nn.Module] = [first]
    for a, b in pairwise([size, *[width] * (3 + 2 * depth)]):
        layer = nn.Linear(a, b)
        nn.init.kaiming_normal_(layer.weight, a=0.1)
        layers += [layer, nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(width, n_out))


class SoftTrees(nn.Module):
    """Oblivious trees of four soft splits each, whose leaves hold outputs (as in NODE)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.trees = max(4, width // 3)
        self.splits = nn.Linear(size, self.trees * LEVELS)
        self.leaves = nn.Parameter(0.3 * torch.randn(self.trees, 2**LEVELS, n_out))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        right = torch.sigmoid(2 * self.splits(self.first(x))).view(-1, self.trees, LEVELS)
        reached = torch.ones_like(right[:, :, :1])
        for level in range(LEVELS):
            p = right[:, :, level : level + 1]
            reached = torch.cat([reached * p, reached * (1 - p)], dim=2)
        out: Tensor = torch.einsum("ntl,tlo->no", self.dropout(reached), self.leaves)
        return out


class Mixture(nn.Module):
    """Four small networks, weighed by a fifth one that sees the same sample (mixture of experts)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.gate = nn.Linear(size, EXPERTS)
        self.inner = nn.Linear(size, EXPERTS * width)
        self.outer = nn.Parameter(torch.randn(EXPERTS, width, n_out) / width**0.5)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        hidden = self.dropout(nn.functional.softplus(self.inner(x))).view(len(x), EXPERTS, -1)
        out: Tensor = torch.einsum("ne,new,ewo->no", self.gate(x).softmax(dim=1), hidden, self.outer)
        return out


class StateSpace(nn.Module):
    """A linear recurrence of decaying oscillators along a sequence, then a gated layer (as in S4 and the LRU)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED) if task.is_text else None
        self.length = task.train.x.shape[-1]
        self.enter = nn.Linear(EMBEDDED if task.is_text else 1, width)
        self.decay = nn.Parameter(torch.linspace(-3.0, 0.5, width))
        self.turn = nn.Parameter(torch.linspace(0.0, 1.5, width))
        self.mix = nn.Linear(2 * width, 2 * width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(self.embedding(x) if self.embedding is not None else x.flatten(1)[:, :, None])
        ago = torch.arange(self.length - 1, -1, -1.0)[:, None]
        fade = torch.exp(-ago * nn.functional.softplus(self.decay))
        waves = torch.cat([fade * torch.cos(ago * self.turn), fade * torch.sin(ago * self.turn)], dim=1)
        last = (torch.cat([x, x], dim=2) * waves).sum(dim=1)
        value, gate = self.mix(last).chunk(2, dim=1)
        out: Tensor = self.head(self.dropout(nn.functional.gelu(value) * torch.sigmoid(gate)))
        return out


class Queries(nn.Module):
    """Learned queries that attend to the elements of a sequence, or to the rows of an image (as in a Perceiver)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        width = max(8, width // 2)
        self.embedding = nn.Embedding(len(ALPHABET), width) if task.is_text else None
        shape = task.train.x.shape
        length, inner = (shape[2], shape[3]) if len(shape) == 4 else (shape[-1], 1)
        self.enter = nn.Linear(inner, width)
        self.place = nn.Parameter(0.5 * torch.randn(length, width))
        self.queries = nn.Parameter(torch.randn(EXPERTS, width) / width**0.5)
        self.keys, self.values = nn.Linear(width, width), nn.Linear(width, width)
        self.body = nn.Sequential(nn.Linear(EXPERTS * width, 2 * width), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        if self.embedding is not None:
            x = self.embedding(x)
        else:
            x = self.enter(x[:, 0] if x.ndim == 4 else x.flatten(1)[:, :, None])
        x = x + self.place
        weights = (self.queries @ self.keys(x).transpose(1, 2)).softmax(dim=2)
        out: Tensor = self.head(self.body((weights @ self.values(x)).flatten(1)))
        return out


class SqueezeCNN(nn.Module):
    """Convolutions with group normalisation whose channels are weighed by their own means (squeeze and excite)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        channels = 4 * max(2, width // 16)
        self.stem = nn.Conv2d(1, channels, 3, padding=1, stride=2)
        self.layers = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.norms = nn.ModuleList(nn.GroupNorm(2, channels) for _ in range(depth))
        self.weighs = nn.ModuleList(nn.Linear(channels, channels) for _ in range(depth))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels * 16, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer, norm, weigh in zip(self.layers, self.norms, self.weighs, strict=True):
            new = layer(torch.relu(norm(x)))
            x = x + new * torch.sigmoid(weigh(new.mean(dim=(2, 3))))[:, :, None, None]
        out: Tensor = self.head(self.dropout(torch.relu(x).flatten(1)))
        return out
