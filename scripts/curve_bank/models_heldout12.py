"""The architectures of heldout12: Gabor units, plateaus, quaternions, lattices, dendrites, and four more."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scripts.curve_bank.models_heldout4 import numbers
from scripts.curve_bank.models_heldout10 import localised, stacked
from scripts.curve_bank.samples import Task

WAVE = 2.0
STEEP = 5.0
SIDES = 3
BRANCHES = 4
RULES = 12
MOMENTS, PACE = 4, 0.5
REFLECTIONS = 6


class Gabor(nn.Module):
    """A wave in its sum that fades out on either side of 0."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(WAVE * x) * torch.exp(-(x**2) / 2)


def gabor(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of units that answer with a short wave (as in WIRE)."""
    return localised(Gabor(), (0.7, 1.2, 0.7), n_out, width, depth, dropout, task)


class Plateau(nn.Module):
    """A unit that answers evenly between -1 and 1 and not at all beyond."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(STEEP * (x + 1)) - torch.sigmoid(STEEP * (x - 1))


def plateaus(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of units that answer within a strip (differences of two logistic curves)."""
    return localised(Plateau(), (1.0, 1.4, 1.0), n_out, width, depth, dropout, task)


class Quaternions(nn.Module):
    """A layer of quaternions: four numbers each, multiplied by weights of four numbers (Hamilton's product)."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.size = 4 * -(-size // 4)
        self.weights = nn.Parameter(torch.randn(4, self.size // 4, width // 4) * 1.2 / self.size**0.5)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c, d = self.weights
        rows = [torch.cat(row, dim=1) for row in ((a, b, c, d), (-b, a, -d, c), (-c, d, a, -b), (-d, -c, b, a))]
        return F.pad(x, (0, self.size - x.shape[1])) @ torch.cat(rows) + self.bias


def quaternions(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers whose weights are quaternions, with softplus."""
    whole = 4 * -(-width // 4)
    return stacked(
        n_out, whole, min(depth, 2), dropout, task, lambda size, _: [Quaternions(size, whole), nn.Softplus(2.0)]
    )


class Lattices(nn.Module):
    """Units that look three sums up in a cube, between whose learned corners they interpolate (as lattice networks)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.sums = nn.Linear(size, SIDES * width)
        nn.init.normal_(self.sums.weight, std=1.5 / size**0.5)
        self.corners = nn.Parameter(torch.randn(2**SIDES, width))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        at = torch.sigmoid(self.sums(self.first(x))).view(len(x), SIDES, 1, -1)
        values = self.corners.expand(len(x), -1, -1)
        for side in range(SIDES):
            low, high = values.chunk(2, dim=1)
            values = low + at[:, side] * (high - low)
        out: Tensor = self.head(self.dropout(values[:, 0]))
        return out


class Dendrites(nn.Module):
    """Units with four branches, each of which sees a random half of what comes in and bends it by itself."""

    seen: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.branches = nn.Linear(size, BRANCHES * width)
        nn.init.normal_(self.branches.weight, std=1.8 / size**0.5)
        seen = torch.rand(BRANCHES * width, size) < 0.5
        seen[:: BRANCHES + 1] = True
        self.register_buffer("seen", seen)
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        sums = F.linear(x, self.branches.weight * self.seen, self.branches.bias)
        bent = F.elu(sums).view(len(x), BRANCHES, -1)
        return F.elu(bent.sum(dim=1) / BRANCHES**0.5 + self.shift)


def dendrites(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of units with branches of their own (dendritic networks)."""
    return stacked(n_out, width, min(depth, 2), dropout, task, lambda size, _: [Dendrites(size, width)])


class Butterfly(nn.Module):
    """Stages that mix pairs of numbers, one, two, four and more places apart, until each depends on all."""

    def __init__(self, size: int) -> None:
        super().__init__()
        stages = size.bit_length() - 1
        self.pairs = nn.Parameter(torch.randn(stages, 2, 2, size // 2) * 0.5**0.5)
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        for i, ((a, b), (c, d)) in enumerate(self.pairs):
            left, right = x.view(len(x), -1, 2, 2**i).unbind(dim=2)
            a, b, c, d = (weight.view(-1, 2**i) for weight in (a, b, c, d))
            x = torch.stack([a * left + b * right, c * left + d * right], dim=2).flatten(1)
        return x + self.bias


def butterflies(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers of sparse stages as in a fast Fourier transform, of as many places as are needed, with Mish."""
    first, size = numbers(task)
    inner = 1 << (max(size, width, 2) - 1).bit_length()
    layers: list[nn.Module] = [first, nn.ZeroPad1d((0, inner - size))]
    for _ in range(min(depth, 2)):
        layers += [Butterfly(inner), nn.Mish()]
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(inner, n_out))


class Reflections(nn.Module):
    """A few learned mirrors one after the other, which keep lengths (Householder's)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.normals = nn.Parameter(torch.randn(REFLECTIONS, width))
        self.bias = nn.Parameter(0.3 * torch.randn(width))

    def forward(self, x: Tensor) -> Tensor:
        for normal in F.normalize(self.normals, dim=1):
            x = x - 2 * (x @ normal)[:, None] * normal
        return x + self.bias


class Paired(nn.Module):
    """Sorts units two by two, so that nothing is lost (group sort); a unit that is left over stays."""

    def forward(self, x: Tensor) -> Tensor:
        even = x.shape[1] // 2 * 2
        return torch.cat([x[:, :even].view(len(x), -1, 2).sort(dim=2).values.flatten(1), x[:, even:]], dim=1)


def reflections(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers that turn and sort without stretching (orthogonal networks), after a first that is free."""

    def layer(size: int, i: int) -> list[nn.Module]:
        enter = nn.Identity() if i else nn.Linear(size, width)
        return [enter, Reflections(width), Paired()]

    return stacked(n_out, width, 1 + min(depth, 2), dropout, task, layer)


class Oscillators(nn.Module):
    """Pendulums that pull at each other for some moments, driven by the sample (Kuramoto's model)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.phase, self.drive = nn.Linear(size, width), nn.Linear(size, width)
        for sums in (self.phase, self.drive):
            nn.init.normal_(sums.weight, std=1 / size**0.5)
        self.pull = nn.Parameter(torch.randn(width, width) / width**0.5)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        phase, drive = self.phase(x), self.drive(x)
        for _ in range(MOMENTS):
            sin, cos = torch.sin(phase), torch.cos(phase)
            phase = phase + PACE * (drive + cos * (sin @ self.pull) - sin * (cos @ self.pull))
        out: Tensor = self.head(self.dropout(torch.cat([torch.sin(phase), torch.cos(phase)], dim=1)))
        return out


class Fuzzy(nn.Module):
    """Rules that hold more or less, each with a line of its own for what follows (as Takagi and Sugeno's)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        rules = max(3, width // 4)
        self.facts = nn.Linear(size, width)
        self.middles = nn.Parameter(torch.randn(rules, width))
        self.sharp = nn.Parameter(torch.zeros(rules, width))
        self.follows = nn.Parameter(torch.randn(rules, width, n_out) / width**0.5)
        self.shift = nn.Parameter(torch.zeros(rules, n_out))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        facts = torch.tanh(self.facts(self.first(x)))
        far = ((facts[:, None] - self.middles) ** 2 * F.softplus(self.sharp)).mean(dim=2)
        holds = (-RULES * far).softmax(dim=1)
        said = torch.einsum("nw,rwo->nro", self.dropout(facts), self.follows) + self.shift
        return (holds[:, :, None] * said).sum(dim=1)
