"""Architectures drawn at random, for development: what kind, how deep and wide, which norm and activation, skips."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from scripts.curve_bank.samples import ALPHABET, Task

PREFIX = "random"
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "sigmoid": nn.Sigmoid,
}
NORMS = ("none", "none", "batch", "layer")


def name(rng: np.random.Generator, task: Task) -> str:
    """Draw an architecture that can take a task; its name says all but width and depth."""
    ordered = task.is_text or task.train.x.ndim > 2
    kind = str(rng.choice(["mlp", "conv", "recurrent"], p=[0.55, 0.4, 0.05])) if ordered else "mlp"
    if kind == "recurrent" and task.train.x.ndim == 4:
        kind = "conv"
    skips = "skips" if rng.random() < 0.35 else "plain"
    # Sigmoids are rare, as in practice.
    activation = str(rng.choice(list(ACTIVATIONS), p=[0.3, 0.15, 0.2, 0.15, 0.15, 0.05]))
    return "_".join([PREFIX, kind, activation, str(rng.choice(NORMS)), skips])


def build(architecture: str, task: Task, width: int, depth: int, dropout: float, n_out: int) -> nn.Module:
    """Return the network of a name that ``name`` drew."""
    _, kind, activation, norm, skips = architecture.split("_")
    if kind == "recurrent":
        return Recurrent(n_out, width, dropout, task)
    shape = task.train.x.shape
    conv = kind == "conv"
    layers: list[nn.Module] = [nn.Embedding(len(ALPHABET), 6)] if task.is_text else []
    layers += [Turned()] if conv and task.is_text else [] if conv else [nn.Flatten()]
    n_in = (6 if task.is_text else shape[1]) if conv else task.train.x[0].numel() * (6 if task.is_text else 1)
    flat = len(shape) == 4
    size = max(4, width // 4) if conv else width
    for i in range(depth):
        block = [linear(conv, flat, n_in if i == 0 else size, size), normed(norm, conv, flat, size)]
        inner = nn.Sequential(*block, ACTIVATIONS[activation](), nn.Dropout(dropout))
        layers.append(Skipped(inner) if skips == "skips" and i > 0 else inner)
    if conv:
        pool: nn.Module = nn.AdaptiveAvgPool2d(2) if flat else nn.AdaptiveAvgPool1d(4)
        return nn.Sequential(*layers, pool, nn.Flatten(), nn.Linear(4 * size, n_out))
    return nn.Sequential(*layers, nn.Linear(size, n_out))


def linear(conv: bool, flat: bool, n_in: int, n_out: int) -> nn.Module:
    if not conv:
        return nn.Linear(n_in, n_out)
    return nn.Conv2d(n_in, n_out, 3, padding=1) if flat else nn.Conv1d(n_in, n_out, 3, padding=1)


def normed(norm: str, conv: bool, flat: bool, size: int) -> nn.Module:
    if norm == "batch":
        return (nn.BatchNorm2d(size) if flat else nn.BatchNorm1d(size)) if conv else nn.BatchNorm1d(size)
    if norm == "layer":
        return nn.GroupNorm(1, size) if conv else nn.LayerNorm(size)
    return nn.Identity()


class Skipped(nn.Module):
    """x + f(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.inner(x)
        return out


class Turned(nn.Module):
    """Put the channels of a sequence first, as convolutions want them."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2)


class Recurrent(nn.Module):
    """A gated recurrent unit whose last and mean states are read."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        width = min(width, 32)
        self.embedding = nn.Embedding(len(ALPHABET), 6) if task.is_text else None
        self.body = nn.GRU(6 if task.is_text else 1, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x) if self.embedding is not None else x.flatten(1)[:, :, None]
        states, _ = self.body(x)
        out: Tensor = self.head(self.dropout(torch.cat([states[:, -1], states.mean(dim=1)], dim=1)))
        return out
