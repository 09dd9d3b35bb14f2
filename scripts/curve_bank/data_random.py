"""Tasks drawn at random, for development: another function, noise, balance and scale each time.

A task is a random network that labels random inputs, a generator of scikit-learn, noisy signals, texts of random
Markov chains, or a random view of a data set of the bank. None is drawn twice, so what is learnt from them is not
learnt about a data set.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import datasets
from torch import Tensor

from scripts.curve_bank.samples import Array, Part, Task, standardise

Drawn = tuple[Tensor, NDArray[np.int64], Array]
Draw = Callable[[np.random.Generator, int], Drawn]
Pools = dict[str, Callable[[], tuple[Part, ...]]]

SYMBOLS = range(1, 28)


def draw(rng: np.random.Generator, n_train: int, n_val: int, n_test: int, pools: Pools) -> Task:
    """Draw a task of 2 … 20 classes and 1 … 4 numbers; its parts are disjoint."""
    name = str(rng.choice([*MADE, "view"], p=[0.26, 0.18, 0.12, 0.08, 0.08, 0.08, 0.2]))
    n = n_train + n_val + n_test
    x, y, z = view(rng, n, pools) if name == "view" else MADE[name](rng, 2 * n)
    kept = unbalanced(rng, y, n) if rng.random() < 0.3 else np.arange(len(y))[:n]
    y, z = noisy(rng, y[kept], standardise(z[kept]))
    whole = Part(x[torch.from_numpy(kept)], torch.from_numpy(y), torch.tensor(z, dtype=torch.float32))
    # A source with too few samples gives half of them to the test set, and a quarter of them to validation.
    tested, validated = min(n_test, len(kept) // 2), min(n_val, len(kept) // 4)
    ends = np.cumsum((0, min(n_train, len(kept) - tested - validated), validated, tested)).tolist()
    parts = (whole.take(torch.arange(a, b)) for a, b in pairwise(ends))
    return Task(f"random_{name}", *parts, classes=int(y.max()) + 1)


def noisy(rng: np.random.Generator, y: NDArray[np.int64], z: Array) -> tuple[NDArray[np.int64], Array]:
    """Draw a share of the classes anew, add noise to the numbers, and put them on a scale of their own."""
    share = float(rng.choice([0.0, rng.uniform(0.02, 0.15), rng.uniform(0.15, 0.4)]))
    wrong = rng.random(len(y)) < share
    y = np.where(wrong, y[rng.permutation(len(y))], y)
    z = z + 2 * share * rng.normal(size=z.shape)
    if rng.random() < 0.4:
        z = z * 2 ** rng.uniform(-2, 1) + rng.uniform(-2.5, 2.5)
    return np.unique(y, return_inverse=True)[1].astype(np.int64), z


def unbalanced(rng: np.random.Generator, y: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return n samples (or all) in a random order, some classes far more often than others."""
    weight = rng.dirichlet(np.full(int(y.max()) + 1, 1.5))[y] + 1e-3
    kept: NDArray[np.int64] = rng.choice(len(y), size=min(n, len(y)), replace=False, p=weight / weight.sum())
    return kept


def many(rng: np.random.Generator) -> int:
    return int(rng.choice([2, 2, 3, 4, 5, 7, 10, 20]))


def levels(values: Array, classes: int) -> NDArray[np.int64]:
    """Return which of equally frequent levels a value lies in."""
    bounds = np.quantile(values, np.linspace(0, 1, classes + 1)[1:-1])
    return np.searchsorted(bounds, values).astype(np.int64)


def network(rng: np.random.Generator, x: Array, n_out: int) -> Array:
    """Return what a random network of 1 … 3 layers makes of inputs [n, d]."""
    steep, width = rng.uniform(0.7, 3.0), int(rng.integers(4, 40))
    for _ in range(int(rng.integers(1, 4))):
        weights = rng.normal(size=(x.shape[1], width)) * steep / x.shape[1] ** 0.5
        x = np.tanh(x @ weights + 0.3 * rng.normal(size=width))
    out: Array = x @ rng.normal(size=(width, n_out))
    return out


def inputs(rng: np.random.Generator, n: int, size: int) -> Array:
    kind = rng.integers(3)
    if kind == 0:
        return rng.normal(size=(n, size))
    if kind == 1:
        return rng.uniform(-1.7, 1.7, size=(n, size))
    mixed: Array = rng.normal(size=(n, size)) @ rng.normal(size=(size, size)) / size**0.5
    return mixed * 2 ** rng.uniform(-1, 1, size=size)


def teacher(rng: np.random.Generator, n: int) -> Drawn:
    """Let a random network say the class and the numbers of random vectors."""
    x = inputs(rng, n, int(rng.integers(2, 40)))
    y = network(rng, x, many(rng)).argmax(axis=1)
    return torch.tensor(x, dtype=torch.float32), y.astype(np.int64), network(rng, x, int(rng.integers(1, 5)))


