"""The data sets of heldout4: two small tables, all small graphs, a recording of a brain, a game, numerals and dates.

The table of wines ships with scikit-learn, the names of colours and the recording with matplotlib, the graphs with
networkx, on which torch depends. The rest is computed from seeds. Generations of the game, numerals and dates are
drawn without repetition, and windows of the recording come from disjoint blocks.
"""

from __future__ import annotations

from calendar import month_name
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import datasets

from scripts.curve_bank.data_heldout2 import matplotlib_file
from scripts.curve_bank.samples import ALPHABET, Array, Part, as_part, standardise

SIDE = 8
HUES = ("green", "blue", "pink", "purple", "brown", "yellow", "red", "grey", "orange")
CHANNELS, TIMES = 4, 800
WAVE, AHEAD, BLOCK = 20, 2, 80
NUMERAL = 14
ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
DATE = 12
SIZES = (1500, 600, 1000)


@lru_cache
def wine() -> tuple[Part, ...]:
    """Say from which of three cultivars a wine is; z is its alcohol and the strength of its colour, left out of x."""
    found = datasets.load_wine()
    held = [0, 9]
    features = standardise(found.data)
    return (as_part(np.delete(features, held, axis=1), found.target.astype(np.int64), features[:, held]),)


@lru_cache
def colours() -> tuple[Part, ...]:
    """Say which of nine words people call a colour by, or none of them; z is its hue's cosine and sine, and grey."""
    from matplotlib.colors import XKCD_COLORS, rgb_to_hsv, to_rgb

    named = sorted(XKCD_COLORS)
    rgb = np.array([to_rgb(XKCD_COLORS[name]) for name in named])
    last = [name.removeprefix("xkcd:").split()[-1] for name in named]
    y = np.array([HUES.index(word) if word in HUES else len(HUES) for word in last], dtype=np.int64)
    hue, strength, _ = rgb_to_hsv(rgb).T
    z = np.stack([strength * np.cos(2 * np.pi * hue), strength * np.sin(2 * np.pi * hue), rgb.mean(axis=1)], axis=1)
    return (as_part(standardise(rgb), y, standardise(z)),)


@lru_cache
def graphs() -> tuple[Part, ...]:
    """Say of a graph of 5 … 7 nodes how many triangles it has, 0 … 4 and more, by its matrix of neighbours.

    z is how many edges it has and how unevenly they are dealt out. The nodes are put into a random order.
    """
    import networkx

    rng, images, y, z = np.random.default_rng(0), [], [], []
    for graph in networkx.graph_atlas_g():
        n = len(graph)
        if n < 5:
            continue
        matrix = networkx.to_numpy_array(graph, nodelist=rng.permutation(n).tolist())
        images.append(np.pad(matrix, (0, SIDE - n)))
        y.append(min(4, round(float(np.trace(matrix @ matrix @ matrix)) / 6)))
        z.append((matrix.sum(), matrix.sum(axis=0).std()))
    return (as_part((np.stack(images)[:, None] - 0.35) / 0.48, np.array(y, dtype=np.int64), standardise(np.array(z))),)


@lru_cache
def life() -> tuple[Part, ...]:
    """Say how many of the four cells in the middle live after one generation of Conway's game; z is the share of all.

    The board of 8 x 8 cells is closed to a torus, and filled to a share of its own.
    """
    parts = []
    for number, size in enumerate(SIZES):
        rng = np.random.default_rng([4, number])
        board = (rng.random((size, SIDE, SIDE)) < rng.uniform(0.2, 0.6, size=(size, 1, 1))).astype(np.float64)
        around = sum(np.roll(board, (i, j), axis=(1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
        after = (around == 3) | ((around == 2) & (board == 1))
        y = after[:, 3:5, 3:5].sum(axis=(1, 2)).astype(np.int64)
        share = after.mean(axis=(1, 2))
        parts.append(as_part((board[:, None] - 0.4) / 0.49, y, (share[:, None] - 0.3) / 0.1))
    return tuple(parts)


@lru_cache
def brain() -> tuple[Part, ...]:
    """Say where the potential of a brain will be 2 steps after 20 known ones: 4 classes; z is by how much it changes.

    Blocks of 80 steps of each of four channels are dealt out: of four, two go to train and one each to val and test.
    """
    recorded = np.fromfile(matplotlib_file("sample_data", "eeg.dat"), dtype=np.float64).reshape(TIMES, CHANNELS).T
    blocks = standardise(recorded.T).T.reshape(-1, BLOCK)
    parts, bounds = [], np.empty(0)
    for i in range(3):
        own = [b for n, b in enumerate(blocks) if (0, 1, 0, 2)[n % 4] == i]
        windows = np.stack([b[at : at + WAVE + AHEAD] for b in own for at in range(BLOCK - WAVE - AHEAD + 1)])
        known, level = windows[:, :WAVE], windows[:, -1]
        bounds = bounds if len(bounds) else np.quantile(level, [0.25, 0.5, 0.75])
        z = level - windows[:, WAVE - 1]
        parts.append(as_part(known[:, None], np.searchsorted(bounds, level).astype(np.int64), z[:, None]))
    return tuple(parts)


def encoded(texts: list[str], length: int) -> NDArray[np.int64]:
    """Return the characters of texts as codes, aligned to the right, [n, length]."""
    return np.array([[max(ALPHABET.find(c), 0) for c in text[-length:].rjust(length, "\0")] for text in texts])


def dealt(x: NDArray[np.int64], y: NDArray[np.int64], z: Array) -> tuple[Part, ...]:
    """Deal samples, already in a random order, out to the three parts."""
    whole = Part(torch.tensor(x), torch.tensor(y), torch.tensor(standardise(z), dtype=torch.float32))
    ends = np.cumsum((0, *SIZES)).tolist()
    return tuple(whole.take(torch.arange(a, b)) for a, b in pairwise(ends))


def roman(number: int) -> str:
    letters = ""
    for value, sign in ROMAN:
        letters += number // value * sign
        number %= value
    return letters


@lru_cache
def numerals() -> tuple[Part, ...]:
    """Say which digit, in groups of two, the tens of a Roman numeral are; z is its logarithm and its sum of digits."""
    drawn = np.random.default_rng(40).permutation(np.arange(1, 4000))
    digits = np.stack([drawn // 10**i % 10 for i in range(4)], axis=1)
    x = encoded([roman(n) for n in drawn.tolist()], NUMERAL)
    return dealt(x, digits[:, 1] // 2, np.stack([np.log(drawn), digits.sum(axis=1)], axis=1))


@lru_cache
def calendar() -> tuple[Part, ...]:
    """Say in which of six pairs of months a date lies that is written in one of three ways; z is its day and year."""
    rng = np.random.default_rng(41)
    days = [date(1920, 1, 1) + timedelta(days=int(n)) for n in rng.permutation(36500)[: sum(SIZES)]]
    ways = rng.integers(3, size=len(days)).tolist()
    written = [
        (f"{d.day} {month_name[d.month][:3].lower()} {d.year}", f"{d.day}.{d.month}.{d.year}", d.isoformat())[way]
        for d, way in zip(days, ways, strict=True)
    ]
    y = np.array([(d.month - 1) // 2 for d in days])
    return dealt(encoded(written, DATE), y, np.array([(d.day, d.year) for d in days], dtype=np.float64))


DATA_SETS = (wine, colours, graphs, life, brain, numerals, calendar)
