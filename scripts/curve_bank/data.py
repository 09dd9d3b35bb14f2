"""The data sets: small, real, and shipped with installed packages; no network is needed.

Every data set has two targets, so that each can be a classification, a regression or a run with two heads:
``y`` is a class, ``z`` a vector of standardised numbers. Train, val and test never share a sample; those of the photos
and of the text come from disjoint regions.
"""

from __future__ import annotations

import pydoc_data.topics
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import datasets
from torch import Tensor

from scripts.curve_bank import (
    data_heldout2,
    data_heldout3,
    data_heldout4,
    data_heldout5,
    data_heldout6,
    data_heldout7,
    data_heldout8,
    data_heldout9,
    data_heldout10,
    data_heldout11,
    data_heldout12,
    data_random,
)
from scripts.curve_bank.samples import ALPHABET, BLANKS, LETTERS, VOWELS, Array, Part, Task, as_part, share, standardise

WINDOW = 12
PATCH = 8


def draw(name: str, rng: np.random.Generator, n_train: int, n_val: int, n_test: int = 1000) -> Task:
    """Draw a task; small data sets are split anew each time, half of them for the test set."""
    pools = POOLS[name]()
    if len(pools) == 1:
        order = torch.from_numpy(rng.permutation(len(pools[0])))
        cut = len(order) // 2
        n_val = min(n_val, cut // 3)
        rest, test = order[cut:], order[:cut]
        parts = [rest[n_val : n_val + n_train], rest[:n_val], test[:n_test]]
        train, val, test_part = (pools[0].take(i) for i in parts)
    else:
        sizes = (n_train, n_val, n_test)
        train, val, test_part = (
            pool.take(torch.from_numpy(rng.permutation(len(pool))[:n])) for pool, n in zip(pools, sizes, strict=True)
        )
    return Task(name, train, val, test_part, int(max(int(p.y.max()) for p in pools)) + 1)


def draw_at_random(rng: np.random.Generator, n_train: int, n_val: int, n_test: int) -> Task:
    """Draw a task that is made up, or a view of a data set; it has as many samples as there are."""
    pools = {name: pool for name, pool in POOLS.items() if name not in UNSEEN}
    return data_random.draw(rng, n_train, n_val, n_test, pools)


@lru_cache
def digits() -> tuple[Part, ...]:
    """Digits of 8 x 8 pixels; z is where the ink is: centre (2) and spread (2)."""
    found = datasets.load_digits()
    image = found.images / 16.0
    at = np.arange(8.0)
    ink = image.sum(axis=(1, 2))
    row = (image.sum(axis=2) @ at) / ink
    column = (image.sum(axis=1) @ at) / ink
    spread = [
        np.sqrt((image.sum(axis=a) * (at - c[:, None]) ** 2).sum(axis=1) / ink) for a, c in ((2, row), (1, column))
    ]
    z = standardise(np.stack([row, column, *spread], axis=1))
    return (as_part((image[:, None] - 0.3) / 0.38, found.target.astype(np.int64), z),)


@lru_cache
def breast_cancer() -> tuple[Part, ...]:
    """Features of cell nuclei; z is three of them, left out of x."""
    found = datasets.load_breast_cancer()
    held = [1, 4, 20]
    features = standardise(found.data)
    return (as_part(np.delete(features, held, axis=1), found.target.astype(np.int64), features[:, held]),)


@lru_cache
def diabetes() -> tuple[Part, ...]:
    """Patients; z is the disease's progression, y whether it is above the median."""
    found = datasets.load_diabetes()
    y = (found.target > np.median(found.target)).astype(np.int64)
    return (as_part(standardise(found.data), y, standardise(found.target[:, None])),)


def photo_stripes(part: int, stripe: int = 32, step: int = 3) -> tuple[Array, NDArray[np.int64]]:
    """Return patches of shape [n, 3, 8, 8] of half-size photos and where they are, [n, (photo, row)].

    The columns are dealt out in stripes: of four, two go to train (part 0) and one each to val and test.
    """
    patches, places = [], []
    for photo, name in enumerate(("china.jpg", "flower.jpg")):
        image = datasets.load_sample_image(name)[:426, :640].reshape(213, 2, 320, 2, 3).mean(axis=(1, 3)) / 255.0
        for left in range(0, 320, stripe):
            if (0, 1, 0, 2)[left // stripe % 4] != part:
                continue
            for column in range(left, left + stripe - PATCH + 1, step):
                for row in range(0, 213 - PATCH + 1, step):
                    patches.append(image[row : row + PATCH, column : column + PATCH].transpose(2, 0, 1))
                    places.append((photo, row))
    return np.stack(patches), np.array(places)


def photos(label: Callable[[Array, NDArray[np.int64]], tuple[Array, NDArray[np.int64]]]) -> tuple[Part, ...]:
    """Patches of two photos with the centre missing; z is the colour of the centre."""
    parts = []
    for i in range(3):
        patches, classes = label(*photo_stripes(i))
        z = (patches[:, :, 3:5, 3:5].mean(axis=(2, 3)) - 0.42) / 0.25
        patches = (patches - 0.42) / 0.25
        patches[:, :, 3:5, 3:5] = 0.0
        parts.append(as_part(patches, classes, z))
    return tuple(parts)


@lru_cache
def photo_region() -> tuple[Part, ...]:
    """Say from which photo and which third of its height a patch is: 6 classes."""
    return photos(lambda patches, place: (patches, place[:, 0] * 3 + np.minimum(place[:, 1] * 3 // 213, 2)))


@lru_cache
def photo_brightness() -> tuple[Part, ...]:
    """Say how bright the missing centre of a patch is: 6 classes, equally frequent over both photos."""

    def brightness(patches: Array, place: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
        centre = patches[:, :, 3:5, 3:5].mean(axis=(1, 2, 3))
        return patches, np.searchsorted([0.14, 0.25, 0.38, 0.53, 0.72], centre).astype(np.int64)

    return photos(brightness)


@lru_cache
def text_windows(part: int, step: int = 5, block: int = 600) -> tuple[Tensor, Tensor]:
    """Return windows of the manual's six longest topics: characters [n, 12], topic [n].

    Blocks of 600 characters are dealt out: of five, three go to train (part 0) and one each to val and test.
    """
    topics = sorted(pydoc_data.topics.topics.values(), key=len, reverse=True)[:6]
    windows, of = [], []
    for number, text in enumerate(topics):
        codes = [max(ALPHABET.find(c), 0) for c in " ".join(text.lower().split(" ")[:9000]) if c != "\r"]
        codes = [c for c, before in zip(codes[1:], codes, strict=False) if not (c == 1 and before == 1)]
        for start in range(0, len(codes) - block, block):
            if (0, 1, 0, 2, 0)[start // block % 5] != part:
                continue
            for i in range(start, start + block - WINDOW, step):
                windows.append(codes[i : i + WINDOW])
                of.append(number)
    return torch.tensor(windows), torch.tensor(of)


def text(kinds: list[list[int]], classes: Callable[[Tensor, Tensor], Tensor]) -> tuple[Part, ...]:
    """Windows of the text; z is the share of each kind of characters."""
    parts = []
    for i in range(3):
        windows, topic = text_windows(i)
        z = torch.stack([(share(windows, k) - share(text_windows(0)[0], k).mean()) * 8 for k in kinds], dim=1)
        parts.append(Part(windows, classes(windows, topic), z))
    return tuple(parts)


@lru_cache
def text_topic() -> tuple[Part, ...]:
    """Say from which topic 12 characters are: 6 classes; z is the share of blanks and of vowels."""
    return text([BLANKS, VOWELS], lambda windows, topic: topic)


@lru_cache
def text_words() -> tuple[Part, ...]:
    """Count the blanks among 12 characters, 0 … 3 and more; z is the share of letters and of vowels."""
    blank = torch.tensor(BLANKS)
    return text([LETTERS, VOWELS], lambda windows, topic: torch.isin(windows, blank).sum(dim=1).clamp(max=3))


LATEST = (
    data_heldout5,
    data_heldout6,
    data_heldout7,
    data_heldout8,
    data_heldout9,
    data_heldout10,
    data_heldout11,
    data_heldout12,
)
LAST = tuple(f for part in LATEST for f in part.DATA_SETS)

POOLS: dict[str, Callable[[], tuple[Part, ...]]] = {
    f.__name__: f
    for f in (
        *(digits, breast_cancer, diabetes),
        *(photo_region, photo_brightness, text_topic, text_words),
        *data_heldout2.DATA_SETS,
        *data_heldout3.DATA_SETS,
        *data_heldout4.DATA_SETS,
        *LAST,
    )
}

UNSEEN = frozenset(f.__name__ for f in LAST)
"""Data sets of the parts made last: none of the random tasks is a view of them."""
