"""Write the digits that scikit-learn ships as folders of PNGs, unbalanced and with two classes partly confused.

    python -m scripts.make_digit_images my_images

A set on which accuracy flatters: from 150 zeros down to 15 nines, and of the threes and fives a share has the label of
the other, as careless labelling would leave it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from tuner.inside import data

MOST, FEWEST = 150, 15
CONFUSED = ("three", "five")
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SIDE = 32
WHITE = 16.0


def write(root: Path, *, confused: float, seed: int) -> int:
    """Write the images below ``root``, a folder for each class; return how many."""
    images, labels = data.digits()
    random = np.random.default_rng(seed)
    wanted = np.geomspace(MOST, FEWEST, len(NAMES)).round().astype(int)
    written = 0
    for number, name in enumerate(NAMES):
        for row in random.permutation(np.flatnonzero(labels == number))[: wanted[number]]:
            told = name
            if name in CONFUSED and random.random() < confused:
                told = CONFUSED[name == CONFUSED[0]]
            grey = Image.fromarray((images[row, 0] / WHITE * 255).astype(np.uint8))
            place = root / told
            place.mkdir(parents=True, exist_ok=True)
            grey.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(place / f"{row:04d}.png")
            written += 1
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--confused", type=float, default=0.15, help="share of threes and fives with the other's label")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(f"{write(given.root, confused=given.confused, seed=given.seed)} images in {given.root}")
