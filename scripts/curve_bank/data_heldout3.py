"""The data sets of heldout3: a table of countries, a scan of a head, a recording of a nerve, names and bytecode.

The table ships with plotly, the scan and the recording with matplotlib; the names of Unicode's characters and the
bytecode of its own modules are Python's. Windows and patches come from disjoint stripes, blocks and modules.
"""

from __future__ import annotations

import dis
import gzip
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import CodeType

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.curve_bank.data_heldout2 import matplotlib_file
from scripts.curve_bank.samples import ALPHABET, VOWELS, Array, Part, as_part, standardise

PATCH = 8
SCAN_SIDE = 256
TISSUE = 6000.0
WAVE = 24
AHEAD = 6
NAME = 14
FIRST_WORDS = ("ARABIC", "CANADIAN", "CUNEIFORM", "EGYPTIAN", "LATIN", "MATHEMATICAL", "YI")
CODE = 12
MODULES = (
    "ast",
    "doctest",
    "inspect",
    "optparse",
    "pickle",
    "plistlib",
    "smtplib",
    "statistics",
    "unittest.mock",
    "zipfile",
)
KINDS = ("LOAD_FAST", "LOAD_CONST", "LOAD_", "STORE_", "CALL")
"""What the names of instructions begin with, by class; the first that fits counts, and the rest are one more class."""


@lru_cache
def countries() -> tuple[Part, ...]:
    """Say of a country's year on which of four continents it is; z is the life expectancy, left out of x."""
    from plotly.data import gapminder

    table = gapminder(return_type="pandas").query("continent != 'Oceania'").reset_index(drop=True)
    income, people = np.log(table["gdpPercap"].to_numpy()), np.log(table["pop"].to_numpy())
    grown = [np.where(table["year"] == 1952, 0.0, np.diff(v, prepend=v[0])) for v in (income, people)]
    x = standardise(np.stack([table["year"].to_numpy(dtype=np.float64), income, people, *grown], axis=1))
    y = np.unique(table["continent"], return_inverse=True)[1].astype(np.int64)
    return (as_part(x, y, standardise(table[["lifeExp"]].to_numpy(dtype=np.float64))),)


