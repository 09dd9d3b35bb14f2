"""Make the curves of one label: candidates in a fixed order, in several processes, until enough are verified."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
import torch

from scripts.curve_bank.causes import LABELS
from scripts.curve_bank.found import RejectedError
from scripts.curve_bank.halves import named
from scripts.curve_bank.legible import illegible
from scripts.curve_bank.log import Row, as_row
from scripts.curve_bank.shown import another, symptom_of

ATTEMPTS = 24
"""How many candidates are tried for each curve that is wanted."""

BATCH = 8
"""How many candidates are tried at a time; fixed, so that the outcome does not depend on the number of workers."""


@dataclass
class Made:
    """The curves of one label, why other candidates were rejected, and the index of the next candidate."""

    rows: list[Row] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    index: int = 0
    seconds: float = 0.0


def candidate(half: str, label: str, index: int, seed: int) -> Row | str:
    """Make one candidate; return its row, or the reason why it was rejected."""
    torch.set_num_threads(1)
    rng = np.random.default_rng([seed, zlib.crc32(f"{half} {label}".encode()), index])
    recipe, causes = LABELS[label], causes_of(half, label)
    try:
        found = recipe.recipe(half, rng, causes[index % len(causes)])
    except RejectedError as reason:
        return str(reason)
    row = as_row(found, f"{half}-{label}-{index:03d}", rng)
    # Too early to know is a label of its own, and a second label says what is bad about the end.
    if recipe.healthy and label != "too_early" and row["ends_badly"] and not row["secondary"]:
        return "it ends badly"
    part = named(half)
    against = symptom_of(found, row) if part.strict and recipe.healthy and label != "too_early" else None
    against = against or (another(found, row) if part.exclusive else None)
    return against or (illegible(found, row) if label in part.legible else None) or row


def causes_of(half: str, label: str) -> tuple[str, ...]:
    return named(half).causes.get(label, LABELS[label].causes)


def make(made: Made, half: str, label: str, wanted: int, seed: int, pool: Executor) -> Iterator[None]:
    """Add to what is made until enough is there, and yield after every batch of candidates."""
    while len(made.rows) < wanted and made.index < ATTEMPTS * wanted:
        began = time.monotonic()
        indices = next_indices(made, causes_of(half, label))
        for outcome in pool.map(candidate, *zip(*[(half, label, i, seed) for i in indices], strict=True)):
            if isinstance(outcome, str):
                made.rejected[outcome] += 1
            else:
                made.rows.append(outcome)
        made.seconds += time.monotonic() - began
        yield


def next_indices(made: Made, causes: tuple[str, ...]) -> list[int]:
    """Return the next candidates, and pass over those of a cause that has far more curves than the others."""
    n = len(causes)
    per_cause = Counter(int(row["id"].rsplit("-", 1)[1]) % n for row in made.rows)
    limit = 2 * len(made.rows) / n + 2
    indices: list[int] = []
    while len(indices) < BATCH:
        if per_cause[made.index % n] < limit:
            indices.append(made.index)
        made.index += 1
    return indices
