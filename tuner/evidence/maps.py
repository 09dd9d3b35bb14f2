"""Class activation maps, as a trial's program leaves them beside its predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.uint8]
"""What speaks for a class at each place of an image, coarser than the image: 255 what does most."""
Maps = Mapping[tuple[int, int], Map]
"""By the number of the image among the predictions, and of the class."""


def file(predictions: Path) -> Path:
    return predictions.with_name("maps.npz")


def write(path: Path, places: Sequence[tuple[int, int]], maps: NDArray[np.floating]) -> None:
    """Write ``maps`` (n, h, w), from 0 to 1, of the ``places``."""
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, places=np.array(places, np.int64).reshape(-1, 2), maps=np.rint(maps * 255).astype(np.uint8)
    )
    part.replace(path)


def read(path: Path) -> Maps:
    """Return what is there; nothing where there is no such file, or none of ours."""
    try:
        with np.load(path, allow_pickle=False) as found:
            pairs = [(int(image), int(label)) for image, label in found["places"]]
            return dict(zip(pairs, found["maps"], strict=True))
    except (OSError, ValueError, KeyError, EOFError):
        return {}
