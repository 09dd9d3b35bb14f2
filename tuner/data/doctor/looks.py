"""What every image of a set looks like, in a few numbers: read once, side by side on all cores.

An image takes 300 bytes whatever its size, so that a set of 100,000 images fits into 30 MB.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from tuner.data.doctor.dataset import Sample

Pixels = NDArray[np.float32]

STATISTICS = ("width", "height", "brightness", "contrast", "sharpness", "colour")
"""Sides in pixels; mean and standard deviation of the grey values, mean step between neighbours, mean saturation."""
SIDE, THUMB, FREQUENCIES = 32, 16, 8
DRAFT = 128
"""JPEGs are decoded at a fraction of their size that leaves them so many pixels a side: a quarter of the time."""
GREY_STEPS = 255.0
ROW = np.dtype(
    [("digest", "S32"), ("hash", "u8"), ("thumb", "u1", (THUMB, THUMB)), ("statistics", "f4", (len(STATISTICS),))]
)
WAITING = 1024
"""Images that are handed to the threads at a time."""


@dataclass(frozen=True)
class Looks:
    """A row for each image that could be read; ``rows`` are their places among all, ``problems`` what the others have.

    ``digests`` are the same for identical content, ``hashes`` differ in few of 63 bits for pictures that look alike,
    ``thumbs`` are (n, 16, 16) grey values, ``statistics`` (n, 6).
    """

    rows: NDArray[np.int64]
    digests: NDArray[np.bytes_]
    hashes: NDArray[np.uint64]
    thumbs: NDArray[np.uint8]
    statistics: NDArray[np.float32]
    problems: dict[int, str]


@dataclass(frozen=True)
class _Look:
    digest: bytes
    hash: int
    thumb: NDArray[np.uint8]
    statistics: tuple[float, ...]


def look(samples: Sequence[Sample], told: Callable[[int], None] = lambda done: None) -> Looks:
    """Look at every image; ``told`` is called with how many were looked at."""
    kept = np.zeros(len(samples), ROW)
    problems: dict[int, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Handed out part by part, since each image that waits for its turn takes memory.
        for begin in range(0, len(samples), WAITING):
            for i, one in enumerate(pool.map(_tried, samples[begin : begin + WAITING]), begin):
                if isinstance(one, _Look):
                    kept[i] = (one.digest, one.hash, one.thumb, one.statistics)
                else:
                    problems[i] = one
                told(i + 1)
    rows = np.setdiff1d(np.arange(len(samples)), list(problems))
    if problems:
        kept = kept[rows]
    return Looks(rows, kept["digest"], kept["hash"], kept["thumb"], kept["statistics"], problems)


def _tried(sample: Sample) -> _Look | str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _of_file(sample.path) if sample.pixels is None else _of_array(sample.pixels)
    except Exception as error:
        # A damaged file makes Pillow's many parsers raise anything.
        return " ".join(str(error).split()) or type(error).__name__


def _of_file(path: str) -> _Look:
    data = Path(path).read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        size = image.size
        image.draft("RGB", (DRAFT, DRAFT))
        small = image.convert("RGB").resize((SIDE * 2, SIDE * 2), Image.Resampling.BOX)
    return _look(hashlib.sha256(data).hexdigest()[:32].encode(), size, small)


def _of_array(pixels: NDArray[np.generic]) -> _Look:
    values = np.asarray(pixels, np.float64)
    low, high = values.min(), values.max()
    scaled = (values - min(low, 0.0)) / (max(high, 1e-12) - min(low, 0.0)) * GREY_STEPS
    image = Image.fromarray(scaled.squeeze().astype(np.uint8))
    small = image.convert("RGB").resize((SIDE * 2, SIDE * 2), Image.Resampling.BOX)
    return _look(hashlib.sha256(pixels.tobytes()).hexdigest()[:32].encode(), image.size, small)


def _look(digest: bytes, size: tuple[int, int], small: Image.Image) -> _Look:
    grey = small.convert("L")
    values: Pixels = np.asarray(grey, np.float32)
    steps = np.abs(np.diff(values, axis=0)).mean() + np.abs(np.diff(values, axis=1)).mean()
    saturation = float(np.asarray(small.convert("HSV"))[..., 1].mean())
    thumb = np.asarray(grey.resize((THUMB, THUMB), Image.Resampling.BOX), np.uint8)
    statistics = (*map(float, size), float(values.mean()), float(values.std()), float(steps), saturation)
    return _Look(digest, _hash(grey), thumb, statistics)


def _hash(grey: Image.Image) -> int:
    """Return the perceptual hash: which of the 63 lowest frequencies are above their median (Zauner 2010, pHash)."""
    values: Pixels = np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    low = dctn(values, norm="ortho")[:FREQUENCIES, :FREQUENCIES].ravel()[1:]
    bits = low > np.median(low)
    return int(sum(1 << i for i in np.flatnonzero(bits).tolist()))
