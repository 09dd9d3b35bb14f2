"""What a model predicted for the images of a split, as its program wrote it: a line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.data.doctor.dataset import WHOLE, Boxes
from tuner.errors import ConfigError

Found = NDArray[np.float32]
"""One row an object that was predicted: class, confidence, centre x, centre y, width, height; surest first."""


@dataclass(frozen=True)
class Predicted:
    """One image: what its labels say, (n, 5), and what the model says, (m, 6).

    A classifier's image is one object as large as itself, and the model says a row for every class.
    """

    image: str
    truth: Boxes
    found: Found


@dataclass(frozen=True)
class Predictions:
    """All images of a split; ``names`` are those of the classes, by their number."""

    task: str
    split: str
    names: tuple[str, ...]
    images: tuple[Predicted, ...]

    @property
    def classifies(self) -> bool:
        return self.task == "classify"


def header(task: str, split: str, names: Sequence[str]) -> str:
    """Return the first line of the file."""
    return json.dumps({"task": task, "split": split, "names": list(names)})


def line(image: str, truth: Any, found: Any) -> str:
    """Return the line of one image; boxes as rows of numbers."""
    return json.dumps({"image": image, "truth": truth, "found": found})


def of_probabilities(image: str, truth: int, probabilities: Sequence[float]) -> str:
    """Return the line of one image that was classified."""
    found = [[number, p, *WHOLE] for number, p in enumerate(probabilities)]
    return line(image, [[truth, *WHOLE]], found)


def read(path: Path) -> Predictions:
    """Return what stands in a file; raises ConfigError where it is none of ours."""
    try:
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        head = json.loads(first)
        names = tuple(map(str, head["names"]))
        images = tuple(_predicted(json.loads(row), len(names)) for row in rest)
        return Predictions(str(head["task"]), str(head["split"]), names, images)
    except FileNotFoundError:
        raise ConfigError(str(path), "", "expected predictions, but there is no such file") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(str(path), "", f"expected predictions, but they cannot be read ({error})") from None


def _predicted(row: dict[str, Any], classes: int) -> Predicted:
    truth, found = _rows(row["truth"], 5), _rows(row["found"], 6)
    for numbers in (truth[:, 0], found[:, 0]):
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= classes):
            raise ValueError(f"a class beyond the {classes} that have names")
    return Predicted(str(row["image"]), truth, found[np.argsort(-found[:, 1], kind="stable")])


def _rows(values: Any, columns: int) -> NDArray[np.float32]:
    found = np.asarray(values, np.float32).reshape(-1, columns)
    if not np.isfinite(found).all():
        raise ValueError("a number that is not finite")
    return found
