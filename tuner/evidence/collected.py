"""All that is known of one trial on one split."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tuner import words
from tuner.evidence import mistakes, said, scores
from tuner.evidence.maps import Maps
from tuner.evidence.mistakes import Kind, Mistake
from tuner.evidence.predictions import Predictions
from tuner.evidence.scores import Scores
from tuner.evidence.sentence import Sentence

TELLING = {
    Kind.CONFUSED: "{predicted} ({confidence:.2f}), labelled {label}",
    Kind.INVENTED: "{predicted} ({confidence:.2f}) where no label is",
    Kind.MISPLACED: "{predicted} ({confidence:.2f}) beside a label",
    Kind.MISSED: "{label} labelled, not found",
}


@dataclass(frozen=True)
class Evidence:
    """All that is known of one trial on one split."""

    title: str
    predictions: Predictions
    scores: Scores
    errors: list[Mistake]
    doubtful: list[Mistake]
    maps: Maps = field(default_factory=dict)

    @cached_property
    def sentences(self) -> list[Sentence]:
        return said.sentences(self.predictions, self.scores, self.errors, self.doubtful)

    def text(self, one: Mistake) -> str:
        """Return a mistake in words."""
        label, predicted = (words.plain(name) if name is not None else "" for name in self._classes(one))
        return TELLING[one.kind].format(label=label, predicted=predicted, confidence=one.confidence)

    def told(self, one: Mistake) -> dict[str, Any]:
        """Return a mistake as plain data."""
        label, predicted = self._classes(one)
        image, confidence = self.predictions.images[one.image].image, round(one.confidence, 4)
        return {"image": image, "kind": str(one.kind), "confidence": confidence, "label": label, "predicted": predicted}

    def _classes(self, one: Mistake) -> tuple[str | None, str | None]:
        """Return the names of the label and of the prediction that a mistake is about."""
        image, names = self.predictions.images[one.image], self.predictions.names
        label = None if one.truth is None else names[int(image.truth[one.truth, 0])]
        return label, None if one.found is None else names[int(image.found[one.found, 0])]

    @property
    def lines(self) -> list[str]:
        return [sentence.text() for sentence in self.sentences]


def collect(title: str, found: Predictions, maps: Maps | None = None) -> Evidence:
    """Count all that there is to count; raises ValueError where there is no label at all."""
    counted = scores.score(found)
    errors = mistakes.of(found, counted.confidence)
    return Evidence(title, found, counted, errors, mistakes.doubtful_labels(found), maps or {})
