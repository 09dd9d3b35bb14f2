"""The data sets of heldout9: passengers, penguins, words of languages; the sun, queues, votes, hulls, chords, and more.

The passengers and the penguins come with scikit-learn's tests of its reader of OpenML, the words with Pygments, on
which rich depends. The rest is computed from seeds. ``bursts`` asks for a box, ``skyline`` for a mask. The numbers of
nine are not all around 0.
"""

from __future__ import annotations

import csv
import gzip
import importlib
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from itertools import permutations

import numpy as np
import torch
from scipy.spatial import ConvexHull

from scripts.curve_bank.data_heldout5 import SIZES, codes, dealt
from scripts.curve_bank.data_heldout6 import quantiles
from scripts.curve_bank.samples import Part, as_part, standardise

N = sum(SIZES)
SPECIES = ("Adelie", "Chinstrap", "Gentoo")
WORD, EACH = 14, 500
WORDS = {
    "asy": "ASYFUNCNAME",
    "cl": "BUILTIN_FUNCTIONS",
    "csound": "OPCODES",
    "sourcemod": "FUNCTIONS",
    "stan": "FUNCTIONS",
}
"""The tables of Pygments that hold the words of Asymptote, Common Lisp, Csound, SourcePawn and Stan."""

CUSTOMERS, VOTERS, DOTS = 60, 200, 7
RANKINGS = np.array(list(permutations(range(3))))
NOTES = 26
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 7))
"""Major, minor, diminished, augmented and suspended, in semitones from the root."""

PITCHES, TIMES, HOP, HEARD = 10, 12, 8, 20
HOUSES, DRAWS, BEADS = 16, 20, 12


def table_of(number: int) -> list[list[str]]:
    """Return the rows of a data set of OpenML that scikit-learn's tests ship whole; ? is an unknown value."""
    folder = resources.files("sklearn.datasets.tests.data.openml") / f"id_{number}"
    (path,) = (p for p in folder.iterdir() if p.name.startswith("data-"))
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data")
    return [row for row in csv.reader(lines[start + 1 :], escapechar="\\") if row and not row[0].startswith("%")]


@lru_cache
def titanic() -> tuple[Part, ...]:
    """Say whether a passenger of the Titanic survived; z is the logarithm of the fare."""
    rows = [row for row in table_of(40945) if row[8] != "?"]
    known = np.array([row[4] != "?" for row in rows])
    age = np.array([float(row[4]) if row[4] != "?" else 30.0 for row in rows])
    counts = np.array([[float(row[0]), row[3] == "male", float(row[5]), float(row[6])] for row in rows])
    ports = np.array([[row[10] == port for port in "CQ"] for row in rows])
    x = standardise(np.concatenate([counts, age[:, None], known[:, None], ports], axis=1))
    fare = np.log1p(np.array([[float(row[8])] for row in rows]))
    return (as_part(x, np.array([int(row[1]) for row in rows]), fare / 2),)


@lru_cache
def penguins() -> tuple[Part, ...]:
    """Say which of three species a penguin is by its beak, sex and island; z is its flipper and its weight."""
    rows = [row for row in table_of(42585) if row[2] != "?"]
    beak = np.array([[float(row[2]), float(row[3])] for row in rows])
    sex = np.array([[(row[6] == "MALE") - (row[6] == "FEMALE")] for row in rows])
    island = np.array([[row[1] == name for name in ("Biscoe", "Dream")] for row in rows])
    z = np.array([[float(row[4]), float(row[5])] for row in rows])
    y = np.array([SPECIES.index(row[0]) for row in rows])
    return (as_part(standardise(np.concatenate([beak, sex, island], axis=1)), y, standardise(z)),)


