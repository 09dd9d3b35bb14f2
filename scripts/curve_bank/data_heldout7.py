"""The data sets of heldout7: colour maps, shared cars, Python's names and locales; shapes, cells, shadows, simulations.

The colour maps ship with matplotlib, the table of cars with plotly, the names and the locales with Python. The rest is
computed from seeds. Two data sets ask for what is where: ``shapes`` for a box, ``cells`` and ``shadows`` for a mask.
Windows of a colour map and of its neighbours are in different parts. The numbers of five of them are not around 0.
"""

from __future__ import annotations

import importlib
import inspect
import locale
from collections import Counter
from functools import lru_cache

import numpy as np
import torch

from scripts.curve_bank.data_heldout5 import DEALT, SIZES, codes, dealt
from scripts.curve_bank.data_heldout6 import quantiles
from scripts.curve_bank.samples import Array, Part, as_part, standardise

N = sum(SIZES)
SIDE, COARSE = 10, 5
SHADES, KNOWN = 24, 6
NAME, LOCALE, TYPED = 14, 10, 10
MODULES = (
    *("argparse", "ast", "codecs", "collections", "configparser", "csv", "datetime", "decimal", "dis", "email.message"),
    *("enum", "errno", "ftplib", "http.client", "imaplib", "inspect", "io", "locale", "logging", "mailbox", "math"),
    *("mimetypes", "os", "pathlib", "pickle", "platform", "random", "re", "selectors", "shutil", "signal", "smtplib"),
    *("socket", "sqlite3", "stat", "statistics", "string", "subprocess", "tarfile", "tempfile", "threading", "time"),
    *("tokenize", "types", "typing", "unittest", "urllib.parse", "urllib.request", "uuid", "xml.sax", "zipfile"),
)
ENCODINGS = ("ISO8859-1", "UTF-8", "ISO8859-2")
DAYS, LATER, PEOPLE = 14, 90, 2000
SAMPLES = 32
LINKS = (1.0, 0.8, 0.5)
CELLS, STEPS = 64, 40
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
KEYS = {letter: (column + 0.3 * row, row) for row, keys in enumerate(ROWS) for column, letter in enumerate(keys)}


def grid(side: int) -> tuple[Array, Array]:
    """Return the columns and the rows of the pixels of an image, each of shape [1, side, side]."""
    row, column = np.indices((side, side)) + 0.5
    return column[None], row[None]


def uneven(rng: np.random.Generator, images: Array, noise: float) -> Array:
    """Light the images from a side, and add noise."""
    column, row = grid(SIDE)
    slope = rng.uniform(-0.06, 0.06, size=(len(images), 2, 1, 1))
    lit: Array = images + slope[:, 0] * (column - 5) + slope[:, 1] * (row - 5) + noise * rng.normal(size=images.shape)
    return lit


@lru_cache
def shapes() -> tuple[Part, ...]:
    """Say which of four shapes is in an image; z is the box around it: its centre, width and height."""
    rng = np.random.default_rng(70)
    column, row = grid(SIDE)
    half = rng.uniform(2.4, 4.0, size=(N, 1, 1, 1)) * rng.uniform(0.8, 1.0, size=(N, 2, 1, 1))
    centre = half + (SIDE - 2 * half) * rng.random((N, 2, 1, 1))
    across, down = np.abs(column - centre[:, 0]) / half[:, 0], np.abs(row - centre[:, 1]) / half[:, 1]
    square, thin = np.maximum(across, down), np.minimum(across, down) < 0.3
    far = [np.hypot(across, down), np.where(square > 0.5, square, 2.0), across + down, np.where(thin, square, 2.0)]
    kind = rng.integers(4, size=N)
    inside = np.clip((1 - np.stack(far)[kind, np.arange(N)]) * 3 + 0.5, 0, 1)
    bright = rng.uniform(1.0, 2.0, size=(N, 1, 1))
    box = 4 * np.concatenate([centre, 2 * half], axis=1)[:, :, 0, 0] / SIDE
    return dealt(torch.tensor(uneven(rng, bright * inside, 0.1)[:, None], dtype=torch.float32), kind, box)


