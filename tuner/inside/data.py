"""The data sets of the built-in classifier, split into a training, a validation and a test part."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SPLIT_SEED = 20
"""One split and one set of flipped labels for every trial, whatever the trial's own seed: scores stay comparable."""

TEST_SHARE = 0.25


@dataclass(frozen=True)
class Part:
    """Images, float32 of shape [n, 1, height, width], and their labels, int64 of shape [n]."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Data:
    """The three parts of a data set; ``test`` is never looked at while training."""

    train: Part
    val: Part
    test: Part


def load(name: str, *, train_size: int | None, label_noise: float, val_share: float) -> Data:
    """Load, split and standardise a data set.

    ``train_size`` keeps the first so many training images; ``label_noise`` is the share of training labels that are
    replaced by another class. Raises FileNotFoundError where the data are not installed, KeyError for an unknown name.
    """
    whole = SETS[name]()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(whole.labels))
    n_test, n_val = round(TEST_SHARE * len(order)), round(val_share * len(order))
    test, val, train = np.split(order, [n_test, n_test + n_val])
    return _standardised(
        Data(_flip(_take(whole, train[:train_size]), label_noise), _take(whole, val), _take(whole, test))
    )


def digits() -> Part:
    """Read the 1797 images of 8 x 8 pixels that scikit-learn ships, without its slow import."""
    found = find_spec("sklearn")
    places = (found.submodule_search_locations if found else None) or []
    files = [Path(place, "datasets", "data", "digits.csv.gz") for place in places]
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            "data set 'digits': expected the file datasets/data/digits.csv.gz of scikit-learn, but found none: "
            "install scikit-learn"
        )
    # Whole numbers only, so splitting the text is several times faster than np.loadtxt.
    text = gzip.decompress(path.read_bytes()).decode().replace("\n", ",").rstrip(",")
    table = np.array(text.split(","), dtype=np.float32).reshape(-1, 65)
    return Part(table[:, :64].reshape(-1, 1, 8, 8), table[:, 64].astype(np.int64))


SETS: dict[str, Callable[[], Part]] = {"digits": digits}


def _take(part: Part, index: NDArray[np.int64]) -> Part:
    return Part(part.images[index], part.labels[index])


def _flip(part: Part, share: float) -> Part:
    generator = np.random.default_rng(SPLIT_SEED)
    classes = int(part.labels.max()) + 1
    chosen = generator.permutation(len(part.labels))[: round(share * len(part.labels))]
    labels = part.labels.copy()
    labels[chosen] = (labels[chosen] + generator.integers(1, classes, len(chosen))) % classes
    return replace(part, labels=labels)


def _standardised(data: Data) -> Data:
    """Shift and scale all parts by the mean and deviation of the training images, one pair for all pixels."""
    mean, deviation = data.train.images.mean(), data.train.images.std()
    parts = (replace(p, images=(p.images - mean) / deviation) for p in (data.train, data.val, data.test))
    return Data(*parts)
