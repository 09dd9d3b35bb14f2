"""Pairs of images that look alike, among very many, without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tuner.data.doctor.looks import Looks

BITS, BANDS = 63, 7
DISTANCE = BANDS - 1
"""Two hashes that differ in at most so many bits agree in at least one of the bands, whatever the bits are.

On SSDD copies saved with JPEG quality 50, halved in size or brightened by a fifth differ in 4 to 6 bits at most."""
ALIKE = 0.97
"""Correlation of the grey values of two copies. On SSDD such copies have 0.969 and more; of its 672,220 pairs of images
32 have that, 29 of them byte-identical."""
PLAIN = 2.0
"""Grey values of an image that vary by less show nothing by which it could be known."""
LEAST_SIDE = 32
"""Pixels: smaller pictures look alike because they are simple (of 1,797 digits of 8 x 8 pixels, 34 pairs)."""
ROWS = 1024
AT_ONCE = 2**22
"""Pairs of hashes that are compared at once: 32 MB of them."""
MOST = 20
"""Candidates for each image, on average, that are compared: the frames of a fixed camera are all candidates with each
other, and so many pairs would not fit into any memory."""


def pairs(looks: Looks) -> NDArray[np.int64]:
    """Return pairs of rows of ``looks`` (n, 2) that show the same picture but not by the same bytes, lower row first.

    Images of the same bytes are represented by the first of them. Flipped or cropped copies are not found. Where there
    are very many candidates, only so many as ``MOST`` says are looked at.
    """
    _, first = np.unique(looks.digests, return_index=True)
    large = looks.statistics[first, :2].min(axis=1) >= LEAST_SIDE
    # In the order of the set, so that of several pairs the same ones are named each time.
    first = np.sort(first[large & (looks.thumbs[first].std(axis=(1, 2)) >= PLAIN)])
    candidates = first[_candidates(looks.hashes[first])]
    return candidates[_correlation(looks.thumbs, candidates) >= ALIKE]


def _candidates(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return pairs of places (n, 2) whose hashes differ in few bits, each once, in order."""
    count = max(len(hashes), 1)
    known, new, waiting = np.zeros(0, np.int64), [np.zeros(0, np.int64)], 0
    for near in _near(hashes):
        new.append(near[:, 0] * count + near[:, 1])
        waiting += len(near)
        if waiting > MOST * count:
            known, new, waiting = np.unique(np.concatenate([known, *new])), [], 0
            if len(known) > MOST * count:
                break
    return np.stack(np.divmod(np.unique(np.concatenate([known, *new]))[: MOST * count], count), axis=1)


def _near(hashes: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """Yield pairs of places (n, 2) whose hashes differ in few bits, lower one first, some of them more than once."""
    width = BITS // BANDS
    for band in range(BANDS):
        keys = (hashes >> np.uint64(band * width)) & np.uint64((1 << width) - 1)
        order = np.argsort(keys, kind="stable")
        edges = np.flatnonzero(np.diff(keys[order])) + 1
        for bucket in np.split(order, edges):
            rows = max(1, AT_ONCE // max(len(bucket), 1))
            for begin in range(0, len(bucket), rows):
                some = bucket[begin : begin + rows]
                apart = np.bitwise_count(hashes[some][:, None] ^ hashes[bucket][None, :])
                a, b = np.nonzero(apart <= DISTANCE)
                keep = some[a] < bucket[b]
                yield np.stack([some[a][keep], bucket[b][keep]], axis=1)


def _correlation(thumbs: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the correlation of the grey values of each pair."""
    found = np.zeros(len(pairs), np.float32)
    for begin in range(0, len(pairs), ROWS):
        some = pairs[begin : begin + ROWS]
        a, b = (_standard(thumbs[some[:, side]]) for side in (0, 1))
        found[begin : begin + ROWS] = (a * b).mean(axis=1)
    return found


def _standard(thumbs: NDArray[np.uint8]) -> NDArray[np.float32]:
    flat = thumbs.reshape(len(thumbs), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(flat.std(axis=1, keepdims=True), 1e-6)
    return flat
