"""What the counts mean, in words: a line for each thing worth knowing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from tuner import words
from tuner.data import told
from tuner.evidence import matching
from tuner.evidence.mistakes import Kind, Mistake
from tuner.evidence.predictions import Predictions
from tuner.evidence.scores import CONFIDENCES, Scores, claims

FEW = 20
"""Below so many labels a class's recall has an interval of more than ±0.2 (Wilson, at a recall of one half)."""
OFTEN = 0.1
"""A pair is worth naming where at least so much of a class is taken for the other."""
TOLD = (
    (Kind.MISSED, "label", " missed"),
    (Kind.INVENTED, "box", " where no label is"),
    (Kind.MISPLACED, "box", " beside a label or the second on one"),
    (Kind.CONFUSED, "object", " of another class than labelled"),
)
SIZES = ("small", "medium", "large")


def lines(predictions: Predictions, found: Scores, errors: list[Mistake], doubtful: list[Mistake]) -> list[str]:
    """Return the sentences, the most useful first."""
    return [
        *_weakest(found),
        *_pairs(found),
        *_errors(errors),
        *_confidence(predictions, found),
        *_sizes(predictions, found),
        *_doubtful(doubtful, predictions),
    ]


def _weakest(found: Scores) -> Iterator[str]:
    known = [c for c in found.classes if c.recall is not None]
    if len(known) > 1:
        worst = min(known, key=lambda c: c.recall or 0.0)
        best = max(known, key=lambda c: c.recall or 0.0)
        few = (
            f", of which there are only {worst.labels} here: a figure to be taken with care"
            if worst.labels < FEW
            else ""
        )
        yield (
            f"{words.plain(worst.name)} is found least: {worst.right} of {worst.labels} ({worst.recall:.0%}), "
            f"{words.plain(best.name)} best ({best.recall:.0%}){few}"
        )
    absent = [words.plain(c.name) for c in found.classes if not c.labels]
    if absent:
        yield f"no label of {told.few(absent)}: nothing is known about {'it' if len(absent) == 1 else 'them'}"


def _pairs(found: Scores) -> Iterator[str]:
    for i, j, count in found.confused()[:3]:
        one, other = found.classes[i], found.classes[j]
        if count >= OFTEN * one.labels:
            back = int(found.confusion[j, i])
            yield (
                f"{words.plain(one.name)} is taken for {words.plain(other.name)} in {count} of {one.labels}, "
                f"the other way round in {back} of {other.labels}: look at both, and at their labels"
            )


def _errors(errors: list[Mistake]) -> Iterator[str]:
    counts = Counter(error.kind for error in errors)
    if not errors:
        yield "no error at all: is the split as hard as what is to come?"
    else:
        told = [words.count(counts[kind], noun) + rest for kind, noun, rest in TOLD if counts[kind]]
        yield ", ".join(told)


def _confidence(predictions: Predictions, found: Scores) -> Iterator[str]:
    if not predictions.classifies:
        best, curves = found.curves.best, found.curves
        yield (
            f"F1 is highest, {curves.f1[best]:.2f}, where boxes count from a confidence of "
            f"{CONFIDENCES[best]:.2f}: precision {curves.precision[best]:.2f}, recall {curves.recall[best]:.2f}"
        )


def _sizes(predictions: Predictions, found: Scores) -> Iterator[str]:
    """Say how recall depends on the size of an object, by thirds of the sizes that there are."""
    if predictions.classifies:
        return
    areas: list[float] = []
    met: list[bool] = []
    for whole in predictions.images:
        image = claims(whole, classifies=False, confidence=found.confidence)
        right = set(matching.pairs(image, same_class=True)[:, 0].tolist())
        areas += (image.truth[:, 3] * image.truth[:, 4]).tolist()
        met += [i in right for i in range(len(image.truth))]
    if len(areas) < 3 * FEW:
        return
    order = np.argsort(areas)
    recalls = [float(np.mean(np.array(met)[part])) for part in np.array_split(order, 3)]
    told = ", ".join(f"{recall:.0%} of the {name} third" for name, recall in zip(SIZES, recalls, strict=True))
    advice = ": try a larger imgsz" if recalls[0] < recalls[2] - 0.2 else ""
    yield f"of the labels, {told} are found{advice}"


def _doubtful(doubtful: list[Mistake], predictions: Predictions) -> Iterator[str]:
    if doubtful:
        what = words.count(len(doubtful), "label" if predictions.classifies else "place")
        yield f"{what} may be labelled wrongly, by what the model says: to be looked at before the next training"
