"""The data sets of heldout12: glass, an election; a cannon, lenses, marriages, bar codes, stars, faces, and more.

The glass comes with scikit-learn's tests, the election with plotly. The rest is computed from seeds. ``dominoes`` asks
for a box, ``mirrors`` for a mask. Few of the numbers are around 0.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from matplotlib.path import Path as MapPath
from numpy.typing import NDArray

from scripts.curve_bank.data_heldout5 import SIZES, codes, dealt
from scripts.curve_bank.data_heldout9 import table_of
from scripts.curve_bank.samples import Array, Part, as_part, standardise

N = sum(SIZES)
CANDIDATES = ("Coderre", "Bergeron", "Joly")
MOMENT, MOMENTS = 0.02, 400
COUPLES = 3
BARS = "0001101 0011001 0010011 0111101 0100011 0110001 0101111 0111011 0110111 0001011".split()
"""The digits from 0 to 9 of a bar code (UPC), by seven stripes each; 1 is dark."""

SCANNED, NIGHTS = 36, 48
PICTURE, TABLE = 10, 10
PIPS = np.array(
    [
        [int(digit) for digit in dots]
        for dots in ("000000000", "000010000", "100000001", "100010001", "101000101", "101010101", "101101101")
    ]
).reshape(-1, 3, 3)
ROOM = 5
TURNS = {1: np.array([[0, -1], [-1, 0]]), 2: np.array([[0, 1], [1, 0]])}
"""How a mirror turns a step down and to the right: / and its opposite."""

COMPASS, LEGS = np.array([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0]]), 6
FRONT, BACK, HARD, SOFT, ENDING = "eiy", "aou", "ptks", "bdgzlmnr", 12


@lru_cache
def glass() -> tuple[Part, ...]:
    """Say how a window's glass was made, by what is in it: 2 ways; z is how it breaks light, and its silicon."""
    rows = np.array([[float(value) for value in row] for row in table_of(40675)])
    found = standardise(rows[:, :-1])
    x = np.delete(found, (0, 4), axis=1)
    z = np.stack([found[:, 0], found[:, 4] + 2], axis=1)
    return (as_part(np.clip(x, -3, 3), rows[:, -1].astype(np.int64), np.clip(z, -3, 4)),)


@lru_cache
def districts() -> tuple[Part, ...]:
    """Say who won an election where a place in Montreal lies: 3 candidates; z is what two of them got there.

    Places are drawn evenly from the districts, and known but roughly.
    """
    from plotly.data import election, election_geojson

    rng = np.random.default_rng(130)
    table = election(return_type="pandas")
    numbered = [int(number) for number in table["district_id"]]
    votes = table[list(CANDIDATES)].to_numpy(dtype=np.float64)
    borders = [
        (numbered.index(int(found["properties"]["district"].split("-")[0])), MapPath(np.array(ring)))
        for found in election_geojson()["features"]
        for ring in rings_of(found["geometry"])
    ]
    corners = np.concatenate([border.vertices for _, border in borders])
    at = rng.uniform(corners.min(axis=0), corners.max(axis=0), size=(6 * N, 2))
    where = np.full(len(at), -1)
    for district, border in borders:
        where[border.contains_points(at)] = district
    at, where = at[where >= 0][:N], where[where >= 0][:N]
    seen = standardise(at) + 0.2 * rng.normal(size=at.shape)
    x = np.concatenate([seen, seen**2 - 1, seen[:, :1] * seen[:, 1:]], axis=1)
    share = votes / votes.sum(axis=1, keepdims=True)
    return dealt(
        torch.tensor(x, dtype=torch.float32), votes[where].argmax(axis=1), 8 * share[where][:, [0, 2]] - [2, 1]
    )


def rings_of(shape: dict[str, Any]) -> list[list[list[float]]]:
    """Return the outlines of a shape of GeoJSON, without its holes."""
    polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    return [polygon[0] for polygon in polygons]


