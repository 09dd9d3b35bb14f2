"""What can go wrong, as exceptions.

TunerError                 anything a person can mend; the command line prints it and exits with code 2
├── ConfigError            a file or an override says something impossible: ``file: key: expected … but got …``
└── StudyError             a study that cannot be opened, joined or read
    └── Locked             another program keeps others from its storage; it may be done soon
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tuner.storage_url import without_passwords


class TunerError(Exception):
    """An error whose message is all a person needs; shown without a traceback, and without passwords."""

    def __init__(self, message: str = "") -> None:
        super().__init__(without_passwords(message))


class ConfigError(TunerError):
    """A value from outside that cannot be used: where it stands, what was expected and what came."""

    def __init__(self, where: str, key: str, problem: str) -> None:
        super().__init__(": ".join(part for part in (where, key, problem) if part))
        self.where = where


class StudyError(TunerError):
    """A study that cannot be opened, joined or read."""


class Locked(StudyError):
    """A storage that another program keeps to itself; it may be done soon."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` is most likely a misspelling of; None where none is close."""
    by_lower = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    begun = [name for lower, name in by_lower.items() if word and lower.startswith(word.lower())]
    return by_lower[close[0]] if close else begun[0] if begun else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``, did you mean 'x'?`` for the known word closest to ``word``, else the list of known words."""
    known = sorted(known)
    close = closest(word, known)
    return f", did you mean '{close}'?" if close else f" (known: {', '.join(known)})"
