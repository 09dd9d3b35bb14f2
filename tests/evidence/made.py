"""Predictions made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tuner.data.doctor.dataset import WHOLE
from tuner.evidence.predictions import Predicted, Predictions

NAMES = ("cat", "dog", "owl")


def detected(truth: Sequence[Sequence[float]], found: Sequence[Sequence[float]], image: str = "a.jpg") -> Predicted:
    """Return an image with labels (class, x, y, w, h) and predictions (class, confidence, x, y, w, h)."""
    return Predicted(image, np.array(truth, np.float32).reshape(-1, 5), np.array(found, np.float32).reshape(-1, 6))


def detections(*images: Predicted, names: Sequence[str] = NAMES) -> Predictions:
    return Predictions("detect", "val", tuple(names), images)


def classified(label: int, *chances: float, image: str = "a.jpg") -> Predicted:
    found = sorted(((k, p, *WHOLE) for k, p in enumerate(chances)), key=lambda row: -row[1])
    return detected([(label, *WHOLE)], found, image)


def classifications(*images: Predicted, names: Sequence[str] = NAMES) -> Predictions:
    return Predictions("classify", "val", tuple(names), images)