@lru_cache
def languages() -> tuple[Part, ...]:
    """Say which of five languages has a word built in; z is how long it is, at most 14, and its share of vowels."""
    tables = [getattr(importlib.import_module(f"pygments.lexers._{m}_builtins"), name) for m, name in WORDS.items()]
    sets = [{word.lower()[-WORD:] for word in table if len(word) > 2} for table in tables]
    rng, rows = np.random.default_rng(90), []
    for number, own in enumerate(sets):
        others = set().union(*(s for s in sets if s is not own))
        rows += [(str(word), number) for word in rng.permutation(sorted(own - others))[:EACH]]
    z = np.array([(len(word), sum(c in "aeiou" for c in word) / len(word)) for word, _ in rows])
    words, kinds = codes([word for word, _ in rows], WORD), torch.tensor([kind for _, kind in rows])
    return (Part(words, kinds, torch.tensor(standardise(z), dtype=torch.float32)),)


@lru_cache
def sundial() -> tuple[Part, ...]:
    """Say how high the sun stands by latitude, day and hour: 4 ranges, from night; z is its height, and the day's."""
    rng = np.random.default_rng(91)
    north, day = np.radians(rng.uniform(-65, 65, size=N)), rng.uniform(0, 2 * np.pi, size=N)
    hour = rng.uniform(-np.pi, np.pi, size=N)
    tilt = np.radians(-23.44) * np.cos(day)
    noon, across = np.sin(north) * np.sin(tilt), np.cos(north) * np.cos(tilt)
    height = np.degrees(np.arcsin(noon + across * np.cos(hour)))
    long = 2 * np.arccos(np.clip(-noon / across, -1, 1)) / np.pi
    x = np.stack([2 * north, np.sin(day), np.cos(day), np.sin(hour), np.cos(hour)], axis=1)
    y = np.searchsorted([-6, 10, 35], height).astype(np.int64)
    return dealt(torch.tensor(x, dtype=torch.float32), y, np.stack([height / 35, 2 * long], axis=1))


@lru_cache
def queue() -> tuple[Part, ...]:
    """Say how long sixty customers wait on average: 4 classes; z is that, as a logarithm, and how many wait at all."""
    rng = np.random.default_rng(92)
    apart, counters = rng.uniform(0.5, 2.0, size=N), rng.integers(1, 5, size=N)
    load, steady = rng.uniform(0.4, 1.3, size=N), rng.uniform(0.5, 8.0, size=N)
    served = load * apart * counters
    closed = np.arange(4) >= counters[:, None]
    free, now = np.where(closed, np.inf, 0.0), np.zeros(N)
    waits = []
    for _ in range(CUSTOMERS):
        now = now + rng.exponential(apart)
        waits.append(np.maximum(free.min(axis=1) - now, 0))
        free[np.arange(N), free.argmin(axis=1)] = now + waits[-1] + rng.gamma(steady, served / steady)
    long, often = np.mean(waits, axis=0), np.mean(np.array(waits) > 0, axis=0)
    x = standardise(np.stack([apart, counters, served, np.log(steady)], axis=1))
    z = np.stack([np.log(long + 0.1), 3 * often], axis=1)
    return dealt(torch.tensor(x, dtype=torch.float32), quantiles(long, 4), z)


@lru_cache
def ballots() -> tuple[Part, ...]:
    """Say who of three wins when the last is struck out, by the six rankings; z is the lead in both rounds."""
    rng = np.random.default_rng(93)
    votes = np.stack([rng.multinomial(VOTERS, rng.dirichlet(np.ones(6))) for _ in range(N)]) / VOTERS
    first = np.stack([votes[:, RANKINGS[:, 0] == c].sum(axis=1) for c in range(3)], axis=1)
    last = (first + 1e-6 * np.arange(3)).argmin(axis=1)
    gets = np.zeros((N, 3))
    for i, ranking in enumerate(RANKINGS):
        gets[np.arange(N), np.where(ranking[0] == last, ranking[1], ranking[0])] += votes[:, i]
    two = np.sort(gets, axis=1)[:, 1:]
    three = np.sort(first, axis=1)
    z = np.stack([two[:, 1] - two[:, 0], three[:, 2] - three[:, 1]], axis=1)
    return dealt(torch.tensor(standardise(votes), dtype=torch.float32), gets.argmax(axis=1), 4 * z)


