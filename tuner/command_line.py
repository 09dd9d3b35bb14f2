"""The command line of this process, which every user of the machine can read with ps."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tuner.storage_url import without_password

BEGIN, END = 45, 46  # where it lies in memory, among the fields of /proc/self/stat behind the name (proc(5))


def hide_passwords() -> None:
    """Write stars over passwords in it, where the system lets us (Linux); what Python has read of it stays."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        given = Path("/proc/self/cmdline").read_bytes()
        shown = b"\0".join(os.fsencode(without_password(os.fsdecode(word))) for word in given.split(b"\0"))
        if shown != given:
            _overwrite(given, shown)


def _overwrite(given: bytes, shown: bytes) -> None:
    import ctypes

    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(stat[BEGIN]), int(stat[END])
    if begin and end - begin == len(given):
        # The end stays a zero: without one the system would read on, into the environment.
        ctypes.memmove(begin, shown[: len(given) - 1].ljust(len(given), b"\0"), len(given))
