"""The data sets of heldout10: endgames, computers; roots, markets, tides, acids, galaxies, sand, games, and more.

The endgames and the computers come with scikit-learn's tests of its reader of OpenML. The rest is computed from seeds.
``radar`` asks for a box, ``sandpile`` for a mask. The numbers of eight are not all around 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.curve_bank.data_heldout5 import SIZES, codes, dealt
from scripts.curve_bank.data_heldout6 import quantiles
from scripts.curve_bank.data_heldout9 import table_of
from scripts.curve_bank.samples import Part, as_part, standardise

N = sum(SIZES)
ASKED = (6, 10, 33)
"""The columns of the endgames that are asked for, as numbers."""

TRADERS, HOURS, LATER = 8, 25, 48
SPEEDS = 2 * np.pi / np.array([12.42, 12.0, 23.93, 25.82])
"""Of the tides that the moon and the sun make twice a day, and of two that they make once a day, per hour."""

DROPS, BASE = 16, 0.1
WATER = 1e-14
SKY = 10
RANGES, SPOTS, NOISE = 9, 9, 0.05
PILE, FULL = 5, 4
ROUNDS, MISTAKES = 10, 0.06
POINTS = np.array([[1.0, 5.0], [0.0, 3.0]])
"""What a player gets by what it does and what the other one does; 1 is to help."""

RIDERS, FLOORS = 6, 8
FRAMES, PINS = 10, 10


@lru_cache
def endgames() -> tuple[Part, ...]:
    """Say whether white wins with king and rook against king and pawn; z is three of the facts that describe it."""
    rows = np.array(table_of(3))
    facts = np.stack([np.unique(column, return_inverse=True)[1] for column in rows[:, :-1].T], axis=1)
    x = standardise(np.delete(facts, ASKED, axis=1).astype(np.float64))
    y = np.unique(rows[:, -1], return_inverse=True)[1].astype(np.int64)
    return (as_part(x, y, standardise(facts[:, ASKED].astype(np.float64))),)


@lru_cache
def computers() -> tuple[Part, ...]:
    """Say how fast a computer of the 1980s is: 3 classes; z is that, as a logarithm, which is not around 0."""
    found = np.array([[float(value) for value in row[1:]] for row in table_of(561)])
    x, fast = standardise(np.log1p(found[:, :-1])), np.log(found[:, -1])
    return (as_part(x, quantiles(fast, 3), fast[:, None] / 2),)


@lru_cache
def roots() -> tuple[Part, ...]:
    """Say how many roots of a quartic are real: 3 classes; z is the largest real and the largest imaginary part."""
    rng = np.random.default_rng(100)
    y = rng.integers(3, size=N)
    middle, apart = rng.normal(size=(N, 2)), np.abs(rng.normal(size=(N, 2))) + 0.1
    wide = np.where(np.arange(2) < y[:, None], apart + 0j, 1j * apart)
    factors = [
        np.stack([np.ones(N), -2 * middle[:, i], (middle[:, i] ** 2 - wide[:, i] ** 2).real], axis=1) for i in (0, 1)
    ]
    quartic = np.stack([np.convolve(a, b) for a, b in zip(*factors, strict=True)])[:, 1:]
    x = standardise(np.sign(quartic) * np.log1p(np.abs(quartic)))
    real, imaginary = (middle + wide.real).max(axis=1), wide.imag.max(axis=1)
    return dealt(torch.tensor(x, dtype=torch.float32), y, np.stack([real, 2 * imaginary], axis=1))


@lru_cache
def market() -> tuple[Part, ...]:
    """Say how much is gained where eight bids meet eight offers: 4 classes; z is the price and how many trade."""
    rng = np.random.default_rng(101)
    shift, spread = rng.normal(size=(2, N, 1)), np.exp(rng.uniform(-0.7, 0.5, size=(2, N, 1)))
    bids = -np.sort(-(0.5 * shift[0] + spread[0] * rng.normal(size=(N, TRADERS))), axis=1)
    offers = np.sort(0.5 * shift[1] + spread[1] * rng.normal(size=(N, TRADERS)), axis=1)
    gains = np.maximum(bids - offers, 0)
    many = (bids > offers).sum(axis=1)
    last = np.maximum(many - 1, 0)
    price = (bids[np.arange(N), last] + offers[np.arange(N), last]) / 2
    seen = np.concatenate([bids, offers], axis=1) + 0.2 * rng.normal(size=(N, 2 * TRADERS))
    z = np.stack([2 * price, many / 2], axis=1)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), quantiles(gains.sum(axis=1), 4), z)


@lru_cache
def tides() -> tuple[Part, ...]:
    """Say whether the sea rises once or twice a day: 4 kinds; z is its height soon and its range in two days."""
    rng = np.random.default_rng(102)
    often = rng.uniform(-2.5, 2.5, size=(N, 1))
    strong = np.exp(np.concatenate([-often / 2, -often / 2 - 0.8, often / 2, often / 2 - 0.3], axis=1))
    strong = strong * rng.uniform(0.6, 1.4, size=(N, 4)) / np.sqrt((strong**2).sum(axis=1, keepdims=True))
    phase = rng.uniform(0, 2 * np.pi, size=(N, 4, 1))
    heights = (strong[:, :, None] * np.cos(SPEEDS[:, None] * np.arange(HOURS + LATER) + phase)).sum(axis=1)
    form = strong[:, 2:].sum(axis=1) / strong[:, :2].sum(axis=1)
    known = heights[:, :HOURS] + 0.3 * rng.normal(size=(N, HOURS))
    after = heights[:, HOURS:]
    z = np.stack([after[:, 3], after.max(axis=1) - after.min(axis=1)], axis=1)
    return dealt(torch.tensor(known[:, None], dtype=torch.float32), np.searchsorted([0.25, 1, 3], form), z)


@lru_cache
def titration() -> tuple[Part, ...]:
    """Say how many protons an acid gives, by its pH while a base drops in: 4 kinds; z is its amount and pK.

    The kinds are one proton, of a strong or of a weak acid, two and three. The charges balance.
    """
    rng = np.random.default_rng(103)
    kind, amount = rng.integers(4, size=N), 10 ** rng.uniform(-1.5, -0.7, size=N)
    first = np.where(kind == 0, rng.uniform(-1, 1, size=N), rng.uniform(2, 6, size=N))
    steps = np.cumsum(np.stack([first, *rng.uniform(1.5, 4.5, size=(2, N))]), axis=0)
    steps[1:][np.arange(1, 3)[:, None] >= np.maximum(kind, 1)] = 30.0  # a proton that the acid does not have
    given = np.linspace(0, 0.25, DROPS)
    low, high = np.zeros((N, DROPS)), np.full((N, DROPS), 14.0)
    for _ in range(30):
        ph = (low + high) / 2
        lost = np.cumsum(ph - steps[:, :, None], axis=0) * np.log(10)
        weights = np.exp(np.minimum(lost, 300))
        charge = np.tensordot(np.arange(1, 4), weights, axes=1) / (1 + weights.sum(axis=0))
        surplus = given + 10**-ph - WATER * 10**ph - amount[:, None] * charge
        low, high = np.where(surplus > 0, ph, low), np.where(surplus > 0, high, ph)
    seen = (low - 7) / 3 + 0.15 * rng.normal(size=low.shape)
    z = np.stack([3 * np.log10(amount) + 4, first / 2], axis=1)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), kind, z)


@lru_cache
def galaxies() -> tuple[Part, ...]:
    """Say which of four forms a galaxy has: smooth, with arms, a bar or a ring; z is how it is tilted and turned."""
    rng = np.random.default_rng(104)
    kind, size, flat = rng.integers(4, size=N), rng.uniform(0.8, 1.3, size=N), rng.uniform(0.4, 1.0, size=N)
    turned, hand = rng.uniform(0, np.pi, size=N), rng.choice([-1.0, 1.0], size=N)
    down, right = np.meshgrid(*2 * [np.linspace(-2.2, 2.2, SKY)], indexing="ij")
    cos, sin = (f(turned)[:, None, None] for f in (np.cos, np.sin))
    along = (cos * right + sin * down) / size[:, None, None]
    across = (cos * down - sin * right) / (size * flat)[:, None, None]
    far, angle = np.hypot(along, across), np.arctan2(across, along)
    begins = rng.uniform(0, 2 * np.pi, size=N)[:, None, None]
    arms = np.exp(-far) * (1 + np.cos(2 * angle - hand[:, None, None] * 4 * far + begins))
    barred = 0.6 * np.exp(-far) + 1.2 * np.exp(-np.abs(along) - 4 * np.abs(across))
    light = np.stack([1.6 * np.exp(-far), arms, barred, np.exp(-6 * (far - 1) ** 2)])[kind, np.arange(N)]
    seen = 2 * light + 0.35 * rng.normal(size=light.shape) - 0.5
    oval = 4 * (1 - flat) / (1 + flat)
    z = np.stack([oval * np.cos(2 * turned), oval * np.sin(2 * turned)], axis=1)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), kind, z)


@lru_cache
def radar() -> tuple[Part, ...]:
    """Say what a radar sees by how far and how fast it is: 4 kinds; z is its box in distance and speed."""
    # The kinds: a line of cars, something that turns, something that speeds up, a swarm.
    rng = np.random.default_rng(105)
    kind = rng.integers(4, size=N)
    size = rng.uniform(3, 6, size=(N, 2))
    size[kind == 0, 1] = size[kind == 1, 0] = 1.5
    middle = size / 2 + rng.random((N, 2)) * (RANGES - size)
    spots = rng.random((N, SPOTS, 2))
    low, high = spots.min(axis=1, keepdims=True), spots.max(axis=1, keepdims=True)
    spots = (spots - low) / (high - low) - 0.5  # so that they fill the box
    spots[kind == 2, :, 1] = spots[kind == 2, :, 0]
    at = middle[:, None] + (size[:, None] - 1) * spots
    cells = np.arange(RANGES) + 0.5
    near = np.exp(-1.5 * (cells - at[..., None]) ** 2)
    echo = np.einsum("nsi,nsj,ns->nij", near[:, :, 0], near[:, :, 1], rng.uniform(0.3, 0.8, size=(N, SPOTS)))
    seen = np.log(echo + NOISE * rng.exponential(size=echo.shape) + 0.1) + 0.5
    box = 4 * np.concatenate([middle, size], axis=1) / RANGES
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), kind, box)


@lru_cache
def sandpile() -> tuple[Part, ...]:
    """Say how far a pile of sand slides when a grain falls on its middle: 4 classes; z is a mask of 24: which places.

    The model is that of Bak, Tang and Wiesenfeld (1987): a place with four grains gives one to each of its neighbours.
    """
    rng = np.random.default_rng(106)
    steep = rng.random((N, PILE, PILE)) < rng.uniform(0.2, 0.9, size=(N, 1, 1))
    piles = np.where(steep, FULL - 1, rng.integers(1, FULL - 1, size=steep.shape))
    middle = PILE // 2
    piles[:, middle, middle] = FULL - 1
    x = piles / 1.0 - 2
    piles[:, middle, middle] += 1
    moved = np.delete(slides(piles).reshape(N, -1), PILE**2 // 2, axis=1).astype(np.float64)
    return dealt(torch.tensor(x[:, None], dtype=torch.float32), quantiles(moved.sum(axis=1), 4), moved)


def slides(piles: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Let piles slide until all rest, and return which places did; what falls over the edge is lost."""
    ever = np.zeros(piles.shape, dtype=bool)
    while (full := piles >= FULL).any():
        ever |= full
        piles -= FULL * full
        piles[:, 1:] += full[:, :-1]
        piles[:, :-1] += full[:, 1:]
        piles[:, :, 1:] += full[:, :, :-1]
        piles[:, :, :-1] += full[:, :, 1:]
    return ever


