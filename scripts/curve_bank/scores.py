"""The scores that trainers log beside accuracy and R2: of classes, of numbers, of boxes and of masks."""

from __future__ import annotations

import torch
from torch import Tensor

from scripts.curve_bank.data import LATEST
from scripts.curve_bank.samples import Part
from tuner.inside.scores import confused

BOXES: frozenset[str] = frozenset().union(*(getattr(part, "BOXES", ()) for part in LATEST))
MASKS: frozenset[str] = frozenset().union(*(getattr(part, "MASKS", ()) for part in LATEST))

LOWER_IS_BETTER = frozenset({"error", "rmse", "mae"})
SHARES = frozenset({"accuracy", "error", "f1", "IoU", "dice", "mAP50"})
"""Scores from 0 to 1, which are logged in per cent now and then."""

LIMIT = 0.5
"""The overlap from which a box is found, and the value from which a pixel belongs to a mask."""

SAME = {"accuracy": ("accuracy", "error"), "r2": ("r2", "rmse")}
"""Scores that say the same as the one by which an effect was verified."""


def of_mode(mode: str, name: str) -> list[tuple[str, ...]]:
    """Return the sets of scores that a trainer may log of a task."""
    classes: list[tuple[str, ...]] = [("accuracy",), ("error",), ("f1",), ("accuracy", "f1")]
    numbers: list[tuple[str, ...]] = [("r2",), ("rmse",), ("mae",), ("r2", "mae")]
    if name in MASKS:
        numbers = [("IoU",), ("dice",), ("IoU", "dice")]
    elif name in BOXES:
        numbers = [("IoU",), ("mae", "IoU")]
    if mode == "cls":
        return classes
    if mode == "box":
        return numbers
    both = [(*a, *b) for a in numbers[:2] for b in classes[:3]]
    return [*both, ("mAP50",), ("mAP50", "IoU")] if name in BOXES else [*both, *numbers[:1], *classes[:1]]


def others(name: str, out: Tensor, part: Part, classes: int) -> dict[str, float]:
    """Return the scores of outputs of shape [n, classes + numbers] beside accuracy and R2."""
    logits, z = out[:, :classes], out[:, classes:]
    said, off = logits.argmax(dim=1), z - part.z
    found = {"error": float((said != part.y).float().mean()), "f1": macro_f1(said, part.y, classes)}
    found |= {"rmse": float((off**2).mean().sqrt()), "mae": float(off.abs().mean())}
    if name in MASKS:
        found |= of_masks(z > LIMIT, part.z > LIMIT)
    if name in BOXES:
        overlap = of_boxes(z, part.z)
        found |= {"IoU": float(overlap.mean()), "mAP50": mean_precision(logits, part.y, overlap > LIMIT)}
    return found


def macro_f1(said: Tensor, y: Tensor, classes: int) -> float:
    """Return the mean F1 of the classes that there are."""
    table = confused(y, said, classes).float()
    there = table.sum(dim=1) > 0
    return float((2 * table.diagonal() / (table.sum(dim=0) + table.sum(dim=1)).clamp(min=1))[there].mean())


def of_masks(said: Tensor, true: Tensor) -> dict[str, float]:
    both, either = float((said & true).sum()), float((said | true).sum())
    return {"IoU": both / max(either, 1.0), "dice": 2 * both / max(both + either, 1.0)}


def of_boxes(said: Tensor, true: Tensor) -> Tensor:
    """Return the overlap of boxes, (centre, width and height) [n, 4]: intersection over union, [n]."""
    size, true_size = said[:, 2:].clamp(min=1e-6), true[:, 2:]
    low = torch.maximum(said[:, :2] - size / 2, true[:, :2] - true_size / 2)
    high = torch.minimum(said[:, :2] + size / 2, true[:, :2] + true_size / 2)
    common = (high - low).clamp(min=0).prod(dim=1)
    overlap: Tensor = common / (size.prod(dim=1) + true_size.prod(dim=1) - common)
    return overlap


def mean_precision(logits: Tensor, y: Tensor, fits: Tensor) -> float:
    """Return the mean over the classes of the area under precision over recall, each image with one object."""
    sure, said = logits.softmax(dim=1).max(dim=1)
    order = sure.argsort(descending=True)
    areas = []
    for c in y.unique().tolist():
        own = order[said[order] == c]
        hit = ((y[own] == c) & fits[own]).float()
        precision = hit.cumsum(0) / torch.arange(1, len(own) + 1)
        areas.append(float((precision * hit).sum() / (y == c).sum()))
    return sum(areas) / len(areas)