def clusters(rng: np.random.Generator, n: int) -> Drawn:
    """Clusters of classes (scikit-learn's make_classification); z are features left out of x."""
    classes, size = many(rng), int(rng.integers(6, 40))
    x, y = datasets.make_classification(
        n,
        size,
        n_informative=max(5, size // 2),
        n_redundant=size // 4,
        n_classes=classes,
        n_clusters_per_class=1 if classes > 10 else int(rng.integers(1, 3)),
        class_sep=float(rng.uniform(0.5, 2.0)),
        random_state=int(rng.integers(2**31)),
    )
    held = int(rng.integers(1, 4))
    return torch.tensor(standardise(x[:, held:]), dtype=torch.float32), y.astype(np.int64), x[:, :held]


def functions(rng: np.random.Generator, n: int) -> Drawn:
    """Compute a known function (one of Friedman's, or a sparse linear one); the class is its level."""
    seed, noise = int(rng.integers(2**31)), float(rng.choice([0.0, 0.5, 2.0]))
    kind = int(rng.integers(4))
    if kind == 0:
        x, z = datasets.make_regression(n, 25, n_informative=8, noise=20 * noise, random_state=seed)
    else:
        made = (datasets.make_friedman1, datasets.make_friedman2, datasets.make_friedman3)[kind - 1]
        x, z = made(n, noise=(noise, 100 * noise, 0.1 * noise)[kind - 1], random_state=seed)
    return torch.tensor(standardise(x), dtype=torch.float32), levels(z, many(rng)), z[:, None]


def signals(rng: np.random.Generator, n: int) -> Drawn:
    """Waves of several frequencies in noise, [n, 1, length]; the class is the strongest one, z its phase and height."""
    classes, length = min(7, many(rng)), int(rng.choice([16, 24, 32]))
    y = rng.integers(classes, size=n)
    phase, height = rng.uniform(0, 2 * np.pi, size=n), rng.uniform(0.5, 1.5, size=n)
    t = np.arange(length) / length
    wave = height[:, None] * np.sin(2 * np.pi * (y + 1)[:, None] * t + phase[:, None])
    x = wave + rng.uniform(0.05, 0.8) * rng.normal(size=(n, length))
    z = np.stack([np.cos(phase), height], axis=1)
    return torch.tensor(x[:, None], dtype=torch.float32), y.astype(np.int64), z


def chains(rng: np.random.Generator, n: int) -> Drawn:
    """Texts of random Markov chains; the class is the chain, z how often two letters occur."""
    classes, length, letters = min(7, many(rng)), int(rng.integers(8, 20)), int(rng.integers(4, 12))
    alphabet = rng.choice(SYMBOLS, size=letters, replace=False)
    steps = rng.dirichlet(np.full(letters, rng.uniform(0.15, 1.0)), size=(classes, letters)).cumsum(axis=2)
    y = rng.integers(classes, size=n)
    states = [rng.integers(letters, size=n)]
    for _ in range(length - 1):
        states.append(np.minimum((rng.random(n)[:, None] > steps[y, states[-1]]).sum(axis=1), letters - 1))
    text = np.stack(states, axis=1)
    z = np.stack([(text == k).mean(axis=1) for k in (0, 1)], axis=1)
    return torch.tensor(alphabet[text]), y.astype(np.int64), z


def fields(rng: np.random.Generator, n: int) -> Drawn:
    """Smooth random images, [n, 1, 8, 8], labelled by a random network that sees a few of their waves."""
    u = np.arange(8) / 8
    waves = np.stack([np.cos(np.pi * (a * u[:, None] + b * u[None])) for a in range(3) for b in range(3)])
    weights = rng.normal(size=(n, len(waves)))
    x = np.einsum("nw,wij->nij", weights, waves) / 3 + rng.uniform(0, 0.5) * rng.normal(size=(n, 8, 8))
    y = network(rng, weights[:, 1:5], many(rng)).argmax(axis=1)
    return torch.tensor(x[:, None], dtype=torch.float32), y.astype(np.int64), network(rng, weights[:, 1:5], 2)


def view(rng: np.random.Generator, n: int, pools: Pools) -> Drawn:
    """Take some classes of a data set of the bank; now and then its numbers are mixed and lose their order."""
    pool = pools[str(rng.choice(sorted(pools)))]()[0]
    y = pool.y.numpy()
    classes = int(y.max()) + 1
    chosen = rng.permutation(classes)[: int(rng.integers(2, classes + 1))]
    kept = rng.permutation(np.flatnonzero(np.isin(y, chosen)))[: 2 * n]
    x = pool.x[torch.from_numpy(kept)]
    if x.is_floating_point() and rng.random() < 0.5:
        flat = standardise(x.flatten(1).double().numpy())
        size = min(flat.shape[1], int(rng.integers(4, 48)))
        x = torch.tensor(standardise(flat @ rng.normal(size=(flat.shape[1], size))), dtype=torch.float32)
    return (
        x,
        np.unique(y[kept], return_inverse=True)[1].astype(np.int64),
        pool.z[torch.from_numpy(kept)].double().numpy(),
    )


MADE: dict[str, Draw] = {f.__name__: f for f in (teacher, clusters, functions, signals, chains, fields)}
