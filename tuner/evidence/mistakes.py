"""The errors that a model is surest of, and the labels that they speak against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tuner.evidence import matching, scores
from tuner.evidence.predictions import Predicted, Predictions

NEAR = 0.1
"""A box that overlaps no label by more than this lies where nobody labelled anything."""


class Kind(StrEnum):
    """What is wrong: another class, something where no label is, a box beside a label, or none where one is."""

    CONFUSED = "confused"
    INVENTED = "invented"
    MISPLACED = "misplaced"
    MISSED = "missed"


@dataclass(frozen=True)
class Mistake:
    """One error: ``truth`` is a row of the image's labels, ``found`` one of its predictions, None where there is none.

    ``confidence`` is that of the prediction; of a missed label how sure the model is that nothing is there.
    """

    kind: Kind
    image: int
    confidence: float
    truth: int | None = None
    found: int | None = None


def of(predictions: Predictions, confidence: float) -> list[Mistake]:
    """Return every error, those first of which the model is surest; detectors' boxes count from ``confidence``."""
    found = [
        mistake
        for number, image in enumerate(predictions.images)
        for mistake in _of_image(number, image, predictions.classifies, confidence)
    ]
    return sorted(found, key=lambda mistake: (-mistake.confidence, mistake.image))


def _of_image(number: int, whole: Predicted, classifies: bool, confidence: float) -> Iterator[Mistake]:
    image = scores.claims(whole, classifies=classifies, confidence=confidence)
    matched = matching.pairs(image, same_class=False)
    for i, j in matched.tolist():
        if image.truth[i, 0] != image.found[j, 0]:
            yield Mistake(Kind.CONFUSED, number, float(image.found[j, 1]), i, j)
    shared = matching.overlaps(image.truth[:, 1:], image.found[:, 2:])
    for j in sorted(set(range(len(image.found))) - set(matched[:, 1].tolist())):
        near = bool(len(shared)) and shared[:, j].max() > NEAR
        yield Mistake(Kind.MISPLACED if near else Kind.INVENTED, number, float(image.found[j, 1]), None, j)
    every = matching.overlaps(whole.truth[:, 1:], whole.found[:, 2:])
    for i in sorted(set(range(len(image.truth))) - set(matched[:, 0].tolist())):
        near = whole.found[every[i] > NEAR, 1]
        yield Mistake(Kind.MISSED, number, 1.0 - float(near.max() if len(near) else 0.0), i, None)


def doubtful_labels(predictions: Predictions) -> list[Mistake]:
    """Return the errors that are likely the label's and not the model's, the likeliest first.

    A classifier's are chosen by confident learning (Northcutt et al., JAIR 2021): another class is predicted with at
    least the mean probability that its own samples get, and they are ordered by how far the label's own class lies
    behind. A detector's box speaks against the labels where it is at least as sure as half of the boxes that met one.
    """
    if predictions.classifies:
        return _doubtful_images(predictions)
    sure = _usual_confidence(predictions)
    return [] if sure is None else [m for m in of(predictions, sure) if m.kind in (Kind.CONFUSED, Kind.INVENTED)]


def _doubtful_images(predictions: Predictions) -> list[Mistake]:
    labels = np.array([int(image.truth[0, 0]) for image in predictions.images])
    chances = np.array([_probabilities(image, len(predictions.names)) for image in predictions.images])
    usual = _usual_probability(chances, labels)
    found = []
    for number, (label, chance) in enumerate(zip(labels, chances, strict=True)):
        confident = np.where(chance >= usual, chance, -1.0)
        best = int(np.argmax(confident))
        if confident[best] >= 0 and best != label:
            row = int(np.flatnonzero(predictions.images[number].found[:, 0] == best)[0])
            found.append((chance[label] - chance[best], Mistake(Kind.CONFUSED, number, float(chance[best]), 0, row)))
    return [mistake for _, mistake in sorted(found, key=lambda pair: (pair[0], pair[1].image))]


def _probabilities(image: Predicted, classes: int) -> NDArray[np.float64]:
    chances = np.zeros(classes)
    chances[image.found[:, 0].astype(int)] = image.found[:, 1]
    return chances


def _usual_probability(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return, for each class, the mean probability that it gets where it is the label; more than 1 without any."""
    classes: Sequence[int] = range(chances.shape[1])
    return np.array([chances[labels == k, k].mean() if (labels == k).any() else 2.0 for k in classes])


def _usual_confidence(predictions: Predictions) -> float | None:
    sure = []
    for image in predictions.images:
        met = matching.pairs(image, same_class=True)
        sure += image.found[met[:, 1], 1].tolist()
    return float(np.median(sure)) if sure else None
