"""The data sets of heldout2: letters in the fonts and a map of heights that matplotlib ships, and Python's own sources.

Each letter is drawn at a turn, size and offset of its own; patches and windows come from disjoint stripes and blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scripts.curve_bank.samples import ALPHABET, BLANKS, LETTERS, VOWELS, Array, Part, as_part, share

FAMILIES = (
    ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"),
    ("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"),
    ("DejaVuSansMono", "DejaVuSansMono-Bold"),
    ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"),
    ("cmr10", "cmb10", "cmti10"),
    ("cmss10", "cmtt10"),
)
"""Fonts by family, as matplotlib names their files."""

FONTS = tuple((number, name) for number, names in enumerate(FAMILIES) for name in names)
SHOWN = "abegkmsx"
SIDE = 8
ZOOM = 6
PATCH = 8
STEEP = 40.0
WINDOW = 16
LENGTH = 60000
MODULES = ("_pydecimal", "argparse", "difflib", "tarfile", "turtle", "typing")
PUNCTUATION = [0, *(ALPHABET.index(c) for c in ".,()'\"`*:=-")]


def matplotlib_file(*names: str) -> Path:
    """Return a file that matplotlib ships; only whoever draws from these data sets needs matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path(), *names)


@lru_cache
def glyphs(part: int) -> tuple[Array, NDArray[np.int64]]:
    """Return images of letters [n, 8, 8] and (letter, family) [n, 2]."""
    from PIL import Image, ImageDraw, ImageFont

    opened = lru_cache(ImageFont.truetype)
    rng = np.random.default_rng(part)
    images, names = [], []
    for _ in range((2000, 800, 1200)[part]):
        letter, (family, font) = int(rng.integers(len(SHOWN))), FONTS[rng.integers(len(FONTS))]
        turn, size, across, down = rng.uniform(-1, 1, size=4)
        face = opened(str(matplotlib_file("fonts", "ttf", f"{font}.ttf")), round(ZOOM * (7 + size)))
        image = Image.new("L", (ZOOM * SIDE, ZOOM * SIDE))
        at = (ZOOM * (SIDE / 2 + 0.5 * across), ZOOM * (SIDE / 2 + 0.5 * down))
        ImageDraw.Draw(image).text(at, SHOWN[letter], 255, font=face, anchor="mm")
        turned = np.asarray(image.rotate(12 * turn, Image.Resampling.BILINEAR), dtype=np.float64) / 255
        images.append(turned.reshape(SIDE, ZOOM, SIDE, ZOOM).mean(axis=(1, 3)))
        names.append((letter, family))
    return np.stack(images), np.array(names)


def glyph(column: int, numbers: Callable[[Array], Array]) -> tuple[Part, ...]:
    """Images of letters; ``column`` says which name is the class, z are the standardised numbers of the images."""
    parts = []
    all_of = numbers(glyphs(0)[0])
    for i in range(3):
        image, names = glyphs(i)
        z = (numbers(image) - all_of.mean(axis=0)) / all_of.std(axis=0)
        parts.append(as_part((image[:, None] - 0.2) / 0.27, names[:, column], z))
    return tuple(parts)


@lru_cache
def glyph_letter() -> tuple[Part, ...]:
    """Say which of eight letters is shown; z is the centre of its ink."""

    def centre(image: Array) -> Array:
        across, down = image.sum(axis=1), image.sum(axis=2)
        at = np.arange(SIDE) / image.sum(axis=(1, 2))[:, None]
        return np.stack([(across * at).sum(axis=1), (down * at).sum(axis=1)], axis=1)

    return glyph(0, centre)


