"""What an earlier look at a trial has left in its folder, for the report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tuner.spec import evidence_file

PAGE_FILE, NUMBERS_FILE = "evidence.html", "evidence.json"


@dataclass(frozen=True)
class Kept:
    """The sentences, and the page with pictures."""

    said: tuple[str, ...]
    page: Path


def of_trial(folder: Path) -> Kept | None:
    """Return what is kept of the trial in ``folder``; None where there is nothing, or what cannot be read."""
    place = evidence_file(folder).parent
    try:
        said = json.loads((place / NUMBERS_FILE).read_text(encoding="utf-8"))["said"]
        return Kept(tuple(map(str, said)), place / PAGE_FILE)
    except (OSError, ValueError, KeyError, TypeError):
        return None
