"""Why a trial ended, where no diagnosis ended it: read off its exit code, its log and the last lines it printed."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from pathlib import Path

from tuner.curve import Curve
from tuner.record import Action, Ending

TAIL_BYTES = 32 * 1024
OUT_OF_MEMORY = re.compile(
    r"out of memory|OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|\bMemoryError\b|"
    r"std::bad_alloc|Cannot allocate memory"
)
NO_SPACE = "disk_full"
FROM_OUTSIDE = ("killed", "hung")
"""Ends that say nothing about the parameters: the trial goes on from its last checkpoint."""
DISK_FULL = re.compile(r"No space left on device|ENOSPC|Disk quota exceeded")


def by_itself(code: int, curve: Curve, output: Path, planned_epochs: int, detail: str = "") -> Ending:
    """Return the ending of a trial whose process ended without being asked.

    ``code`` is its exit code, 128 + n after signal n; ``detail`` says why the log could not be read, if it could not.
    """
    epochs = curve.length
    if epochs >= planned_epochs:
        note = "" if code == 0 else f" (then exit code {code})"
        return Ending(Action.FINISH, "finished", f"all {epochs} epochs{note}", epoch=curve.last_epoch)
    if code == 0:
        return _ended_early(curve, detail)
    tail = last_output(output)
    words = _last_line(tail)
    if OUT_OF_MEMORY.search(tail):
        return Ending(
            Action.PRUNE,
            "out_of_memory",
            f"out of memory after {epochs} epochs: {words}",
            epoch=curve.last_epoch,
            evidence={"exit_code": code, "output": words},
        )
    if DISK_FULL.search(tail):
        return Ending(
            Action.FAIL,
            NO_SPACE,
            f"no space left on the disk after {epochs} epochs",
            epoch=curve.last_epoch,
            evidence={"exit_code": code, "output": words},
        )
    # 128 + n is how a shell says "signal n"; beyond the signals there are, it is an exit code like any other.
    if code - 128 in set(signal.Signals):
        name = signal.Signals(code - 128).name
        perhaps = ", as Linux does where memory runs out" if name == "SIGKILL" else ""
        return Ending(
            Action.FAIL,
            "killed",
            f"killed from outside by {name}{perhaps}, after {epochs} epochs",
            epoch=curve.last_epoch,
            evidence={"signal": name},
        )
    return Ending(
        Action.FAIL,
        "crashed",
        f"crashed with exit code {code} after {epochs} epochs: {words}",
        epoch=curve.last_epoch,
        evidence={"exit_code": code, "output": words},
    )


def attempts(reason: str, max_retries: int) -> int:
    """Return how often in a row a trial may go on without a new epoch: to see a hang again takes long."""
    return min(1, max_retries) if reason == "hung" else max_retries


def _ended_early(curve: Curve, detail: str) -> Ending:
    if detail:
        return Ending(Action.FAIL, "unreadable_log", detail)
    if not curve.length:
        return Ending(Action.FAIL, "no_log", "ended without an error, but logged no epoch")
    return Ending(Action.FINISH, "finished", f"ended by itself after {curve.length} epochs", epoch=curve.last_epoch)


def last_output(path: Path) -> str:
    """Return the end of what a trial printed, at most 32 KiB."""
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    return lines[-1][:300] if lines else "nothing was printed"


def out_of_budget(epoch: int | None) -> Ending:
    return Ending(Action.STOP, "budget", "the budget of the study was used up", epoch=epoch)


def greedy(problem: str, epoch: int | None) -> Ending:
    """Return the ending of the trial that takes most of a disk which is nearly full."""
    return Ending(Action.FAIL, NO_SPACE, f"stopped: {problem} and its folder was the largest", epoch=epoch)


def without_score(ending: Ending) -> Ending:
    """Return what an ending amounts to for a trial that has no score: no fault of its parameters, or theirs."""
    if ending.action is Action.STOP and ending.reason in ("budget", "time_limit"):
        return replace(ending, action=Action.FAIL)
    if ending.action in (Action.STOP, Action.FINISH):
        return replace(ending, action=Action.PRUNE, reason="no_score", text=f"{ending.text}, without a finite score")
    return ending
