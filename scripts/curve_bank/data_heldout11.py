"""The data sets of heldout11: clocks, sources; a knapsack, a circuit, a ball, hearts, X-rays, games, families, more.

The history of the clocks comes with tzdata, on which pandas and matplotlib depend, the sources are those of Python's
library, each in one part. The rest is computed from seeds. ``camouflage`` asks for a box, ``mines`` for a mask. The
numbers of nine are not all around 0.
"""

from __future__ import annotations

import ast
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.curve_bank.data_heldout5 import DEALT, SIZES, codes, dealt
from scripts.curve_bank.data_heldout6 import quantiles
from scripts.curve_bank.samples import Array, Part, as_part

N = sum(SIZES)
CONTINENTS = ("Africa", "America", "Asia", "Europe")
OVERSEAS = ("Antarctica", "Atlantic", "Australia", "Indian", "Pacific")
SEEN, SOON, LINES, EVERY = 10, 5, 400, 7
ITEMS = 6
WIRES = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (2, 3), (1, 4), (2, 4), (3, 4)])
"""Between which of five joints there is a wire; the first is at 1 volt, the last at 0."""

POSTS = np.array([(0.5, 0.35), (1.1, 0.7), (1.6, 0.3)])
THICK, STEP, STEPS = 0.13, 0.01, 130
BEATS, SAMPLED, SECONDS = 8, 40, 3.2
ANGLES, BINS, BODIES = 6, 9, 4
FIELD, SQUARE = 10, 5
GENES, RELATIVES = (0.6, 0.24, 0.16), 9
PIECES = {
    "i": ((0, 4),),
    "o": ((0, 2), (0, 2)),
    "l": ((0, 3), (0, 1)),
    "j": ((0, 1), (0, 3)),
    "t": ((1, 1), (0, 2), (1, 1)),
    "s": ((0, 1), (0, 2), (1, 1)),
    "z": ((1, 1), (0, 2), (0, 1)),
    "n": ((0, 1), (0, 1), (0, 1)),
}
"""Pieces by their columns: how far the column's lowest square is above the piece's, and how many there are."""

DROPPED, COLUMNS = 7, 3
FREQUENT = "etaoinshrdlucmfwygpbvkxqjz"
KEYS, SECRET = (0, 3, 7, 10, 13, 17, 20, 24), 16


@lru_cache
def clocks() -> tuple[Part, ...]:
    """Say on which continent clocks were set like this until 1980: 5 classes; z is what they show, and of summers."""
    rows, once = [], set()
    moments = [datetime(year, month, 15) for year in range(1900, 2021) for month in (1, 7)]
    for name in sorted(files("tzdata").joinpath("zones").read_text("utf-8").split()):
        where = name.split("/")[0]
        if where not in CONTINENTS + OVERSEAS:
            continue
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
            zone = ZoneInfo.from_file(file)
        offsets = [zone.utcoffset(moment) or timedelta() for moment in moments]
        hours = np.array([offset.total_seconds() / 3600 for offset in offsets]).reshape(-1, 2)
        if hours.tobytes() not in once:  # many zones have several names
            once.add(hours.tobytes())
            rows.append((hours, CONTINENTS.index(where) if where in CONTINENTS else len(CONTINENTS)))
    hours = np.stack([row for row, _ in rows])
    summers = (hours[:, 80:, 0] != hours[:, 80:, 1]).mean(axis=1)
    known = hours[:, :81:8].reshape(len(rows), -1) / 4
    z = np.stack([hours[:, -1, 0] / 4, 2 * summers], axis=1)
    y = torch.tensor([kind for _, kind in rows])
    return (Part(torch.tensor(known, dtype=torch.float32), y, torch.tensor(z, dtype=torch.float32)),)


@lru_cache
def layout() -> tuple[Part, ...]:
    """Say how far a line of Python's library is indented, by how far and how long the ten before it are: 4 classes.

    z is how far it is, and how far five lines are on average; a blank line is where the one before it is.
    """
    rows: tuple[list[tuple[Array, int, Array]], ...] = ([], [], [])
    for i, path in enumerate(sorted(Path(ast.__file__).parent.glob("*.py"))):
        lines = path.read_text(encoding="utf-8", errors="replace").expandtabs().splitlines()[:LINES]
        long = np.array([len(line.rstrip()) for line in lines])
        left = np.array([len(line) - len(line.lstrip()) for line in lines]) / 4 - 1
        for at in range(1, len(lines)):
            left[at] = left[at] if long[at] else left[at - 1]
        shown = np.stack([left, long / 20 - 1.5])
        for at in range(SEEN, len(lines) - SOON, EVERY):
            after = np.array([left[at], left[at : at + SOON].mean()])
            rows[DEALT[i % 4]].append((shown[:, at - SEEN : at], int(np.clip(left[at] + 1, 0, 3)), after))
    x, y, z = ([[row[k] for row in own] for own in rows] for k in range(3))
    return tuple(as_part(np.stack(a), np.array(b), np.stack(c)) for a, b, c in zip(x, y, z, strict=True))


