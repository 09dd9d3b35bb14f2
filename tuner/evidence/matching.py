"""Which prediction belongs to which label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tuner.evidence.predictions import Predicted

OVERLAP = 0.5
"""Intersection over union from which a box counts as found (PASCAL VOC; the "50" of mAP50)."""

Pairs = NDArray[np.int64]
"""One row a pair: the row of the label, the row of the prediction."""


def pairs(image: Predicted, *, same_class: bool, confidence: float = 0.0, overlap: float = OVERLAP) -> Pairs:
    """Return labels with their predictions, one each, the surest first and each with the best label that is left.

    ``same_class`` asks for the label's own class, as average precision does; without it a box of another class
    counts as a confusion, as in a confusion matrix. Predictions below ``confidence`` are left out.
    """
    found = image.found[image.found[:, 1] >= confidence]
    shared = overlaps(image.truth[:, 1:], found[:, 2:])
    if same_class:
        shared = np.where(image.truth[:, :1] == found[:, 0], shared, 0.0)
    matched = []
    for j in range(len(found)):
        i = int(np.argmax(shared[:, j])) if len(shared) else 0
        if len(shared) and shared[i, j] >= overlap:
            matched.append((i, j))
            shared[i] = 0.0
    return np.array(matched, np.int64).reshape(-1, 2)


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return intersection over union of boxes (n, 4) and (m, 4), centre and size, as (n, m)."""
    a, b = first[:, None, :], second[None, :, :]
    low = np.maximum(a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2)
    high = np.minimum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2)
    both = np.clip(high - low, 0, None).prod(-1)
    either = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - both
    shared: NDArray[np.float32] = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return shared
