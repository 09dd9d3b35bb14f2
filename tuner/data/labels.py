"""One YOLO label file: read and judged as Ultralytics judges it, with the line of the first mistake."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tuner.errors import ConfigError

TOLERANCE = 0.01
"""How far outside 0 … 1 a coordinate may lie; Ultralytics drops an image only beyond that."""

BOX = 5
SHORTEST_POLYGON = 7
CORNERS = 9


@dataclass(frozen=True)
class Rule:
    """What a task expects of a label file; ``keypoints`` are how many, and how many numbers each has."""

    task: str
    classes: int
    keypoints: tuple[int, int] | None = None

    @property
    def pose_columns(self) -> int:
        count, numbers = self.keypoints or (0, 0)
        return BOX + count * numbers


NO_BOXES: NDArray[np.float32] = np.zeros((0, BOX), np.float32)


@dataclass(frozen=True)
class Content:
    """How many objects a label file holds, how many of them stand there twice, and how many have no area.

    ``boxes`` are those that do not repeat another, a row each: class, centre x and y, width, height; of a polygon the
    box around it.
    """

    objects: int = 0
    repeated: int = 0
    without_area: int = 0
    boxes: NDArray[np.float32] = field(default_factory=lambda: NO_BOXES, compare=False, repr=False)


def of_image(path: str) -> str:
    """Return where Ultralytics looks for the labels of an image: the last folder ``images`` becomes ``labels``."""
    images, labels = f"{os.sep}images{os.sep}", f"{os.sep}labels{os.sep}"
    return labels.join(path.rsplit(images, 1)).rpartition(".")[0] + ".txt"


def read(path: str, rule: Rule) -> Content | None:
    """Return what the label file holds, None where there is no file; raises ConfigError for the first bad line."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except UnicodeDecodeError:
        raise ConfigError(path, "", "expected text in UTF-8, but got something else") from None
    rows = [(i, line.split()) for i, line in enumerate(lines, 1) if line.strip()]
    seen = dict.fromkeys(tuple(_numbers(path, i, row, rule)) for i, row in rows)
    _one_kind(path, rows, rule)
    flat = sum(len(row) == BOX and row[3] * row[4] == 0 for row in seen)
    boxes = np.array([_around(row, rule) for row in seen], np.float32) if seen else NO_BOXES
    return Content(len(rows), len(rows) - len(seen), flat, boxes)


def _around(row: tuple[float, ...], rule: Rule) -> tuple[float, ...]:
    """Return class, centre, width and height of an object; of a polygon those of the box around it."""
    if _has_box(len(row), rule):
        return row[:BOX]
    (left, right), (top, bottom) = ((min(v), max(v)) for v in (row[1::2], row[2::2]))
    return row[0], (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def _numbers(path: str, line: int, row: list[str], rule: Rule) -> list[float]:
    """Return one object as numbers: its class, then coordinates relative to the image."""
    where = f"{path}:{line}"
    if not _fits(len(row), rule):
        raise ConfigError(where, "", f"expected {_columns(rule)}, but got {len(row)} columns")
    try:
        numbers = [float(cell) for cell in row]
    except ValueError:
        raise ConfigError(where, "", f"expected numbers, but got '{' '.join(row)[:60]}'") from None
    if numbers[0] not in range(rule.classes):
        problem = f"expected a whole number from 0 to {rule.classes - 1}, but got {row[0]}"
        raise ConfigError(where, "class", problem)
    for name, value in _shares(numbers, rule):
        # Written so that a value that is not a number is refused too.
        if not -TOLERANCE <= value <= 1 + TOLERANCE:
            raise ConfigError(where, name, f"expected a share of the image from 0 to 1, but got {value:g}")
    if _has_box(len(row), rule) and min(numbers[3:5]) < 0:
        raise ConfigError(where, "size", f"expected no negative width or height, but got {row[3]} and {row[4]}")
    return numbers


def _shares(numbers: list[float], rule: Rule) -> Iterator[tuple[str, float]]:
    """Yield what has to be a share of the image, by name.

    Of a polygon that is the box around it, so that a point may lie outside, as tools for drawing leave it.
    """
    if not _has_box(len(numbers), rule):
        yield from (("point", value) for value in numbers[1:] if not math.isfinite(value))
        for name, values in (("x", numbers[1::2]), ("y", numbers[2::2])):
            yield name, (min(values) + max(values)) / 2
            yield name, max(values) - min(values)
        return
    yield from zip(("x", "y", "width", "height"), numbers[1:BOX], strict=True)
    if len(numbers) > BOX and rule.keypoints:
        step = rule.keypoints[1]
        for index, value in enumerate(numbers[BOX:]):
            # Whether a keypoint is visible is no share; Ultralytics wants nothing but that it is not negative.
            yield f"keypoint {index // step + 1}", value if index % step < 2 or math.isnan(value) else min(value, 0.0)


def _one_kind(path: str, rows: list[tuple[int, list[str]]], rule: Rule) -> None:
    """Refuse boxes and polygons in one file, which Ultralytics drops as a whole."""
    first = next(iter(rows), None)
    for line, row in rows:
        if first and _has_box(len(row), rule) != _has_box(len(first[1]), rule):
            kinds = "columns as in the lines before (boxes or polygons, not both)"
            raise ConfigError(f"{path}:{line}", "", f"expected {kinds}, but got {len(row)} columns")


def _has_box(columns: int, rule: Rule) -> bool:
    return columns == BOX or (rule.keypoints is not None and columns == rule.pose_columns)


def _fits(columns: int, rule: Rule) -> bool:
    polygon = columns % 2 == 1 and columns >= (CORNERS if rule.task == "obb" else SHORTEST_POLYGON)
    if rule.task == "pose":
        return columns == rule.pose_columns
    return polygon or (rule.task == "detect" and _has_box(columns, rule))


def _columns(rule: Rule) -> str:
    return {
        "detect": "5 columns (class, x, y, width, height)",
        "segment": "a class and at least 3 points (7 columns, 9, 11 …)",
        "obb": "9 columns (class and four corners)",
        "pose": f"{rule.pose_columns} columns (class, box, keypoints)",
    }[rule.task]
