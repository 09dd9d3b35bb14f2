"""The images that the built-in classifier trains on, with their parts for training, validation and test."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.inside.parameters import DIGITS

Images = NDArray[np.float32] | NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """The rows of ``Data.images`` that belong to a part, and their labels; both int64 of shape [n]."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Data:
    """All images, of shape [n, channels, height, width], the names of the classes, and the three parts.

    ``test`` is never looked at while training. ``files`` are where the images lie, none where they are no files.
    """

    images: Images
    names: tuple[str, ...]
    train: Part
    val: Part
    test: Part
    files: tuple[str, ...] = ()


def load(spec: Mapping[str, Any]) -> Data:
    """Return the data set that a spec names: one split and one set of flipped labels for all trials of a study.

    ``train_size`` keeps the first so many training images; ``label_noise`` is the share of training labels that are
    replaced by another class. Raises FileNotFoundError where the digits are not installed, ConfigError where a set
    cannot be read.
    """
    if spec["data"] == DIGITS:
        data = _digits(spec)
    else:
        # Imported here: the digits need no reader of images, and start faster without.
        from tuner.inside import images

        data = images.load(spec)
    kept = Part(data.train.rows[: spec["train_size"]], data.train.labels[: spec["train_size"]])
    return replace(data, train=_flip(kept, spec["label_noise"], len(data.names), spec["split_seed"]))


def _digits(spec: Mapping[str, Any]) -> Data:
    images, labels = digits()
    order = np.random.default_rng(spec["split_seed"]).permutation(len(labels))
    n_test, n_val = round(spec["test_share"] * len(order)), round(spec["val_share"] * len(order))
    test, val, train = (Part(rows, labels[rows]) for rows in np.split(order, [n_test, n_test + n_val]))
    return Data(images, tuple(map(str, range(10))), train, val, test)


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read the 1797 images of 8 x 8 pixels that scikit-learn ships, and their labels, without its slow import."""
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
    return table[:, :64].reshape(-1, 1, 8, 8), table[:, 64].astype(np.int64)


def _flip(part: Part, share: float, classes: int, seed: int) -> Part:
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(len(part.labels))[: round(share * len(part.labels))]
    labels = part.labels.copy()
    labels[chosen] = (labels[chosen] + generator.integers(1, classes, len(chosen))) % classes
    return replace(part, labels=labels)
