"""Run trials as processes on this machine: one per GPU, several packed onto one, or several on the CPU."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.executors import guard
from tuner.executors.devices import Device
from tuner.spec import OUTPUT_FILE, Command

LOCK_FILE = "lock"


@dataclass
class Process:
    """A trial's process, seen through its guard."""

    device: Device
    _guard: subprocess.Popen[bytes]
    _control: int

    @property
    def pid(self) -> int:
        return self._guard.pid

    def poll(self) -> int | None:
        """Return the exit code (128 + n after signal n), or None while the process runs."""
        code = self._guard.poll()
        if code is not None and self._control >= 0:
            os.close(self._control)
            self._control = -1
        # A guard that was itself killed leaves a negative code; its trial died with it.
        return 128 - code if code is not None and code < 0 else code

    def stop(self, *, force: bool = False) -> None:
        """Ask the whole process group to end: politely, with force after the grace period; or at once."""
        with contextlib.suppress(OSError):
            if self._control >= 0:
                os.write(self._control, b"k" if force else b"t")


class LocalExecutor:
    """Processes on this machine, one per slot."""

    def __init__(self, slots: Sequence[Device], grace_seconds: float) -> None:
        self.slots = tuple(slots)
        self._grace = grace_seconds
        self._threads = max(1, (os.cpu_count() or 1) // max(1, len(self.slots)))

    def start(self, command: Command, folder: Path, device: Device) -> Process:
        """Start ``command`` on ``device``; what it prints is appended to output.txt in ``folder``."""
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        # Only this driver may hold the writing end: when it dies, the guard sees the end of the pipe.
        argv = [
            sys.executable,
            "-I",
            "-S",
            guard.__file__,
            str(read_end),
            str(folder / LOCK_FILE),
            str(self._grace),
            "--",
            *command.argv,
        ]
        env = {**os.environ, "OMP_NUM_THREADS": str(self._threads), **device.environment(), **command.env}
        with open(folder / OUTPUT_FILE, "ab") as output:
            process = subprocess.Popen(
                argv,
                cwd=command.cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(read_end,),
                start_new_session=True,
            )
        os.close(read_end)
        return Process(device, process, write_end)
