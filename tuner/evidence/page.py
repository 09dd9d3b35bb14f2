"""A page with what a model does right and wrong: one file, without any network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuner import pages, whole, words
from tuner.data import thumbnails
from tuner.data.doctor.dataset import Sample
from tuner.data.thumbnails import Drawn
from tuner.evidence import pictured, scores
from tuner.evidence.collected import Evidence
from tuner.evidence.mistakes import Mistake
from tuner.evidence.scores import CONFIDENCES, RECALLS

SIDE = 260
"""Pixels of the longer side of a picture."""
LABEL, PREDICTION = "#2fbf71", "#ff9d2e"
MOST_CLASSES = 40
"""A confusion matrix of more classes cannot be read: the pairs most confused are listed in any case."""


def write(found: Evidence, path: Path) -> None:
    """Write the page to ``path``."""
    page = pages.render(
        "evidence/page.html",
        found=found,
        names=[words.plain(name) for name in found.predictions.names],
        matrix=_matrix(found) if len(found.predictions.names) <= MOST_CLASSES else [],
        pairs=found.scores.confused()[:10],
        curves=_curves(found),
        errors=figures(found, found.errors),
        doubtful=figures(found, found.doubtful),
        right=[_figure(found, number, ()) for number in _right(found)],
        most=pictured.PICTURES,
    )
    whole.write(path, page)


def _right(found: Evidence) -> list[int]:
    return pictured.right(found.predictions) if found.maps else []


def _matrix(found: Evidence) -> list[list[tuple[int, float, bool]]]:
    """Return the rows of the confusion matrix: counts, their share of the row, and whether they are right."""
    counts = found.scores.confusion[:-1, :-1] if found.predictions.classifies else found.scores.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return [[(int(n), float(shares[i, j]), i == j) for j, n in enumerate(row)] for i, row in enumerate(counts)]


def _curves(found: Evidence) -> list[dict[str, Any]]:
    curves = found.scores.curves
    drawn = [_curve("precision over recall", "recall", RECALLS, {"precision": curves.precision_of_recall})]
    over = {"F1": curves.f1, "precision": curves.precision, "recall": curves.recall}
    what = "probability" if found.predictions.classifies else "confidence"
    drawn.append(_curve(f"over the {what} from which a class counts", what, CONFIDENCES, over))
    return drawn


def _curve(title: str, along: str, x: Sequence[float] | Any, series: dict[str, Any]) -> dict[str, Any]:
    """Return a drawing in a box of 100 × 100, whose y axis points down."""
    lines = {
        name: " ".join(f"{100 * a:.1f},{100 - 100 * b:.1f}" for a, b in zip(x, y, strict=True))
        for name, y in series.items()
    }
    return {"title": title, "along": along, "lines": lines}


def figures(found: Evidence, of: Sequence[Mistake]) -> list[dict[str, Any]]:
    """Return the images with the first mistakes, each once, with all that is wrong with it."""
    return [_figure(found, number, wrong) for number, wrong in pictured.first(of).items()]


def _figure(found: Evidence, number: int, wrong: Sequence[Mistake]) -> dict[str, Any]:
    texts = Counter(found.text(one) for one in wrong)
    panes = _explained(found, number) if found.predictions.classifies else _overlaid(found, number, wrong)
    return {
        "texts": [text if n == 1 else f"{n} × {text}" for text, n in texts.items()],
        "name": words.plain(Path(found.predictions.images[number].image).name),
        "panes": [(url, told) for url, told in panes if url],
    }


def _explained(found: Evidence, number: int) -> Iterator[tuple[str, str]]:
    """Yield the image, and what in it speaks for the class it is taken for, and for its label where that differs."""
    image, names = found.predictions.images[number], found.predictions.names
    sample = Sample(image.image)
    yield thumbnails.data_url(sample, [], SIDE), ""
    for label in dict.fromkeys((int(image.found[0, 0]), int(image.truth[0, 0]))):
        heat = found.maps.get((number, label))
        if heat is not None:
            chance = float(image.found[image.found[:, 0] == label, 1][0])
            yield thumbnails.heat_url(sample, heat, SIDE), f"for {words.plain(names[label])} ({chance:.2f})"


def _overlaid(found: Evidence, number: int, wrong: Sequence[Mistake]) -> Iterator[tuple[str, str]]:
    """Yield the image with its labels and what the model claims; what is wrong is drawn thicker, and says how sure."""
    image = found.predictions.images[number]
    claimed = scores.claims(image, classifies=False, confidence=found.scores.confidence).found
    missed = [one.truth for one in wrong if one.truth is not None]
    errors = image.found[[one.found for one in wrong if one.found is not None]]
    drawn = [
        Drawn(image.truth, LABEL),
        Drawn(image.truth[missed], LABEL, width=2),
        Drawn(np.delete(claimed, 1, axis=1), PREDICTION),
        Drawn(np.delete(errors, 1, axis=1), PREDICTION, [f"{sure:.2f}" for sure in errors[:, 1]], width=2),
    ]
    yield thumbnails.data_url(Sample(image.image), drawn, SIDE), ""
