"""What the counts mean, in words: a sentence for each thing worth knowing."""

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
from tuner.evidence.sentence import Sentence

FEW = 20
"""Below so many labels a class's recall has an interval of more than ±0.2 (Wilson, at a recall of one half)."""
OFTEN = 0.1
"""A pair is worth naming where at least so much of a class is taken for the other."""
SIZES = ("small", "medium", "large")
WEAK = 0.2
"""A class that is found so much less often than the best one could do with more images."""
TOLD = {
    Kind.MISSED: "labels missed: {missed}",
    Kind.INVENTED: "boxes where no label is: {invented}",
    Kind.MISPLACED: "boxes beside a label or the second on one: {misplaced}",
    Kind.CONFUSED: "of another class than labelled: {confused}",
}


def sentences(
    predictions: Predictions, found: Scores, errors: list[Mistake], doubtful: list[Mistake]
) -> list[Sentence]:
    """Return what is worth saying, the most useful first."""
    return [
        *_weakest(predictions, found),
        *_pairs(found),
        *_errors(errors),
        *_confidence(predictions, found),
        *_sizes(predictions, found),
        *_doubtful(doubtful),
    ]


def _weakest(predictions: Predictions, found: Scores) -> Iterator[Sentence]:
    known = [c for c in found.classes if c.recall is not None]
    if len(known) > 1:
        worst = min(known, key=lambda c: c.recall or 0.0)
        best = max(known, key=lambda c: c.recall or 0.0)
        says = ["{worst} is found least: {right} of {labels} ({recall:.0%}), {best} best ({best_recall:.0%})"]
        if worst.labels < FEW:
            says.append("on so few labels that is a figure to be taken with care")
        low, high = worst.recall or 0.0, best.recall or 0.0
        weak = predictions.classifies and high - low >= WEAK
        advice = "collect more images of it, or show it more often in training (oversample)" if weak else ""
        values = {"right": worst.right, "labels": worst.labels, "recall": low, "best_recall": high}
        names = {"worst": words.plain(worst.name), "best": words.plain(best.name)}
        yield Sentence("weakest", tuple(says), {**names, **values}, advice)
    if absent := [words.plain(c.name) for c in found.classes if not c.labels]:
        says = ["no label of {names}: how well that is found is unknown"]
        yield Sentence("absent", tuple(says), {"names": told.few(absent)})


def _pairs(found: Scores) -> Iterator[Sentence]:
    advice = "look at the labels of both first; where they are right, more or larger images tell them apart"
    for i, j, count in found.confused()[:3]:
        one, other = found.classes[i], found.classes[j]
        if count >= max(2, OFTEN * one.labels):
            says = (
                "{one} is taken for {other} in {count} of {labels}, the other way round in {back} of {other_labels}",
            )
            back = int(found.confusion[j, i])
            values = {"count": count, "labels": one.labels, "back": back, "other_labels": other.labels}
            names = {"one": words.plain(one.name), "other": words.plain(other.name)}
            yield Sentence("pair", says, {**names, **values}, advice)
            advice = ""


def _errors(errors: list[Mistake]) -> Iterator[Sentence]:
    if not errors:
        yield Sentence("no_error", ("no error at all: is the split as hard as what is to come?",), {})
        return
    counts = Counter(error.kind for error in errors)
    there = [kind for kind in TOLD if counts[kind]]
    yield Sentence("errors", tuple(TOLD[kind] for kind in there), {str(kind): counts[kind] for kind in there})


def _confidence(predictions: Predictions, found: Scores) -> Iterator[Sentence]:
    if not predictions.classifies:
        best, curves = found.curves.best, found.curves
        says = (
            "F1 is highest, {f1:.2f}, where boxes count from a confidence of {confidence:.2f}: "
            "precision {precision:.2f}, recall {recall:.2f}",
        )
        values = {name: float(getattr(curves, name)[best]) for name in ("f1", "precision", "recall")}
        yield Sentence("confidence", says, {**values, "confidence": float(CONFIDENCES[best])})


def _sizes(predictions: Predictions, found: Scores) -> Iterator[Sentence]:
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
    says = (
        "of small labels {small:.0%} are found, of medium ones {medium:.0%}, of large ones {large:.0%} (by thirds)",
    )
    advice = "try a larger imgsz" if recalls[0] < recalls[2] - WEAK else ""
    yield Sentence("sizes", says, dict(zip(SIZES, recalls, strict=True)), advice)


def _doubtful(doubtful: list[Mistake]) -> Iterator[Sentence]:
    if doubtful:
        says = ("labels that may be wrong, by what the model says: {count}",)
        yield Sentence("doubtful", says, {"count": len(doubtful)}, "look at them before the next training")