@lru_cache
def glyph_font() -> tuple[Part, ...]:
    """Say of which of six families the font is; z is how much ink there is, and the share of it in the upper half."""

    def ink(image: Array) -> Array:
        total = image.sum(axis=(1, 2))
        return np.stack([total, image[:, : SIDE // 2].sum(axis=(1, 2)) / total], axis=1)

    return glyph(1, ink)


def height_patches(part: int, stripe: int = 25, step: int = 3) -> Array:
    """Return patches of heights in metres, [n, 8, 8]; of four stripes two go to train (part 0), one to val and test."""
    heights = np.load(matplotlib_file("sample_data", "jacksboro_fault_dem.npz"))["elevation"].astype(np.float64)
    return np.stack(
        [
            heights[row : row + PATCH, column : column + PATCH]
            for left in range(0, heights.shape[1] - stripe, stripe)
            if (0, 1, 0, 2)[left // stripe % 4] == part
            for column in range(left, left + stripe - PATCH + 1, step)
            for row in range(0, heights.shape[0] - PATCH + 1, step)
        ]
    )


@lru_cache
def elevation() -> tuple[Part, ...]:
    """Say where the missing centre of a patch of a map falls off to: 6 sectors; z is its height and its eastward rise.

    Heights are those above the mean of what is left of the patch.
    """
    parts = []
    for i in range(3):
        patches = height_patches(i)
        centre = patches[:, 3:5, 3:5].copy()
        patches[:, 3:5, 3:5] = np.nan
        level = np.nanmean(patches, axis=(1, 2))[:, None, None]
        east = (centre[:, :, 1] - centre[:, :, 0]).mean(axis=1)
        south = (centre[:, 1] - centre[:, 0]).mean(axis=1)
        sector = ((np.arctan2(south, east) / np.pi + 1) * 3).astype(np.int64) % 6
        z = np.stack([(centre - level).mean(axis=(1, 2)) / 21, east / 16], axis=1)
        parts.append(as_part(np.nan_to_num(patches - level)[:, None] / STEEP, sector, z))
    return tuple(parts)


@lru_cache
def source_windows(part: int, step: int = 5, block: int = 800) -> Tensor:
    """Return windows of the sources of six modules, characters [n, 16]; runs of blanks count as one.

    Blocks of 800 characters are dealt out: of five, three go to train (part 0) and one each to val and test.
    """
    windows = []
    for name in MODULES:
        spec = find_spec(name)
        assert spec and spec.origin
        text = Path(spec.origin).read_text(encoding="utf-8").lower()[:LENGTH]
        codes = [max(ALPHABET.find(c), 0) for c in text]
        codes = [c for c, before in zip(codes[1:], codes, strict=False) if not (c == 1 and before in BLANKS)]
        for start in range(0, len(codes) - block, block):
            if (0, 1, 0, 2, 0)[start // block % 5] == part:
                windows += [codes[i : i + WINDOW] for i in range(start, start + block - WINDOW, step)]
    return torch.tensor(windows)


def source(kinds: list[list[int]], classes: Callable[[Tensor], Tensor]) -> tuple[Part, ...]:
    """Windows of sources; z is the share of each kind of characters."""
    means = [share(source_windows(0), k).mean() for k in kinds]
    parts = []
    for i in range(3):
        windows = source_windows(i)
        z = torch.stack([(share(windows, k) - mean) * 8 for k, mean in zip(kinds, means, strict=True)], dim=1)
        parts.append(Part(windows, classes(windows), z))
    return tuple(parts)


def count(windows: Tensor, codes: list[int]) -> Tensor:
    return torch.isin(windows, torch.tensor(codes)).sum(dim=1)


@lru_cache
def source_letters() -> tuple[Part, ...]:
    """Say how many of 16 characters are letters: 6 classes; z is the share of vowels and of punctuation."""
    bounds = torch.tensor([8, 10, 11, 12, 13])
    return source([VOWELS, PUNCTUATION], lambda windows: torch.bucketize(count(windows, LETTERS), bounds))


@lru_cache
def source_signs() -> tuple[Part, ...]:
    """Count the punctuation among 16 characters, 0 … 4 and more; z is the share of letters and of blanks."""
    return source([LETTERS, BLANKS], lambda windows: count(windows, PUNCTUATION).clamp(max=4))


DATA_SETS = (glyph_letter, glyph_font, elevation, source_letters, source_signs)
