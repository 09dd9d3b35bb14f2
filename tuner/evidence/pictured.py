"""Which images are shown: those with the errors that a model is surest of, and some that it has right."""

from __future__ import annotations

from collections.abc import Iterable

from tuner.evidence import mistakes
from tuner.evidence.mistakes import Mistake
from tuner.evidence.predictions import Predictions

PICTURES = 24
"""So many images with errors, and with doubtful labels, are shown: about 400 kB."""
RIGHT = 6


def first(of: Iterable[Mistake]) -> dict[int, list[Mistake]]:
    """Return the images of the first mistakes, each with all that is wrong with it."""
    images: dict[int, list[Mistake]] = {}
    for one in of:
        images.setdefault(one.image, []).append(one)
    return dict(list(images.items())[:PICTURES])


def right(predictions: Predictions) -> list[int]:
    """Return some images that a classifier has right, the typical one of a class: that of which it is as sure as usual.

    Of many classes those with the most images are shown.
    """
    of_class: dict[int, list[tuple[float, int]]] = {}
    for number, image in enumerate(predictions.images):
        label, sure = int(image.truth[0, 0]), image.found[0]
        if int(sure[0]) == label:
            of_class.setdefault(label, []).append((float(sure[1]), number))
    largest = sorted(of_class, key=lambda label: (-len(of_class[label]), label))[:RIGHT]
    return [sorted(of_class[label])[len(of_class[label]) // 2][1] for label in sorted(largest)]


def explained(predictions: Predictions) -> list[tuple[int, int]]:
    """Return the images of a classifier that are shown, each with what it is taken for, and its label."""
    errors = [*first(mistakes.of(predictions, 0.0)), *first(mistakes.doubtful_labels(predictions))]
    found = []
    for number in dict.fromkeys([*errors, *right(predictions)]):
        image = predictions.images[number]
        found += [(number, label) for label in dict.fromkeys((int(image.found[0, 0]), int(image.truth[0, 0])))]
    return found
