"""The architectures of heldout11: bumps, Cauchy units, polynomials, soft maxima, shares, ellipses, and three more."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scripts.curve_bank.models_heldout4 import numbers
from scripts.curve_bank.models_heldout10 import localised, stacked
from scripts.curve_bank.samples import Task

DEGREE = 3
PIECES = 3
AXES = 2
STEPS = 3
SHARED = 6


class Bump(nn.Module):
    """A unit that answers by a cosine's bump around 0 and not at all from 1 on."""

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 + 0.5 * torch.cos(torch.pi * x.clamp(-1, 1))


def bumps(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of units that answer around 0 alone (raised cosines)."""
    return localised(Bump(), (0.6, 0.84, 0.6), n_out, width, depth, dropout, task)


class Cauchy(nn.Module):
    """A unit whose answer falls off as the square of its sum, on either side of 0."""

    def forward(self, x: Tensor) -> Tensor:
        return 1 / (1 + x**2)


def cauchy(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of units that answer most where their sum is 0, with long tails (Lorentz' curve)."""
    return localised(Cauchy(), (1.0, 1.4, 1.0), n_out, width, depth, dropout, task)


class Chebyshev(nn.Module):
    """A learned sum of Chebyshev's polynomials of each number for each unit, the number held between -1 and 1."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(DEGREE * size, width) / (DEGREE * size) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        held = torch.tanh(x / 2)
        terms = [torch.ones_like(held), held]
        for _ in range(DEGREE - 1):
            terms.append(2 * held * terms[-1] - terms[-2])
        return torch.cat(terms[1:], dim=1) @ self.weights + self.bias


def chebyshev(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of learned polynomials of every number (Chebyshev's, as in Kolmogorov-Arnold networks)."""
    return stacked(n_out, width, min(depth, 2), dropout, task, lambda size, _: [Chebyshev(size, width)])


class SoftMaxima(nn.Module):
    """Differences of two smooth maxima of three sums each (log-sum-exp networks)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.sums = nn.Linear(size, 2 * PIECES * width)
        nn.init.normal_(self.sums.weight, std=1.5 / size**0.5)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        sums = self.sums(self.first(x)).view(len(x), 2, PIECES, -1)
        up, down = sums.logsumexp(dim=2).unbind(dim=1)
        out: Tensor = self.head(self.dropout(up - down))
        return out


class Competing(nn.Module):
    """Units that compete for one answer, by shares that add up to the square root of their number."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.sums = nn.Linear(size, width)
        nn.init.normal_(self.sums.weight, std=2.0 / size**0.5)

    def forward(self, x: Tensor) -> Tensor:
        sums: Tensor = self.sums(x)
        shares: Tensor = sums.shape[1] ** 0.5 * sums.softmax(dim=1)
        return shares


def competing(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers whose units compete for one answer (soft competition)."""
    return stacked(n_out, width, min(depth, 2), dropout, task, lambda size, _: [Competing(size, width)])


class Ellipses(nn.Module):
    """Units that answer within an ellipse of learned axes around a learned middle (elliptic units)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.axes = nn.Linear(size, AXES * width)
        nn.init.normal_(self.axes.weight, std=1 / size**0.5)
        nn.init.normal_(self.axes.bias)
        self.reach = nn.Parameter(torch.full((width,), float(AXES)))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        far = (self.axes(self.first(x)).view(len(x), AXES, -1) ** 2).sum(dim=1)
        out: Tensor = self.head(self.dropout(torch.sigmoid(self.reach - far)))
        return out


class BothSigns(nn.Module):
    """What is above 0 and, beside it, what is below (concatenated rectifiers)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([torch.relu(x), torch.relu(-x)], dim=1)


def concatenated(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers that keep what is above 0 and what is below apart."""

    def layer(size: int, _: int) -> list[nn.Module]:
        return [nn.Linear(size, width), BothSigns()]

    return stacked(n_out, 2 * width, min(depth, 3), dropout, task, layer)


class Hashed(nn.Module):
    """A layer whose connections share a few weights, dealt out at random with random signs (as in HashedNets)."""

    dealt: Tensor
    signs: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        many = max(8, size * width // SHARED)
        self.weights = nn.Parameter(torch.randn(1, many) * 1.4 / size**0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("dealt", torch.randint(many, (width, size)))
        self.register_buffer("signs", torch.randn(width, size).sign())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.signs * self.weights[0][self.dealt], self.bias)


def hashed(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers whose connections share their weights by chance, with GELU."""
    return stacked(n_out, width, min(depth, 2), dropout, task, lambda size, _: [Hashed(size, width), nn.GELU()])


class Antisymmetric(nn.Module):
    """A state that one layer turns a few times without stretching it, its weights the negative of their mirror."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, width)
        self.turn = nn.Parameter(torch.randn(width, width) / width**0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        given = self.enter(self.first(x))
        state = torch.tanh(given)
        for _ in range(STEPS):
            state = state + 0.5 * torch.tanh(state @ (self.turn - self.turn.T) + given + self.bias)
        out: Tensor = self.head(self.dropout(state))
        return out
