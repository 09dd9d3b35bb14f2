"""Start a command of tuner in a process of its own, beside a driver that does not wait for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LOWEST_PRIORITY = 19


def start(
    *words: str,
    priority: int = LOWEST_PRIORITY,
    output: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes] | None:
    """Start ``tuner WORDS`` where the terminal's Ctrl-C does not reach it; it may outlive this process.

    ``priority`` is its niceness, ``output`` the file that gets what it prints, ``env`` what is laid over the
    environment, where no other user reads it. None where no process can be started.
    """
    quiet = subprocess.DEVNULL
    try:
        with open(output or os.devnull, "wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tuner", *words],
                env={**os.environ, **(env or {})},
                stdin=quiet,
                stdout=file,
                stderr=quiet,
                start_new_session=True,
            )
    except OSError:
        return None
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, priority)
    return process
