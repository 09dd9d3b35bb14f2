"""The data sets of heldout5: two small tables, a portrait, a sea floor, an attractor, a fractal, sums, brackets, names.

The flowers ship with scikit-learn, the tips with plotly, the portrait and the map of depths with matplotlib, the names
of HTML's entities with Python. The rest is computed from seeds. Patches, profiles and stretches of the attractor come
from disjoint stripes. The numbers of three of them are not around 0, as targets in practice often are not.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from html.entities import html5
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import datasets

from scripts.curve_bank.data_heldout2 import matplotlib_file
from scripts.curve_bank.samples import ALPHABET, Array, Part, as_part, standardise

DEALT = (0, 1, 0, 2)
"""Which part a stripe belongs to: of four, two go to train and one each to val and test."""

SIDE = 8
PROFILE, AHEAD = 16, 3
KNOWN, LATER = 20, 8
SIZES = (1500, 600, 1000)
TERM, NESTED, ENTITY = 10, 14, 10
CATEGORIES = ("Sm", "L", "So", "P")


@lru_cache
def iris() -> tuple[Part, ...]:
    """Say which of three species a flower is by its sepals; z is the size of its petals."""
    found = datasets.load_iris()
    sepals = standardise(found.data[:, :2])
    x = np.concatenate([sepals, sepals**2 - 1, sepals[:, :1] * sepals[:, 1:]], axis=1)
    return (as_part(x, found.target.astype(np.int64), standardise(found.data[:, 2:])),)


@lru_cache
def tips() -> tuple[Part, ...]:
    """Say on which of four days a table paid; z is its tip in dollars, which is not around 0."""
    from plotly.data import tips as table_of

    table = table_of(return_type="pandas")
    yes = [
        (table[c] == v).to_numpy(dtype=np.float64) for c, v in (("sex", "Male"), ("smoker", "Yes"), ("time", "Lunch"))
    ]
    numbers = [table[c].to_numpy(dtype=np.float64) for c in ("total_bill", "size")]
    y = np.unique(table["day"], return_inverse=True)[1].astype(np.int64)
    return (
        as_part(standardise(np.stack([*numbers, *yes], axis=1)), y, table[["tip"]].to_numpy(dtype=np.float64) / 1.4),
    )


@lru_cache
def portrait() -> tuple[Part, ...]:
    """Say how bright the column to the right of a patch of a photo is: 5 classes; z is that and its slope."""
    from PIL import Image

    grey = np.asarray(Image.open(matplotlib_file("sample_data", "grace_hopper.jpg")).convert("L").resize((256, 302)))
    parts, bounds = [], np.empty(0)
    for part in range(3):
        lefts = [left for left in range(0, 256, 16) if DEALT[left // 16 % 4] == part]
        cut = [
            grey[r : r + SIDE, c : c + SIDE + 2] for a in lefts for c in range(a, a + 7, 2) for r in range(0, 290, 4)
        ]
        patches = (np.stack(cut).astype(np.float64) - 90) / 70
        column = patches[:, :, -1]
        level, slope = column.mean(axis=1), column[:, 4:].mean(axis=1) - column[:, :4].mean(axis=1)
        bounds = bounds if len(bounds) else np.quantile(level, [0.2, 0.4, 0.6, 0.8])
        y = np.searchsorted(bounds, level).astype(np.int64)
        parts.append(as_part(patches[:, None, :, :SIDE], y, np.stack([level, 2 * slope], axis=1)))
    return tuple(parts)


@lru_cache
def seafloor() -> tuple[Part, ...]:
    """Say how deep it is 3 steps after a profile of 16: 4 classes; z is the depth, which is not around 0."""
    found = np.load(matplotlib_file("sample_data", "topobathy.npz"))["topo"].astype(np.float64)
    found = standardise(found.reshape(-1, 1)).reshape(found.shape)
    parts, bounds = [], np.empty(0)
    for part in range(3):
        rows = [row for number, row in enumerate(found) if DEALT[number // 8 % 4] == part]
        starts = range(0, found.shape[1] - PROFILE - AHEAD, 5)
        windows = np.stack([row[at : at + PROFILE + AHEAD] for row in rows for at in starts])
        known, depth = windows[:, :PROFILE], windows[:, -1]
        bounds = bounds if len(bounds) else np.quantile(depth, [0.25, 0.5, 0.75])
        parts.append(as_part(known[:, None], np.searchsorted(bounds, depth).astype(np.int64), depth[:, None] + 1.5))
    return tuple(parts)


@lru_cache
def attractor() -> tuple[Part, ...]:
    """Say where Lorenz' attractor will be 8 steps after 20 known ones: 4 classes; z is its x and its speed then."""
    state, path = np.array([1.0, 1.0, 20.0]), []
    for step in range(3 * 24000):
        x, y, z = state
        state = state + 0.005 * np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])
        if step % 6 == 0:
            path.append(state[0] / 8)
    blocks = np.array(path[: len(path) // 240 * 240]).reshape(-1, 240)
    parts, bounds = [], np.empty(0)
    for part in range(3):
        own = [b for number, b in enumerate(blocks) if DEALT[number % 4] == part]
        length = KNOWN + LATER
        windows = np.stack([b[at : at + length] for b in own for at in range(0, 240 - length, 3)])
        bounds = bounds if len(bounds) else np.quantile(windows[:, -1], [0.25, 0.5, 0.75])
        later = np.stack([windows[:, -1], 3 * (windows[:, -1] - windows[:, -2])], axis=1)
        y = np.searchsorted(bounds, windows[:, -1]).astype(np.int64)
        parts.append(as_part(windows[:, None, :KNOWN], y, later))
    return tuple(parts)


@lru_cache
def fractal() -> tuple[Part, ...]:
    """Say how soon a point leaves the Mandelbrot set: 4 classes; z is the logarithm of how soon."""
    rng = np.random.default_rng(50)
    n = sum(SIZES)
    c = rng.uniform(-2.0, 0.6, size=n) + 1j * rng.uniform(-1.2, 1.2, size=n)
    z, left = np.zeros(n, dtype=complex), np.full(n, 40.0)
    for step in range(40):
        inside = np.abs(z) <= 2
        z[inside] = z[inside] ** 2 + c[inside]
        left[(np.abs(z) > 2) & (left == 40)] = step + 1
    x = np.stack([c.real + 0.7, c.imag, np.abs(c), np.angle(c), np.abs(c - 0.25)], axis=1)
    y = np.searchsorted([2.5, 4.5, 39], left).astype(np.int64)
    return dealt(torch.tensor(standardise(x), dtype=torch.float32), y, standardise(np.log(left)[:, None]))


def dealt(x: torch.Tensor, y: NDArray[np.int64], z: Array) -> tuple[Part, ...]:
    """Deal samples in a random order out to the three parts."""
    whole = Part(x, torch.from_numpy(y), torch.tensor(z, dtype=torch.float32))
    ends = np.cumsum((0, *SIZES)).tolist()
    return tuple(whole.take(torch.arange(a, b)) for a, b in pairwise(ends))


def codes(texts: list[str], length: int) -> torch.Tensor:
    return torch.tensor([[max(ALPHABET.find(c), 0) for c in text[-length:].rjust(length, "\0")] for text in texts])


@lru_cache
def sums() -> tuple[Part, ...]:
    """Say in which of five ranges a sum of two or three written numbers lies; z is it, not around 0, and how many."""
    rng = np.random.default_rng(51)
    n = sum(SIZES)
    terms, many = rng.integers(0, 100, size=(n, 3)), rng.integers(2, 4, size=n)
    written = ["=".join(str(t) for t in row[:k]) for row, k in zip(terms.tolist(), many.tolist(), strict=True)]
    total = np.where(many == 2, terms[:, :2].sum(axis=1), terms.sum(axis=1))
    y = np.searchsorted([70, 105, 135, 170], total).astype(np.int64)
    return dealt(codes(written, TERM), y, np.stack([total / 60, many - 2.5], axis=1))


@lru_cache
def brackets() -> tuple[Part, ...]:
    """Say how deep brackets are nested, 1 … 4 and more; z is how deep on average and how many letters there are."""
    rng, texts, y, z = np.random.default_rng(52), [], [], []
    for _ in range(sum(SIZES)):
        depth, depths, text = 0, [0], ""
        opens, letters = rng.uniform(0.3, 0.7), rng.uniform(0.0, 0.4)
        while len(text) < NESTED - depth:
            sign = "a" if rng.random() < letters else "(" if depth == 0 or rng.random() < opens else ")"
            depth += {"(": 1, ")": -1}.get(sign, 0)
            depths.append(depth)
            text += sign
        text = (text + ")" * depth)[:NESTED]
        texts.append(text)
        y.append(min(4, max(1, *depths)) - 1)
        z.append((float(np.mean(depths)), text.count("a")))
    return dealt(codes(texts, NESTED), np.array(y, dtype=np.int64), standardise(np.array(z, dtype=np.float64)))


@lru_cache
def entities() -> tuple[Part, ...]:
    """Say of which kind a sign is by its name in HTML: 5 kinds; z is the name's length and the sign's number."""
    named = sorted((name[:-1], sign) for name, sign in html5.items() if name.endswith(";") and len(sign) == 1)
    category = [unicodedata.category(sign) for _, sign in named]
    kinds = [next((i for i, k in enumerate(CATEGORIES) if c.startswith(k)), len(CATEGORIES)) for c in category]
    z = np.array([(len(name), np.log2(ord(sign))) for name, sign in named])
    letters = codes([name.lower() for name, _ in named], ENTITY)
    return (Part(letters, torch.tensor(kinds), torch.tensor(standardise(z), dtype=torch.float32)),)


DATA_SETS = (iris, tips, portrait, seafloor, attractor, fractal, sums, brackets, entities)
