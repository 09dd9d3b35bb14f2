"""One thing that is said of a trial's predictions, kept such that it can be said in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuner import manual


@dataclass(frozen=True)
class Sentence:
    """Templates in English with the ``values`` that fill them, and what to do about it, "" where that is nothing."""

    name: str
    says: tuple[str, ...]
    values: Mapping[str, str | int | float]
    advice: str = ""

    def text(self, language: str = "en") -> str:
        """Return the sentence, with the advice behind it."""
        told = manual.word("; ", language).join(manual.phrase(says, self.values, language) for says in self.says)
        return told + (manual.word(": ", language) + manual.phrase(self.advice, {}, language) if self.advice else "")
