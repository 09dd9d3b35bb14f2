"""The architectures of heldout10: sigmoids, bells, clamps, winners, three weights, logic, shrinkage, cosines, turns."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scripts.curve_bank.models_heldout4 import numbers
from scripts.curve_bank.samples import Task

PER_GROUP = 4
UNROLLED = 3
KEPT = 0.7
SHARP = 4.0

Layer = Callable[[int, int], list[nn.Module]]


def stacked(n_out: int, width: int, depth: int, dropout: float, task: Task, layer: Layer) -> nn.Module:
    """Return ``depth`` layers, each made of the size of what comes in and its number, under a linear one."""
    first, size = numbers(task)
    layers: list[nn.Module] = [first]
    for i in range(depth):
        layers += layer(width if i else size, i)
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(width, n_out))


def sigmoids(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of plain logistic units, with Glorot's initial weights for those, and nothing else."""

    def layer(size: int, i: int) -> list[nn.Module]:
        sums = nn.Linear(size, width)
        nn.init.xavier_normal_(sums.weight, gain=4.0 if i else 2.0)
        return [sums, nn.Sigmoid()]

    return stacked(n_out, width, min(depth, 2), dropout, task, layer)


class Bell(nn.Module):
    """A unit that answers most where its sum is 0 (Gaussian)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(-(x**2))


def bells(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of units that answer most where their sum is 0."""
    return localised(Bell(), (0.7, 1.0, 1.0), n_out, width, depth, dropout, task)


def localised(
    unit: nn.Module,
    spread: tuple[float, float, float],
    n_out: int,
    width: int,
    depth: int,
    dropout: float,
    task: Task,
) -> nn.Module:
    """Return layers of units that answer around 0.

    ``spread`` is how far their sums begin apart, in the first layer and in the next, and how far they are shifted.
    """
    first, later, shift = spread

    def layer(size: int, i: int) -> list[nn.Module]:
        sums = nn.Linear(size, width)
        nn.init.normal_(sums.weight, std=(later if i else first) / size**0.5)
        nn.init.uniform_(sums.bias, -shift, shift)
        return [sums, unit]

    return stacked(n_out, width, min(depth, 2), dropout, task, layer)


def clamped(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of straight lines that are cut off at -1 and at 1 (hard tanh)."""
    return stacked(n_out, width, depth, dropout, task, lambda size, i: [nn.Linear(size, width), nn.Hardtanh()])


class Winner(nn.Module):
    """Lets the largest of four units through and silences the other three."""

    def forward(self, x: Tensor) -> Tensor:
        groups = x.view(len(x), -1, min(PER_GROUP, x.shape[1]))
        return (groups * (groups == groups.amax(dim=2, keepdim=True))).flatten(1)


def winners(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers in which four units each compete and one wins (local winner takes all)."""
    return stacked(n_out, width, min(depth, 2), dropout, task, lambda size, i: [nn.Linear(size, width), Winner()])


class ThreeValued(nn.Linear):
    """Weights of -1, 0 and 1 times one number; the gradient is that of the weights they are rounded from."""

    def forward(self, x: Tensor) -> Tensor:
        limit = KEPT * self.weight.abs().mean()
        kept = self.weight.abs() > limit
        scale = (self.weight.abs() * kept).sum() / kept.sum().clamp(min=1)
        rounded = scale * self.weight.sign() * kept
        return F.linear(x, self.weight + (rounded - self.weight).detach(), self.bias)


def ternary(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers whose weights are rounded to three values (ternary weight network)."""
    return stacked(
        n_out, width, min(depth, 2), dropout, task, lambda size, i: [ThreeValued(size, width), nn.Softsign()]
    )


class Logic(nn.Module):
    """Questions whose answers go pairwise through learned mixtures of and, or, either and the first alone."""

    pairs: Tensor

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.ask = nn.Linear(size, width)
        nn.init.normal_(self.ask.weight, std=1.5 / size**0.5)
        self.register_buffer("pairs", torch.stack([torch.randperm(width) for _ in range(4)]).view(2, 2, width))
        self.gates = nn.Parameter(torch.randn(2, width, 4))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        asked = truth = torch.sigmoid(self.ask(self.first(x)))
        for (one, two), gates in zip(self.pairs, self.gates, strict=True):
            a, b = truth[:, one], truth[:, two]
            both = a * b
            answers = torch.stack([both, a + b - both, a + b - 2 * both, a], dim=2)
            truth = (answers * gates.softmax(dim=1)).sum(dim=2)
        out: Tensor = self.head(self.dropout(2 * torch.cat([asked, truth], dim=1) - 1))
        return out


class Shrinkage(nn.Module):
    """Steps towards a sparse code of the sample, with learned weights and thresholds (LISTA)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, width)
        nn.init.normal_(self.enter.weight, std=1 / size**0.5)
        self.again = nn.Parameter(0.3 * torch.randn(width, width) / width**0.5)
        self.threshold = nn.Parameter(torch.full((UNROLLED, width), 0.3))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        given = self.enter(self.first(x))
        code = torch.zeros_like(given)
        for threshold in self.threshold:
            code = given + code @ self.again
            code = torch.relu(code - threshold) - torch.relu(-code - threshold)
        out: Tensor = self.head(self.dropout(code))
        return out


class Cosine(nn.Module):
    """The cosines of the angles between what comes in and learned directions, sharpened."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.directions = nn.Parameter(torch.randn(width, size))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.normalize(x, dim=1), F.normalize(self.directions, dim=1))


def cosines(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers that look at angles alone (cosine normalisation)."""
    return stacked(
        n_out, width, min(depth, 2), dropout, task, lambda size, i: [Cosine(size, width), Scaled(width), nn.SiLU()]
    )


class Scaled(nn.Module):
    """A learned line for each unit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.slope, self.shift = nn.Parameter(torch.full((width,), SHARP)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.slope * x + self.shift


class Turning(nn.Module):
    """A layer whose rows are one row turned on, place by place (circulant), so that it has few weights."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.row = nn.Parameter(torch.randn(1, size) / size**0.5)
        self.sign = nn.Parameter(torch.randn(size).sign())
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        turned = torch.fft.rfft(self.sign * x) * torch.fft.rfft(self.row)
        out: Tensor = torch.fft.irfft(turned, n=x.shape[1]) + self.bias
        return out


def circulant(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of one turned row each, of as many places as the sample has or the width."""
    first, size = numbers(task)
    inner = max(size, width)
    layers: list[nn.Module] = [first, nn.ZeroPad1d((0, inner - size))]
    for _ in range(1 + min(depth, 2)):
        layers += [Turning(inner), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(inner, n_out))
