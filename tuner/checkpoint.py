"""Whether a checkpoint can be continued from, as far as its file tells."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

ZIP = b"PK"


def is_whole(path: Path) -> bool:
    """Return whether there is a checkpoint that was not cut short.

    ``torch.save`` writes a ZIP archive in place, and what a kill leaves of one lacks its end. Of other files it is only
    known that they are not empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(ZIP))
        return bool(head) and (head != ZIP or zipfile.is_zipfile(path))
    except OSError:
        return False


def saved_since(log: Path, checkpoints: Sequence[Path]) -> bool:
    """Return whether the first checkpoint was written after the last row of ``log`` and none is being written."""
    try:
        row = log.stat().st_mtime_ns
        new = [path for path in checkpoints if path.exists() and path.stat().st_mtime_ns >= row]
    except OSError:
        return False
    return checkpoints[0] in new and all(map(is_whole, new))
