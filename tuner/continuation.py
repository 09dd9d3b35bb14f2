"""Bring on a trial whose process came to its end before the trial did."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tuner import endings
from tuner.executors.devices import Device
from tuner.record import Ending, Record
from tuner.running import RunningTrial

if TYPE_CHECKING:
    from tuner.study import Study


def brought_on(study: Study, running: RunningTrial) -> bool:
    """Continue a trial that ended for what says nothing about it, now or later; return whether it is to go on."""
    return _wait_for_room(study, running) or _go_on(study, running) or _begin_anew(study, running)


def _begin_anew(study: Study, running: RunningTrial) -> bool:
    """Start a trial from the beginning where its checkpoint could not be continued; return whether that was so."""
    ending, process = running.ending, running.process
    if not running.resumed or ending is None or ending.reason not in ("crashed", "no_log"):
        return False
    if running.curve.length > running.rows_at_start or process is None:
        return False
    study.view.warn(f"trial {running.record.number} begins anew: its checkpoint cannot be continued ({ending.text})")
    record = replace(running.record, lost_epochs=running.record.lost_epochs + running.curve.length)
    _start_again(study, running, record, process.device, resume=False)
    return True


def _go_on(study: Study, running: RunningTrial) -> bool:
    """Continue a trial that hung, was killed or lost its node, where it came to no other end; return whether it is.

    Without a new epoch since its start it is one more attempt.
    """
    process, record, ending = running.process, running.record, running.ending
    if process is None or ending is None or not _came_from_outside(study, ending):
        return False
    if ending.reason == endings.NO_SPACE and study.disk.is_low():
        return False
    attempt = 1 if running.curve.length > running.rows_at_start else record.retry + 1
    if attempt > endings.attempts(ending.reason, study.config.model.max_retries):
        if process.lost:
            running.ending = replace(ending, text=f"{process.lost}, after {running.curve.length} epochs")
        return False
    resume = study.config.trainer.can_continue(running.folder)
    again = max(0, running.seen_rows - (running.curve.length if resume else 0))
    how = f"{'elsewhere, ' if process.lost else ''}from {'its last checkpoint' if resume else 'the beginning'}"
    logged = running.seen_rows
    what = f"{again} of its {logged} epochs are trained again" if logged else "it had logged no epoch"
    study.view.warn(f"trial {record.number} goes on {how}; {what} ({process.lost or ending.text})")
    study.sampler.note(running.trial, retry=attempt)
    record = replace(record, retry=attempt, seconds=running.seconds, lost_epochs=record.lost_epochs + again)
    _start_again(study, running, record, process.device, resume=resume)
    return True


def _start_again(study: Study, running: RunningTrial, record: Record, device: Device, *, resume: bool) -> None:
    study.running.remove(running)
    running.ending, running.record = None, record
    study.start(running, device, resume=resume)


def _came_from_outside(study: Study, ending: Ending) -> bool:
    """Return whether an end says nothing about the parameters, as far as can be told."""
    if ending.reason == endings.NO_SPACE:
        return bool(ending.evidence)  # it ended by itself, rather than as the one that takes the most
    crashed = ending.reason == "crashed" and study.disk.was_full()
    return crashed or ending.reason in endings.FROM_OUTSIDE


def _wait_for_room(study: Study, running: RunningTrial) -> bool:
    """Let a trial go on later that ended on a disk which others have filled; return whether that was so."""
    ending = running.ending
    if ending is None or not _came_from_outside(study, ending):
        return False
    if not study.disk.is_low() or study.disk.is_to_blame(running.folder):
        return False
    study.view.warn(f"trial {running.record.number} goes on when there is room on the disk again ({ending.text})")
    study.running.remove(running)
    study.refresh()
    return True
