"""Find the training logs at a path, whatever program wrote them: a log is known by its content, not by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tuner import registry
from tuner.curve import Curve
from tuner.readers import delimited, records
from tuner.readers.text import decoded
from tuner.spec import LogError

MAX_FILES = 20_000
MAX_DEPTH = 20
FIRST_LOOK = 4 * 2**10
HEAD = 256 * 2**10
"""Bytes looked at: a text log may begin with its whole configuration."""

NOT_TEXT = b"\0"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
MARKED = (*UTF16, b"\xef\xbb\xbf")
SKIPPED = {"node_modules", "__pycache__", "site-packages"}


class Found(NamedTuple):
    """A log, and the name of the reader that knows it."""

    path: Path
    format: str


def find(path: Path) -> list[Found]:
    """Return the logs at ``path``, a file or a folder with all below it; raises LogError where there is none."""
    if not path.exists():
        raise LogError(f"{path}: expected a log or a folder of logs, but there is none")
    if not path.is_dir():
        return [Found(path, recognise(path))]
    found = []
    for file in _files(path):
        name = _format(file)
        if name is not None:
            found.append(Found(file, name))
    if not found:
        raise LogError(f"{path}: no training log in this folder (known: {', '.join(registry.READERS)})")
    return found


def recognise(path: Path) -> str:
    """Return the name of the reader for a file; raises LogError where none knows it."""
    if not path.is_file():
        raise LogError(f"{path}: expected a file, but there is none")
    name = _format(path)
    if name is None:
        raise LogError(f"{path}: {_impostor(path) or 'no training log of a known format'}")
    return name


def plain_format(path: Path) -> str | None:
    """Return the reader for a plain table or JSON lines whose names tell nothing; None where it is neither."""
    head = _head(path)
    if delimited.header(head):
        return "csv"
    return "jsonl" if records.first(head, bool) else None


def open_curves(path: Path) -> list[Curve]:
    """Return the curves of all logs at ``path``, of appended logs one for every run.

    In a folder, a file that only looks like a log is passed over as long as another can be read. Raises LogError.
    """
    curves, problems = [], []
    for file, name in find(path):
        try:
            curves += registry.READERS[name].read_all(file)
        except LogError as error:
            problems.append(error)
    if not curves:
        raise problems[0]
    return curves


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in a fixed order, hidden ones and links to folders aside; raises LogError."""
    seen = 0
    for parent, folders, names in os.walk(folder):
        depth = len(Path(parent).relative_to(folder).parts)
        keep = depth < MAX_DEPTH
        folders[:] = sorted(name for name in folders if keep and not name.startswith(".") and name not in SKIPPED)
        for name in sorted(names):
            seen += 1
            if seen > MAX_FILES:
                raise LogError(f"{folder}: expected at most {MAX_FILES} files below, but got more")
            if not name.startswith("."):
                yield Path(parent, name)


def _format(path: Path) -> str | None:
    head = _head(path)
    if not head:
        return None
    return next((name for name, reader in registry.READERS.items() if reader.matches(head, path)), None)


def _head(path: Path) -> bytes:
    """Return the beginning of a file, in UTF-8 where a mark tells its encoding.

    Nothing of what is neither text nor an event file, or cannot be read.
    """
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            head = file.read(FIRST_LOOK)
            if NOT_TEXT in head and not head.startswith(UTF16) and b"brain.Event:" not in head[:100]:
                return b""
            head += file.read(HEAD - len(head))
            return decoded(head).encode() if head.startswith(MARKED) else head
    except OSError:
        return b""


def _impostor(path: Path) -> str | None:
    """Say what a file is that is often found in the place of a log."""
    head = _head(path)[:200]
    if head.startswith(b"version https://git-lfs"):
        return "a pointer of git-lfs, not the log itself (git lfs pull fetches it)"
    return "an empty file" if path.stat().st_size == 0 else None
