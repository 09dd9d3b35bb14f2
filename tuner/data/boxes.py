"""Boxes around objects: made fit for training, written as YOLO labels, and what was wrong with them counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

CLIPPED = "clipped to the image"
"""The one entry of a tally that is no reason for dropping a box."""


@dataclass(frozen=True)
class Box:
    """The name of a class and the sides of a rectangle, in pixels from the upper left corner of the image."""

    name: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True)
class Picture:
    """An image and its boxes; ``content`` is its file or makes its bytes, ``digest`` tells whether two are the same."""

    name: str
    content: Path | Callable[[], bytes]
    digest: str
    width: int
    height: int
    boxes: tuple[Box, ...]

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]

    def labels(self, names: list[str]) -> str:
        """Return the YOLO label file: a line a box, its class and centre, width and height as shares of the image."""
        return "".join(self._line(box, names.index(box.name)) for box in self.boxes)

    def _line(self, box: Box, number: int) -> str:
        x, y = (box.left + box.right) / 2 / self.width, (box.top + box.bottom) / 2 / self.height
        return f"{number} {x:.6f} {y:.6f} {box.width / self.width:.6f} {box.height / self.height:.6f}\n"


def tidy(boxes: Iterable[Box], width: int, height: int, tally: Counter[str]) -> tuple[Box, ...]:
    """Return the boxes that lie in an image of ``width`` x ``height`` pixels, clipped to it; count the others."""
    kept: list[Box] = []
    for box in boxes:
        clipped = Box(box.name, max(box.left, 0), max(box.top, 0), min(box.right, width), min(box.bottom, height))
        reason = _reason(box, clipped, kept)
        if reason:
            tally[reason] += 1
            continue
        tally[CLIPPED] += clipped != box
        kept.append(clipped)
    return tuple(kept)


def _reason(box: Box, clipped: Box, kept: list[Box]) -> str | None:
    """Return why a box is dropped, if it is."""
    if not all(math.isfinite(side) for side in (box.left, box.top, box.right, box.bottom)):
        return "not finite"
    if box.width <= 0 or box.height <= 0:
        return "degenerate"
    if clipped.width <= 0 or clipped.height <= 0:
        return "outside the image"
    return "there twice" if clipped in kept else None
