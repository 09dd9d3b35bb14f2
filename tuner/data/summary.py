"""What a sound data set holds, and how the mistakes of many files become one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tuner.errors import ConfigError

T = TypeVar("T")
F = TypeVar("F")
K = TypeVar("K")


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
    seen = each_of(look, files)
    refuse([one for one in seen if isinstance(one, ConfigError)], what)
    return [one for one in seen if not isinstance(one, ConfigError)]


def by_key(
    look: Callable[[F], T], files: Mapping[K, F], what: str, mistakes: dict[str, list[ConfigError]] | None
) -> dict[K, T]:
    """Return what ``look`` makes of every file that it can be made of; ConfigErrors go to ``mistakes``, by ``what``.

    Without ``mistakes`` to put them into, the first is raised, with how many more there were.
    """
    seen = dict(zip(files, each_of(look, files.values()), strict=True))
    wrong = [one for one in seen.values() if isinstance(one, ConfigError)]
    if mistakes is None:
        refuse(wrong, what)
    elif wrong:
        mistakes.setdefault(what, []).extend(wrong)
    return {key: one for key, one in seen.items() if not isinstance(one, ConfigError)}


def each_of(look: Callable[[F], T], files: Iterable[F]) -> list[T | ConfigError]:
    """Return what ``look`` makes of every file, the ConfigError that it raises included."""
    return [_tried(look, file) for file in files]


def _tried(look: Callable[[F], T], file: F) -> T | ConfigError:
    try:
        return look(file)
    except ConfigError as error:
        return error


def refuse(mistakes: Sequence[ConfigError], what: str) -> None:
    """Raise the first of the ``mistakes`` in files that are ``what``, with how many more there are; none: nothing."""
    if mistakes:
        others = f"; and {len(mistakes) - 1} more {what} with mistakes" if len(mistakes) > 1 else ""
        raise ConfigError("", "", f"{mistakes[0]}{others}")
