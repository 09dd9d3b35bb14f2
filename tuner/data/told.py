"""Say what was found in a data set, once it is prepared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tuner.data.prepare import Report
from tuner.data.summary import Summary

PARTS = {"train": "training", "val": "validation", "test": "test"}
FEW = 10
"""How many names are listed; the report beside the data has them all."""


def preparation(report: Report, dest: Path, written: int) -> Iterator[str]:
    """Yield the lines on a data set that was just prepared, or was so before."""
    splits, names = report["splits"], report["names"]
    total = {key: sum(split[key] for split in splits.values()) for key in ("images", "boxes", "background")}
    of_classes = f"{total['boxes']} boxes ({few(names)})"
    yield f"{total['images']} images, {of_classes}, {total['background']} images without a box"
    for name, split in splits.items():
        how = f"  {split['how']}" if "how" in split else ""
        yield f"  {name:<6}{split['images']:>6} images {split['boxes']:>7} boxes{how}"
    yield f"  boxes   {_dropped(report)}"
    yield f"          {_per_image(report)}"
    yield f"  images  {_sizes(report)}"
    yield f"  copies  {_copies(report)}"
    yield from (f"  ! {warning}" for warning in _warnings(report))
    yield f"{_written(written, dest)}; to train on it: {dest / 'data.yaml'}"


def counts(found: Summary) -> str:
    """Return a data set in one line: how many images in which split, and its classes."""
    images = ", ".join(f"{split.images} {PARTS.get(name, name)}" for name, split in found.splits.items())
    classes = "1 class" if len(found.names) == 1 else f"{len(found.names)} classes"
    return f"{images} images, {classes} ({few(found.names)})"


def few(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    return ", ".join(names[:FEW]) + (f" … {len(names) - FEW} more" if len(names) > FEW else "")


def _dropped(report: Report) -> str:
    dropped, clipped = report["boxes_dropped"], report["boxes_clipped"]
    reasons = ", ".join(f"{count} {why}" for why, count in dropped.items())
    clips = f"{clipped} clipped to the image" if clipped else "none clipped"
    return f"{sum(dropped.values())} dropped: {reasons}; {clips}" if dropped else f"none dropped, {clips}"


def _per_image(report: Report) -> str:
    fewest, usual, most = report["boxes_per_image"]
    small, middle, large = report["box_longer_side"]
    per_image = f"{fewest} to {most} an image, median {usual:g}"
    return f"{per_image}; their longer side {small:.3g} to {large:.3g} pixels, median {middle:.3g}"


def _sizes(report: Report) -> str:
    (narrow, _, wide), (low, _, high) = report["image_width"], report["image_height"]
    return f"{narrow} to {wide} by {low} to {high} pixels"


def _copies(report: Report) -> str:
    copies = report["copies"]
    if not copies["groups"]:
        return "no two images are byte-identical"
    differ = len(copies["with_other_boxes"])
    boxes = f"; in {differ} groups their boxes differ" if differ else ""
    return f"{copies['images']} images in {copies['groups']} groups of byte-identical ones{boxes}"


def _warnings(report: Report) -> Iterator[str]:
    copies, splits = report["copies"], report["splits"]
    if tests := copies["of_test_in_train_or_val"]:
        names = few(tests)
        yield f"{len(tests)} of {splits['test']['images']} test images have an exact copy in train or val: {names}"
    if vals := copies["of_val_in_train"]:
        yield f"{len(vals)} of {splits['val']['images']} val images have an exact copy in train: {few(vals)}"
    yield from report["remarks"]


def _written(written: int, dest: Path) -> str:
    return f"{written} files written to {dest}" if written else f"{dest} holds all of this already: nothing was changed"
