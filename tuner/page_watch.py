"""Keep report.html up with a running study: in a process of its own, at the lowest priority, and not too often."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tuner import apart
from tuner.live import View
from tuner.snapshot import Snapshot

LEAST_SECONDS = 10.0
LONGEST_SECONDS = 600.0
"""A page is no older than that while trials run, although none ended: a reader can tell a dead driver by its age."""
PARTS = ".report.html.{}.part"
"""What a process that was killed while it wrote leaves behind."""
SHARE = 0.1
"""The most of the time that writing may take: a page that took 3 s is not written again within 30 s."""


class Republishing:
    """A view that passes everything on, and has report.html written again where trials have ended since, or it is old.

    The driver never waits for it: reading hundreds of logs would hold up decisions about what trains now.
    """

    def __init__(
        self,
        view: View,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._view, self._folder, self._clock, self._env = view, folder, clock, env
        self._ended: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next = clock()

    def __enter__(self) -> Self:
        self._view.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is still being written would overwrite the last page, which the command writes next.
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            parts = PARTS.format(self._process.pid)  # of another driver in the same folder there may be others
            for part in [*self._folder.glob(parts), *self._folder.glob(f"*/{parts}")]:
                part.unlink(missing_ok=True)
        self._view.__exit__(kind, error, trace)

    def update(self, snapshot: Snapshot) -> None:
        self._view.update(snapshot)
        self._collect()
        ended = sum(record.finished or record.paused for record in snapshot.records)
        if self._ended is None:
            self._ended, self._next = ended, self._clock() + LEAST_SECONDS
        elif self._process is None and self._clock() >= self._next and (ended != self._ended or self._is_old()):
            self._ended, self._started = ended, self._clock()
            self._process = write_apart(self._folder, apart.LOWEST_PRIORITY, self._env)

    def say(self, text: str) -> None:
        self._view.say(text)

    def warn(self, text: str) -> None:
        self._view.warn(text)

    def _is_old(self) -> bool:
        return self._clock() - self._started >= LONGEST_SECONDS

    def _collect(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            now = self._clock()
            self._next = now + max(LEAST_SECONDS, (now - self._started) / SHARE)


def write_apart(
    folder: Path, priority: int = 0, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes] | None:
    """Start writing the page in a process that the terminal's Ctrl-C does not reach, and that may outlive this one.

    ``priority`` is its niceness, ``env`` what it needs to open the storage. None where no process can be started.
    """
    return apart.start("report", str(folder), "--format", "html", priority=priority, env=env)
