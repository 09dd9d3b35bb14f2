"""What is said about a data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

EXAMPLES = 12
"""How many groups of files a finding keeps as examples."""


class Level(StrEnum):
    """How much a finding matters: a mistake stops a training, a warning spoils its score, a note is good to know."""

    MISTAKE = "mistake"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that was found: ``text`` in a sentence with numbers, ``advice`` on what to do about it.

    ``groups`` are examples, each of one file or of files that belong together; ``count`` is how many there are, and
    ``notes``, if any, say what is the matter with each.
    """

    name: str
    level: Level
    text: str
    advice: str = ""
    groups: tuple[tuple[str, ...], ...] = ()
    count: int = 0
    notes: tuple[str, ...] = ()


def finding(
    name: str, level: Level, text: str, advice: str = "", groups: Iterable[str | Sequence[str]] = ()
) -> Finding:
    """Return a finding with the first few of its files, or groups of files, and with their number."""
    listed, count = [], 0
    for count, group in enumerate(groups, 1):
        if count <= EXAMPLES:
            listed.append((group,) if isinstance(group, str) else tuple(group))
    return Finding(name, level, text, advice, tuple(listed), count)
