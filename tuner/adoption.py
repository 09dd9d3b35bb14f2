"""Take over the trials of a driver that died: finished ones are told, the others continue under their number."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from tuner.executors.devices import Device
from tuner.record import Action, Ending
from tuner.running import RunningTrial

if TYPE_CHECKING:
    from tuner.study import Study


def take_over(study: Study) -> None:
    """Bring every trial that was left running to its end, or to a device."""
    for number in [r.number for r in study.records if r.state is TrialState.RUNNING]:
        _adopt(study, number)
    study.pauses.recall(study.sampler.study.get_trials(deepcopy=False))
    for running in study.running:
        study.pauses.sent(running)
    for running in list(study.adopted):
        if running.ending is None and running.curve.length >= running.spec.epochs:
            epochs = running.curve.length
            running.ending = Ending(Action.FINISH, "finished", f"all {epochs} epochs", epoch=running.seen_epoch)
        if running.ending is not None:
            study.adopted.remove(running)
            study.end(running)
        elif running.waits:
            study.adopted.remove(running)
            # Where it waited already, what was stored of it still holds.
            (study.pauses.hold if running.record.paused else study.pauses.pause)(running)
    while study.adopted:
        device = _wait_for_device(study)
        _continue(study, study.pauses.sent(study.adopted[0]), device)
        study.adopted.pop(0)


def _adopt(study: Study, number: int) -> None:
    trial, record = study.sampler.adopt(number)
    if record.ending is not None:
        study.tell(trial, record)
        return
    running = study.prepare(trial, record)
    if not record.paused:
        running.record = replace(running.record, seconds=record.seconds + _trained_seconds(study, running))
    process = study.executor.adopt(running.folder)
    if process is not None:
        study.view.say(f"trial {number} is taken up again: it trained on without a driver")
        running.begin(process, resumed=False)
        study.running.append(running)
        study.remember(running.record)
        return
    # Its old process may still be in its grace period, and write a last checkpoint.
    study.executor.wait_for_last_process(running.folder)
    running.look(over=True)
    running.arrive()
    study.adopted.append(running)
    study.remember(running.record)


def _wait_for_device(study: Study) -> Device:
    """Return a free device; with fewer of them than before, one trial has to end first."""
    while (device := study.free_device()) is None:
        study.look_around()
    return device


def _continue(study: Study, running: RunningTrial, device: Device) -> None:
    resume = study.config.trainer.can_continue(running.folder)
    how = "from its last checkpoint" if resume else "from the beginning"
    study.view.say(f"trial {running.record.number} continues {how} ({running.curve.length} epochs are logged)")
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
