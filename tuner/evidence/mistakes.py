"""The errors that a model is surest of, and the labels that they speak against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tuner.evidence import matching, scores
from tuner.evidence.predictions import Predicted, Predictions

SURE = 0.9
"""A classifier that is surer than this of nearly everything need not be as sure to doubt a label."""
NEAR = 0.1
"""A box that overlaps no label by more than this lies where nobody labelled anything."""

BESIDE = 0.25
"""One that overlaps the label next to it by less was drawn elsewhere; from there on, small boxes are only imprecise."""
MOST = 0.75
"""A box is as sure as usual where it is surer than the rest of those that met a label."""
FAINT = 0.1
"""As a share of how sure the model is usually: less than that near a label, and it sees nothing there."""
THIRDS, BLIND = 3, 0.15
"""Of labels by their size: where it sees nothing at more of a third than this, it is the model that is blind."""


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
    nearest = _nearest(whole)
    for i in sorted(set(range(len(image.truth))) - set(matched[:, 0].tolist())):
        yield Mistake(Kind.MISSED, number, 1.0 - float(nearest[i]), i, None)


def doubtful_labels(predictions: Predictions) -> list[Mistake]:
    """Return the errors that are likely the label's and not the model's, the likeliest first.

    A classifier's are chosen by confident learning (Northcutt et al., JAIR 2021): another class is predicted with at
    least the mean probability that its own samples get (0.9 at most), and they are ordered by how far the label's own
    class lies behind. A detector's box speaks against the labels where it is as sure as boxes that met one usually are,
    and lies beside what is labelled; that nothing is seen at a label speaks against it where labels of its size are.
    """
    return _doubtful_images(predictions) if predictions.classifies else _doubtful_boxes(predictions)


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
    """Return, for each class, the mean probability that it gets where it is the label, or what is sure enough.

    More than 1 for a class without any label.
    """
    classes: Sequence[int] = range(chances.shape[1])
    means = [chances[labels == k, k].mean() if (labels == k).any() else 2.0 for k in classes]
    return np.array([min(mean, SURE) if mean <= 1 else mean for mean in means])


def _doubtful_boxes(predictions: Predictions) -> list[Mistake]:
    usual = _usual_confidence(predictions)
    if usual is None:
        return []
    faint = FAINT * usual
    blind = _blind_sizes(predictions, faint)
    found = []
    for one in of(predictions, usual):
        image = predictions.images[one.image]
        match one.kind:
            case Kind.MISSED:
                size = _areas(image)[one.truth]
                speaks = 1 - one.confidence <= faint and not any(low <= size <= high for low, high in blind)
            case Kind.MISPLACED:
                speaks = matching.overlaps(image.truth[:, 1:], _box(image, one)).max() <= BESIDE
            case _:
                speaks = True
        found += [one] if speaks else []
    return found


def _box(image: Predicted, one: Mistake) -> NDArray[np.float32]:
    """Return the box that a mistake is about, (1, 4)."""
    boxes: NDArray[np.float32] = image.found[np.array([one.found], np.int64), 2:]
    return boxes


def _usual_confidence(predictions: Predictions) -> float | None:
    """Return how sure three of four boxes that met a label are; None where there is none."""
    sure: list[float] = []
    for image in predictions.images:
        met = matching.pairs(image, same_class=True)
        sure += image.found[met[:, 1], 1].tolist()
    return float(np.quantile(sure, 1 - MOST)) if sure else None


def _blind_sizes(predictions: Predictions, faint: float) -> list[tuple[float, float]]:
    """Return from and to which area labels are so often not seen at all that it says nothing of a single one."""
    areas = np.concatenate([_areas(image) for image in predictions.images])
    unseen = np.concatenate([_nearest(image) <= faint for image in predictions.images])
    parts = np.array_split(np.argsort(areas, kind="stable"), THIRDS)
    return [(areas[part[0]], areas[part[-1]]) for part in parts if len(part) and unseen[part].mean() > BLIND]


def _areas(image: Predicted) -> NDArray[np.float32]:
    areas: NDArray[np.float32] = image.truth[:, 3] * image.truth[:, 4]
    return areas


def _nearest(image: Predicted) -> NDArray[np.float32]:
    """Return, for each label, how sure the model is of the surest box near it; 0 where there is none."""
    near = matching.overlaps(image.truth[:, 1:], image.found[:, 2:]) > NEAR
    sure: NDArray[np.float32] = np.where(near, image.found[None, :, 1], 0).max(axis=1, initial=0)
    return sure