@lru_cache
def knapsack() -> tuple[Part, ...]:
    """Say how many of six things are worth most in a knapsack: 4 classes; z is their worth and the room left."""
    rng = np.random.default_rng(110)
    weight, worth = np.exp(rng.uniform(-1.5, 1.0, size=(2, N, ITEMS)))
    room = rng.uniform(0.2, 0.7, size=N) * weight.sum(axis=1)
    chosen = (np.arange(2**ITEMS)[:, None] >> np.arange(ITEMS) & 1).astype(np.float64)
    heavy, good = weight @ chosen.T, worth @ chosen.T
    best = np.where(heavy <= room[:, None], good, 0).argmax(axis=1)
    seen = np.log(np.concatenate([worth, weight, room[:, None]], axis=1)) + 0.05 * rng.normal(size=(N, 2 * ITEMS + 1))
    y = np.clip(chosen[best].sum(axis=1), 2, 5).astype(np.int64) - 2
    z = np.stack([good[np.arange(N), best] / 1.5, 3 * (room - heavy[np.arange(N), best])], axis=1)
    return dealt(torch.tensor(1.4 * seen + 0.2, dtype=torch.float32), y, np.minimum(z, [8, 2]))


@lru_cache
def circuit() -> tuple[Part, ...]:
    """Say which of six resistors gets hottest; z is the whole current, as a logarithm, and the two in the middle."""
    rng = np.random.default_rng(111)
    ohms = np.exp(rng.uniform(-2, 2, size=(N, len(WIRES))))
    joints = np.eye(5)[WIRES[:, 0]] - np.eye(5)[WIRES[:, 1]]
    matrix = np.einsum("wi,nw,wj->nij", joints, 1 / ohms, joints)
    inner = np.linalg.solve(matrix[:, 1:4, 1:4], -matrix[:, 1:4, :1])[:, :, 0]
    volts = np.concatenate([np.ones((N, 1)), inner, np.zeros((N, 1))], axis=1)
    fall = volts @ joints.T
    current = fall / ohms
    hottest = np.delete(fall * current, (3, 4), axis=1).argmax(axis=1)
    seen = np.log(ohms) + 0.2 * rng.normal(size=ohms.shape)
    z = np.stack([np.log(current[:, :3].sum(axis=1)), 8 * current[:, 3], 8 * current[:, 4]], axis=1)
    return dealt(torch.tensor(seen, dtype=torch.float32), hottest, np.clip(z, -3, 3))


@lru_cache
def billiard() -> tuple[Part, ...]:
    """Say what a ball touches last on a table with three posts: 5 kinds, by cushion or post; z is where it ends up."""
    rng = np.random.default_rng(112)
    size = np.array([2.0, 1.0])
    at = rng.random((4 * N, 2)) * size
    at = at[(np.hypot(*(at[:, None] - POSTS).T) > THICK).all(axis=0)][:N]
    angle = rng.uniform(0, 2 * np.pi, size=N)
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = np.concatenate([2 * at - [2, 1], 1.5 * along], axis=1)
    last = np.full(N, len(POSTS) + 1)
    for _ in range(STEPS):
        at = at + STEP * along
        for axis in (0, 1):
            for side, out in enumerate((at[:, axis] < 0, at[:, axis] > size[axis])):
                along[out, axis] = (1 - 2 * side) * np.abs(along[out, axis])
                last[out] = 2 * axis + side
        for post in POSTS:
            away = at - post
            towards = (away * along).sum(axis=1)
            hit = (np.hypot(*away.T) < THICK) & (towards < 0)
            away = away[hit] / np.hypot(*away[hit].T)[:, None]
            along[hit] -= 2 * (away * along[hit]).sum(axis=1, keepdims=True) * away
            last[hit] = 4
    return dealt(torch.tensor(x, dtype=torch.float32), last, 2 * at - [1.5, 0.5])