@lru_cache
def cannon() -> tuple[Part, ...]:
    """Say where a ball comes down: 4 places, by a wall and a mark; z is how far and how high it would fly.

    The places are before the wall, at it, behind it and beyond the mark. The air slows the ball down and carries it.
    """
    rng = np.random.default_rng(120)
    raw = rng.uniform(-1, 1, size=(N, 6))
    angle, speed = 0.85 + 0.5 * raw[:, 0], 1.5 + 0.5 * raw[:, 1]
    wind, drag = 0.5 * raw[:, 2], np.exp(1.2 * raw[:, 3] - 1.2)
    wall, height = 0.75 + 0.5 * raw[:, 4], 0.4 + 0.3 * raw[:, 5]
    at, velocity = np.zeros((2, N)), speed * np.stack([np.cos(angle), np.sin(angle)])
    highest, over = np.zeros(N), np.zeros(N)
    flying = np.ones(N, dtype=bool)
    for _ in range(MOMENTS):
        through = velocity - np.stack([wind, np.zeros(N)])
        velocity = velocity - MOMENT * (drag * np.hypot(*through) * through + np.array([[0.0], [1.0]]))
        before, at = at, np.where(flying, at + MOMENT * velocity, at)
        over = np.where((before[0] < wall) & (at[0] >= wall), at[1], over)
        highest = np.maximum(highest, at[1])
        flying &= at[1] > 0
    y = np.where(at[0] < wall, 0, np.where(over < height, 1, np.where(at[0] < wall + 0.6, 2, 3)))
    seen = 1.7 * raw + 0.3 * rng.normal(size=raw.shape)
    return dealt(torch.tensor(seen, dtype=torch.float32), y, np.stack([2 * at[0] - 2, 3 * highest], axis=1))


@lru_cache
def lenses() -> tuple[Part, ...]:
    """Say what two lenses make of a thing: 4 kinds of image; z is how large, as a logarithm, and how near.

    An image is upright or upside down, and there or just seen.
    """
    rng = np.random.default_rng(122)
    near, strong = rng.uniform(0.3, 2, size=N), rng.uniform(-1, 4, size=(N, 2))
    gap = rng.uniform(0.3, 2.3, size=N)
    first = strong[:, 0] - near
    thing = gap - 1 / first
    second = strong[:, 1] - 1 / thing
    larger = (near / first) / (thing * second)
    y = 2 * (larger > 0) + (second > 0)
    seen = np.stack([2 * near - 2.3, 1.7 * gap - 2, *(strong.T / 1.4 - 1)], axis=1) + 0.3 * rng.normal(size=(N, 4))
    z = np.stack([np.log(np.abs(larger)) + 1, second], axis=1)
    return dealt(torch.tensor(seen, dtype=torch.float32), y.astype(np.int64), np.clip(z, -2.5, 3.5))


@lru_cache
def marriages() -> tuple[Part, ...]:
    """Say whom the first of three men marries, by how all like each other: 3 classes; z is how glad men and women are.

    The men propose, and the marriages are stable (Gale and Shapley 1962).
    """
    rng = np.random.default_rng(123)
    liked = rng.normal(size=(N, 2, COUPLES, COUPLES)) + 0.8 * rng.normal(size=(N, 2, 1, COUPLES))
    wives = np.stack([stable(men, women) for men, women in liked])
    at, men = np.arange(N)[:, None], np.arange(COUPLES)
    z = np.stack([liked[at, 0, men, wives].mean(axis=1), liked[at, 1, wives, men].mean(axis=1)], axis=1)
    seen = liked + 0.2 * rng.normal(size=liked.shape)
    return dealt(torch.tensor(seen.reshape(N, -1), dtype=torch.float32), wives[:, 0], 1.5 * z + [0.5, 1])


def stable(men: Array, women: Array) -> NDArray[np.int64]:
    """Return whom each man marries, by how much he likes each woman and each woman likes him."""
    asked = [list(np.argsort(row)) for row in men]
    husbands: dict[int, int] = {}
    free = list(range(len(men)))
    while free:
        man = free.pop()
        woman = int(asked[man].pop())
        other = husbands.get(woman)
        if other is not None and women[woman, other] > women[woman, man]:
            free.append(man)
            continue
        husbands[woman] = man
        free += [] if other is None else [other]
    wives = {man: woman for woman, man in husbands.items()}
    return np.array([wives[man] for man in range(len(men))])


@lru_cache
def barcodes() -> tuple[Part, ...]:
    """Say which of five pairs of digits the first of two digits under a scanner is in; z is how wide and dark it is."""
    rng = np.random.default_rng(124)
    digits = rng.integers(10, size=(N, 2))
    stripes = np.array([[int(c) for c in bars] for bars in BARS])
    dark = np.concatenate([np.ones((N, 1)), stripes[digits].reshape(N, -1), np.ones((N, 1))], axis=1)
    wide, start = rng.uniform(2.0, 2.3, size=N), rng.uniform(-0.8, 0.8, size=N)
    middle = start[:, None] + wide[:, None] * (np.arange(dark.shape[1]) + 0.5)
    off = (np.arange(SCANNED)[:, None] - middle[:, None]) / wide[:, None, None]
    seen = (dark[:, None] * np.exp(-((off / 0.65) ** 2))).sum(axis=2)
    seen = 2.2 * seen * rng.uniform(0.6, 1.2, size=(N, 1)) - 1.2 + 0.5 * rng.normal(size=(N, SCANNED))
    z = np.stack([12 * wide - 26, dark.sum(axis=1) / 2 - 3], axis=1)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), digits[:, 0] // 2, z)


