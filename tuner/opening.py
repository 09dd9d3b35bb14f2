"""Open a study for a driver, or refuse it before anything is changed: for one alone, or for several on PostgreSQL."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import optuna

from tuner import config as configuration
from tuner import documents, origin, sampler, words
from tuner.config import StudyConfig
from tuner.disk import DiskWatch, nearest
from tuner.drivers import Alone, Drivers, Joined, are_alive
from tuner.errors import Locked, StudyError
from tuner.live import View
from tuner.record import Params
from tuner.storage import database, errors
from tuner.storage_url import is_shared, without_password
from tuner.study import Study

LOCK_FILE = "driver.lock"

T = TypeVar("T")


@contextlib.contextmanager
def open_study(config: StudyConfig, view: View, too_large: Sequence[Params] = ()) -> Iterator[Study]:
    """Open or create the study of ``config`` for this driver; raises StudyError before anything is changed.

    ``too_large`` are parameters that are known to take more memory than there is.
    """
    _refuse_unwritable(config.folder)
    _writable(config.folder)
    with contextlib.nullcontext() if is_shared(config.storage) else _only_driver(config.folder):
        fingerprint = fingerprint_of(config)
        scheduler = config.model.scheduler
        pruner = sampler.make_scheduler(scheduler.name, scheduler.options) if scheduler else None

        def opened() -> optuna.Study:
            _refuse_to_overwrite(config)
            return sampler.open_study(config.storage, config.model.study, fingerprint, pruner)

        study = _patiently(opened, config, view)
        _check_same(config, study.user_attrs.get(sampler.FINGERPRINT, {}), fingerprint)
        for change in _changes(config):
            view.warn(f"{change}: older and newer trials may not be comparable")
        configuration.save(config)
        study.set_user_attr(origin.KEY, origin.appended(study.user_attrs.get(origin.KEY), origin.now(config.base)))
        with _drivers_of(config, study) as drivers:
            yield Study(config, study, view, too_large=too_large, drivers=drivers)


def _patiently(call: Callable[[], T], config: StudyConfig, view: View) -> T:
    """Return what ``call`` returns once no other program has locked the storage; raises Locked after all the time."""
    until, told = time.monotonic() + config.model.storage_minutes * 60, False
    while True:
        try:
            return call()
        except Locked as locked:
            if time.monotonic() > until:
                raise
            if not told:
                view.warn(f"{locked}; waiting for it, {config.model.storage_minutes:g} min at most")
            told = True
            time.sleep(0.2)


def _refuse_to_overwrite(config: StudyConfig) -> None:
    """Raise StudyError where trials lie in the study's folder that the storage knows nothing of."""
    there = sum(any(folder.iterdir()) for folder in config.folder.glob("trials/[0-9]*") if folder.is_dir())
    if not there:
        return
    known = sampler.find_study(config.storage, config.model.study)
    if known is None or not known.get_trials(deepcopy=False):
        raise StudyError(
            f"{config.folder}: expected the storage of the {words.count(there, 'trial')} in trials/, but got one "
            f"without any ({without_password(config.storage)}), and nothing is written over: put a copy of it back, or "
            f"start anew elsewhere with --set study=NAME; tuner diagnose reads the curves that are there"
        )


@contextlib.contextmanager
def _drivers_of(config: StudyConfig, study: optuna.Study) -> Iterator[Drivers]:
    """Join the drivers of a study for the time of the context."""
    if not is_shared(config.storage):
        yield Alone()
        return
    with errors(config.storage):
        drivers = Joined(database(study), study._study_id, config.model.lease_seconds)
    try:
        yield drivers
    finally:
        drivers.leave()


@dataclass(frozen=True)
class Earlier:
    """A study that ``open_study`` would continue, and what is different since its last run."""

    study: optuna.Study
    changes: tuple[str, ...]


def look(config: StudyConfig) -> Earlier | None:
    """Return the study that would be continued, None for a new one; raises what ``run`` would before its first trial.

    Nothing is changed, and the folder of a new study is not made.
    """
    _refuse_unwritable(config.folder)
    if not is_shared(config.storage):
        _refuse_second_driver(config.folder)
    _refuse_to_overwrite(config)
    study = sampler.find_study(config.storage, config.model.study)
    disk = DiskWatch(config.folder, config.model.min_free_disk_gb)
    if study is not None:
        _check_same(config, study.user_attrs.get(sampler.FINGERPRINT, {}), fingerprint_of(config))
    if disk.is_low():
        raise disk.refusal(config.folder)
    return None if study is None else Earlier(study, tuple(_changes(config)))


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
        got = f"expected a study of tuner, but got one with another mark: {known!r:.80}"
        raise StudyError(f"{config.folder}: {got}; give this one another name with --set study=NAME")
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


def _refuse_unwritable(folder: Path) -> None:
    """Raise StudyError where the folder could not be made or written to, as far as can be told without doing so."""
    place = nearest(folder)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        problem = os.strerror(errno.EACCES if place.is_dir() else errno.ENOTDIR)
        raise _unwritable(folder, f"{problem}" if place == folder else f"{place}: {problem}")


def _unwritable(folder: Path, problem: str | None) -> StudyError:
    choose = "choose another one with --set results=FOLDER"
    return StudyError(f"{folder}: expected a folder to write to, but got: {problem}; {choose}")


def _writable(folder: Path) -> None:
    try:
        (folder / "trials").mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error.strerror) from None


def driver_is_alive(config: StudyConfig, study: optuna.Study) -> bool:
    """Return whether a driver works on a study, here or elsewhere."""
    if is_shared(config.storage):
        return are_alive(database(study), study._study_id, config.model.lease_seconds)
    try:
        handle = os.open(config.folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
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
        _lock_alone(handle, folder, fcntl.LOCK_EX, wait_seconds=1)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _refuse_second_driver(folder: Path) -> None:
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _lock_alone(handle, folder, fcntl.LOCK_SH, wait_seconds=0)
    finally:
        os.close(handle)


def _lock_alone(handle: int, folder: Path, kind: int, wait_seconds: float) -> None:
    """Take the lock of the study's driver; raises StudyError, which names the holder, where another one has it."""
    if not _locked(handle, kind, wait_seconds):
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
        raise StudyError(
            f"{folder}: another tuner (process {holder}) works on this study; watch it with tuner status {folder}, or "
            f"give this one another name with --set study=NAME"
        )


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
