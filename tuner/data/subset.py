"""Draw a part of a data set for a stage of the search: a data.yaml whose training images are a list of their paths."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path

import yaml

from tuner.data.data_yaml import images_of, resolved
from tuner.data.placing import File, place
from tuner.documents import Document
from tuner.errors import ConfigError


def subset(
    data_yaml: Path,
    dest: Path,
    *,
    images: int | None = None,
    fraction: float | None = None,
    val_images: int | None = None,
    seed: int = 0,
) -> Path:
    """Write ``dest``/data.yaml with a random draw of the training images of ``data_yaml``, and return its path.

    ``images`` or ``fraction`` says how many; with neither, or where there are no more, all are kept. ``val_images``
    limits the validation images too; the test images stay. The same seed gives the same files, and a smaller draw is
    part of a larger one. Raises ConfigError where ``dest`` holds something else.
    """
    document = resolved(data_yaml)
    if images is not None and fraction is not None:
        raise ConfigError(str(data_yaml), "subset", "expected a number of images or a fraction, but got both")
    if fraction is not None and not 0 < fraction <= 1:
        raise ConfigError(str(data_yaml), "fraction", f"expected a share above 0 and up to 1, but got {fraction}")
    files = []
    for split, wanted, share in (("train", images, fraction), ("val", val_images, None)):
        found = images_of(document[split])
        count = len(found) if wanted is None else wanted
        count = count if share is None else math.ceil(share * len(found))
        if count < 1 and found:
            raise ConfigError(str(data_yaml), split, f"expected to draw at least 1 image, but got {count}")
        if count < len(found):
            files.append(_list(document, split, _drawn(found, count, seed), dest))
    files.append(File("data.yaml", yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()))
    place(files, dest)
    return dest / "data.yaml"


def _list(document: Document, split: str, images: list[str], dest: Path) -> File:
    """Return the list of a split's images, and name it in the document."""
    name = f"{split}.txt"
    document[split] = str(dest.resolve() / name)
    return File(name, "".join(f"{image}\n" for image in images).encode())


def _drawn(images: list[str], count: int, seed: int) -> list[str]:
    """Return ``count`` of the images in a random order that depends on neither their folder nor their number."""
    root = os.path.commonpath([os.path.dirname(image) for image in images])

    def rank(image: str) -> bytes:
        return hashlib.sha256(f"{seed}:{os.path.relpath(image, root)}".encode()).digest()

    return sorted(sorted(images, key=rank)[:count])