@lru_cache
def hulls() -> tuple[Part, ...]:
    """Say how many corners the convex hull of seven points has: 3 classes; z is its area and its perimeter."""
    rng = np.random.default_rng(94)
    dots = rng.normal(size=(N, DOTS, 2))
    dots = np.take_along_axis(dots, dots[:, :, :1].argsort(axis=1), axis=1)  # from left to right
    found = [ConvexHull(own) for own in dots]
    y = np.clip([len(hull.vertices) - 4 for hull in found], 0, 2).astype(np.int64)
    z = np.array([(hull.volume / 3, hull.area / 3) for hull in found])  # of a hull in the plane, volume is the area
    return dealt(torch.tensor(dots.reshape(N, -1), dtype=torch.float32), y, z)


@lru_cache
def chords() -> tuple[Part, ...]:
    """Say which of five kinds a chord is by how loud 26 semitones sound; z is its root and how its overtones fade."""
    rng = np.random.default_rng(95)
    kind, root, fades = rng.integers(len(CHORDS), size=N), rng.integers(0, 5, size=N), rng.uniform(0.2, 0.8, size=N)
    loud = np.zeros((N, NOTES + 12))
    for voice in range(3):
        note = root + np.array(CHORDS)[kind, voice] + 12 * (rng.random(N) < 0.25)
        strong = rng.uniform(0.6, 1.2, size=N)
        for number, above in enumerate((0, 12, 19)):
            loud[np.arange(N), np.minimum(note + above, NOTES + 11)] += strong * fades**number
    heard = 1.5 * loud[:, :NOTES] + 0.25 * np.abs(rng.normal(size=(N, NOTES))) - 0.4
    z = np.stack([root / 2, 4 * fades], axis=1)
    return dealt(torch.tensor(heard[:, None], dtype=torch.float32), kind, z)


@lru_cache
def bursts() -> tuple[Part, ...]:
    """Say which of four sounds bursts out of noise, by its spectrogram; z is its box in time and pitch."""
    # The sounds: one that stays, one that rises, one that falls, one that goes up and down.
    rng = np.random.default_rng(96)
    samples = HOP * (TIMES - 1) + HEARD
    kind, long = rng.integers(4, size=N), rng.uniform(0.3, 0.7, size=N) * samples
    begins, wide = rng.random(N) * (samples - long), np.where(kind == 0, 0.0, rng.uniform(2.0, 5.0, size=N))
    share = (np.arange(samples) - begins[:, None]) / long[:, None]
    form = np.stack([0 * share, share - 0.5, 0.5 - share, 0.5 * np.sin(4 * np.pi * share)])[kind, np.arange(N)]
    middle = 1 + wide / 2 + rng.random(N) * (PITCHES - 2 - wide)
    phase = 2 * np.pi * np.cumsum((middle[:, None] + wide[:, None] * form) / HEARD, axis=1)
    inside = (share > 0) & (share < 1)
    sound = rng.uniform(0.6, 1.4, size=(N, 1)) * np.sin(phase) * inside + 0.2 * rng.normal(size=(N, samples))
    frames = np.stack([sound[:, at : at + HEARD] for at in range(0, samples - HEARD + 1, HOP)], axis=2)
    power = np.abs(np.fft.rfft(frames * np.hanning(HEARD)[:, None], axis=1))[:, :PITCHES]
    at, size = (begins + long / 2) / samples, long / samples
    box = 4 * np.stack([at, (middle + 0.5) / PITCHES, size, (wide + 1) / PITCHES], axis=1)
    return dealt(torch.tensor(np.log(power + 0.2)[:, None], dtype=torch.float32), kind, box)