@lru_cache
def cells() -> tuple[Part, ...]:
    """Count the cells in an image, 1 … 3; z is a mask of 5 x 5: where they are."""
    rng = np.random.default_rng(71)
    column, row = grid(SIDE)
    many, depth = rng.integers(1, 4, size=N), np.full((N, SIDE, SIDE), -1.0)
    for i in range(3):
        at, size = rng.uniform(1.5, 8.5, size=(N, 2, 1, 1)), rng.uniform(1.2, 2.4, size=(N, 2, 1, 1))
        own = 1 - ((column - at[:, 0]) / size[:, 0]) ** 2 - ((row - at[:, 1]) / size[:, 1]) ** 2
        depth = np.where((i < many)[:, None, None], np.maximum(depth, own), depth)
    images = np.clip(depth + 0.4, 0, 1) * rng.uniform(0.8, 1.5, size=(N, 1, 1))
    inside = (depth > 0).reshape(N, COARSE, 2, COARSE, 2).mean(axis=(2, 4)) >= 0.5
    mask = inside.reshape(N, -1).astype(np.float64)
    return dealt(torch.tensor(uneven(rng, images, 0.25)[:, None], dtype=torch.float32), many - 1, mask)


@lru_cache
def shadows() -> tuple[Part, ...]:
    """Say in which quarter of a body of 5 x 5 most of it lies, by its shadows; z is the body.

    The shadows are the sums of its rows, its columns and its diagonals, with noise.
    """
    rng = np.random.default_rng(72)
    rough = rng.normal(size=(N, COARSE + 2, COARSE + 2))
    smooth = sum(rough[:, a : a + COARSE, b : b + COARSE] for a in range(3) for b in range(3))
    body = (np.asarray(smooth) + rng.normal(size=(N, 1, 1)) > 0.5).astype(np.float64)
    diagonals = [np.trace(body, offset=k, axis1=1, axis2=2)[:, None] for k in range(1 - COARSE, COARSE)]
    sums = np.concatenate([body.sum(axis=1), body.sum(axis=2), *diagonals], axis=1)
    quarters = np.stack([body[:, a : a + 3, b : b + 3].sum(axis=(1, 2)) for a in (0, 2) for b in (0, 2)], axis=1)
    y = (quarters + 0.01 * rng.random(quarters.shape)).argmax(axis=1).astype(np.int64)
    x = standardise(sums + 0.15 * rng.normal(size=sums.shape))
    return dealt(torch.tensor(x, dtype=torch.float32), y, body.reshape(N, -1))


@lru_cache
def colormaps() -> tuple[Part, ...]:
    """Say whether a colour map gets darker, brighter or neither after six known colours; z is the colour that comes."""
    from matplotlib import colormaps as maps

    names = sorted(name for name in maps if not name.endswith("_r"))
    parts = []
    for part in range(3):
        own = [maps[name](np.linspace(0, 1, SHADES))[:, :3] for i, name in enumerate(names) if DEALT[i % 4] == part]
        windows = np.stack([m[at : at + KNOWN + 2] for m in own for at in range(SHADES - KNOWN - 1)])
        known, colour = windows[:, :KNOWN], windows[:, -1]
        rise = (colour - known[:, -1]) @ np.array([0.299, 0.587, 0.114])
        y = (1 + (rise > 0.03).astype(np.int64) - (rise < -0.03).astype(np.int64)).astype(np.int64)
        parts.append(as_part((known.reshape(len(known), -1) - 0.5) * 3, y, 3 * colour))
    return tuple(parts)


