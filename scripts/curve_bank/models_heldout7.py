"""The architectures of heldout7: a small U-Net, shuffled channels, attention, merged pairs, a reservoir, four plain."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scripts.curve_bank.models_heldout4 import numbers
from scripts.curve_bank.samples import ALPHABET, Task

GROUPS = 2
LEAK, ECHO = 0.5, 0.9


class UNet(nn.Module):
    """Down to half the size and up again, with what was seen on the way down beside it (U-Net)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        c, side = max(4, width // 8), task.train.x.shape[-1]
        self.down = nn.Conv2d(1, c, 3, padding=1)
        self.middle = nn.Conv2d(c, 2 * c, 3, padding=1)
        self.up = nn.Conv2d(3 * c, c, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(c * (side // 2) ** 2, n_out)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.relu(self.down(x))
        deep = torch.relu(self.middle(nn.functional.max_pool2d(seen, 2)))
        wide = nn.functional.interpolate(deep, size=seen.shape[-2:])
        joined = torch.relu(self.up(torch.cat([seen, wide], dim=1)))
        out: Tensor = self.head(self.dropout(nn.functional.avg_pool2d(joined, 2).flatten(1)))
        return out


class ShuffledCNN(nn.Module):
    """Convolutions in two groups whose channels are dealt out anew, with group normalisation (as in ShuffleNet)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        c = max(6, width // 6 // GROUPS * GROUPS)
        self.stem = nn.Conv2d(1, c, 3, stride=2, padding=1)
        blocks = range(min(depth, 2))
        self.convolutions = nn.ModuleList(nn.Conv2d(c, c, 3, padding=1, groups=GROUPS) for _ in blocks)
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, c) for _ in blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(c * ((task.train.x.shape[-1] + 1) // 2) ** 2, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.gelu(self.stem(x))
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            shuffled = nn.functional.channel_shuffle(norm(x), GROUPS)
            x = x + nn.functional.gelu(convolution(shuffled))
        out: Tensor = self.head(self.dropout(x.flatten(1)))
        return out


class Tokens(nn.Module):
    """Turn a sample into vectors with their places: letters, the rows of an image, or single numbers."""

    def __init__(self, width: int, task: Task) -> None:
        super().__init__()
        x = task.train.x
        self.length, inner = (x.shape[2], x.shape[3]) if x.ndim == 4 else (x.shape[-1], 1)
        self.inner = inner
        self.embedding = nn.Embedding(len(ALPHABET), width) if task.is_text else None
        self.enter = nn.Parameter(torch.randn(1 if inner > 1 else self.length, inner, width) / inner**0.5)
        self.place = nn.Parameter(0.5 * torch.randn(self.length, width))

    def forward(self, x: Tensor) -> Tensor:
        if self.embedding is not None:
            found: Tensor = self.embedding(x) + self.place
            return found
        rows = x.reshape(len(x), self.length, self.inner)
        return torch.einsum("nli,liw->nlw", rows, self.enter.expand(self.length, -1, -1)) + self.place


class AttentionPool(nn.Module):
    """Vectors that are weighed by what they say, and summed (attention-based multiple-instance learning)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        width, heads = max(12, width // 2), 4
        self.tokens = Tokens(width, task)
        self.values = nn.Linear(width, width)
        self.weights = nn.Linear(width, heads)
        self.dropout = nn.Dropout(dropout)
        self.after = nn.Linear(heads * width, width)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        tokens = torch.tanh(self.tokens(x))
        weights = self.weights(tokens).softmax(dim=1)
        pooled = weights.transpose(1, 2) @ nn.functional.silu(self.values(tokens))
        out: Tensor = self.head(self.dropout(torch.relu(self.after(pooled.flatten(1)))))
        return out


class Merging(nn.Module):
    """Neighbours that are merged two by two, by one layer, until one vector is left (a recursive network)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        width = max(16, width // 2)
        self.tokens = Tokens(width, task)
        self.merge = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.tokens(x)
        while x.shape[1] > 1:
            if x.shape[1] % 2:
                x = torch.cat([x, x[:, -1:]], dim=1)
            pairs = x.reshape(len(x), x.shape[1] // 2, -1)
            x = pairs.unflatten(2, (2, -1)).sum(dim=2) * 0.6 + torch.tanh(self.merge(pairs))
        out: Tensor = self.head(self.dropout(x[:, 0]))
        return out


class Reservoir(nn.Module):
    """A recurrent network whose weights stay as they were drawn, under layers that learn (an echo state network)."""

    def __init__(self, n_out: int, width: int, dropout: float, task: Task) -> None:
        super().__init__()
        size, n_in = width, len(ALPHABET) if task.is_text else 1
        weights = torch.randn(size, size)
        self.register_buffer("inputs", torch.randn(n_in, size) * (1.0 if task.is_text else 0.7))
        self.register_buffer("again", weights * ECHO / torch.linalg.eigvals(weights).abs().max())
        self.inner = nn.Linear(2 * size, width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.dropout(torch.relu(self.inner(self.states(x)))))
        return out

    @torch.no_grad()
    def states(self, x: Tensor) -> Tensor:
        """Return the mean and the last state."""
        entered = self.inputs[x] if not x.is_floating_point() else x.flatten(1)[:, :, None] * self.inputs
        state, total = torch.zeros_like(entered[:, 0]), torch.zeros_like(entered[:, 0])
        for t in range(entered.shape[1]):
            state = (1 - LEAK) * state + LEAK * torch.tanh(entered[:, t] + state @ self.again)
            total = total + state
        return torch.cat([3 * total / entered.shape[1], 2 * state], dim=1)

    inputs: Tensor
    again: Tensor


class Reversible(nn.Module):
    """Two halves that change each other in turns, so that each layer could be undone (as in RevNet)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, 2 * width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(2 * depth))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        one, other = self.enter(self.first(x)).chunk(2, dim=1)
        for layer in self.layers:
            one, other = other, one + torch.relu(layer(torch.tanh(other)))
        out: Tensor = self.head(self.dropout(torch.cat([one, other], dim=1)))
        return out


class WideAndDeep(nn.Module):
    """A linear model beside layers with rectifiers (wide and deep learning)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        layers: list[nn.Module] = []
        for i in range(depth + 1):
            layers += [nn.Linear(width if i else size, width), nn.ReLU(), nn.Dropout(dropout)]
        self.deep = nn.Sequential(*layers)
        self.head = nn.Linear(width + size, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        out: Tensor = self.head(torch.cat([x, self.deep(x)], dim=1))
        return out


class LayerNormalised(nn.Module):
    """Residual blocks of two layers, with layer normalisation before each block (as for tables)."""

    def __init__(self, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.first, size = numbers(task)
        self.enter = nn.Linear(size, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout)),
                nn.Linear(2 * width, width),
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(self.first(x))
        for block in self.blocks:
            x = x + block(x)
        out: Tensor = self.head(self.norm(x))
        return out


class Directions(nn.Module):
    """A layer whose weights are directions and their lengths, learnt apart (weight normalisation)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.randn(n_out, n_in))
        self.long = nn.Parameter(torch.full((n_out, 1), 1.4))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, nn.functional.normalize(self.direction, dim=1) * self.long, self.bias)


def weight_normalised(n_out: int, width: int, depth: int, dropout: float, task: Task) -> nn.Module:
    """Return layers with weight normalisation and ELU."""
    first, size = numbers(task)
    layers: list[nn.Module] = [first]
    for i in range(depth + 1):
        layers += [Directions(width if i else size, width), nn.ELU()]
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(width, n_out))