@lru_cache
def skyline() -> tuple[Part, ...]:
    """Say how many houses of a street are seen from its end: 4 classes; z is a mask of 15: which are seen."""
    rng = np.random.default_rng(97)
    far = np.arange(1, HOUSES + 1)
    heights = rng.uniform(0, 0.3, size=(N, 1)) * far + rng.normal(size=(N, HOUSES))
    slopes = heights / far
    before = np.maximum.accumulate(slopes, axis=1)
    seen = (slopes[:, 1:] > before[:, :-1]).astype(np.float64)  # the first one always is
    noisy = standardise(heights + 0.1 * rng.normal(size=heights.shape))
    return dealt(torch.tensor(noisy[:, None], dtype=torch.float32), quantiles(seen.sum(axis=1), 4), seen)


@lru_cache
def laws() -> tuple[Part, ...]:
    """Say which of five laws twenty sorted numbers were drawn by; z is the mean and the spread of the law."""
    # The laws: the normal and the uniform one, the exponential one, Laplace's, and one with two humps.
    rng = np.random.default_rng(98)
    kind, mean, spread = rng.integers(5, size=N), rng.normal(size=N), np.exp(rng.uniform(-0.7, 0.5, size=N))
    shape = (N, DRAWS)
    drawn = np.stack(
        [
            rng.normal(size=shape),
            rng.uniform(-(3**0.5), 3**0.5, size=shape),
            rng.exponential(size=shape) - 1,
            rng.laplace(size=shape) / 2**0.5,
            0.95 * rng.choice([-1.0, 1.0], size=shape) + 0.3 * rng.normal(size=shape),
        ]
    )[kind, np.arange(N)]
    x = np.sort(mean[:, None] + spread[:, None] * drawn, axis=1)
    return dealt(torch.tensor(x[:, None], dtype=torch.float32), kind, np.stack([mean, 2 * spread], axis=1))


@lru_cache
def folds() -> tuple[Part, ...]:
    """Say how often sticky beads of a chain can touch if it folds on a grid: 4 classes; z is that and in how many ways.

    The model is that of Lau and Dill (1989): a sticky bead is h, another one p; all folds are tried.
    """
    rng = np.random.default_rng(99)
    chains = rng.permutation(2**BEADS)[:N, None] >> np.arange(BEADS) & 1
    pairs = [(i, j) for i in range(BEADS) for j in range(i + 3, BEADS, 2)]
    touching = np.array([[pair in near for pair in pairs] for near in map(touches, walks())], dtype=np.float32)
    sticky = np.stack([chains[:, i] & chains[:, j] for i, j in pairs]).astype(np.float32)
    most, ways = np.zeros(N), np.zeros(N)
    for part in np.array_split(np.arange(N), 10):  # all at once would take much memory
        found = touching @ sticky[:, part]
        most[part] = found.max(axis=0)
        ways[part] = (found == most[part]).sum(axis=0)
    y = np.clip(most - 2, 0, 3).astype(np.int64)
    written = ["".join("ph"[bead] for bead in chain) for chain in chains.tolist()]
    return dealt(codes(written, BEADS), y, np.stack([most / 2, np.log(ways) / 3], axis=1))


Walk = tuple[complex, ...]


def walks(begun: Walk = (0j, 1 + 0j)) -> Iterator[Walk]:
    """Give every way on a grid that crosses no place twice and begins to the right, one of each mirrored pair."""
    if len(begun) == BEADS:
        yield begun
        return
    straight = all(place.imag == 0 for place in begun)
    for step in (1, 1j, -1, -1j):
        place = begun[-1] + step
        if place not in begun and not (straight and step == -1j):
            yield from walks((*begun, place))


def touches(walk: Walk) -> set[tuple[int, int]]:
    """Return which beads lie side by side and are no neighbours in the chain."""
    at: dict[complex, int] = {place: i for i, place in enumerate(walk)}
    sides = ((i, at.get(place + step)) for i, place in enumerate(walk) for step in (1, 1j, -1, -1j))
    return {(i, j) for i, j in sides if j is not None and j > i + 1}


DATA_SETS = (
    *(titanic, penguins, languages, sundial, queue, ballots, hulls),
    *(chords, bursts, skyline, laws, folds),
)
BOXES, MASKS = frozenset({"bursts"}), frozenset({"skyline"})