@lru_cache
def dilemma() -> tuple[Part, ...]:
    """Say how one of two prisoners plays ten rounds: 5 ways, with mistakes; z is what each of them gets."""
    # The ways: tit for tat, tit for two tats, never to forgive, to stay if it pays and else to change, by a coin.
    rng = np.random.default_rng(107)
    way, kind, fair = rng.integers(5, size=N), rng.uniform(0.2, 0.8, size=N), rng.uniform(0.2, 0.8, size=N)
    own, other = np.ones((2, N, ROUNDS), dtype=np.int64)
    for i in range(ROUNDS):
        other[:, i] = rng.random(N) < kind
        coin = rng.random(N) < fair
        if i:
            two = other[:, i - 1] | other[:, max(i - 2, 0)]
            stays = np.where(other[:, i - 1] == 1, own[:, i - 1], 1 - own[:, i - 1])
            own[:, i] = np.choose(way, [other[:, i - 1], two, other[:, :i].min(axis=1), stays, coin])
        own[:, i] ^= rng.random(N) < MISTAKES
    written = ["".join("dc"[a] + "dc"[b] for a, b in zip(*game, strict=True)) for game in zip(own, other, strict=True)]
    z = np.stack([POINTS[own, other].mean(axis=1), POINTS[other, own].mean(axis=1)], axis=1)
    return dealt(codes(written, 2 * ROUNDS), way, z)


