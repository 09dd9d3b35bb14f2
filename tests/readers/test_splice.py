"""Which rows count where a run was resumed, compared with a slow and obvious way to tell."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tuner.readers import splice


def kept_one_by_one(epochs: list[int]) -> list[int]:
    kept: list[int] = []
    for row, epoch in enumerate(epochs):
        if row and epoch < epochs[row - 1]:
            kept = [earlier for earlier in kept if epochs[earlier] < epoch]
        kept.append(row)
    return kept


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_keeps_the_rows_that_appending_one_by_one_would_keep(epochs: list[int]) -> None:
    kept = splice.kept_rows(np.array(epochs, dtype=np.int64))
    assert list(np.flatnonzero(kept)) == kept_one_by_one(epochs)
