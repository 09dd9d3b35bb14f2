"""A disk without room: a small one of its own for the study, which its trials or others fill. Needs root."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Problem, finish, look, start, trained, wait_until, write
from tests.driving import processes_of

SIZE = "48m"


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Yield a folder that is a file system of its own."""
    disk = place / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"no disk could be mounted: {done.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=False)


def filled_by_a_trial(place: Path, times: int) -> Outcome:
    """Let trials write until there is no room left at all."""
    with small_disk(place) as disk:
        flags = f"--seconds 0.1 --behaviour fill --first {times}"
        sizes = {"budget": {"trials": times + 4}, "min_free_disk_gb": 0.004, "grace_seconds": 1, "stall_minutes": 0.2}
        study = write(place, "trial-fills-disk", flags, results=str(disk / "results"), **sizes)
        return finish(
            study, times, "its folder was the largest", states={"FAIL": times, "COMPLETE": 4}, drivers=[start(study)]
        )


def filled_by_others(place: Path, times: int) -> Outcome:
    """Fill the disk under a study from outside: room comes back while the driver waits, or after it gave up."""
    with small_disk(place) as disk:
        study = write(place, "disk-full", "--seconds 0.2", results=str(disk / "results"), budget={"trials": 8})
        for i in range(times):
            gives_up = i % 2 == 1
            driver = start(study, f"storage_minutes={0.05 if gives_up else 10}")
            trained(study, 3, driver)
            fill(disk / "others")
            wait_until(lambda: not processes_of(study.folder), 60, "the trials trained on without room")
            look(study)
            if gives_up:
                driver.wait(60)
            else:
                time.sleep(3)
                (disk / "others").unlink()
                trained(study, 3, driver)
                driver.terminate()
                driver.wait(60)
            (disk / "others").unlink(missing_ok=True)
            if driver.returncode not in ((1, 2) if gives_up else (130,)):
                study.problems.append(f"a driver ended with {driver.returncode}")
        return finish(study, times, "is full|when there is room")


def fill(path: Path) -> None:
    """Write until nothing more can be written."""
    with path.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