@lru_cache
def stars() -> tuple[Part, ...]:
    """Say why a star's light varies: 4 reasons; z is how often, and how much, as a logarithm, which is not around 0.

    The reasons are a planet, a second star, that the star swells and shrinks, and spots on it.
    """
    rng = np.random.default_rng(125)
    reason, period = rng.integers(4, size=N), rng.uniform(14, 30, size=N)
    deep, long = np.exp(rng.uniform(-0.9, 0.9, size=N)), rng.uniform(0.08, 0.14, size=(N, 1))
    phase = (np.arange(NIGHTS) / period[:, None] + rng.random((N, 1))) % 1
    first, other = np.abs(phase - 0.25), np.abs(phase - 0.75)
    planet = -1.2 / (1 + np.exp((first - long) / 0.01))
    pair = -1.4 * np.maximum(1 - first / long, 0) - rng.uniform(0.3, 0.9, size=(N, 1)) * np.maximum(1 - other / long, 0)
    swelling = np.where(phase < 0.25, 4 * phase, (1 - phase) / 0.75) - 0.5
    spots = 0.4 * np.sin(2 * np.pi * phase) + 0.3 * np.sin(4 * np.pi * phase + rng.uniform(0, 6, size=(N, 1)))
    light = np.stack([planet, pair, swelling, spots])[reason, np.arange(N)]
    seen = 1.6 * deep[:, None] * light + 0.35 * rng.normal(size=light.shape) + 0.3
    z = np.stack([40 / period - 2, 1.5 * np.log(deep) + 2], axis=1)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), reason, z)


@lru_cache
def faces() -> tuple[Part, ...]:
    """Say what mood a face shows: 4 moods; z is how it is tilted and how large it is.

    It is glad, sad, angry or surprised, by its brows and its mouth.
    """
    rng = np.random.default_rng(126)
    mood, size, tilt = rng.integers(4, size=N), rng.uniform(3.4, 4.6, size=N), rng.uniform(-0.5, 0.5, size=N)
    along = np.linspace(-1, 1, 7)
    bend = np.choose(mood, [0.35, -0.35, -0.2, 0.0]) + 0.12 * rng.normal(size=N)
    slant = np.choose(mood, [-0.1, 0.2, -0.4, 0.0]) + 0.12 * rng.normal(size=N)
    raised = np.choose(mood, [0.0, 0.0, -0.05, 0.2])[:, None] + 0 * along
    mouth_right = np.where((mood == 3)[:, None], 0.25 * np.sin(np.pi * along), 0.5 * along)
    open_down = np.where((mood == 3)[:, None], 0.25 * np.cos(np.pi * along), -bend[:, None] * (along**2 - 0.5))
    brow = 0.45 + 0.25 * along
    lines = [(mouth_right, 0.55 + open_down)]
    for side in (-1, 1):
        lines.append((side * brow + 0 * raised, -0.65 - raised - slant[:, None] * along))
        lines.append((side * 0.42 + 0 * raised, -0.2 + 0.05 * along + 0 * raised))
    right, down = (np.concatenate([line[k] for line in lines], axis=1) for k in (0, 1))
    cos, sin = np.cos(tilt)[:, None], np.sin(tilt)[:, None]
    middle = (PICTURE - 1) / 2 + rng.uniform(-0.7, 0.7, size=(2, N, 1))
    across = middle[0] + size[:, None] * (cos * right - sin * down)
    below = middle[1] + size[:, None] * (sin * right + cos * down)
    at = np.arange(PICTURE)
    near = [np.exp(-1.5 * (at - where[:, :, None]) ** 2) for where in (below, across)]
    ink = np.minimum(np.einsum("npi,npj->nij", *near), 1.5)
    seen = 2 * ink - 0.8 + 0.6 * rng.normal(size=ink.shape)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), mood, np.stack([4 * tilt, 2 * size - 6], axis=1))