@lru_cache
def elevators() -> tuple[Part, ...]:
    """Say how far a lift goes for six riders, one after the other: 4 classes; z is that, and how many go up.

    A rider is two letters, from which floor and to which; one of both is the ground most of the time.
    """
    rng = np.random.default_rng(108)
    floors = rng.integers(1, FLOORS, size=(N, RIDERS, 2))
    ground = rng.random((N, RIDERS)) < 0.8
    floors[ground, rng.integers(2, size=int(ground.sum()))] = 0
    stops = floors.reshape(N, -1)
    far = np.abs(np.diff(stops, axis=1)).sum(axis=1) + stops[:, 0]
    up = (floors[:, :, 1] > floors[:, :, 0]).sum(axis=1)
    written = ["".join("abcdefgh"[floor] for floor in row) for row in stops]
    return dealt(codes(written, 2 * RIDERS), quantiles(far.astype(np.float64), 4), np.stack([far / 10, up / 2], axis=1))


@lru_cache
def bowling() -> tuple[Part, ...]:
    """Say how well a game of bowling went, by its ten frames: 4 classes; z is the score and how many strikes it has."""
    rng = np.random.default_rng(109)
    games, score, strikes = [], np.zeros(N), np.zeros(N)
    for i in range(N):
        skill, written = rng.uniform(0.4, 0.9), ""
        rolls: list[int] = []
        begins: list[int] = []
        for frame in range(FRAMES + 2):  # two more, from which a bonus can come
            first = PINS if rng.random() < skill / 2 else rng.binomial(PINS, skill)
            second = rng.binomial(PINS - first, skill)
            begins.append(len(rolls))
            rolls += [first, second][: 1 if first == PINS else 2]
            if frame < FRAMES:
                written += "x " if first == PINS else f"{first}=" if first + second == PINS else f"{first}{second}"
        for begin in begins[:FRAMES]:
            score[i] += sum(rolls[begin : begin + (3 if sum(rolls[begin : begin + 2]) >= PINS else 2)])
        strikes[i] = written.count("x")
        games.append(written)
    return dealt(codes(games, 2 * FRAMES), quantiles(score, 4), np.stack([score / 40, strikes / 2], axis=1))


DATA_SETS = (
    *(endgames, computers, roots, market, tides, titration),
    *(galaxies, radar, sandpile, dilemma, elevators, bowling),
)
BOXES, MASKS = frozenset({"radar"}), frozenset({"sandpile"})
