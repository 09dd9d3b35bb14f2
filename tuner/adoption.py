"""Take over the trials of a driver that died: finished ones are told, the others continue under their number."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from tuner.executors.devices import Device
from tuner.executors.local import LOCK_FILE
from tuner.record import Action, Ending, Record
from tuner.running import RunningTrial

if TYPE_CHECKING:
    from tuner.study import Study


def take_over(study: Study, device: Device) -> bool:
    """Bring trials that nobody trains to their end, and one on its way on ``device``; return whether there was one.

    It has to be this driver's turn.
    """
    return any(_bring_on(study, record, device) for record in _orphans(study))


def adopt(study: Study, number: int) -> RunningTrial:
    """Return a trial that another driver trained, with what is known of it here."""
    trial, record = study.sampler.adopt(number)
    running = study.prepare(trial, record)
    if not record.paused:
        running.record = replace(record, seconds=record.seconds + _trained_seconds(study, running))
    running.look(over=True)
    running.arrive()
    if not running.curve.length:  # its log is out of reach, or was removed: what it has cost is lost
        running.record = replace(running.record, lost_epochs=record.paid_so_far)
    return running


def _orphans(study: Study) -> Iterator[Record]:
    """Yield what runs as far as the storage knows, and belongs to no driver that lives."""
    mine = {running.record.number for running in study.running}
    for record in study.records:
        unfinished = record.state is TrialState.RUNNING and not record.paused
        if unfinished and record.number not in mine and record.owner not in study.drivers.others:
            yield record


def _bring_on(study: Study, record: Record, device: Device) -> bool:
    """Tell, end or pause an orphan where that is due, and else continue it; return whether it trains now."""
    if record.ending is not None:
        study.tell(study.sampler.adopt(record.number)[0], record)
        return False
    if study.executor.outlives and _taken_up(study, record.number):
        return True
    if not study.has_room() or _is_busy(study, study.config.trial_folder(record.number)):
        return False
    running = adopt(study, record.number)
    if running.ending is None and running.curve.length >= running.spec.epochs:
        epochs = running.curve.length
        running.ending = Ending(Action.FINISH, "finished", f"all {epochs} epochs", epoch=running.seen_epoch)
    if running.ending is not None:
        study.end(running)
    elif running.waits:
        study.pauses.pause(running)
    else:
        _continue(study, study.pauses.sent(running), device)
        return True
    return False


def _taken_up(study: Study, number: int) -> bool:
    """Go on with a process that trained on without a driver, where the engine knows one; return whether it does."""
    trial, record = study.sampler.adopt(number)
    running = study.prepare(trial, record)
    process = study.executor.adopt(running.folder)
    if process is None:
        return False
    seconds, me = record.seconds + _trained_seconds(study, running), study.drivers.me
    running.record = replace(running.record, seconds=seconds, owner=me)
    study.sampler.note(trial, owner=me)
    study.view.say(f"trial {number} is taken up again: it trained on without a driver")
    study.pauses.sent(running).begin(process, resumed=False)
    study.running.append(running)
    study.remember(running.record)
    return True


def _is_busy(study: Study, folder: Path) -> bool:
    """Return whether a process still works in ``folder``, which a driver that was cut off may have left there.

    One of a driver that died may be in its grace period, and write a last checkpoint: with nobody else to go on
    meanwhile, it is waited for.
    """
    if not study.drivers.others:
        study.executor.wait_for_last_process(folder)
        return False
    with contextlib.suppress(FileNotFoundError), open(folder / LOCK_FILE) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _continue(study: Study, running: RunningTrial, device: Device) -> None:
    resume = study.config.trainer.can_continue(running.folder)
    how = "from its last checkpoint" if resume else "from the beginning"
    logged = max(running.curve.length, running.record.reported)
    study.view.say(f"trial {running.record.number} continues {how} ({logged} epochs are logged)")
    if not resume:
        running.record = replace(running.record, lost_epochs=running.record.lost_epochs + running.curve.length)
    study.start(running, device, resume=resume)


def _trained_seconds(study: Study, running: RunningTrial) -> float:
    """Return how long the process of a dead driver trained, by the time of the last change of its log."""
    started = running.record.started
    with contextlib.suppress(OSError):
        if started is not None:
            return max(0.0, study.config.trainer.log(running.folder).path.stat().st_mtime - started)
    return 0.0
