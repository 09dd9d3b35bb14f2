"""The architectures of heldout8: additive, capsules, complex, made weights, a memory, gates, trains, wavelets."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from scripts.curve_bank.models_heldout4 import EMBEDDED, numbers
from scripts.curve_bank.samples import ALPHABET, Task

CAPSULES, LONG, ROUNDS = 8, 6, 2
CODE = 6
KEYS, FOUND = 8, 4
CORES, RANK = (4, 4, 4), 4


class Additive(nn.Module):
    """A small network for each number of the sample, whose outputs are summed (a neural additive model)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        units = max(4, width // 4)
        self.scale = min(1.0, (6 / size) ** 0.5)  # so that long samples do not ask for far smaller steps
        self.enter = nn.Parameter(1.4 * torch.randn(size, units))
        self.bias = nn.Parameter(torch.randn(size, units))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size * units, n_out)

    def forward(self, x: Tensor) -> Tensor:
        own = self.scale * torch.relu(self.first(x)[:, :, None] * self.enter + self.bias)
        out: Tensor = self.head(self.dropout(own.flatten(1)))
        return out


class Capsules(nn.Module):
    """Vectors that vote for other vectors, and most for those that agree with them (capsules, dynamic routing)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, CAPSULES * LONG)
        self.many = max(3, width // 8)
        self.votes = nn.Parameter(torch.randn(CAPSULES, LONG, self.many * LONG) / LONG**0.5)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.many * LONG, n_out)

    def forward(self, x: Tensor) -> Tensor:
        below = squashed(self.enter(self.first(x)).view(-1, CAPSULES, LONG))
        votes = torch.einsum("ncl,clv->ncv", below, self.votes).view(len(x), CAPSULES, self.many, LONG)
        agree = torch.zeros_like(votes[..., :1])
        above = votes.mean(dim=1)
        for _ in range(ROUNDS):
            above = squashed((agree.softmax(dim=2) * votes).sum(dim=1))
            agree = agree + (votes * above[:, None]).sum(dim=3, keepdim=True)
        out: Tensor = self.head(self.dropout(3 * above.flatten(1)))
        return out


def squashed(x: Tensor) -> Tensor:
    """Shorten vectors to less than 1, short ones by more."""
    square = (x**2).sum(dim=-1, keepdim=True)
    return x * (square + 1e-6).sqrt() / (1 + square)


class ComplexLayer(nn.Module):
    """A layer of complex numbers, given and returned as real and imaginary parts; their lengths are rectified."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.real = nn.Parameter(torch.randn(n_in, n_out) / (2 * n_in) ** 0.5)
        self.imaginary = nn.Parameter(torch.randn(n_in, n_out) / (2 * n_in) ** 0.5)
        self.shift = nn.Parameter(torch.zeros(2, n_out))
        self.threshold = nn.Parameter(torch.full((n_out,), -0.1))

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        real = a @ self.real - b @ self.imaginary + self.shift[0]
        imaginary = a @ self.imaginary + b @ self.real + self.shift[1]
        size = (real**2 + imaginary**2 + 1e-4).sqrt()
        share = torch.relu(size + self.threshold) / size
        return share * real, share * imaginary


