"""The data sets of heldout6: winds, prices, a drawing and emoji; positions, hands, orbits, magnets, spectra, strings.

The winds ship with plotly, the prices and the drawing with matplotlib, the names of emoji with rich. The rest is
computed from seeds. Windows and patches come from disjoint blocks and stripes. The numbers of four of them are not
around 0.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.curve_bank.data_heldout2 import matplotlib_file
from scripts.curve_bank.data_heldout5 import DEALT, SIZES, codes, dealt
from scripts.curve_bank.samples import Array, Part, as_part, standardise

DAYS, BLOCK = 12, 40
SIDE = 8
LINES = np.array([(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)])
RANKS, SUITS = 8, 4
CHANNELS = 24
BASES, STRAND = "tcag", 12
ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
"""The amino acids of the 64 codons, in the order of ``BASES``: the standard genetic code."""

KINDS = ("AVLIMFWPG", "STCYNQ", "DE", "KRH", "*")
SIGNS = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
MORSE = dict(zip("abcdefghijklmnopqrstuvwxyz", SIGNS.split(), strict=True))


def quantiles(values: Array, classes: int, of: Array | None = None) -> NDArray[np.int64]:
    """Return which of so many equally frequent ranges a value lies in, by the ranges of other values where given."""
    bounds = np.quantile(values if of is None else of, np.linspace(0, 1, classes + 1)[1:-1])
    return np.searchsorted(bounds, values).astype(np.int64)


@lru_cache
def wind() -> tuple[Part, ...]:
    """Say how often a wind of a strength blows from a direction: 3 classes; z is how often, as a logarithm."""
    from plotly.data import wind as table_of

    table = table_of(return_type="pandas")
    angle = np.unique(table["direction"], return_inverse=True)[1] * 0.0
    for number, name in enumerate(dict.fromkeys(table["direction"])):
        angle[(table["direction"] == name).to_numpy()] = number * 2 * np.pi / 16
    strength = np.unique(table["strength"], return_inverse=True)[1].astype(np.float64)
    often = np.log(table["frequency"].to_numpy(dtype=np.float64) + 0.02)
    x = np.stack([np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle), strength, strength**2], axis=1)
    return (as_part(standardise(x), quantiles(often, 3), standardise(often[:, None]) + 1),)


@lru_cache
def prices() -> tuple[Part, ...]:
    """Say how a share's price is 2 days after 12 known ones: 4 classes; z is it and the range it moves in."""
    close = np.log(np.load(matplotlib_file("sample_data", "goog.npz"))["price_data"]["adj_close"].astype(np.float64))
    parts, first = [], np.empty(0)
    for part in range(3):
        starts = [at for at in range(len(close) - DAYS - 2) if at % BLOCK < BLOCK - DAYS - 2]
        own = [close[at : at + DAYS + 2] for at in starts if DEALT[at // BLOCK % 4] == part]
        windows = np.stack(own)
        windows = (windows - windows[:, :DAYS].mean(axis=1, keepdims=True)) / 0.03
        later, known = windows[:, -1], windows[:, :DAYS]
        first = first if len(first) else later
        z = np.stack([later, known.max(axis=1) - known.min(axis=1)], axis=1)
        parts.append(as_part(known[:, None], quantiles(later, 4, first), z))
    return tuple(parts)


@lru_cache
def drawing() -> tuple[Part, ...]:
    """Say how bright the column to the right of a patch of a drawing is: 4 classes; z is that of it and of its half."""
    from PIL import Image

    image = Image.open(matplotlib_file("sample_data", "Minduka_Present_Blue_Pack.png"))
    grey = np.asarray(image.convert("RGBA"), dtype=np.float64)
    grey = grey[:, :, :3].mean(axis=2) * grey[:, :, 3] / 255.0**2
    parts, first = [], np.empty(0)
    for part in range(3):
        lefts = [left for left in range(0, 128, 16) if DEALT[left // 16 % 4] == part]
        cut = np.stack(
            [grey[r : r + SIDE, c : c + SIDE + 1] for a in lefts for c in range(a, a + 8) for r in range(120)]
        )
        cut = cut[cut.std(axis=(1, 2)) > 0.03]  # what is blank says nothing
        column = cut[:, :, -1]
        level = column.mean(axis=1)
        first = first if len(first) else level
        z = (np.stack([level, column[:, :4].mean(axis=1)], axis=1) - 0.5) * 4
        parts.append(as_part((cut[:, None, :, :SIDE] - 0.5) * 3, quantiles(level, 4, first), z))
    return tuple(parts)


@lru_cache
def emoji() -> tuple[Part, ...]:
    """Say which of five ranges of Unicode an emoji is from by its name; z is the name's length and its last letter."""
    from rich._emoji_codes import EMOJI

    named = sorted((name, sign) for name, sign in EMOJI.items() if unicodedata.category(sign[0]) == "So")
    number = np.array([ord(sign[0]) for _, sign in named], dtype=np.float64)
    z = np.array([(min(len(name), 30), ord(name[-1]) % 32) for name, _ in named], dtype=np.float64)
    letters = codes([name.replace("_", " ") for name, _ in named], 12)
    y = torch.from_numpy(quantiles(number, 5))
    return (Part(letters, y, torch.tensor(standardise(z), dtype=torch.float32)),)


@lru_cache
def board() -> tuple[Part, ...]:
    """Say who has won at noughts and crosses, or that nobody has; z is how many lines are open to each."""
    rng = np.random.default_rng(60)
    n = sum(SIZES)
    filled = rng.integers(4, 9, size=n)
    cells = np.zeros((n, 9), dtype=np.int64)
    for row, many in zip(cells, filled.tolist(), strict=True):
        at = rng.permutation(9)[:many]
        row[at] = np.where(np.arange(many) % 2 == 0, 1, -1)
    lines = cells[:, LINES]
    won = [(lines == sign).all(axis=2).any(axis=1) for sign in (1, -1)]
    y = np.where(won[0], 1, np.where(won[1], 2, 0)).astype(np.int64)
    open_to = np.stack([(lines != -sign).all(axis=2).sum(axis=1) for sign in (1, -1)], axis=1) / 2.0
    return dealt(torch.tensor(cells, dtype=torch.float32), y, open_to)


@lru_cache
def hands() -> tuple[Part, ...]:
    """Say what five of 32 cards are worth: nothing, a pair, two, more; z is their highest and their mean."""
    rng = np.random.default_rng(61)
    n = sum(SIZES)
    cards = rng.random((n, RANKS * SUITS)).argsort(axis=1)[:, :5]
    counts = np.stack([(cards // SUITS == rank).sum(axis=1) for rank in range(RANKS)], axis=1)
    suits = np.stack([(cards % SUITS == suit).sum(axis=1) for suit in range(SUITS)], axis=1)
    pairs, most = (counts >= 2).sum(axis=1), counts.max(axis=1)
    y = np.where(most > 2, 3, pairs).astype(np.int64)
    z = standardise(np.stack([(cards // SUITS).max(axis=1), (cards // SUITS).mean(axis=1)], axis=1))
    x = standardise(np.concatenate([counts, suits], axis=1).astype(np.float64))
    return dealt(torch.tensor(x, dtype=torch.float32), y, z)


@lru_cache
def orbits() -> tuple[Part, ...]:
    """Say in which quarter of its orbit a planet is (Kepler's equation); z is where, and how far from its sun."""
    rng = np.random.default_rng(62)
    n = sum(SIZES)
    mean, flat = rng.uniform(-np.pi, np.pi, size=n), rng.uniform(0.0, 0.8, size=n)
    anomaly = mean.copy()
    for _ in range(30):
        anomaly -= (anomaly - flat * np.sin(anomaly) - mean) / (1 - flat * np.cos(anomaly))
    far = 1 - flat * np.cos(anomaly)
    place = np.stack([np.cos(anomaly) - flat, np.sqrt(1 - flat**2) * np.sin(anomaly)], axis=1)
    angle = np.arctan2(place[:, 1], place[:, 0])
    y = np.minimum((angle + np.pi) / (np.pi / 2), 3).astype(np.int64)
    x = np.stack([mean, 2 * flat, np.sin(mean), np.cos(mean)], axis=1)
    z = np.concatenate([place, 2 * far[:, None]], axis=1)
    return dealt(torch.tensor(x, dtype=torch.float32), y, z)


@lru_cache
def magnets() -> tuple[Part, ...]:
    """Say how hot a lattice of spins is (Ising's model): 4 classes; z is its energy and how magnetic it is."""
    rng = np.random.default_rng(63)
    n = sum(SIZES)
    heat = rng.uniform(1.2, 4.2, size=n)
    spins = rng.choice([-1.0, 1.0], size=(n, SIDE, SIDE))
    spins[rng.random(n) < 0.5] = 1.0
    colour = np.indices((SIDE, SIDE)).sum(axis=0) % 2
    for step in range(120):
        around = sum(np.roll(spins, shift, axis=axis) for axis in (1, 2) for shift in (1, -1))
        flips = rng.random(spins.shape) < np.exp(np.minimum(0.0, -2 * spins * around / heat[:, None, None]))
        spins = np.where(flips & (colour == step % 2), -spins, spins)
    bonds = sum((spins * np.roll(spins, 1, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2))
    z = standardise(np.stack([-np.asarray(bonds), np.abs(spins.mean(axis=(1, 2)))], axis=1))
    return dealt(torch.tensor(spins[:, None], dtype=torch.float32), quantiles(heat, 4), z)


@lru_cache
def spectra() -> tuple[Part, ...]:
    """Count the lines of a spectrum, 1 … 4; z is where the strongest is and how much there is in all, not around 0."""
    rng = np.random.default_rng(64)
    n = sum(SIZES)
    many = rng.integers(1, 5, size=n)
    at, high = rng.uniform(2, CHANNELS - 2, size=(n, 4)), rng.uniform(0.5, 2.0, size=(n, 4))
    high[np.arange(4)[None, :] >= many[:, None]] = 0.0
    channel = np.arange(CHANNELS)[None, :, None]
    lines = (high[:, None] / (1 + ((channel - at[:, None]) / 0.8) ** 2)).sum(axis=2)
    x = lines + 0.08 * rng.normal(size=lines.shape)
    strongest = at[np.arange(n), high.argmax(axis=1)]
    z = np.stack([strongest / CHANNELS * 3, high.sum(axis=1) / 2], axis=1)
    return dealt(torch.tensor(x[:, None], dtype=torch.float32), (many - 1).astype(np.int64), z)


@lru_cache
def genes() -> tuple[Part, ...]:
    """Say of which kind the second amino acid of a strand is, or that it ends there; z is its G and C, and its A."""
    rng = np.random.default_rng(65)
    bases = rng.integers(0, 4, size=(sum(SIZES), STRAND))
    acids = [ACIDS[a * 16 + b * 4 + c] for a, b, c in bases[:, 3:6].tolist()]
    y = np.array([next(i for i, kind in enumerate(KINDS) if acid in kind) for acid in acids], dtype=np.int64)
    z = standardise(np.stack([np.isin(bases, (1, 3)).mean(axis=1), (bases == 2).mean(axis=1)], axis=1))
    return dealt(codes(["".join(BASES[b] for b in row) for row in bases.tolist()], STRAND), y, z)


@lru_cache
def morse() -> tuple[Part, ...]:
    """Say in which of five ranges the number of dashes of a word lies in Morse code; z is how many signs and dashes."""
    rng = np.random.default_rng(66)
    letters = np.array(list(MORSE))
    words = ["".join(rng.choice(letters, size=k)) for k in rng.integers(2, 9, size=sum(SIZES)).tolist()]
    signs = ["".join(MORSE[c] for c in word) for word in words]
    dashes = np.array([s.count("-") for s in signs], dtype=np.float64)
    z = standardise(np.stack([[len(s) for s in signs], dashes], axis=1).astype(np.float64)) + 2
    return dealt(codes(words, 8), quantiles(dashes, 5), z)


@lru_cache
def order() -> tuple[Part, ...]:
    """Say which of six numbers is the largest; z is how many pairs are out of order, and the middle of the six."""
    rng = np.random.default_rng(67)
    x = rng.normal(size=(sum(SIZES), 6))
    out = sum((x[:, a] > x[:, b]).astype(np.float64) for a, b in combinations(range(6), 2))
    z = standardise(np.stack([np.asarray(out), np.median(x, axis=1)], axis=1))
    return dealt(torch.tensor(x, dtype=torch.float32), x.argmax(axis=1).astype(np.int64), z)


DATA_SETS = (wind, prices, drawing, emoji, board, hands, orbits, magnets, spectra, genes, morse, order)