@lru_cache
def carshare() -> tuple[Part, ...]:
    """Say when cars are shared most at a place in Montreal: 3 parts of the day; z is for how many hours."""
    from plotly.data import carshare as table_of

    table = table_of(return_type="pandas")
    place = standardise(table[["centroid_lat", "centroid_lon"]].to_numpy(dtype=np.float64))
    turned = place @ np.array([[0.8, -0.6], [0.6, 0.8]])
    x = np.concatenate([place, turned, place**2 - 1, place[:, :1] * place[:, 1:]], axis=1)
    hours = table["car_hours"].to_numpy(dtype=np.float64)
    return (as_part(x, np.searchsorted([3, 9], table["peak_hour"]).astype(np.int64), hours[:, None] / 570),)


@lru_cache
def identifiers() -> tuple[Part, ...]:
    """Say what a name in Python's library stands for: 5 kinds; z is how long it is and how many words it has."""
    kinds: dict[str, int] = {}
    for name in MODULES:
        for key, value in inspect.getmembers(importlib.import_module(name)):
            kinds.setdefault(key.strip("_"), kind_of(value))
    seen: Counter[int] = Counter()
    rows = []
    for index in np.random.default_rng(73).permutation(len(kinds)):
        key = sorted(kinds)[index]
        seen[kinds[key]] += 1
        if key and seen[kinds[key]] <= 500:
            rows.append((key, kinds[key]))
    z = np.array([(min(len(key), 30), key.count("_")) for key, _ in rows], dtype=np.float64)
    letters = codes([key.lower() for key, _ in rows], NAME)
    return (Part(letters, torch.tensor([k for _, k in rows]), torch.tensor(standardise(z), dtype=torch.float32)),)


def kind_of(value: object) -> int:
    """Return what a value is: an exception, another class, something to call, a number or a text, another thing."""
    if inspect.isclass(value):
        return 0 if issubclass(value, BaseException) else 1
    return 2 if callable(value) else 3 if isinstance(value, (int, str, float)) else 4


@lru_cache
def locales() -> tuple[Part, ...]:
    """Say which encoding a locale has by its name: 4 kinds; z is the length and where the first letter stands."""
    named = sorted(locale.locale_alias.items())
    encoding = [value.partition(".")[2].partition("@")[0] for _, value in named]
    y = [ENCODINGS.index(e) if e in ENCODINGS else len(ENCODINGS) for e in encoding]
    z = np.array([(len(name), ord(name[0]) % 32) for name, _ in named], dtype=np.float64)
    return (
        Part(codes([n for n, _ in named], LOCALE), torch.tensor(y), torch.tensor(standardise(z), dtype=torch.float32)),
    )


@lru_cache
def epidemic() -> tuple[Part, ...]:
    """Say how fast a disease spreads by its first 14 days: 4 classes; z is how many it reaches, and when it peaks."""
    rng = np.random.default_rng(74)
    spreads, heals = rng.uniform(0.15, 0.9, size=N), rng.uniform(0.15, 0.35, size=N)
    ill = rng.integers(4, 12, size=N)
    healthy, daily = PEOPLE - ill, []
    for _ in range(LATER):
        new = rng.binomial(healthy, 1 - np.exp(-spreads * ill / PEOPLE))
        ill = ill + new - rng.binomial(ill, heals)
        healthy = healthy - new
        daily.append(new)
    cases = np.stack(daily, axis=1)
    seen = rng.binomial(cases[:, :DAYS], 0.7)
    z = np.stack([2 * (1 - healthy / PEOPLE), cases.argmax(axis=1) / 20], axis=1)
    x = torch.tensor((np.sqrt(seen) - 3) / 3, dtype=torch.float32)
    return dealt(x[:, None], quantiles(spreads / heals, 4), z)