@lru_cache
def dominoes() -> tuple[Part, ...]:
    """Say how many dots a domino has in all: 4 ranges; z is the box around it."""
    rng = np.random.default_rng(127)
    halves, upright = rng.integers(len(PIPS), size=(N, 2)), rng.random(N) < 0.5
    low = rng.integers(0, TABLE + 1 - np.where(upright[:, None], [6, 3], [3, 6]))
    seen = 0.25 * rng.normal(size=(N, TABLE, TABLE)) - 0.7
    for i in range(N):
        tile = 1.2 - 2.0 * np.concatenate(PIPS[halves[i]], axis=0 if upright[i] else 1)
        (top, left), (high, wide) = low[i], tile.shape
        seen[i, top : top + high, left : left + wide] += 1 + tile
    size = np.where(upright[:, None], [6, 3], [3, 6])
    box = 4 * np.concatenate([low + size / 2, size], axis=1) / TABLE
    y = np.searchsorted([3, 6, 9], halves.sum(axis=1), side="right").astype(np.int64)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), y, box)


@lru_cache
def mirrors() -> tuple[Part, ...]:
    """Say on which of four sides a beam leaves a room with mirrors; z is a mask of 25: where it passes.

    The column on the left says in which row it enters.
    """
    rng = np.random.default_rng(128)
    room = rng.choice(3, size=(N, ROOM, ROOM), p=(0.82, 0.09, 0.09))
    enters = rng.integers(1, ROOM - 1, size=N)
    lit, sides = np.zeros((N, ROOM, ROOM)), np.zeros(N, dtype=np.int64)
    for i in range(N):
        at, step = np.array([enters[i], 0]), np.array([0, 1])
        while ((at >= 0) & (at < ROOM)).all():
            lit[i, at[0], at[1]] = 1
            mirror = int(room[i, at[0], at[1]])
            step = TURNS[mirror] @ step if mirror else step
            at = at + step
        sides[i] = 2 * (at[0] < 0 or at[0] >= ROOM) + (at.max() >= ROOM)
    door = np.where(np.arange(ROOM) == enters[:, None], 3.0, 0.0)[:, :, None]
    seen = np.concatenate([door, np.array([0.0, 2.0, -2.0])[room]], axis=2)
    return dealt(torch.tensor(seen[:, None], dtype=torch.float32), sides, lit.reshape(N, -1))


@lru_cache
def endings() -> tuple[Part, ...]:
    """Say which of six endings a word of an invented language takes; z is how many syllables it has, and its pitch.

    The vowel of its last syllable and the sound that it ends on decide, but for some words that are irregular.
    """
    rng = np.random.default_rng(129)
    words, y, z = [], np.zeros(N, dtype=np.int64), np.zeros((N, 2))
    for i in range(N):
        many = int(rng.integers(1, 5))
        vowels = rng.choice(list(FRONT + BACK), size=many)
        onsets, ends = rng.choice(list(HARD + SOFT), size=(2, many))
        closed = rng.random(many) < [*[0.3] * (many - 1), 0.65]
        word = "".join(a + b + c * int(d) for a, b, c, d in zip(onsets, vowels, ends, closed, strict=True))
        last = (word[-1] in HARD) + 2 * (word[-1] in SOFT)
        y[i] = 3 * (vowels[-1] in FRONT) + last if rng.random() < 0.93 else rng.integers(6)
        pitch = np.mean([(v in FRONT) - 0.3 * (a in SOFT) for v, a in zip(vowels, onsets, strict=True)])
        z[i] = many, 2 * pitch
        words.append(word)
    return dealt(codes(words, ENDING), y, z)


@lru_cache
def paths() -> tuple[Part, ...]:
    """Say on which side of its start a path of six legs ends: 4 quarters; z is where that is.

    A leg is a letter and how long it is; f goes on as before and b turns back.
    """
    rng = np.random.default_rng(131)
    ways, long = rng.choice(6, size=(N, LEGS), p=[0.2] * 4 + [0.1] * 2), rng.integers(1, 10, size=(N, LEGS))
    ways[:, 0] %= 4
    end, step = np.zeros((N, 2)), np.zeros((N, 2))
    for i in range(LEGS):
        turned = np.stack([*np.broadcast_to(COMPASS[:, None], (4, N, 2)), step, -step])
        step = turned[ways[:, i], np.arange(N)]
        end += long[:, i, None] * step
    y = np.where(np.abs(end[:, 0]) > np.abs(end[:, 1]), end[:, 0] > 0, 2 + (end[:, 1] > 0))
    written = [
        "".join("nsewfb"[a] + str(b) for a, b in zip(*path, strict=True)) for path in zip(ways, long, strict=True)
    ]
    return dealt(codes(written, 2 * LEGS), y.astype(np.int64), end / 6 + 1)


DATA_SETS = (
    *(glass, districts, cannon, lenses, marriages, barcodes),
    *(stars, faces, dominoes, mirrors, endings, paths),
)
BOXES, MASKS = frozenset({"dominoes"}), frozenset({"mirrors"})