@lru_cache
def heartbeats() -> tuple[Part, ...]:
    """Say how a heart beats: 4 ways; z is how fast, and the strength of its recovery, which is not around 0.

    The ways are even, at random and without the wave before a beat, with a beat too early, with one left out.
    """
    rng = np.random.default_rng(113)
    way, apart = rng.integers(4, size=N), rng.uniform(0.5, 0.9, size=N)
    gaps = apart[:, None] * np.where(way[:, None] == 1, rng.uniform(0.6, 1.5, size=(N, BEATS)), 1.0)
    odd = rng.integers(1, 3, size=N)
    gaps[np.arange(N), odd] *= np.choose(way, [1.0, 1.0, 0.6, 2.0])
    gaps[np.arange(N), odd + 1] *= np.where(way == 2, 1.4, 1.0)
    gaps[:, 0] = rng.uniform(0.1, 0.25, size=N)
    beats = np.cumsum(gaps, axis=1)[:, :, None]
    since = np.linspace(0, SECONDS, SAMPLED) - beats
    recovery, before = rng.uniform(0.2, 0.8, size=N), np.where(way == 1, 0.0, 0.35)
    early = ((way == 2)[:, None] & (np.arange(BEATS) == odd[:, None]))[:, :, None]
    seen = np.exp(-((since / np.where(early, 0.1, 0.05)) ** 2)) + before[:, None, None] * ~early * bump(since + 0.16)
    seen = (seen + recovery[:, None, None] * bump(since - 0.28)).sum(axis=1) + 0.15 * rng.normal(size=(N, SAMPLED))
    z = np.stack([2 / apart - 3, 4 * recovery], axis=1)
    return dealt(torch.tensor(2 * seen[:, None] - 0.6, dtype=torch.float32), way, z)


def bump(since: Array) -> Array:
    wave: Array = np.exp(-((since / 0.07) ** 2))
    return wave


@lru_cache
def tomography() -> tuple[Part, ...]:
    """Say how many bodies X-rays went through from six sides: 1 to 4; z is where the largest one is, and its size."""
    rng = np.random.default_rng(114)
    many = rng.integers(1, BODIES + 1, size=N)
    there = np.arange(BODIES) < many[:, None]
    radius = np.sort(rng.uniform(0.12, 0.45, size=(N, BODIES)), axis=1)[:, ::-1]
    at = rng.uniform(-0.65, 0.65, size=(N, BODIES, 2))
    dense = rng.uniform(0.6, 1.4, size=(N, BODIES)) * there
    angle = np.arange(ANGLES) * np.pi / ANGLES
    across = at @ np.stack([np.cos(angle), np.sin(angle)])
    off = np.linspace(-1.1, 1.1, BINS) - across[..., None]
    through = 2 * np.sqrt(np.maximum(radius[..., None, None] ** 2 - off**2, 0)) * dense[..., None, None]
    seen = through.sum(axis=1) + 0.12 * rng.normal(size=(N, ANGLES, BINS))
    z = np.concatenate([2 * at[:, 0], 5 * radius[:, :1]], axis=1)
    return dealt(torch.tensor(2 * seen[:, None] - 0.6, dtype=torch.float32), many - 1, z)


@lru_cache
def camouflage() -> tuple[Part, ...]:
    """Say which of four patterns something wears that hides in noise; z is the box around it."""
    # The patterns: a chessboard, stripes across, stripes down, one tone; each may be turned into its negative.
    rng = np.random.default_rng(115)
    kind = rng.integers(4, size=N)
    size = rng.integers(3, 7, size=(N, 2))
    low = rng.integers(0, FIELD + 1 - size)
    at = np.arange(FIELD)
    inside = (at >= low[..., None]) & (at < (low + size)[..., None])
    odd = np.where(at % 2 == 1, 1.0, -1.0)
    signs = np.stack([np.outer(a, b) for a in (odd, odd**2) for b in (odd, odd**2)])
    negative = rng.choice([-1.0, 1.0], size=(N, 1, 1))
    worn = negative * signs[kind] * (inside[:, 0, :, None] & inside[:, 1, None, :])
    seen = 1.2 * worn + 1.5 * (worn != 0) + 0.4 * rng.normal(size=worn.shape)
    box = 4 * np.concatenate([low + size / 2, size], axis=1) / FIELD
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), kind, box)