@lru_cache
def plucked() -> tuple[Part, ...]:
    """Say how high a plucked string sounds (as Karplus and Strong's): 4 classes; z is its period and how it decays."""
    rng = np.random.default_rng(75)
    period, damping, at = rng.integers(4, 12, size=N), rng.uniform(0.0, 0.5, size=N), rng.uniform(0.15, 0.85, size=N)
    sound = np.zeros((N, SAMPLES + 16))
    for i in range(N):
        place = np.arange(period[i]) / period[i]
        shape = np.where(place < at[i], place / at[i], (1 - place) / (1 - at[i]))
        sound[i, : period[i]] = np.roll(shape - shape.mean(), rng.integers(period[i])) * rng.uniform(1.5, 3)
        for t in range(period[i], SAMPLES + 16):
            before = sound[i, t - period[i]], sound[i, max(0, t - period[i] - 1)]
            sound[i, t] = 0.99 * ((1 - damping[i] / 2) * before[0] + damping[i] / 2 * before[1])
    heard = sound[:, 12 : 12 + SAMPLES] + 0.05 * rng.normal(size=(N, SAMPLES))
    z = np.stack([period / 3, 4 * damping], axis=1)
    return dealt(torch.tensor(heard[:, None], dtype=torch.float32), (period - 4) // 2, z)


@lru_cache
def arm() -> tuple[Part, ...]:
    """Say in which quarter the hand of an arm with three joints is, by their angles; z is where it is."""
    rng = np.random.default_rng(76)
    angles = rng.uniform(-1.8, 1.8, size=(N, 3))
    turned = angles.cumsum(axis=1)
    hand = np.stack([(np.cos(turned) * LINKS).sum(axis=1), (np.sin(turned) * LINKS).sum(axis=1)], axis=1)
    y = (hand[:, 0] > 0).astype(np.int64) * 2 + (hand[:, 1] > 0)
    noise = 0.05 * rng.normal(size=(N, 2))
    return dealt(torch.tensor(angles, dtype=torch.float32), y, hand + noise)


@lru_cache
def shock() -> tuple[Part, ...]:
    """Say where a wave is steepest after a while (Burgers' equation): 4 quarters; z is its height at four points."""
    rng = np.random.default_rng(77)
    place = 2 * np.pi * np.arange(CELLS) / CELLS
    sizes, phases = rng.normal(size=(N, 3, 1)) / np.arange(1, 4)[:, None], rng.uniform(0, 6.28, size=(N, 3, 1))
    wave = (sizes * np.sin(np.arange(1, 4)[:, None] * place + phases)).sum(axis=1) + rng.normal(size=(N, 1)) / 2
    first = wave[:, ::4].copy()
    for _ in range(STEPS):
        left, right = np.maximum(wave, 0) ** 2 / 2, np.minimum(wave, 0) ** 2 / 2
        flux = np.maximum(np.roll(left, 1, axis=1), right)  # Godunov's, into each cell from its left
        wave = wave - 0.15 * (np.roll(flux, -1, axis=1) - flux)
    steepest = (wave - np.roll(wave, -1, axis=1)).argmax(axis=1)
    x = torch.tensor(first + 0.02 * rng.normal(size=first.shape), dtype=torch.float32)
    return dealt(x[:, None], (steepest // 16).astype(np.int64), 1.5 * wave[:, 8::16])


@lru_cache
def keyboard() -> tuple[Part, ...]:
    """Say how far a finger travels to type a word: 4 classes; z is how far, and how often it changes the row."""
    rng = np.random.default_rng(78)
    parts = np.array([c + v for c in "bcdfghjklmnprstvwz" for v in ("a", "e", "i", "o", "u", "")])
    words = ["".join(rng.choice(parts, size=k))[:TYPED] for k in rng.integers(1, 7, size=N).tolist()]
    ways = [np.array([KEYS[c] for c in word]) for word in words]
    far = np.array([np.hypot(*np.diff(way, axis=0).T).sum() for way in ways])
    changes = np.array([(np.diff(way[:, 1]) != 0).sum() for way in ways])
    return dealt(codes(words, TYPED), quantiles(far, 4), np.stack([far / 12, changes / 2], axis=1))


DATA_SETS = (shapes, cells, shadows, colormaps, carshare, identifiers, locales, epidemic, plucked, arm, shock, keyboard)
BOXES, MASKS = frozenset({"shapes"}), frozenset({"cells", "shadows"})
