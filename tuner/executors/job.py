"""One trial inside a job of a batch system: its process, ended when the driver or the batch system asks for it.

Driver and job share the trial's folder and nothing else, so that either may be gone while the other goes on: ``stop``
in it asks the job to end, ``ran.json`` says where it runs and how it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuner import whole
from tuner.executors import guard
from tuner.spec import OUTPUT_FILE

RAN, STOP, LOCK = "ran.json", "stop", "lock"
LOOK_SECONDS = 0.5
POLITELY, FORCED = "t", "k"


@dataclass(frozen=True)
class Order:
    """What a job is to run; ``key`` tells its own word in the folder from that of an earlier job."""

    key: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None
    folder: str
    log: str
    grace_seconds: float


def run(order: Order) -> int:
    """Run a trial to its end and write how it ended; return its exit code."""
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGUSR2):  # a cancellation; the time limit that comes near
        signal.signal(number, lambda number, frame: told.append(number))
    folder = Path(order.folder)
    _write(order, None, "")
    read_end, control = os.pipe2(os.O_CLOEXEC)
    process = _start(order, read_end)
    os.close(read_end)
    asked = ""
    while (code := process.poll()) is None:
        wish = POLITELY if told else _wish(folder, order.key)
        if wish and wish != asked:
            asked = wish
            with contextlib.suppress(OSError):
                os.write(control, wish.encode())
                process.send_signal(signal.SIGCONT)  # who froze the trial may have frozen its guard too
        time.sleep(LOOK_SECONDS)
    code = 128 - code if code < 0 else code
    _write(order, code, signal.Signals(told[0]).name if told else "")
    return code


def ask_to_stop(folder: Path, key: str, *, force: bool) -> None:
    """Leave word for the job of ``key``."""
    whole.write(folder / STOP, f"{key} {FORCED if force else POLITELY}")


def _wish(folder: Path, key: str) -> str:
    with contextlib.suppress(OSError):
        to, _, wish = (folder / STOP).read_text().partition(" ")
        return wish if to == key else ""
    return ""


def _start(order: Order, control: int) -> subprocess.Popen[bytes]:
    own = [str(control), os.path.join(order.folder, LOCK), str(order.grace_seconds), "--"]
    with open(os.path.join(order.folder, OUTPUT_FILE), "ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, *own, *order.argv],
            cwd=order.cwd,
            env={**os.environ, **order.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(control,),
            start_new_session=True,
        )


def _write(order: Order, code: int | None, ended_by: str) -> None:
    size = 0
    with contextlib.suppress(OSError):
        size = os.stat(os.path.join(order.folder, order.log)).st_size
    told = {"key": order.key, "node": socket.gethostname(), "code": code, "ended_by": ended_by, "log_size": size}
    whole.write(Path(order.folder) / RAN, json.dumps(told) + "\n")
