"""Make up SAR images of ships at sea: speckle, bright hulls with side lobes and wakes, land in some, boxes for all.

The sea is K-distributed, as is usual for sea clutter (E. Jakeman, P. Pusey, IEEE Trans. Antennas Propag. 24(6), 1976):
gamma-distributed speckle of a few looks times a slowly varying gamma texture. The rest is made to look like SSDD, and
only as true as it takes to try a detector's training: easier than real images, and no substitute for them.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from tuner.data.boxes import Box, Picture
from tuner.data.source import Source

NAME = "ship"
SMALLEST = 48
"""The side of an image, in pixels, below which ships would be dots."""
SHORTEST = 7.0
"""The length of the smallest ship in pixels; a third of the image is the greatest."""

EMPTY, LAND, SIDE_LOBES, WAKES = 0.05, 0.25, 0.3, 0.3
"""The share of images without a ship, with land, with side lobes, and of ships with a wake."""
SHIP_GREY = (130.0, 450.0)
"""How bright ships are, in grey values before they are cut off at 255; the sea has 8 to 70."""
TRIES = 30
MARGIN = 3
"""How many pixels ships keep from each other and from land."""

Plane = NDArray[np.float64]
"""Intensity or a mask, [size, size] or a window of that."""
Window = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True)
class _Ship:
    """Where a ship is, which way it heads (radians), its length and width, all in pixels."""

    x: float
    y: float
    heading: float
    length: float
    width: float

    def window(self, size: int) -> Window:
        """Return the rows and columns that the ship can touch, and a few more."""
        reach = self.length / 2 + MARGIN
        spans = ((middle - reach, middle + reach) for middle in (self.y, self.x))
        rows, columns = (slice(max(0, int(low)), min(size, int(high) + 1)) for low, high in spans)
        return rows, columns


def read(images: int, size: int, seed: int) -> Source:
    """Return ``images`` pictures of ``size`` x ``size`` pixels; each depends on its number and ``seed`` alone."""
    found = {}
    for number in range(images):
        draw = partial(_png, size, seed, number)
        pixels, boxes = picture(size, seed, number)
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        name = f"{number:06d}"
        found[name] = Picture(f"{name}.png", draw, digest, size, size, boxes)
    return Source("synthetic-ships", found)


def picture(size: int, seed: int, number: int) -> tuple[NDArray[np.uint8], tuple[Box, ...]]:
    """Return the grey values of one image, [size, size], and the boxes of its ships."""
    rng = np.random.default_rng([seed, number])
    sea = _sea(rng, size)
    land = _land(rng, size) if rng.random() < LAND else np.zeros((size, size))
    hulls = _hulls(rng, land)
    grey = float(np.exp(rng.uniform(np.log(8), np.log(70))))  # of the sea
    level = (rng.uniform(*SHIP_GREY) / grey) ** 2
    intensity = sea * (1 - land) + (land * _built(rng, size) if land.any() else 0)
    lobes = rng.uniform(-0.3, 0.3) if rng.random() < SIDE_LOBES else None
    for ship, hull in hulls:
        intensity += _traces(rng, ship, size, level, lobes)
        intensity[ship.window(size)] += level * _scattered(rng, ship, hull, size)
    pixels = np.clip(grey * np.sqrt(intensity), 0, 255).astype(np.uint8)
    return pixels, tuple(_box(ship, hull) for ship, hull in hulls)


def _png(size: int, seed: int, number: int) -> bytes:
    file = io.BytesIO()  # little compression, since speckle hardly compresses
    Image.fromarray(picture(size, seed, number)[0]).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _sea(rng: Generator, size: int) -> Plane:
    """Return sea clutter of mean intensity 1; in some images neighbouring pixels are alike, as after resampling."""
    looks, rough = rng.integers(1, 6), rng.uniform(2, 20)
    texture = _smooth(rng.gamma(rough, 1 / rough, (6, 6)), size).clip(0.1)
    fine = size if rng.random() < 0.6 else max(8, round(size / rng.uniform(1.5, 2.5)))
    return np.asarray(texture * _smooth(rng.gamma(looks, 1 / looks, (fine, fine)), size).clip(0))


def _land(rng: Generator, size: int) -> Plane:
    """Return a mask of land at one side or corner, its shore uneven."""
    y, x = np.mgrid[:size, :size] / (size - 1) - 0.5
    side = rng.uniform(0, 2 * np.pi)
    offshore = x * np.cos(side) + y * np.sin(side) + 0.2 * (_smooth(rng.random((6, 6)), size) - 0.5)
    return np.asarray(offshore > rng.uniform(0.15, 0.4), dtype=np.float64)


def _built(rng: Generator, size: int) -> Plane:
    """Return the intensity of land: uneven ground, and patches of bright points in rows, as of houses and quays."""
    ground = 4 * _smooth(rng.gamma(1.0, 1.0, (12, 12)), size).clip(0.2)
    along, across = _along(_Ship(0, 0, rng.uniform(0, np.pi), 1, 1), _everywhere(size))
    step = rng.uniform(4, 8)
    rows = (np.sin(2 * np.pi * along / step) > 0.7) | (np.sin(np.pi * across / step) > 0.9)
    houses = 40 * rows * (_smooth(rng.random((9, 9)), size) > 0.5) * rng.gamma(0.3, 1.0, (size, size))
    return np.asarray(ground * rng.gamma(1.0, 1.0, (size, size)) + houses)


def _hulls(rng: Generator, land: Plane) -> list[tuple[_Ship, Plane]]:
    """Return ships that touch neither each other nor land, each with the mask of its hull in its window."""
    size = len(land)
    wanted = 0 if rng.random() < EMPTY else int(min(rng.geometric(0.45), 12))
    taken = land > 0
    found: list[tuple[_Ship, Plane]] = []
    for _ in range(TRIES * wanted):
        ship = _ship(rng, size)
        if len(found) < wanted and not taken[ship.window(size)].any():
            taken[ship.window(size)] = True
            found.append((ship, _hull(ship, size)))
    return found


def _ship(rng: Generator, size: int) -> _Ship:
    length = float(np.exp(rng.uniform(np.log(SHORTEST), np.log(size / 3))))
    margin = length / 2 + 1
    x, y = rng.uniform(margin, size - margin, 2)
    return _Ship(x, y, rng.uniform(0, np.pi), length, max(2.5, length * rng.uniform(0.18, 0.35)))


def _everywhere(size: int) -> Window:
    return slice(0, size), slice(0, size)


def _along(ship: _Ship, window: Window) -> tuple[Plane, Plane]:
    """Return for each pixel how far along the ship and how far abeam it lies, in pixels from its middle."""
    y, x = np.ogrid[window]
    dx, dy = x + 0.5 - ship.x, y + 0.5 - ship.y
    cos, sin = np.cos(ship.heading), np.sin(ship.heading)
    return dx * cos + dy * sin, dy * cos - dx * sin


def _hull(ship: _Ship, size: int) -> Plane:
    """Return the share of each pixel that the hull covers: a rectangle that tapers to its ends."""
    along, abeam = _along(ship, ship.window(size))
    beam = ship.width / 2 * (1 - np.clip(2 * np.abs(along) / ship.length, 0, 1) ** 4)
    return np.asarray(np.clip(beam - np.abs(abeam) + 0.5, 0, 1) * (np.abs(along) < ship.length / 2))


def _scattered(rng: Generator, ship: _Ship, hull: Plane, size: int) -> Plane:
    """Return how brightly a hull shines: points of all strengths, bow, bridge and stern unlike, blurred a little."""
    along, _ = _along(ship, ship.window(size))
    strengths = rng.gamma(2.0, 0.5, 5)
    profile = np.interp(along / ship.length, np.linspace(-0.5, 0.5, 5), strengths)
    points = hull * profile * rng.gamma(0.7, 1 / 0.7, hull.shape)
    for axis in (0, 1):
        points = 0.2 * np.roll(points, 1, axis) + 0.6 * points + 0.2 * np.roll(points, -1, axis)
    return np.asarray(points)


def _traces(rng: Generator, ship: _Ship, size: int, level: float, lobes: float | None) -> Plane | float:
    """Return what a ship leaves beside its hull: side lobes along both axes of the radar, a wake astern."""
    light: Plane | float = 0.0
    if lobes is not None:
        along, abeam = _along(replace(ship, heading=lobes), _everywhere(size))
        for far, near in ((along, abeam), (abeam, along)):
            light = light + 0.5 * level * np.exp(-((near / 0.9) ** 2)) / (1 + (far / (0.4 * ship.width)) ** 2)
    if rng.random() < WAKES:
        along, abeam = _along(ship, _everywhere(size))
        astern = along - ship.length / 2
        fading = np.exp(-np.clip(astern, 0, None) / ship.length) * (astern > 0)
        light = light + 3 * fading * np.exp(-((abeam / ship.width) ** 2))
    return light * rng.gamma(1.0, 1.0, (size, size)) if isinstance(light, np.ndarray) else light


def _box(ship: _Ship, hull: Plane) -> Box:
    """Return the box around what the hull covers at least half."""
    rows, columns = (np.flatnonzero((hull >= 0.5).any(axis=axis)) for axis in (1, 0))
    top, left = (max(0, int(middle - ship.length / 2 - MARGIN)) for middle in (ship.y, ship.x))
    sides = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    return Box(NAME, *map(float, sides))


def _smooth(coarse: Plane, size: int) -> Plane:
    """Return a coarse grid of values blown up to ``size`` x ``size``, smoothly."""
    if coarse.shape == (size, size):
        return coarse
    grown = Image.fromarray(coarse.astype(np.float32)).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(grown, dtype=np.float64)
