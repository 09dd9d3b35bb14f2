"""Which epoch each row of a log belongs to, and which rows count where the run was resumed or epochs repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuner.curve import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

MAX_EPOCH = 2**53
"""Above, a float no longer counts one by one."""


def bad_epoch(values: FloatArray) -> int | None:
    """Return the index of the first value that is no whole epoch of 0 or more, or None."""
    good = (values >= 0) & (values < MAX_EPOCH) & (values == np.floor(values))
    return None if good.all() else int(np.argmin(good))


def kept_rows(epochs: IntArray) -> BoolArray:
    """Return which rows count, for the epoch of each row, both of shape [rows].

    Where the epoch falls back, the run was resumed: the earlier rows from that epoch on belong to a history that was
    given up, even while the new one has not yet come as far. Neighbouring rows of one epoch all count; they may
    complete each other.
    """
    falls = _falls(epochs)
    stretch = np.zeros(len(epochs), dtype=np.int64)
    stretch[falls + 1] = 1
    resumed_at = np.minimum.accumulate(epochs[falls + 1][::-1])[::-1]
    given_up_from = np.append(resumed_at, MAX_EPOCH)
    kept: BoolArray = epochs < given_up_from[np.cumsum(stretch)]
    return kept


def remarks(epochs: IntArray, lines: Sequence[int]) -> list[str]:
    """Say where the epoch falls back; ``lines`` holds the line of each row."""
    falls = _falls(epochs)
    if not len(falls):
        return []
    i = int(falls[-1])
    times = f"{len(falls)} times, last " if len(falls) > 1 else ""
    return [f"resumed: {times}from epoch {epochs[i]} back to {epochs[i + 1]} at line {lines[i + 1]}; later rows kept"]


def _falls(epochs: IntArray) -> IntArray:
    """Return the rows right before the epoch falls back."""
    return np.flatnonzero(np.diff(epochs) < 0)


def last_of_each(epochs: IntArray) -> BoolArray:
    """Return which values are the last of their epoch, for non-decreasing ``epochs`` of shape [values]."""
    last = np.ones(len(epochs), dtype=np.bool_)
    last[:-1] = epochs[1:] != epochs[:-1]
    return last
