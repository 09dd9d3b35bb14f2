"""Odd boxes: without area, next to nothing, nearly the whole image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tuner.data.doctor.dataset import DataSet
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.doctor.looks import Looks

TINY = 1.0
"""Pixels of the shorter side: what is smaller shows nothing. Objects cut by the border of their image may have two."""
HUGE, USUAL = 0.9, 0.5
"""A box that covers so much of its image is odd where the median box covers less than that."""


def check(data: DataSet, looks: Looks) -> Iterator[Finding]:
    """Yield findings about the boxes of every split."""
    if data.task == "classify":
        return
    samples = [sample for _, sample in data.samples()]
    sizes = np.full((len(samples), 2), np.nan, np.float32)
    sizes[looks.rows] = looks.statistics[:, :2]
    areas = [sample.objects[:, 3] * sample.objects[:, 4] for sample in samples]
    together = np.concatenate(areas) if areas else np.zeros(0)
    if not len(together):
        return
    flat = [s.path for s, area in zip(samples, areas, strict=True) if (area <= 0).any()]
    if flat:
        text = f"{sum(int((area <= 0).sum()) for area in areas)} boxes have no area, in {len(flat)} images"
        yield finding("flat_boxes", Level.WARNING, text, "draw them anew or drop them", flat)
    tiny = [
        s.path
        for s, size, area in zip(samples, sizes, areas, strict=True)
        if ((s.objects[:, 3:5] * size).min(axis=1, initial=np.inf)[area > 0] < TINY).any()
    ]
    if tiny:
        text = f"boxes in {len(tiny)} images have a side of less than {TINY:g} pixel"
        yield finding("tiny_boxes", Level.WARNING, text, "slips of the mouse? they can only be guessed", tiny)
    if np.median(together) < USUAL:
        huge = [s.path for s, area in zip(samples, areas, strict=True) if (area >= HUGE).any()]
        if huge:
            text = (
                f"boxes in {len(huge)} images cover {HUGE:.0%} of the image and more; the usual one {_usual(together)}"
            )
            yield finding("huge_boxes", Level.WARNING, text, "look whether an object is meant or the image", huge)


def _usual(areas: np.ndarray) -> str:
    return f"{float(np.median(areas)):.2g} of it"
