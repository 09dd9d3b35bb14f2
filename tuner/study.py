"""The loop: ask, start, read, decide, tell, until the budget is used."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import optuna
from optuna.trial import TrialState

from tuner import policy, registry, sampler, search
from tuner.config import StudyConfig
from tuner.disk import DiskWatch
from tuner.errors import StudyError
from tuner.executors.devices import Device
from tuner.live import View
from tuner.record import Action, Ending, Origin, Prescription, Record
from tuner.running import Rules, RunningTrial
from tuner.sampler import Sampler
from tuner.snapshot import BudgetUse, Running, Snapshot
from tuner.space import Role
from tuner.spec import TrialSpec
from tuner.status import budget_use, snapshot_of
from tuner.worth import worth

POLL_SECONDS = 0.1
SHOW_SECONDS = 0.25
CLOCK_SECONDS = 30.0  # how often the time used is stored: what a killed driver forgets at most
LAST_RESORT_SECONDS = 8.0  # after Ctrl-C: force what has not ended by then


class Interrupted(Exception):
    """The person asked the driver to stop; everything that trained can be continued."""


class Study:
    """One driver on one study. Use ``opening.open_study`` to get one."""

    def __init__(self, config: StudyConfig, optuna_study: optuna.Study, view: View) -> None:
        model = config.model
        self.config, self.view = config, view
        self.sampler = Sampler(
            optuna_study, config.space, seed=model.seed, name=model.sampler.name, options=model.sampler.options
        )
        self.executor = registry.EXECUTORS[model.executor](config.slots, model.grace_seconds)
        self.rules = Rules(
            config.treatment, config.symptom_options, model.stall_minutes * 60, model.budget.trial_hours * 3600
        )
        self.opening = search.openers(config.baselines, config.space, model.sweep)
        self.running: list[RunningTrial] = []
        self.adopted: list[RunningTrial] = []  # trials of a dead driver that wait for a device
        self._know(self.sampler.records())
        self._disk = DiskWatch(config.folder, model.min_free_disk_gb)
        self._interrupts = 0
        self._hours_before = float(optuna_study.user_attrs.get("hours", 0.0))
        self._began = self._clock_stored = self._shown = time.monotonic()

    # -- the loop ---------------------------------------------------------------------------------------------------

    def run(self) -> list[Record]:
        """Train until the budget is used; return all records. Raises Interrupted after Ctrl-C or SIGTERM."""
        with self._signals():
            self.view.update(self.snapshot())
            self._adopt()
            while True:
                self._fill()
                self._show()
                if not self.running:
                    break
                self._look_around()
        self._store_clock(force=True)
        self.view.update(self.snapshot())
        return self.records

    def _look_around(self) -> None:
        """Look at every trial once, keep the budget and the disk, show what is, and leave where that was asked for."""
        for trial in list(self.running):
            if trial.tick() and not self._begin_anew(trial):
                self._end(trial)
        self._watch_budget()
        self._watch_disk()
        self._store_clock()
        self._show()
        if self._interrupts:
            self._leave()
        time.sleep(POLL_SECONDS)

    def _fill(self) -> None:
        """Start trials on free devices while the budget allows."""
        model = self.config.model
        while (device := self._free()) is not None and not self._interrupts:
            proposal = search.propose(
                self.records,
                self.opening,
                remedy_share=model.remedies.share,
                max_retries=model.max_retries,
                higher_is_better=self.config.higher_is_better,
                table=self.config.treatment,
            )
            if not self._may_start(proposal):
                return
            trial, record = self.sampler.ask(
                proposal.params,
                seed=proposal.seed,
                origin=proposal.origin,
                parent=proposal.parent,
                remedy=proposal.remedy,
                retry=proposal.retry or None,
            )
            self._start(self._prepare(trial, record), device, resume=False)

    def _free(self) -> Device | None:
        left = list(self.executor.slots)
        for trial in self.running:
            left.remove(trial.process.device)  # type: ignore[union-attr]
        return left[0] if left else None

    def _may_start(self, proposal: search.Proposal) -> bool:
        use = self.budget()
        if self._spent(use):
            return False
        if not self.running and self._disk.is_low():
            raise StudyError(f"{self._disk.problem()}; to go on when there is room: tuner resume {self.config.folder}")
        # A trial that was killed from outside is repeated outside the count, and one that is queued is counted already.
        counts = proposal.origin is not Origin.RETRY and not any(r.state is TrialState.WAITING for r in self.records)
        enough = use.max_trials is not None and use.trials >= use.max_trials
        return not self._disk.is_low() and not (counts and enough)

    def _prepare(self, trial: optuna.Trial, record: Record) -> RunningTrial:
        """Return the trial with its folder and its specification, not started yet."""
        space, model = self.config.space, self.config.model
        epochs = space.playing(Role.EPOCHS, record.params)
        planned = int(record.params[epochs[0]]) if epochs else record.planned_epochs or model.epochs
        record = replace(record, planned_epochs=planned)
        assert record.seed is not None
        folder = self.config.trial_folder(record.number)
        folder.mkdir(parents=True, exist_ok=True)
        spec = TrialSpec(
            record.number,
            self.config.scaled(record.params),
            planned,
            record.seed,
            folder,
            model.objective.metric,
            self.config.higher_is_better,
        )
        return RunningTrial(trial, record, spec, self.config.trainer.log(folder), self.rules, self._on_row)

    def _start(self, running: RunningTrial, device: Device, *, resume: bool) -> None:
        command = self.config.trainer.command(running.spec, resume=resume)
        running.record = replace(running.record, device=str(device), started=time.time())
        record = running.record
        self.sampler.note(
            running.trial,
            device=record.device,
            started=record.started,
            planned_epochs=record.planned_epochs,
            seconds=round(record.seconds, 3),
            lost_epochs=record.lost_epochs or None,
        )
        running.begin(self.executor.start(command, running.folder, device), resumed=resume)
        self.running.append(running)
        self._remember(record)

    # -- one epoch, one ending --------------------------------------------------------------------------------------

    def _on_row(self, running: RunningTrial, epoch: int, score: float | None) -> Ending | None:
        """Report one epoch to Optuna; return an ending where its pruner calls for one."""
        if score is not None:
            self.sampler.report(running.trial, epoch, score)
        if score is not None and self.sampler.should_prune(running.trial):
            name = type(self.sampler.study.pruner).__name__
            return Ending(Action.PRUNE, sampler.PRUNED_BY_SCHEDULER, f"{name} ranked it too low", epoch=epoch)
        return None

    def _end(self, running: RunningTrial) -> None:
        """Store why the trial ended and what follows, then tell it; a kill in between is mended by ``_adopt``."""
        assert running.ending is not None
        judged = running.judged
        best = judged.score.best() if judged.score else None
        record = replace(
            running.record,
            ending=running.ending if best else _without_score(running.ending),
            epochs=judged.length,
            extra_epochs=running.curve.length - judged.length,
            seconds=running.seconds,
            score=best[1] if best else None,
            score_epoch=best[0] if best else None,
        )
        record = replace(record, prescription=self._prescribe(running, record))
        self.sampler.note(
            running.trial,
            ending=record.ending,
            epochs=record.epochs,
            extra_epochs=record.extra_epochs,
            seconds=round(record.seconds, 3),
            score=record.score,
            score_epoch=record.score_epoch,
            prescription=record.prescription,
        )
        if running in self.running:
            self.running.remove(running)
        if running.ending.reason == "disk_full":
            self._disk.clear(running.folder, keep=running.log.path)
        self._tell(running.trial, record)

    def _tell(self, trial: optuna.Trial, record: Record) -> None:
        assert record.ending is not None
        self.sampler.tell(trial, record.ending, record.score)
        self._know(self.sampler.records())

    def _prescribe(self, running: RunningTrial, record: Record) -> Prescription | None:
        assert record.ending is not None
        symptom = policy.complaint(running.diagnosis, self.config.treatment)
        if symptom is None or record.ending.action is Action.FAIL or record.ending.reason == "budget":
            return None
        others = [r for r in self.records if r.number != record.number]
        taken = [record.params, *(r.params for r in others)]
        taken += [r.prescription.params for r in others if r.prescription]
        credit = {w.remedy: w for w in worth(others, higher_is_better=self.config.higher_is_better)}
        row = self.config.treatment[symptom.name]
        found = policy.prescribe(row.retry_with, record.params, self.config.space, registry.REMEDIES, credit, taken)
        return replace(found, symptom=symptom.name) if found else None

    # -- crash and return -------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take over the trials of a dead driver: finished ones are told, the others continue under their number."""
        for number in [r.number for r in self.records if r.state is TrialState.RUNNING]:
            trial, record = self.sampler.adopt(number)
            if record.ending is not None:
                self._tell(trial, record)
                continue
            running = self._prepare(trial, record)
            running.record = replace(running.record, seconds=record.seconds + _trained_seconds(running))
            # Its old process may still be in its grace period, and write a last checkpoint.
            self.executor.wait_for_last_process(running.folder)
            running.look(over=True)
            self.adopted.append(running)
            self._remember(running.record)
        for running in list(self.adopted):
            if running.ending is None and running.curve.length >= running.spec.epochs:
                epochs = running.curve.length
                running.ending = Ending(Action.FINISH, "finished", f"all {epochs} epochs", epoch=running.seen_epoch)
            if running.ending is not None:
                self.adopted.remove(running)
                self._end(running)
        while self.adopted:
            self._continue(self.adopted[0], self._wait_for_device())
            self.adopted.pop(0)

    def _wait_for_device(self) -> Device:
        """Return a free device; with fewer of them than before, one trial has to end first."""
        while (device := self._free()) is None:
            self._look_around()
        return device

    def _continue(self, running: RunningTrial, device: Device) -> None:
        resume = self.config.trainer.can_continue(running.folder)
        how = "from its last checkpoint" if resume else "from the beginning"
        self.view.say(f"trial {running.record.number} continues {how} ({running.curve.length} epochs are logged)")
        if not resume:
            running.record = replace(running.record, lost_epochs=running.record.lost_epochs + running.curve.length)
        self._start(running, device, resume=resume)

    def _begin_anew(self, running: RunningTrial) -> bool:
        """Start a trial from the beginning where its checkpoint could not be continued; return whether that was so."""
        ending, process = running.ending, running.process
        if not running.resumed or ending is None or ending.reason not in ("crashed", "no_log"):
            return False
        if running.curve.length > running.rows_at_start or process is None:
            return False
        self.view.say(f"trial {running.record.number} begins anew: its checkpoint cannot be continued ({ending.text})")
        self.running.remove(running)
        running.ending = None
        running.record = replace(running.record, lost_epochs=running.record.lost_epochs + running.curve.length)
        self._start(running, process.device, resume=False)
        return True

    def _leave(self) -> None:
        """Stop all processes, keep their trials as running, so that a later driver continues them."""
        self.view.say("stopping; press Ctrl-C again to force it")
        for running in self.running:
            assert running.process is not None
            running.process.stop()
        deadline, forced = time.monotonic() + LAST_RESORT_SECONDS, False
        while any(r.process and r.process.poll() is None for r in self.running):
            if time.monotonic() > deadline + 1:
                break  # not even SIGKILL ends a process in uninterruptible sleep
            if not forced and (self._interrupts > 1 or time.monotonic() > deadline):
                forced = True
                for running in self.running:
                    assert running.process is not None
                    running.process.stop(force=True)
            time.sleep(0.02)
        for running in self.running:
            self.sampler.note(running.trial, seconds=round(running.seconds, 3), started=time.time())
        self._store_clock(force=True)
        raise Interrupted

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def asked(number: int, _frame: Any) -> None:
            self._interrupts += 1

        before = {n: signal.signal(n, asked) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    # -- what is known ----------------------------------------------------------------------------------------------

    def _remember(self, record: Record) -> None:
        self._know([*self.records[: record.number], record, *self.records[record.number + 1 :]])

    def _know(self, records: list[Record]) -> None:
        self.records, self._changed = records, True
        # Summed up once here, because the budget is asked for at every epoch.
        self._used = budget_use(records, 0, 0.0, self.config.model.budget)

    def hours(self) -> float:
        return self._hours_before + (time.monotonic() - self._began) / 3600

    def budget(self) -> BudgetUse:
        trials = {r.record.number: r for r in [*self.adopted, *self.running]}.values()
        running = sum(max(r.seen_rows, r.curve.length) + r.record.lost_epochs for r in trials)
        return replace(self._used, epochs=self._used.epochs + running, hours=self.hours())

    @staticmethod
    def _spent(use: BudgetUse) -> bool:
        return (use.max_epochs is not None and use.epochs >= use.max_epochs) or (
            use.max_hours is not None and use.hours >= use.max_hours
        )

    def snapshot(self) -> Snapshot:
        running = tuple(Running(r.record, r.judged, r.seconds, r.verdict) for r in self.running)
        return snapshot_of(self.config, self.records, running, self.budget())

    def _show(self) -> None:
        """Show the study after a trial started or ended, and else as often as a person looks."""
        if self._changed or time.monotonic() - self._shown > SHOW_SECONDS:
            self._changed, self._shown = False, time.monotonic()
            self.view.update(self.snapshot())

    def _store_clock(self, *, force: bool = False) -> None:
        if force or time.monotonic() - self._clock_stored > CLOCK_SECONDS:
            self._clock_stored = time.monotonic()
            self.sampler.study.set_user_attr("hours", round(self.hours(), 5))

    def _watch_budget(self) -> None:
        """End what is running when the epochs or hours are used up, also in the middle of a long epoch."""
        if self.running and self._spent(self.budget()):
            for running in self.running:
                if running.ending is None and running.curve.length < running.spec.epochs:
                    running.ending = _out_of_budget(running.seen_epoch)

    def _watch_disk(self) -> None:
        greedy = self._disk.greediest([r.folder for r in self.running if r.ending is None])
        for running in self.running:
            if running.folder == greedy:
                running.ending = Ending(
                    Action.FAIL,
                    "disk_full",
                    f"stopped: {self._disk.problem()} and its folder was the largest",
                    epoch=running.seen_epoch,
                )


def _out_of_budget(epoch: int | None) -> Ending:
    return Ending(Action.STOP, "budget", "the budget of the study was used up", epoch=epoch)


def _without_score(ending: Ending) -> Ending:
    """Return what an ending amounts to for a trial that has no score: no fault of its parameters, or theirs."""
    if ending.action is Action.STOP and ending.reason in ("budget", "time_limit"):
        return replace(ending, action=Action.FAIL)
    if ending.action in (Action.STOP, Action.FINISH):
        return replace(ending, action=Action.PRUNE, reason="no_score", text=f"{ending.text}, without a finite score")
    return ending


def _trained_seconds(running: RunningTrial) -> float:
    """Return how long the process of a dead driver trained, by the time of the last change of its log."""
    started = running.record.started
    with contextlib.suppress(OSError):
        if started is not None:
            return max(0.0, running.log.path.stat().st_mtime - started)
    return 0.0
