"""A trial's log while it grows, as the source of its curve."""

from __future__ import annotations

import os
from pathlib import Path

from tuner.checkpoint import saved_since
from tuner.curve import Curve
from tuner.registry import READERS
from tuner.spec import Log, TrialSpec


def is_seen(path: Path, size: int) -> bool:
    """Return whether so many bytes of a log came through the file system that is shared with who writes it."""
    try:
        with path.open("rb") as log:  # to open it makes a network file system look anew
            return os.fstat(log.fileno()).st_size >= size
    except OSError:
        return size == 0


class LogSource:
    """Reads the log of one trial anew whenever it has changed."""

    def __init__(self, spec: TrialSpec, log: Log) -> None:
        self._spec, self._log = spec, log
        self._version: tuple[int, int] | None = None

    def grown(self) -> Curve | None:
        """Return what is logged where the file changed since the last call, else None; raises LogError."""
        try:
            stat = self._log.path.stat()
        except OSError:
            return None
        version = (stat.st_mtime_ns, stat.st_size)
        if version == self._version:
            return None
        self._version = version
        return READERS[self._log.format].read(
            self._log.path,
            objective=self._spec.objective,
            higher_is_better=self._spec.higher_is_better,
            planned_epochs=self._spec.epochs,
            options=self._log.options,
        )

    def saved(self) -> bool:
        """Return whether the checkpoint of the last row is there, where it comes after the row."""
        return not self._log.checkpoints or saved_since(self._log.path, self._log.checkpoints)
