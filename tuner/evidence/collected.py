"""All that is known of one trial on one split."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tuner.evidence import said
from tuner.evidence.maps import Maps
from tuner.evidence.mistakes import Mistake
from tuner.evidence.predictions import Predictions
from tuner.evidence.scores import Scores
from tuner.evidence.sentence import Sentence


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

    @property
    def lines(self) -> list[str]:
        return [sentence.text() for sentence in self.sentences]
