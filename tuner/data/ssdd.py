"""SSDD, the SAR Ship Detection Dataset: its official split is in the numbers of its images.

T. Zhang et al., "SAR Ship Detection Dataset (SSDD): Official Release and Comprehensive Data Analysis", Remote Sensing
13(18), 3690, 2021: images whose number ends in 1 or 9 are for the test.
"""

from __future__ import annotations

from pathlib import Path

from tuner.data import voc
from tuner.data.boxes import Picture
from tuner.data.source import Source
from tuner.errors import ConfigError

IMAGES = 1160
OFFICIAL = "the official split: numbers that end in 1 or 9"


def read(folder: Path) -> Source:
    """Return SSDD in its VOC layout with its official split, of which no part is for validation; raises ConfigError."""
    source = voc.read(folder, keep_difficult=True)
    for_test = {i for i, picture in source.pictures.items() if _is_for_test(picture, source.where)}
    source.lists = {"train": sorted(source.pictures.keys() - for_test), "test": sorted(for_test)}
    source.came = OFFICIAL
    if len(source.pictures) != IMAGES:
        source.remarks.append(f"SSDD has {IMAGES} images, and here are {len(source.pictures)}")
    return source


def _is_for_test(picture: Picture, where: str) -> bool:
    if not picture.stem.isdecimal():
        raise ConfigError(where, "", f"expected numbers for names, as in SSDD, but got {picture.name}")
    return picture.stem[-1] in "19"
