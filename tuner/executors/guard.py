"""The process between the tuner and one trial: no training outlives its driver, no trial leaves children behind.

Run as ``python -I -S guard.py CONTROL_FD LOCK GRACE [STATUS_FD] -- COMMAND …``. It holds a lock on the trial's
folder, so that a driver that takes over waits until the last process of the old one is gone. One byte on the control
pipe asks for a polite stop (``t``) or a forced one (``k``); the end of the pipe means that the driver died. Its exit
code is the command's, or 128 + n where signal n ended it; with STATUS_FD it leaves its parent at once and writes that
code there. Of output without end, the file keeps the first and the last lines.

Standard library only, no imports from the package: it must start in milliseconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import time

PATIENCE_SECONDS = 30.0  # beyond the grace period of the process that holds the lock
LOOK_SECONDS = 0.2
OUTPUT_BYTES, KEPT_BYTES = 64 * 2**20, 2**18
"""How large the output may grow, and how much of either end is kept then."""
NO_LOCK, CANNOT_START, STOPPED = 75, 127, 128 + signal.SIGTERM
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # Linux only; elsewhere the process group has to do
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _lock(path: str, control: int, seconds: float) -> int:
    """Return a descriptor that holds the lock.

    Raises TimeoutError where another process keeps it, InterruptedError where the driver wants no more, or died.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + seconds
    while True:
        if select.select([control], [], [], 0)[0]:
            raise InterruptedError
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


def _descendants(pid: int) -> list[int]:
    """Return all processes below ``pid``, also those that left its group."""
    found: list[int] = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            direct = [int(p) for p in children.read().split()]
    except OSError:
        return []
    for child in direct:
        found += [child, *_descendants(child)]
    return found


def _signal_all(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
    if number == signal.SIGKILL:
        for pid in _descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _reap_rest() -> None:
    """Kill and collect whatever the command left behind."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for pid in _descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)
        except ChildProcessError:
            return


class _Output:
    """The file behind standard output, whose middle is left out where it grows too large.

    It is cut in place: what writes to it appends, and goes on behind the cut.
    """

    def __init__(self) -> None:
        self._left_out = 0

    def bound(self) -> None:
        with contextlib.suppress(OSError):  # no file of ours, or none that can be cut
            size = os.fstat(1).st_size
            if size <= OUTPUT_BYTES:
                return
            with open("/proc/self/fd/1", "rb") as file:
                tail = os.pread(file.fileno(), KEPT_BYTES, size - KEPT_BYTES)
            self._left_out += size - 2 * KEPT_BYTES
            note = f"\n[tuner: {self._left_out / 2**20:.0f} MB of output were left out here]\n"
            os.ftruncate(1, KEPT_BYTES)
            os.write(1, note.encode() + tail)


def _watch(child: subprocess.Popen[bytes], control: int, wake: int, grace: float) -> int:
    """Return the exit code of ``child``, passing on what the driver asks for."""
    deadline: float | None = None
    listening, output = [control, wake], _Output()
    while child.poll() is None:
        output.bound()
        timeout = LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, max(0.0, deadline - time.monotonic()))
        ready, _, _ = select.select(listening, [], [], timeout)
        if wake in ready:
            os.read(wake, 1024)
        if deadline is not None and time.monotonic() >= deadline:
            _signal_all(child.pid, signal.SIGKILL)
            deadline = time.monotonic() + 1
        if control in ready:
            request = os.read(control, 1)
            if not request:
                listening.remove(control)
            if request == b"k":
                _signal_all(child.pid, signal.SIGKILL)
            elif deadline is None:
                # A stopped process (SIGSTOP) cannot act on a polite request before it is woken.
                _signal_all(child.pid, signal.SIGTERM)
                _signal_all(child.pid, signal.SIGCONT)
                deadline = time.monotonic() + grace
    return child.returncode


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code."""
    own, command = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    control, lock_path, grace, *status = own
    if not status:
        return _run(control, lock_path, grace, command)
    if os.fork():
        return 0
    os.set_inheritable(int(status[0]), False)
    code = _run(control, lock_path, grace, command)
    os.write(int(status[0]), str(code).encode())
    return 0


def _run(control: str, lock_path: str, grace: str, command: list[str]) -> int:
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    wake, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        lock = _lock(lock_path, int(control), float(grace) + PATIENCE_SECONDS)
    except TimeoutError:
        print(f"another process still works in this folder ({lock_path} is held)", file=sys.stderr)
        return NO_LOCK
    except InterruptedError:
        return STOPPED
    os.set_inheritable(int(control), False)

    def before_command() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=before_command)
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", file=sys.stderr)
        return CANNOT_START
    # For the driver, should this process be killed: whom it then has to end itself.
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{child.pid}\n".encode(), 0)
    code = _watch(child, int(control), wake, float(grace))
    _signal_all(child.pid, signal.SIGKILL)
    _reap_rest()
    os.ftruncate(lock, 0)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
