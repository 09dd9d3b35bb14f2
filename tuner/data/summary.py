"""What a sound data set holds, and how the mistakes of many files become one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tuner.errors import ConfigError

T = TypeVar("T")
F = TypeVar("F")


@dataclass(frozen=True)
class Split:
    """How many images a split holds, and how many objects; ``background`` are the images without any."""

    images: int
    objects: int
    background: int = 0


@dataclass(frozen=True)
class Summary:
    """What a sound data set holds: its classes, its splits by name, and what is odd but no mistake."""

    task: str
    names: tuple[str, ...]
    splits: dict[str, Split]
    remarks: tuple[str, ...] = ()


def all_of(look: Callable[[F], T], files: Iterable[F], what: str) -> list[T]:
    """Return what ``look`` makes of every file; raises the first ConfigError, with how many more there were."""
    seen: list[T] = []
    mistakes: list[ConfigError] = []
    for file in files:
        try:
            seen.append(look(file))
        except ConfigError as error:
            mistakes.append(error)
    if mistakes:
        others = f"; and {len(mistakes) - 1} more {what} with mistakes" if len(mistakes) > 1 else ""
        raise ConfigError("", "", f"{mistakes[0]}{others}")
    return seen
