"""The architectures of heldout9: a flow, largest sums, choices, ferns, messages, spikes, fractions, gates."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scripts.curve_bank.models_heldout4 import EMBEDDED, numbers
from scripts.curve_bank.samples import ALPHABET, Task

STRIDES = 3
CHOICES = 3
QUESTIONS = 4
ROUNDS, NODE = 2, 4
TICKS, LEAK = 5, 0.8


class Flow(nn.Module):
    """A state that follows learned velocities for a while, by steps of Heun's (a neural differential equation)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, width)
        self.inner, self.outer = nn.Linear(width + 1, width), nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def velocity(self, state: Tensor, time: float) -> Tensor:
        now = torch.full_like(state[:, :1], time)
        speed: Tensor = self.outer(torch.tanh(self.inner(torch.cat([state, now], dim=1))))
        return speed

    def forward(self, x: Tensor) -> Tensor:
        state, step = self.enter(self.first(x)), 1 / STRIDES
        for i in range(STRIDES):
            before = self.velocity(state, i * step)
            after = self.velocity(state + step * before, (i + 1) * step)
            state = state + step * (before + after) / 2
        out: Tensor = self.head(self.dropout(state))
        return out


class Morphological(nn.Module):
    """Layers of largest and of smallest sums in place of sums of products (dilations and erosions)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        units = max(8, width // 4)
        self.enter = nn.Linear(size, 2 * units)
        added = (0.5 * torch.randn(2, 2 * units, units) for _ in range(min(depth, 2)))
        self.added = nn.ParameterList(a - 1.5 for a in added)  # so that the largest sums are around 0 at first
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * units, n_out)

    def forward(self, x: Tensor) -> Tensor:
        entered = x = self.enter(self.first(x))
        for up, down in self.added:
            largest = (x[:, :, None] + up).amax(dim=1)
            smallest = (x[:, :, None] - down).amin(dim=1)
            x = torch.cat([largest, smallest], dim=1)
        out: Tensor = self.head(self.dropout(torch.cat([entered, x], dim=1)))
        return out


class Selecting(nn.Module):
    """Steps that choose a few numbers of the sample each, one after the other, and look at them alone (as TabNet)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.ask = nn.Parameter(torch.randn(size) / size**0.5)
        self.choose = nn.ModuleList(nn.Linear(width if i else size, size) for i in range(CHOICES))
        self.look = nn.ModuleList(nn.Linear(size, 2 * width) for _ in range(CHOICES))
        self.size = size
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        left, total, seen = torch.ones_like(x), torch.zeros(()), x
        for choose, look in zip(self.choose, self.look, strict=True):
            chosen = sparsemax(left * (self.ask + choose(seen)))
            left = left * (1.3 - chosen)
            value, gate = look(self.size**0.5 * chosen * x).chunk(2, dim=1)
            seen = value * torch.sigmoid(gate)
            total = total + torch.relu(seen)
        out: Tensor = self.head(self.dropout(total))
        return out


def sparsemax(x: Tensor) -> Tensor:
    """Return the nearest shares that add up to 1, of which many are 0 (Martins and Astudillo 2016)."""
    ordered = x.sort(dim=1, descending=True).values
    above = ordered.cumsum(dim=1) - 1
    many = torch.arange(1, x.shape[1] + 1)
    last = (many * ordered > above).sum(dim=1, keepdim=True).clamp(min=1)  # where all is NaN, so are the shares
    return torch.relu(x - above.gather(1, last - 1) / last)


class Ferns(nn.Module):
    """Random questions, asked four at a time, whose answers choose what is added up (random ferns)."""

    planes: Tensor
    bounds: Tensor

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.first.requires_grad_(False)  # no gradient gets through an answer
        self.many = max(12, width)
        self.register_buffer("planes", torch.randn(size, self.many * QUESTIONS) / size**0.5)
        self.register_buffer("bounds", 0.7 * torch.randn(self.many * QUESTIONS))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.many * 2**QUESTIONS, n_out)

    def forward(self, x: Tensor) -> Tensor:
        answers = (self.first(x) @ self.planes > self.bounds).view(-1, self.many, QUESTIONS)
        which = (answers * 2 ** torch.arange(QUESTIONS)).sum(dim=2)
        chosen = 3 * nn.functional.one_hot(which, 2**QUESTIONS).flatten(1) / self.many**0.5
        out: Tensor = self.head(self.dropout(chosen))
        return out


