"""Open a set for classification: folders of classes, split or not, a list of images with their classes, arrays."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tuner.data import folders, pictures
from tuner.data.doctor.dataset import UNSPLIT, DataSet, Sample, of_class
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.summary import all_of
from tuner.errors import ConfigError

KINDS = (
    "a folder with one folder of images a class (below train/, val/ and test/ or by themselves), "
    "a list of images with their classes (.txt, .csv, .tsv), or an .npz of arrays"
)
ARRAYS = (".npz",)
LISTS = (".txt", ".csv", ".tsv")
HEADS = frozenset({"path", "image", "images", "file", "filename"})
"""What the first column of a list with a header is called."""
OTHER_LAYOUTS = frozenset({"images", "labels", "annotations", "jpegimages", "vocdevkit"})
"""Folders that say that a set has boxes."""


def opened(path: Path) -> tuple[DataSet, list[Finding]] | None:
    """Return the set at ``path`` and what is wrong with its folders; None where it is of no such kind.

    Raises ConfigError where it is of such a kind and cannot be read.
    """
    if path.suffix.lower() in ARRAYS:
        return _arrays(path), []
    if path.suffix.lower() in LISTS and path.is_file():
        return _listed(path), []
    if (path / "train").is_dir() and not (path / "train" / "images").is_dir():
        return _split_folders(path)
    if path.is_dir() and _has_classes(path):
        return _folders(path), []
    return None


def _has_classes(path: Path) -> bool:
    """Tell whether images lie in folders right below ``path``, and nothing says that they have boxes."""
    below = [entry for entry in path.iterdir() if entry.is_dir()]
    if any(entry.name.lower() in OTHER_LAYOUTS for entry in below):
        return False
    return any(pictures.is_image(name) for entry in below for name in os.listdir(entry))


def _split_folders(path: Path) -> tuple[DataSet, list[Finding]]:
    places = {name: place for name, place in folders.places(path).items() if name == "train" or place.is_dir()}
    wrong: list[Finding] = []
    classes: dict[str, list[str]] = {}
    for name, place in places.items():
        try:
            classes[name] = folders.classes(place)
            folders.same(classes["train"], classes[name], place)
        except ConfigError as error:
            wrong.append(finding("bad_classes", Level.MISTAKE, str(error), "every split needs the same classes"))
    names = classes.get("train", [])
    splits = {split: tuple(_of_folders(places[split], names, found)) for split, found in classes.items()}
    return DataSet(str(path), "classify", tuple(names), splits), wrong


def _folders(path: Path) -> DataSet:
    names = folders.classes(path)
    return DataSet(str(path), "classify", tuple(names), {UNSPLIT: tuple(_of_folders(path, names, names))})


def _of_folders(place: Path, names: list[str], found: list[str]) -> Iterator[Sample]:
    for name in (name for name in found if name in names):
        yield from (Sample(image, of_class(names.index(name))) for image in pictures.below(place / name))


def _listed(path: Path) -> DataSet:
    """Read a list: an image and its class a line, between them a tab, a comma or a space; paths start from the list."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "", f"expected a list of images, but it cannot be read ({error})") from None
    rows = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    rows = [(number, line) for number, line in rows if line and not line.startswith("#")]
    pairs = all_of(lambda row: _pair(path, *row), rows, "lines")
    if pairs and pairs[0][0].lower() in HEADS:
        del pairs[0]
    if not pairs:
        raise ConfigError(str(path), "", "expected an image and its class a line, but got no line")
    images = all_of(lambda pair: _existing(path, pair[0]), pairs, "images")
    names = sorted({label for _, label in pairs}, key=_by_number)
    number = {name: i for i, name in enumerate(names)}
    samples = (Sample(image, of_class(number[label])) for image, (_, label) in zip(images, pairs, strict=True))
    return DataSet(str(path), "classify", tuple(names), {UNSPLIT: tuple(samples)})


def _pair(path: Path, number: int, line: str) -> tuple[str, str]:
    # From the right, since a path may hold spaces and commas.
    mark = next((mark for mark in ("\t", ",") if mark in line), None)
    parts = [part.strip().strip('"') for part in line.rsplit(mark, 1)]
    if len(parts) != 2 or not all(parts):
        problem = f"expected an image and its class, a tab, comma or space between them, but got {line[:80]!r}"
        raise ConfigError(f"{path}:{number}", "", problem)
    return parts[0], parts[1]


def _existing(path: Path, name: str) -> str:
    image = path.parent / name
    if not image.is_file():
        raise ConfigError(str(path), "", f"expected images that are there, but there is no {image}")
    return str(image)


def _by_number(name: str) -> tuple[int, int, str]:
    """Return what names are sorted by: whole numbers by their size, before words."""
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


def _arrays(path: Path) -> DataSet:
    """Read x_train, y_train, x_val, y_val … from an .npz; x is (images, height, width[, 3]), y a class each."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name.lower(): file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError(str(path), "", f"expected an .npz of arrays, but it cannot be read ({error})") from None
    found = {name[2:]: (arrays[name], arrays[f"y_{name[2:]}"]) for name in arrays if name.startswith("x_")
             and f"y_{name[2:]}" in arrays}  # fmt: skip
    if not found:
        raise ConfigError(str(path), "", f"expected x_train, y_train …, but got {', '.join(arrays) or 'nothing'}")
    classes = np.unique(np.concatenate([y.ravel() for _, y in found.values()]))
    number = {label: i for i, label in enumerate(classes.tolist())}
    splits = {name: tuple(_of_arrays(f"{path}:x_{name}", x, y, number)) for name, (x, y) in found.items()}
    return DataSet(str(path), "classify", tuple(map(str, classes.tolist())), splits)


def _of_arrays(
    where: str, x: NDArray[np.generic], y: NDArray[np.generic], number: dict[object, int]
) -> Iterator[Sample]:
    if x.ndim not in (3, 4) or y.shape != (len(x),):
        problem = f"expected (images, height, width) and one class each, but got {x.shape} and {y.shape}"
        raise ConfigError(where, "", problem)
    for i, (pixels, label) in enumerate(zip(x, y.tolist(), strict=True)):
        yield Sample(f"{where}[{i}]", of_class(number[label]), pixels)
