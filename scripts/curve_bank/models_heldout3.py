"""The architectures of heldout3: dense and gated convolutions, an Elman network, highway layers, learned splines."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from scripts.curve_bank.samples import ALPHABET, Task

EMBEDDED = 10
HATS = 8
REACH = 2.5


class DenseCNN(nn.Module):
    """Convolutions that see the outputs of all before them, with batch normalisation (densely connected)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        growth = max(4, width // 6)
        self.stem = nn.Conv2d(1, growth, 3, padding=1, stride=2)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(growth * (i + 1)), nn.ReLU(), nn.Conv2d(growth * (i + 1), growth, 3, padding=1)
            )
            for i in range(depth)
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(growth * (depth + 1) * 4, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        x = nn.functional.avg_pool2d(torch.relu(x), 2).flatten(1)
        out: Tensor = self.head(self.dropout(x))
        return out


class GatedConvolutions(nn.Module):
    """Causal dilated convolutions with gates, residual and skip connections (as in WaveNet), along a sequence."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED) if task.is_text else None
        width = max(4, width // 2)
        self.stem = nn.Conv1d(EMBEDDED if task.is_text else 1, width, 1)
        self.layers = nn.ModuleList(nn.Conv1d(width, 2 * width, 2, dilation=2**i) for i in range(depth + 1))
        self.skips = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(depth + 1))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x if self.embedding is None else self.embedding(x).transpose(1, 2))
        total = torch.zeros_like(x)
        for layer, skip in zip(self.layers, self.skips, strict=True):
            value, gate = layer(nn.functional.pad(x, (layer.dilation[0], 0))).chunk(2, dim=1)
            new = torch.tanh(value) * torch.sigmoid(gate)
            total = total + skip(new)
            x = x + new
        total = torch.relu(total)
        out: Tensor = self.head(self.dropout(torch.cat([total[:, :, -1], total.mean(dim=2)], dim=1)))
        return out


class Elman(nn.Module):
    """A plain recurrent network over characters; the head sees its last state and the mean of all."""

    def __init__(self, n_out: int, width: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED)
        self.body = nn.RNN(EMBEDDED, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.body(self.embedding(x))
        out: Tensor = self.head(self.dropout(torch.cat([states[:, -1], states.mean(dim=1)], dim=1)))
        return out


class Highway(nn.Module):
    """Layers that carry a learned share of their input over unchanged."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED) if task.is_text else nn.Identity()
        size = task.train.x[0].numel() * (EMBEDDED if task.is_text else 1)
        self.first = nn.Linear(size, width)
        self.layers = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.first(self.embedding(x).flatten(1)))
        for layer in self.layers:
            value, gate = layer(x).chunk(2, dim=1)
            share = torch.sigmoid(gate - 1.0)
            x = share * torch.nn.functional.elu(value) + (1 - share) * x
        out: Tensor = self.head(self.dropout(x))
        return out


class Splines(nn.Module):
    """A learned piecewise linear function of every input for every output (Kolmogorov-Arnold), then a linear head."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        sizes = [task.train.x[0].numel(), *[max(4, width // 2)] * min(depth, 2)]
        self.layers = nn.ParameterList(nn.Parameter(torch.randn(a * HATS, b) / a**0.5) for a, b in pairwise(sizes))
        self.register_buffer("at", torch.linspace(-REACH, REACH, HATS))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(sizes[-1], n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.layers:
            near = 1 - (x.clamp(-REACH, REACH)[:, :, None] - self.at).abs() * (HATS - 1) / (2 * REACH)
            x = near.clamp(min=0.0).flatten(1) @ layer
        out: Tensor = self.head(self.dropout(x))
        return out
