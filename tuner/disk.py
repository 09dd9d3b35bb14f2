"""Keep a trial that fills the disk from taking the study with it."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tuner.errors import StudyError
from tuner.spec import OUTPUT_FILE, SPEC_FILE

CHECK_SECONDS = 1.0
GIGABYTE = 1024**3
OUTPUT_KEPT = 64 * 1024
FULL_BYTES, FULL_SECONDS = 2**20, 60.0
"""With less than that a program cannot even say why it ended, and for so long it may have ended for that."""


class DiskWatch:
    """Looks about once a second at the free space under a study's folder."""

    def __init__(self, folder: Path, min_free_gb: float) -> None:
        self._folder, self._min_free = nearest(folder), min_free_gb * GIGABYTE
        self._checked, self._low, self._full_at = -math.inf, False, -math.inf

    def is_low(self) -> bool:
        """Return whether too little space is left, as of the last second."""
        if time.monotonic() - self._checked > CHECK_SECONDS:
            free, self._checked = self._free(), time.monotonic()
            self._low = free < self._min_free
            self._full_at = self._checked if free < FULL_BYTES else self._full_at
        return self._low

    def was_full(self) -> bool:
        """Return whether nothing could be written a short while ago."""
        self.is_low()
        return time.monotonic() - self._full_at < FULL_SECONDS

    def greediest(self, folders: Sequence[Path]) -> Path | None:
        """Return the largest of ``folders`` where the disk is nearly full and would not be without it, else None."""
        largest = max(folders, key=size) if folders and self.is_low() else None
        return largest if largest and self.is_to_blame(largest) else None

    def is_to_blame(self, folder: Path) -> bool:
        """Return whether there would be enough space without ``folder``."""
        return self._free() + size(folder) >= self._min_free

    def problem(self) -> str:
        return f"less than {self._min_free / GIGABYTE:g} GB was left on the disk"

    def refusal(self, folder: Path) -> StudyError:
        """Return the error that nothing can start in the study's ``folder``, with what to do."""
        return StudyError(f"{self.problem()}; to go on when there is room: tuner resume {folder}")

    def clear(self, folder: Path, keep: Path) -> None:
        """Free the space of a trial that filled the disk; its specification, log and last output stay."""
        output = folder / OUTPUT_FILE
        for path in folder.iterdir():
            if path in (keep, output, *keep.parents) or path.name == SPEC_FILE:
                continue
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        _cut_to_tail(output, OUTPUT_KEPT)
        self._checked = -math.inf

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free


def nearest(folder: Path) -> Path:
    """Return ``folder``, or the deepest folder above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))


def size(folder: Path) -> int:
    """Return the bytes that the files below ``folder`` take."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
    return total


def _cut_to_tail(path: Path, kept: int) -> None:
    with contextlib.suppress(OSError):
        if path.stat().st_size > kept:
            with open(path, "rb") as file:
                file.seek(-kept, os.SEEK_END)
                tail = file.read()
            path.write_bytes(tail)
