"""Run trials as processes on this machine: one per GPU, several packed onto one, or several on the CPU."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.documents import Model
from tuner.executors import guard
from tuner.executors.devices import Device, Wanted, choose
from tuner.record import Params
from tuner.source import LogSource
from tuner.spec import OUTPUT_FILE, Command, Log, TrialSpec

LOCK_FILE = "lock"
PATIENCE_SECONDS = 5.0
POLL_SECONDS = 0.1


@dataclass
class Process:
    """A trial's process, seen through its guard."""

    device: Device
    _guard: subprocess.Popen[bytes]
    _control: int
    _lock: Path
    queued = False
    lost = ""

    @property
    def pid(self) -> int:
        return self._guard.pid

    def poll(self) -> int | None:
        """Return the exit code (128 + n after signal n), or None while the process runs."""
        code = self._guard.poll()
        if code is not None and self._control >= 0:
            os.close(self._control)
            self._control = -1
        if code is not None and code < 0:
            # The guard itself was killed. The kernel ended its child, but not the children of that.
            _kill_group(self._lock)
            return 128 - code
        return code

    def stop(self, *, force: bool = False) -> None:
        """Ask the whole process group to end: politely, with force after the grace period; or at once."""
        with contextlib.suppress(OSError):
            if self._control >= 0:
                os.write(self._control, b"k" if force else b"t")
                self._guard.send_signal(signal.SIGCONT)  # who froze the trial may have frozen its guard too


class LocalOptions(Model):
    """There are none: `devices`, `per_device` and `jobs` say it all."""


class LocalExecutor:
    """Processes on this machine, one per slot."""

    Options = LocalOptions
    exhausted = outlives = False

    @staticmethod
    def choose(options: LocalOptions, wanted: Wanted) -> list[Device]:
        """Return the slots of a study; raises ValueError for a device that does not exist."""
        return choose(wanted)

    def __init__(self, slots: Sequence[Device], grace_seconds: float, *_: object) -> None:
        self.slots: Sequence[Device] = tuple(slots)
        self.place: Callable[[Params], Params] | None = None
        self._grace = grace_seconds
        self._threads = max(1, (os.cpu_count() or 1) // max(1, len(self.slots)))

    def open(self, spec: TrialSpec, log: Log) -> LogSource:
        """Make the trial's folder and return its log as a source."""
        spec.folder.mkdir(parents=True, exist_ok=True)
        return LogSource(spec, log)

    def clock(self) -> float:
        return time.monotonic()

    def wait(self) -> None:
        time.sleep(POLL_SECONDS)

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
        return Process(device, process, write_end, folder / LOCK_FILE)

    def adopt(self, folder: Path) -> None:
        """There is none: processes end with their driver."""

    def wait_for_last_process(self, folder: Path) -> None:
        wait_for_lock(folder, self._grace)


def wait_for_lock(folder: Path, grace_seconds: float) -> None:
    """Wait until no process of an earlier driver works in ``folder`` any more, as long as its grace may take."""
    deadline = time.monotonic() + grace_seconds + PATIENCE_SECONDS
    with contextlib.suppress(FileNotFoundError), open(folder / LOCK_FILE) as lock:
        while time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            time.sleep(0.05)


def _kill_group(lock: Path) -> None:
    """Kill the process group that a guard noted in its lock file, if it is still there."""
    with contextlib.suppress(OSError, ValueError):
        os.killpg(int(lock.read_text()), signal.SIGKILL)
