"""Check a data set for classification: train/ and val/ with one folder of images for each class."""

from __future__ import annotations

from pathlib import Path

from tuner.data import pictures
from tuner.data.summary import Split, Summary, all_of
from tuner.errors import ConfigError

VALIDATION = ("val", "validation", "valid")


def check(root: Path) -> Summary:
    """Return what the folder ``root`` holds; raises ConfigError for the first mistake."""
    if not root.is_dir():
        got = "a file" if root.exists() else "nothing"
        raise ConfigError(str(root), "", f"expected a folder with train/ and val/ in it, but got {got}")
    of_splits = places(root)
    found = {name: classes(place) for name, place in of_splits.items()}
    for name, names in found.items():
        same(found["train"], names, of_splits[name])
    images = {name: [i for c in names for i in pictures.below(of_splits[name] / c)] for name, names in found.items()}
    for name, files in images.items():
        if not files:
            raise ConfigError(str(of_splits[name]), "", "expected images in its folders, but there are none")
        all_of(pictures.size, files, "images")
    splits = {name: Split(images=len(files), objects=len(files)) for name, files in images.items()}
    return Summary("classify", tuple(found["train"]), splits)


def places(root: Path) -> dict[str, Path]:
    """Return the folders of the splits; that of the test images only where there is one."""
    found = {"train": root / "train", "val": _validation(root), "test": root / "test"}
    return {name: place for name, place in found.items() if name != "test" or place.is_dir()}


def _validation(root: Path) -> Path:
    """Return the folder of the validation images; Ultralytics takes the test images where there is none."""
    names = (*VALIDATION, "test")
    return next((root / name for name in names if (root / name).is_dir()), root / "val")


def classes(place: Path) -> list[str]:
    """Return the names of the classes of a split, in order; raises ConfigError where there are none."""
    if not place.is_dir():
        raise ConfigError(
            str(place),
            "",
            "expected a folder with one folder of images a class, but there is none; a set with boxes has a data.yaml",
        )
    found = sorted(entry.name for entry in place.iterdir() if entry.is_dir())
    if not found:
        raise ConfigError(str(place), "", "expected one folder of images a class, but got no folder")
    return found


def same(wanted: list[str], found: list[str], place: Path) -> None:
    """Refuse other classes than those of the training images: their numbers would silently be shifted."""
    if extra := sorted(set(found) - set(wanted)):
        raise ConfigError(str(place), "", f"expected the classes of train/, but got '{extra[0]}' beyond them")
    if missing := sorted(set(wanted) - set(found)):
        raise ConfigError(str(place), "", f"expected the classes of train/, but '{missing[0]}' is missing")
