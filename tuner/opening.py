"""Open a study for one driver alone, or refuse it before anything is changed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tuner import config as configuration
from tuner import documents, origin, sampler
from tuner.config import StudyConfig
from tuner.errors import StudyError
from tuner.live import View
from tuner.record import Params
from tuner.study import Study

LOCK_FILE = "driver.lock"


@contextlib.contextmanager
def open_study(config: StudyConfig, view: View, too_large: Sequence[Params] = ()) -> Iterator[Study]:
    """Open or create the study of ``config`` for this driver alone; raises StudyError before anything is changed.

    ``too_large`` are parameters that are known to take more memory than there is.
    """
    _writable(config.folder)
    with _only_driver(config.folder):
        fingerprint = fingerprint_of(config)
        scheduler = config.model.scheduler
        pruner = sampler.make_scheduler(scheduler.name, scheduler.options) if scheduler else None
        study = sampler.open_study(config.storage, config.model.study, fingerprint, pruner)
        _check_same(config, study.user_attrs.get(sampler.FINGERPRINT, {}), fingerprint)
        for change in _changes(config):
            view.warn(f"{change}: older and newer trials may not be comparable")
        configuration.save(config)
        study.set_user_attr(origin.KEY, origin.appended(study.user_attrs.get(origin.KEY), origin.now(config.base)))
        yield Study(config, study, view, too_large=too_large)


def fingerprint_of(config: StudyConfig) -> dict[str, Any]:
    """Return what may not change while a study goes on."""
    objective = config.model.objective
    return {
        "objective": objective.metric,
        "direction": objective.direction,
        "trainer": config.model.trainer.name,
        "space": json.loads(json.dumps(config.space.describe())),
    }


def _check_same(config: StudyConfig, known: dict[str, Any], mine: dict[str, Any]) -> None:
    if not isinstance(known, dict) or not known.keys() >= mine.keys():
        raise StudyError(f"{config.folder}: expected a study of tuner, but got one with another mark: {known!r:.80}")
    changes = [f"{key} was {known[key]}, is {mine[key]}" for key in mine if key != "space" and known[key] != mine[key]]
    changes += config.space.differences(known["space"])
    if changes:
        raise StudyError(
            f"{config.folder}: this study has another space or objective: {'; '.join(changes)}. "
            f"Give the new one another name with --set study=NAME"
        )


def _changes(config: StudyConfig) -> list[str]:
    """Return what is different from the last run of the study and may move the scores."""
    path = config.folder / configuration.CONFIG_FILE
    if not path.is_file():
        return []
    before = documents.load(path)
    keys = ("trainer", "epochs", "scale_rate_with_batch")
    pairs = [(key, before.get(key), config.document.get(key)) for key in keys]
    return [f"{key} was {old}, is {new}" for key, old, new in pairs if old != new]


def _writable(folder: Path) -> None:
    try:
        (folder / "trials").mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise StudyError(f"{folder}: expected a folder to write to, but got: {error.strerror}") from None


def driver_is_alive(folder: Path) -> bool:
    """Return whether a driver works on the study in ``folder``."""
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _locked(handle, fcntl.LOCK_SH, wait_seconds=0)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _only_driver(folder: Path) -> Iterator[None]:
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        # A moment's patience: somebody may just be looking whether a driver is alive.
        if not _locked(handle, fcntl.LOCK_EX, wait_seconds=1):
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
            raise StudyError(f"{folder}: another tuner (process {holder}) works on this study")
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _locked(handle: int, kind: int, wait_seconds: float) -> bool:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