@lru_cache
def mines() -> tuple[Part, ...]:
    """Say how many mines are left in a minefield that is half open: 4 classes; z is a mask of 25: where they are.

    A field that is open says how many of its neighbours have a mine.
    """
    rng = np.random.default_rng(116)
    mined = rng.random((N, SQUARE, SQUARE)) < rng.uniform(0.05, 0.5, size=(N, 1, 1))
    wide = np.pad(mined, ((0, 0), (1, 1), (1, 1))).astype(np.float64)
    near = sum(wide[:, i : i + SQUARE, j : j + SQUARE] for i in range(3) for j in range(3)) - mined
    opened = ~mined & (rng.random(mined.shape) < 0.85)
    seen = np.where(opened, near / 2, -1.5)
    y = np.searchsorted([4, 7, 10], mined.sum(axis=(1, 2))).astype(np.int64)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), y, mined.reshape(N, -1).astype(np.float64))


@lru_cache
def families() -> tuple[Part, ...]:
    """Say which of four blood groups a child has, by those of its family; z is how many genes of A and B it carries.

    The family is four grandparents, two parents and three siblings; of some nothing is known.
    """
    rng = np.random.default_rng(117)
    grand = rng.choice(3, size=(N, 4, 2), p=GENES)
    mother, father = child_of(rng, grand[:, 0], grand[:, 1]), child_of(rng, grand[:, 2], grand[:, 3])
    children = [child_of(rng, mother, father) for _ in range(4)]
    people = np.stack([*grand.swapaxes(0, 1), mother, father, *children], axis=1)
    many = np.stack([(people == gene).sum(axis=2) for gene in (1, 2)], axis=2)
    groups = (many > 0) @ np.array([1, 2])
    known = rng.random((N, RELATIVES)) < 0.8
    signs = np.where(known, np.array(["o ", "a ", "b ", "ab"])[groups[:, :-1]], "- ")
    z = 2 * many[:, -1] / 1.0
    return dealt(codes(["".join(row) for row in signs], 2 * RELATIVES), groups[:, -1], z)


def child_of(rng: np.random.Generator, mother: NDArray[np.int64], father: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one gene of the mother's and one of the father's, each by chance."""
    picked = rng.integers(2, size=(2, len(mother)))
    at = np.arange(len(mother))
    return np.stack([mother[at, picked[0]], father[at, picked[1]]], axis=1)


@lru_cache
def tetris() -> tuple[Part, ...]:
    """Say how many holes seven pieces leave that drop down a shaft: 4 classes; z is that, and how high they pile up.

    A piece is a letter and on the left of which of three columns it drops; full rows stay.
    """
    rng = np.random.default_rng(118)
    games, z = [], np.zeros((N, 2))
    for i in range(N):
        heights, filled, written = np.zeros(COLUMNS, dtype=np.int64), 0, ""
        for name in rng.choice(list(PIECES), size=DROPPED):
            lifts, squares = np.array(PIECES[name]).T
            left = int(rng.integers(COLUMNS + 1 - len(lifts)))
            under = heights[left : left + len(lifts)]
            heights[left : left + len(lifts)] = (under - lifts).max() + lifts + squares
            filled += int(squares.sum())
            written += f"{name}{left + 1}"
        games.append(written)
        z[i] = (heights.sum() - filled) / 4 - 2, heights.max() / 2 - 6
    return dealt(codes(games, 2 * DROPPED), quantiles(z[:, 0], 4), z)


@lru_cache
def ciphers() -> tuple[Part, ...]:
    """Say how far the letters of a secret are shifted by one of eight keys: 4 ranges; z is that, on a circle."""
    rng = np.random.default_rng(119)
    share = 1 / (np.arange(len(FREQUENT)) + 2.0)
    ranks = rng.choice(len(FREQUENT), size=(N, SECRET), p=share / share.sum())
    plain = np.array([ord(c) - ord("a") for c in FREQUENT])[ranks]
    key = rng.integers(len(KEYS), size=N)
    shifted = (plain + np.array(KEYS)[key][:, None]) % 26
    turn = 2 * np.pi * np.array(KEYS)[key] / 26
    z = 1.4 * np.stack([np.cos(turn), np.sin(turn)], axis=1) + 1
    return dealt(codes(["".join(chr(ord("a") + c) for c in row) for row in shifted], SECRET), key // 2, z)


DATA_SETS = (
    *(clocks, layout, knapsack, circuit, billiard, heartbeats),
    *(tomography, camouflage, mines, families, tetris, ciphers),
)
BOXES, MASKS = frozenset({"camouflage"}), frozenset({"mines"})