class ComplexValued(nn.Module):
    """Layers of complex numbers with rectified lengths (modReLU); the head sees both parts and the lengths."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        width = max(8, width // 2)
        self.layers = nn.ModuleList(ComplexLayer(width if i else size, width) for i in range(min(depth, 2) + 1))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(3 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        real = self.first(x)
        imaginary = torch.zeros_like(real)
        for layer in self.layers:
            real, imaginary = layer(real, imaginary)
        size = (real**2 + imaginary**2 + 1e-4).sqrt()
        out: Tensor = self.head(self.dropout(torch.cat([real, imaginary, size], dim=1)))
        return out


class Hypernetwork(nn.Module):
    """A layer whose weights another network makes for each sample anew (a hypernetwork)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.units = max(6, width // 4)
        self.enter = nn.Linear(size, self.units)
        self.code = nn.Linear(size, CODE)
        self.make = nn.Linear(CODE, self.units**2)
        nn.init.normal_(self.make.weight, std=0.5 / self.units**0.5)
        nn.init.normal_(self.make.bias, std=1 / self.units**0.5)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * self.units, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        weights = self.make(torch.tanh(self.code(x))).view(-1, self.units, self.units)
        entered = nn.functional.gelu(self.enter(x))
        inner = nn.functional.gelu((entered[:, None] @ weights)[:, 0])
        out: Tensor = self.head(self.dropout(torch.cat([entered, inner], dim=1)))
        return out


class KeyMemory(nn.Module):
    """Learned values, of which the four are read whose pairs of keys fit a sample best (product-key memory)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        half = max(4, width // 4)
        self.query = nn.Sequential(nn.Linear(size, 2 * half), nn.LayerNorm(2 * half))
        self.keys = nn.Parameter(torch.randn(2, half, KEYS) / half**0.5)
        self.values = nn.EmbeddingBag(KEYS**2, width, mode="sum")
        self.enter = nn.Linear(size, width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        one, other = (part @ keys for part, keys in zip(self.query(x).chunk(2, dim=1), self.keys, strict=True))
        fits, where = (one[:, :, None] + other[:, None]).flatten(1).topk(FOUND, dim=1)
        read = self.values(where, per_sample_weights=fits.softmax(dim=1))
        out: Tensor = self.head(self.dropout(torch.tanh(self.enter(x) + read)))
        return out


class MinimalGated(nn.Module):
    """A recurrent network with one gate that forgets and lets in (minimal gated units), along a sequence."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED) if task.is_text else None
        self.enter = nn.Linear(EMBEDDED if task.is_text else 1, 2 * width)
        self.gate = nn.Linear(width, width, bias=False)
        self.again = nn.Linear(width, width, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        entered = self.enter(self.embedding(x) if self.embedding is not None else x.flatten(1)[:, :, None])
        state = total = torch.zeros_like(entered[:, 0].chunk(2, dim=1)[0])
        for now in entered.unbind(dim=1):
            gate, new = now.chunk(2, dim=1)
            share = torch.sigmoid(gate + self.gate(state))
            state = (1 - share) * state + share * torch.tanh(new + self.again(share * state))
            total = total + state
        out: Tensor = self.head(self.dropout(torch.cat([state, total / entered.shape[1]], dim=1)))
        return out


class Train(nn.Module):
    """A layer whose weights are a product of three small cores of rank 4 (a tensor train)."""

    def __init__(self) -> None:
        super().__init__()
        ranks = (1, *[RANK] * (len(CORES) - 1), 1)
        shapes = [(ranks[i], side, side, ranks[i + 1]) for i, side in enumerate(CORES)]
        self.cores = nn.ParameterList(nn.Parameter(torch.randn(s) / (s[0] * s[1]) ** 0.5) for s in shapes)
        self.bias = nn.Parameter(torch.zeros(prod(CORES)))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = self.cores
        x = torch.einsum("nijk,xiar,rjbs,skcy->nabc", x.view(-1, *CORES), a, b, c)
        return x.flatten(1) + self.bias


class TensorTrain(nn.Module):
    """Layers whose weights are tensor trains, with SiLU."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, prod(CORES))
        self.layers = nn.ModuleList(Train() for _ in range(depth))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(prod(CORES), n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(self.first(x))
        for layer in self.layers:
            x = 1.5 * layer(nn.functional.silu(x))
        out: Tensor = self.head(self.dropout(nn.functional.silu(x)))
        return out


class Wavelets(nn.Module):
    """Haar's wavelets of the sample, those that are small cut off by learned thresholds, then a layer (shrinkage)."""

    waves: Tensor

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.register_buffer("waves", haar(1 << (size - 1).bit_length())[:size])
        many = self.waves.shape[1]
        self.scale = nn.Parameter(torch.ones(many))
        self.threshold = nn.Parameter(torch.full((many,), -2.0))
        self.inner = nn.Linear(many, width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.scale * (self.first(x) @ self.waves)
        cut = nn.functional.softplus(self.threshold)
        kept = torch.relu(seen - cut) - torch.relu(-seen - cut)
        out: Tensor = self.head(self.dropout(nn.functional.leaky_relu(self.inner(kept), 0.2)))
        return out


def haar(size: int) -> Tensor:
    """Return the orthonormal wavelets of a power of two, a column each."""
    if size == 1:
        return torch.ones(1, 1)
    up, down = torch.tensor([[1.0], [1.0]]), torch.tensor([[1.0], [-1.0]])
    waves = torch.cat([torch.kron(haar(size // 2), up), torch.kron(torch.eye(size // 2), down)], dim=1)
    scaled: Tensor = 0.5**0.5 * waves
    return scaled
