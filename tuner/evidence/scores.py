"""Tables and curves: per class, per pair of classes, per confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuner.evidence import matching
from tuner.evidence.predictions import Predicted, Predictions

Floats = NDArray[np.float64]
CONFIDENCES = np.linspace(0, 1, 101)
RECALLS = np.linspace(0, 1, 101)
"""COCO's points of recall for the average precision."""


@dataclass(frozen=True)
class ClassScores:
    """One class at the confidence that is used: ``labels`` objects, ``found`` of them right, ``claimed`` in all."""

    name: str
    labels: int
    claimed: int
    right: int
    average_precision: float | None

    @property
    def precision(self) -> float | None:
        return self.right / self.claimed if self.claimed else None

    @property
    def recall(self) -> float | None:
        return self.right / self.labels if self.labels else None

    @property
    def f1(self) -> float | None:
        return 2 * self.right / (self.labels + self.claimed) if self.labels + self.claimed else None


@dataclass(frozen=True)
class Curves:
    """Means over the classes that have labels, at each of ``CONFIDENCES``, and precision at each of ``RECALLS``."""

    precision: Floats
    recall: Floats
    f1: Floats
    precision_of_recall: Floats

    @property
    def best(self) -> int:
        """The place of the confidence with the highest F1."""
        return int(np.argmax(self.f1))


@dataclass(frozen=True)
class Scores:
    """All counts of a split. ``confusion`` is (k + 1, k + 1): a row a label, the last none; a column a prediction.

    ``confidence`` is the one from which a detector's boxes count, that with the highest F1; a classifier's image is
    what it gives the highest probability.
    """

    confidence: float
    classes: tuple[ClassScores, ...]
    confusion: NDArray[np.int64]
    curves: Curves

    def confused(self) -> list[tuple[int, int, int]]:
        """Return label, prediction and how often, for what is taken for another, most often first."""
        k = len(self.classes)
        found = [(i, j, int(self.confusion[i, j])) for i in range(k) for j in range(k) if i != j]
        return sorted((pair for pair in found if pair[2]), key=lambda pair: -pair[2])


def score(predictions: Predictions) -> Scores:
    """Count everything; raises ValueError where there is no label at all."""
    if not any(len(image.truth) for image in predictions.images):
        raise ValueError(f"{predictions.split}: expected labels to compare with, but there is none")
    ranked = _ranked(predictions)
    curves = _curves(ranked)
    confidence = 0.0 if predictions.classifies else float(CONFIDENCES[curves.best])
    confusion = _confusion(predictions, confidence)
    classes = tuple(
        ClassScores(
            name,
            int(confusion[i].sum()),
            int(confusion[:, i].sum()),
            int(confusion[i, i]),
            float(_envelope(ranked[i]).mean()) if ranked[i].labels else None,
        )
        for i, name in enumerate(predictions.names)
    )
    return Scores(confidence, classes, confusion, curves)


def claims(image: Predicted, *, classifies: bool, confidence: float) -> Predicted:
    """Return the image with what the model claims alone: a classifier's first choice, a detector's surer boxes."""
    found = image.found[:1] if classifies else image.found[image.found[:, 1] >= confidence]
    return Predicted(image.image, image.truth, found)


def _confusion(predictions: Predictions, confidence: float) -> NDArray[np.int64]:
    none = len(predictions.names)
    counts = np.zeros((none + 1, none + 1), np.int64)
    for whole in predictions.images:
        image = claims(whole, classifies=predictions.classifies, confidence=confidence)
        matched = matching.pairs(image, same_class=False)
        truth, found = image.truth[:, 0].astype(int), image.found[:, 0].astype(int)
        np.add.at(counts, (truth[matched[:, 0]], found[matched[:, 1]]), 1)
        np.add.at(counts[:, none], np.delete(truth, matched[:, 0]), 1)
        np.add.at(counts[none], np.delete(found, matched[:, 1]), 1)
    return counts


@dataclass(frozen=True)
class _Ranked:
    """The predictions of one class over all images, surest first: how sure, and whether a label was met."""

    labels: int
    confidence: Floats
    right: NDArray[np.bool_]


def _ranked(predictions: Predictions) -> list[_Ranked]:
    """Return what there is of each class, from one walk over the images."""
    count, images = len(predictions.names), predictions.images
    # A box meets labels of its own class alone, so that one matching serves all classes.
    met = [np.zeros(len(image.found), bool) for image in images]
    for right, image in zip(met, images, strict=True):
        right[matching.pairs(image, same_class=True)[:, 1]] = True
    hits = np.concatenate(met)
    found = np.concatenate([image.found[:, :2] for image in images]).astype(float)
    labels = np.bincount(np.concatenate([image.truth[:, 0] for image in images]).astype(int), minlength=count)
    order = np.lexsort((-found[:, 1], found[:, 0]))
    parts = np.split(order, np.searchsorted(found[order, 0], np.arange(1, count)))
    return [_Ranked(int(n), found[part, 1], hits[part]) for n, part in zip(labels, parts, strict=True)]


def _curves(ranked: Sequence[_Ranked]) -> Curves:
    present = [one for one in ranked if one.labels]
    rows = []
    for one in present:
        hits = np.r_[0, np.cumsum(one.right)]
        counted = np.searchsorted(-one.confidence, -CONFIDENCES, side="right")
        right = hits[counted]
        precision = np.divide(right, counted, out=np.ones(len(counted)), where=counted > 0)
        recall = right / one.labels
        f1 = 2 * right / (one.labels + counted)
        rows.append((precision, recall, f1, _envelope(one)))
    precision, recall, f1, envelope = (np.mean(part, axis=0) for part in zip(*rows, strict=True))
    return Curves(precision, recall, f1, envelope)


def _envelope(one: _Ranked) -> Floats:
    """Return the highest precision at each recall or beyond; its mean is COCO's average precision."""
    hits = np.cumsum(one.right)
    precision = hits / np.arange(1, len(hits) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(hits / max(one.labels, 1), RECALLS - 1e-12)
    reached: Floats = np.where(place < len(highest), np.r_[highest, 0.0][np.minimum(place, len(highest))], 0.0)
    return reached
