"""The files of a study: a checkpoint or the storage cut, emptied, removed or locked."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from scripts.chaos.drivers import real
from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Driver, Tormented, ended, finish, kill, look, start, trained, wait_until, write

LOCK = """\
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
database.execute("begin exclusive")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""


def checkpoint_cut(place: Path, times: int) -> Outcome:
    """Cut the checkpoints of what trains to a half, or to nothing, between two drivers."""
    study = real(place, "checkpoint-cut", epochs=40)
    for i in range(times):
        driver = start(study)
        trained(study, 3, driver)
        kill(study, driver)
        look(study)
        for checkpoint in study.folder.glob("trials/*/last.pt"):
            os.truncate(checkpoint, checkpoint.stat().st_size // 2 if i % 2 else 0)
    return finish(study, times, r"trial \d+ (begins anew|continues from the beginning \([1-9])")


def storage_cut(place: Path, times: int) -> Outcome:
    """Cut study.db to a half or to nothing, or remove it; a driver must refuse it and leave all as it is."""
    study = write(place, "study-db-cut")
    ended(study, start(study, "budget.trials=3"))
    storage, copy = study.folder / "study.db", place / "copy.db"
    shutil.copyfile(storage, copy)
    look(study)
    for i in range(times):
        kept = (copy.stat().st_size // 2, 0, None)[i % 3]
        storage.unlink() if kept is None else os.truncate(storage, kept)
        before = _content(study)
        ended(study, start(study, command="resume"), code=2, seconds=60)
        if _content(study) != before:
            study.problems.append("something was written into the study")
        shutil.copyfile(copy, storage)
    return finish(study, times, "put a copy of (it|study.db) back")


def _content(study: Tormented) -> dict[str, str]:
    files = (path for path in study.folder.rglob("*") if path.is_file() and path.name != "driver.lock")
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def storage_locked(place: Path, times: int) -> Outcome:
    """Let another program lock study.db: in mid-run, before the start, and for longer than is waited for."""
    study = write(place, "study-db-locked", "--seconds 0.2", budget={"trials": 8})
    for i in range(times):
        (_in_mid_run, _before_the_start, _for_ever)[i % 3](study)
    return finish(study, times, "database is locked|another program has locked it")


def _in_mid_run(study: Tormented) -> None:
    driver = start(study)
    trained(study, 3, driver)
    other = locked(study, 9)
    trained(study, 3, driver)
    other.wait()
    trained(study, 3, driver)
    _leave(study, driver)


def _before_the_start(study: Tormented) -> None:
    other = locked(study, 9)
    driver = start(study)
    other.wait()
    trained(study, 3, driver)
    _leave(study, driver)


def _for_ever(study: Tormented) -> None:
    driver = start(study, "storage_minutes=0.05")
    trained(study, 3, driver)
    other = locked(study, 600)
    try:
        ended(study, driver, code=1, seconds=60)
        ended(study, start(study, "storage_minutes=0.05"), code=2, seconds=60)
    finally:
        other.kill()
        other.wait()
    look(study)


def _leave(study: Tormented, driver: Driver) -> None:
    driver.terminate()
    ended(study, driver, code=130, seconds=60)
    look(study)


def locked(study: Tormented, seconds: float) -> Driver:
    """Start a program that keeps study.db to itself for so long."""
    flag = study.config.with_suffix(".locked")
    command = [sys.executable, "-S", "-c", LOCK, str(study.folder / "study.db"), str(seconds)]
    with flag.open("wb") as out:
        other = subprocess.Popen(command, stdout=out)
    wait_until(lambda: flag.stat().st_size, 60, "the storage could not be locked")
    time.sleep(0.1)
    return other
