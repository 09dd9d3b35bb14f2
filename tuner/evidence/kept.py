"""What an earlier look at a trial has left in its folder, for the report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.evidence.sentence import Sentence
from tuner.record import Record
from tuner.spec import evidence_file

if TYPE_CHECKING:
    from tuner.config import StudyConfig

PAGE_FILE, NUMBERS_FILE = "evidence.html", "evidence.json"


@dataclass(frozen=True)
class Kept:
    """The sentences, and the page with pictures."""

    sentences: tuple[Sentence, ...]
    page: Path


def of_best(config: StudyConfig, best: Record | None) -> Kept | None:
    """Return what is kept of the incumbent of a study; None also where there is none."""
    return of_trial(config.trial_folder(best.number)) if best else None


def of_trial(folder: Path) -> Kept | None:
    """Return what is kept of the trial in ``folder``; None where there is nothing, or what cannot be read."""
    place = evidence_file(folder).parent
    try:
        listed = json.loads((place / NUMBERS_FILE).read_text(encoding="utf-8"))["sentences"]
        sentences = tuple(Sentence(s["name"], tuple(s["says"]), s["values"], s["advice"]) for s in listed)
        for sentence in sentences:
            sentence.text()
        return Kept(sentences, place / PAGE_FILE)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
