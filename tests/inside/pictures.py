"""Small image sets that can be learnt: squares of a colour of their own in noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = ((220, 60, 60), (60, 220, 60), (60, 60, 220))
SIDE = 20


def picture(seed: int, kind: int, *, grey: bool = False) -> Image.Image:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 120, (SIDE, SIDE + seed % 5, 3), dtype=np.uint8)
    row, column = random.integers(0, SIDE - 10, 2)
    pixels[row : row + 10, column : column + 10] = COLOURS[kind]
    image = Image.fromarray(pixels)
    return image.convert("L") if grey else image


def folders(root: Path, counts: Sequence[int], *, first: int = 0, grey: bool = False) -> Path:
    """Write ``counts`` pictures of each class into a folder with its name below ``root``."""
    for kind, count in enumerate(counts):
        place = root / "abc"[kind]
        place.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(first + 100 * kind + number, kind, grey=grey).save(place / f"{number}.png")
    return root