class Messages(nn.Module):
    """Nodes, one for each number or letter, that tell each other what they know along learned edges (graph network)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        length, inner = task.train.x[0].numel(), max(6, width // 4)
        self.embedding = nn.Embedding(len(ALPHABET), inner) if task.is_text else None
        self.weight = nn.Parameter(torch.randn(length, inner))
        self.place = nn.Parameter(0.5 * torch.randn(length, inner))
        self.sends, self.hears = nn.Parameter(torch.randn(length, NODE)), nn.Parameter(torch.randn(length, NODE))
        self.own = nn.ModuleList(nn.Linear(inner, inner) for _ in range(ROUNDS))
        self.told = nn.ModuleList(nn.Linear(inner, inner, bias=False) for _ in range(ROUNDS))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * inner, n_out)

    def forward(self, x: Tensor) -> Tensor:
        value = self.embedding(x) if self.embedding is not None else x.flatten(1)[:, :, None]
        nodes = self.weight * value + self.place
        edges = (self.hears @ self.sends.T).softmax(dim=1)
        for own, told in zip(self.own, self.told, strict=True):
            nodes = nodes + torch.relu(own(nodes) + 2 * told(edges @ nodes))
        read = torch.cat([nodes.mean(dim=1), nodes.amax(dim=1)], dim=1)
        out: Tensor = self.head(self.dropout(read))
        return out


class Spiking(nn.Module):
    """Units that fill up, leak, and fire when they are full; the gradient is that of a smooth step (surrogate)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, width)
        nn.init.normal_(self.enter.weight, std=1 / size**0.5)
        self.again = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.again.weight, std=0.4 / width**0.5)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        given = self.enter(self.first(x))
        full = fired = often = torch.zeros_like(given)
        for _ in range(TICKS):
            full = LEAK * full * (1 - fired) + given + self.again(fired)
            smooth = torch.sigmoid(4 * (full - 1))
            fired = smooth + ((full > 1).float() - smooth).detach()
            often = often + 2 * fired / TICKS
        out: Tensor = self.head(self.dropout(often))
        return out


class Fraction(nn.Module):
    """Learned fractions of polynomials, one for each unit, that begin as leaky rectifiers do (Padé units)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.above = nn.Parameter(torch.tensor([0.02, 0.6, 1.2, 0.4]).repeat(width, 1))
        self.below = nn.Parameter(torch.tensor([0.1, 1.0]).repeat(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c, d = self.above.unbind(dim=1)
        p, q = self.below.unbind(dim=1)
        return (a + x * (b + x * (c + x * d))) / (1 + (x * p).abs() + x**2 * q.abs())


class Rational(nn.Module):
    """Layers with learned fractions of polynomials in place of fixed functions."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        layers: list[nn.Module] = []
        for i in range(min(depth, 2)):
            layers += [nn.Linear(width if i else size, width), Fraction(width)]
        self.body = nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(width, n_out))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(self.first(x))
        return out


class QuasiRecurrent(nn.Module):
    """Convolutions make the gates, and a recurrence without weights mixes along a sequence (as in a QRNN)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED) if task.is_text else None
        inner = EMBEDDED if task.is_text else 1
        self.gates = nn.Conv1d(inner, 3 * width, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x).transpose(1, 2) if self.embedding is not None else x.flatten(1)[:, None]
        value, keep, show = self.gates(x).chunk(3, dim=1)
        value, keep, show = torch.tanh(value), torch.sigmoid(keep + 1), torch.sigmoid(show)
        state = torch.zeros_like(value[:, :, 0])
        shown = []
        for i in range(value.shape[2]):
            state = keep[:, :, i] * state + (1 - keep[:, :, i]) * value[:, :, i]
            shown.append(show[:, :, i] * state)
        mean = torch.stack(shown, dim=2).mean(dim=2)
        out: Tensor = self.head(self.dropout(2 * torch.cat([shown[-1], mean], dim=1)))
        return out