def scan_patches(part: int, stripe: int = 16, step: int = 3) -> Array:
    """Return patches of the scan with tissue, [n, 8, 8]; of four stripes two are part 0, one each val and test."""
    raw = gzip.decompress(matplotlib_file("sample_data", "s1045.ima.gz").read_bytes())
    scan = np.frombuffer(raw, dtype=np.uint16).astype(np.float64).reshape(SCAN_SIDE, SCAN_SIDE)
    patches = np.stack(
        [
            scan[row : row + PATCH, column : column + PATCH]
            for left in range(0, SCAN_SIDE, stripe)
            if (0, 1, 0, 2)[left // stripe % 4] == part
            for column in range(left, left + stripe - PATCH + 1, step)
            for row in range(0, SCAN_SIDE - PATCH + 1, step)
        ]
    )
    kept: Array = patches[patches.mean(axis=(1, 2)) > TISSUE]
    return kept


@lru_cache
def scan() -> tuple[Part, ...]:
    """Say how bright the missing centre of a patch is: 5 classes; z is its brightness and its eastward rise."""
    parts, bounds = [], np.empty(0)
    for i in range(3):
        patches = scan_patches(i) / 20000.0
        centre = patches[:, 3:5, 3:5].copy()
        level, rise = centre.mean(axis=(1, 2)), (centre[:, :, 1] - centre[:, :, 0]).mean(axis=1)
        bounds = bounds if len(bounds) else np.quantile(level, [0.2, 0.4, 0.6, 0.8])
        patches -= 1.0
        patches[:, 3:5, 3:5] = 0.0
        z = np.stack([(level - 1.0) / 0.7, rise / 0.25], axis=1)
        parts.append(as_part(patches[:, None], np.searchsorted(bounds, level).astype(np.int64), z))
    return tuple(parts)


@lru_cache
def nerve() -> tuple[Part, ...]:
    """Say how the potential of a membrane will have changed 6 steps after 24 known ones: 5 classes; z is by how much.

    Blocks of 240 steps are dealt out: of four, two go to train and one each to val and test.
    """
    recorded = np.fromfile(matplotlib_file("sample_data", "membrane.dat"), dtype=np.float32).astype(np.float64)
    blocks = recorded[: len(recorded) // 240 * 240].reshape(-1, 240)
    parts, bounds = [], np.empty(0)
    for i in range(3):
        own = [b for n, b in enumerate(blocks) if (0, 1, 0, 2)[n % 4] == i]
        windows = np.stack([b[at : at + WAVE + AHEAD] for b in own for at in range(0, 240 - WAVE - AHEAD + 1, 4)])
        known, change = windows[:, :WAVE], windows[:, -1] - windows[:, WAVE - 1]
        bounds = bounds if len(bounds) else np.quantile(change, [0.2, 0.4, 0.6, 0.8])
        x = (known - known[:, -1:]) / 0.1
        x[:, -1] = (known[:, -1] + 0.42) / 0.13
        parts.append(as_part(x[:, None], np.searchsorted(bounds, change).astype(np.int64), change[:, None] / 0.08))
    return tuple(parts)


@lru_cache
def names() -> tuple[Part, ...]:
    """Say with which of seven words the name of a character begins, by its last 14 letters.

    z is how long the name is and the share of vowels among those letters.
    """
    rng, rows = np.random.default_rng(0), []
    for code in range(sys.maxunicode):
        first, _, rest = unicodedata.name(chr(code), "").partition(" ")
        if first in FIRST_WORDS and rest:
            last = [max(ALPHABET.find(c), 0) for c in rest.lower()[-NAME:].rjust(NAME, "\0")]
            rows.append((*last, FIRST_WORDS.index(first), len(rest)))
    table = np.array(rows, dtype=np.int64)[rng.permutation(len(rows))]
    letters, y, length = torch.tensor(table[:, :NAME]), torch.tensor(table[:, -2]), table[:, -1]
    vowels = np.isin(table[:, :NAME], VOWELS).mean(axis=1)
    z = torch.tensor(standardise(np.stack([length, vowels], axis=1)), dtype=torch.float32)
    whole, cuts = Part(letters, y, z), np.cumsum([0, 3500, 1000, 2000])
    return tuple(whole.take(torch.arange(a, b)) for a, b in pairwise(cuts))


def instructions(code: CodeType) -> Iterator[str]:
    """Yield the names of the instructions of some code, functions in it included."""
    yield from (i.opname for i in dis.get_instructions(code))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from instructions(constant)


@lru_cache
def compiled() -> tuple[NDArray[np.int64], NDArray[np.int64], list[int]]:
    """Return instructions as codes by frequency, their classes, and where a module ends."""
    listed: list[str] = []
    ends = []
    for name in MODULES:
        spec = find_spec(name)
        assert spec and spec.origin
        listed += instructions(compile(Path(spec.origin).read_text(encoding="utf-8"), name, "exec"))
        ends.append(len(listed))
    common = {name: rank for rank, (name, _) in enumerate(Counter(listed).most_common(len(ALPHABET) - 1), start=1)}
    kinds = [next((i for i, k in enumerate(KINDS) if name.startswith(k)), len(KINDS)) for name in listed]
    return np.array([common.get(name, 0) for name in listed]), np.array(kinds), ends


@lru_cache
def bytecode() -> tuple[Part, ...]:
    """Say of which kind the instruction after 12 known ones is: 6 classes; z is the share of two kinds in the 12.

    Six modules go to train, and two each to val and test.
    """
    codes, kinds, ends = compiled()
    parts = []
    for first, last in ((0, ends[5]), (ends[5], ends[7]), (ends[7], ends[9])):
        at = np.arange(first, last - CODE - 1, 7)
        index = at[:, None] + np.arange(CODE)
        shares = [(kinds[index] == k).mean(axis=1) for k in (1, 4)]
        z = torch.tensor((np.stack(shares, axis=1) - 0.1) * 10, dtype=torch.float32)
        parts.append(Part(torch.tensor(codes[index]), torch.tensor(kinds[at + CODE]), z))
    return tuple(parts)


DATA_SETS = (countries, scan, nerve, names, bytecode)
