"""The loop: ask, start, read, decide, tell, until the budget is used."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from tuner import adoption, continuation, endings, facts, memory, policy, racing, registry, sampler, search, storage
from tuner.config import StudyConfig
from tuner.disk import DiskWatch
from tuner.drivers import Alone, Drivers, Fenced
from tuner.executors.devices import Device
from tuner.live import View
from tuner.pausing import Pauses
from tuner.record import NOT_CONTINUED, Action, Ending, Origin, Params, Prescription, Record
from tuner.running import Rules, RunningTrial
from tuner.sampler import Sampler
from tuner.snapshot import BudgetUse, Running, Snapshot
from tuner.spec import Executor
from tuner.status import CLOCK_SECONDS, HOURS, HOURS_AT, budget_use, snapshot_of
from tuner.worth import worth

SHOW_SECONDS = 0.25
SHOW_SHARE = 0.1  # the most of the time that showing may take: thousands of trials take a while to be counted
OTHERS_SECONDS = 2.0  # how often a driver looks what the others have done
LAST_RESORT_SECONDS = 8.0  # after Ctrl-C: force what has not ended by then


class Interrupted(Exception):
    """The person asked the driver to stop; everything that trained can be continued."""


class Study:
    """One driver on one study. Use ``opening.open_study`` to get one."""

    def __init__(
        self,
        config: StudyConfig,
        optuna_study: optuna.Study,
        view: View,
        executor: Executor | None = None,
        too_large: Sequence[Params] = (),
        drivers: Drivers | None = None,
    ) -> None:
        model = config.model
        self.config, self.view, self.drivers = config, view, drivers or Alone()
        self.executor: Executor = executor or registry.EXECUTORS[model.executor.name](
            config.slots, model.grace_seconds, config.executor_options, model.wanted, view.warn
        )
        self.running: list[RunningTrial] = []
        self.disk = DiskWatch(config.folder, model.min_free_disk_gb)
        self._interrupts: list[int] = []
        self.sampler = Sampler(
            optuna_study,
            config.space,
            seed=model.seed,
            name=model.sampler.name,
            options=model.sampler.options,
            prior=model.prior,
            lessons=lambda: self.pauses.lessons(),
            patience=storage.Patience(
                model.storage_minutes * 60, view.say, view.warn, lambda: bool(self._interrupts), self._make_room
            ),
        )
        self.rules = Rules(
            config.treatment, config.symptom_options, model.stall_minutes * 60, model.budget.trial_hours * 3600
        )
        self.opening = search.openers(config.baselines, config.space, model.sweep, model.seeds)
        self.pauses = Pauses(self, config.racing)
        self._too_large = too_large  # known before the study: what did not fit in one with the same training
        self._know(self.sampler.records())
        self._moved, self._caught_up = True, False
        self._hours_before = float(optuna_study.user_attrs.get(HOURS, 0.0))
        self._began = self.executor.clock()
        self._clock_stored = self._shown = self._looked = self._show_next = time.monotonic()

    # -- the loop ---------------------------------------------------------------------------------------------------

    def run(self) -> list[Record]:
        """Train until the budget is used; return all records. Raises Interrupted after Ctrl-C or SIGTERM."""
        with self._signals():
            try:
                self._store_clock(force=True)
                self._look_at_others()
                self.view.update(self.snapshot())
                while not self._step():
                    pass
                with contextlib.suppress(Fenced):
                    self._store_clock(force=True)
            except storage.Away:
                if not self.executor.outlives:
                    self._stop_processes()
                if self._interrupts:
                    raise Interrupted from None
                raise
        self.view.update(self.snapshot())
        return self.records

    def _step(self) -> bool:
        """Go round the loop once; return whether the study is over."""
        try:
            if self._fill():
                return True
            self._show()
            self.look_around()
        except Fenced:
            self._begin_again()
        return False

    def look_around(self) -> None:
        """Look at every trial once, keep the budget and the disk, show what is, and leave where that was asked for."""
        for trial in list(self.running):
            if trial.tick() and not continuation.brought_on(self, trial):
                if trial.waits:
                    self.pauses.pause(trial)
                else:
                    self.end(trial)
        self._look_at_others()
        self._watch_budget()
        self._watch_disk()
        self._store_clock()
        self._show()
        if self._interrupts:
            self._leave()
        self.executor.wait()

    def _fill(self) -> bool:
        """Start and continue trials on free devices while the budget allows; return whether the study is over."""
        if self._interrupts or self.free_device() is None:
            return False
        try:
            with self.drivers.turn(soon=self._moved) as mine:
                return mine and self._decide()
        except (StorageInternalError, SQLAlchemyError) as error:
            if not storage.is_away(error):
                raise
            self.refresh()  # this waits for it; what was half done is found as if this driver had been killed
            return False

    def _decide(self) -> bool:
        self._moved = False
        self._catch_up()
        while not self._interrupts and (device := self.free_device()) is not None:
            if not adoption.take_over(self, device) and not self._start_next(device):
                break
        return not self.running and not self._interrupts and self._is_over()

    def _catch_up(self) -> None:
        """Take in what happened without this driver: before it came, and at the hands of others."""
        if self.drivers.shared or not self._caught_up:
            self._caught_up = True
            trials = self.sampler.trials()
            self._know(self.sampler.records(trials))
            self.pauses.catch_up(trials)
            self._sum_up()

    def _start_next(self, device: Device) -> bool:
        """Start or continue what comes next on ``device``; return whether there was something."""
        if self._spent(self.budget()):
            return False
        move = self.pauses.next()
        proposal = self._propose() if isinstance(move, racing.New) else None
        if proposal and not self._may_start(proposal):
            move, proposal = self.pauses.next(may_start=False), None
        if proposal:
            self._start_new(proposal, device)
        elif isinstance(move, racing.Continue) and self.has_room():
            self.pauses.go_on(move, device)
        else:
            return False
        return True

    def _is_over(self) -> bool:
        """End what waits where nothing runs anywhere any more; return whether nothing waits elsewhere either."""
        if any(r.state is TrialState.RUNNING and not r.paused for r in self.records):
            return False
        self.pauses.close()
        return not any(r.state is TrialState.RUNNING for r in self.records)

    def _propose(self) -> search.Proposal:
        model = self.config.model
        return search.propose(
            self.records,
            self.opening,
            remedy_share=model.remedies.share,
            max_retries=model.max_retries,
            higher_is_better=self.config.higher_is_better,
            table=self.config.treatment,
            fits=lambda params: self._bound is None or self._bound(params) == params,
        )

    def _start_new(self, proposal: search.Proposal, device: Device) -> None:
        trial, record = self.sampler.ask(
            proposal.params,
            seed=proposal.seed,
            origin=proposal.origin,
            parent=proposal.parent,
            remedy=proposal.remedy,
            retry=proposal.retry or None,
        )
        self.start(self.pauses.sent(self.prepare(trial, record)), device, resume=False)

    def free_device(self) -> Device | None:
        left = list(self.executor.slots)
        for trial in self.running:
            # Slots of a cluster may go while they are used.
            if trial.process is not None and trial.process.device in left:
                left.remove(trial.process.device)
        return left[0] if left else None

    def _may_start(self, proposal: search.Proposal) -> bool:
        use = self.budget()
        if self.executor.exhausted:
            return False
        # What the budget cut before its first score is repeated outside the count; what is queued is counted already.
        counts = proposal.origin is not Origin.RETRY and not any(r.state is TrialState.WAITING for r in self.records)
        enough = use.max_trials is not None and use.trials >= use.max_trials
        return not (counts and enough) and self.has_room()

    def has_room(self) -> bool:
        """Return whether the disk has room for a trial; raises StudyError where nothing runs that could make some."""
        if self.disk.is_low() and not self.running:
            raise self.disk.refusal(self.config.folder)
        return not self.disk.is_low()

    def prepare(self, trial: optuna.Trial, record: Record) -> RunningTrial:
        """Return the trial with its folder and its specification, not started yet."""
        assert record.seed is not None
        spec = self.config.spec_of(record)
        if self.pauses.rules is None:
            spec = replace(spec, until=None)  # also where it turned out that no trial can be continued
        record = replace(record, planned_epochs=spec.epochs)
        source = self.executor.open(spec, self.config.trainer.log(spec.folder))
        return RunningTrial(
            trial, record, spec, source, self.rules, self._on_row, self.pauses.may_pause, self.executor.clock
        )

    def start(self, running: RunningTrial, device: Device, *, resume: bool) -> None:
        command = self.config.trainer.command(running.spec, resume=resume)
        running.record = replace(running.record, device=str(device), started=time.time(), owner=self.drivers.me)
        record = running.record
        self.sampler.note(
            running.trial,
            device=record.device,
            started=record.started,
            planned_epochs=record.planned_epochs,
            seconds=round(record.seconds, 3),
            lost_epochs=record.lost_epochs or None,
            owner=record.owner,
        )
        running.begin(self.executor.start(command, running.folder, device), resumed=resume)
        self.running.append(running)
        self.remember(record)

    # -- one epoch, one ending --------------------------------------------------------------------------------------

    def _on_row(self, running: RunningTrial, epoch: int, score: float | None) -> Ending | None:
        """Report one epoch to Optuna; return an ending where its pruner calls for one."""
        if score is not None:
            self.sampler.report(running.trial, epoch, score)
        if score is not None and self.sampler.should_prune(running.trial):
            name = type(self.sampler.study.pruner).__name__
            return Ending(Action.PRUNE, sampler.PRUNED_BY_SCHEDULER, f"{name} ranked it too low", epoch=epoch)
        return None

    def end(self, running: RunningTrial) -> None:
        """Store why the trial ended and what follows, then tell it; a kill in between is mended by ``adoption``."""
        record = self.account(running)
        if running in self.running:
            self.running.remove(running)
        if record.ending is not None and record.ending.reason == endings.NO_SPACE:
            self.disk.clear(running.folder, keep=self.config.trainer.log(running.folder).path)
        self.tell(running.trial, record)

    def account(self, running: RunningTrial) -> Record:
        """Return the record of a trial that ended, with its score and what follows, as it is stored from now on."""
        assert running.ending is not None
        judged = running.judged
        best = judged.score.best() if judged.score else None
        record = replace(
            running.record,
            ending=running.ending if best else endings.without_score(running.ending),
            epochs=judged.length,
            extra_epochs=running.curve.length - judged.length,
            seconds=running.seconds,
            score=best[1] if best else None,
            score_epoch=best[0] if best else None,
            metrics=facts.metrics_at(judged, best[0] if best else None),
            facts=facts.read(running.folder),
        )
        record = replace(record, prescription=record.prescription or self.prescribe(running, record))
        self.sampler.note(
            running.trial,
            ending=record.ending,
            epochs=record.epochs,
            extra_epochs=record.extra_epochs,
            seconds=round(record.seconds, 3),
            score=record.score,
            score_epoch=record.score_epoch,
            prescription=record.prescription,
            metrics=record.metrics or None,
            facts=record.facts or None,
        )
        self.pauses.ended(running, record)
        return record

    def tell(self, trial: optuna.Trial, record: Record) -> None:
        assert record.ending is not None
        self.sampler.tell(trial, record.ending, record.score)
        self._moved = True
        self.refresh()

    def prescribe(self, running: RunningTrial, record: Record) -> Prescription | None:
        """Return the move to be tried for what is seen on a trial that ended or is held, if there is one."""
        ending, symptom = record.ending, policy.complaint(running.diagnosis, self.config.treatment)
        name, moves = (symptom.name, self.config.treatment[symptom.name].retry_with) if symptom else ("", ())
        if ending and ending.reason == memory.OUT_OF_MEMORY:
            name, moves = memory.OUT_OF_MEMORY, memory.REMEDIES
        if not moves or (ending and (ending.action is Action.FAIL or ending.reason in ("budget", NOT_CONTINUED))):
            return None
        others = [r for r in self.records if r.number != record.number]
        taken = [record.params, *(r.params for r in others)]
        taken += [r.prescription.params for r in others if r.prescription]
        credit = {w.remedy: w for w in worth(others, higher_is_better=self.config.higher_is_better)}
        found = policy.prescribe(moves, record.params, self.config.space, registry.REMEDIES, credit, taken)
        return replace(found, symptom=name) if found else None

    # -- leaving -------------------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Stop all processes, keep their trials as running, so that a later driver continues them.

        What goes on without a driver is stopped only where a person asks for it: a driver in a job of its own has a
        time limit, too.
        """
        if self.executor.outlives and signal.SIGINT not in self._interrupts:
            self.view.say("leaving; the trials train on")
            self._store_clock(force=True)
            raise Interrupted
        self.view.say("stopping; press Ctrl-C again to force it")
        self._stop_processes()
        with contextlib.suppress(Fenced, storage.Away):
            for running in self.running:
                self.sampler.note(running.trial, seconds=round(running.seconds, 3), started=time.time())
            self._store_clock(force=True)
        raise Interrupted

    def _stop_processes(self) -> None:
        for running in self.running:
            assert running.process is not None
            running.process.stop()
        deadline, forced = time.monotonic() + LAST_RESORT_SECONDS, False
        while any(r.process and r.process.poll() is None for r in self.running):
            if time.monotonic() > deadline + 1:
                break  # not even SIGKILL ends a process in uninterruptible sleep
            if not forced and (len(self._interrupts) > 1 or time.monotonic() > deadline):
                forced = True
                for running in self.running:
                    assert running.process is not None
                    running.process.stop(force=True)
            time.sleep(0.02)

    def _begin_again(self) -> None:
        """Let go of everything and join the others anew, which took this driver for dead."""
        numbers = ", ".join(str(running.record.number) for running in self.running) or "none"
        self.view.warn(f"others took this driver for dead, and may take its trials ({numbers}): it lets them go")
        self._stop_processes()
        self.running.clear()
        self.pauses.forget()
        self.sampler.forget()
        self.sampler.patiently(self.drivers.join)
        self.refresh()
        self._moved = True

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def asked(number: int, _frame: Any) -> None:
            self._interrupts.append(number)

        before = {n: signal.signal(n, asked) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    # -- what is known ----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        self._know(self.sampler.records())

    def remember(self, record: Record) -> None:
        self._moved = True
        self._know([*self.records[: record.number], record, *self.records[record.number + 1 :]])

    def _know(self, records: list[Record]) -> None:
        self.records, self._changed = records, True
        self._bound = memory.bound([*self._too_large, *memory.too_large(records)], self.config.space)
        self.sampler.place = self.executor.place or self._bound
        # Summed up once here, because the budget is asked for at every epoch.
        self._sum_up()

    def _sum_up(self) -> None:
        mine = self.pauses.waiting.keys() | {running.record.number for running in self.running}
        elsewhere = (r for r in self.records if r.state is TrialState.RUNNING and r.number not in mine)
        epochs = sum(r.paid_so_far for r in elsewhere)
        self._used = budget_use(self.records, epochs, 0.0, self.config.model.budget)

    def _look_at_others(self) -> None:
        for change in self.sampler.patiently(self.drivers.live):
            self.view.say(change)
        if self.drivers.shared and time.monotonic() - self._looked > OTHERS_SECONDS:
            self.refresh()
            self._looked = time.monotonic()

    def hours(self) -> float:
        return self._hours_before + (self.executor.clock() - self._began) / 3600

    def budget(self) -> BudgetUse:
        running = sum(r.paid for r in self.running)
        return replace(self._used, epochs=self._used.epochs + running + self.pauses.epochs, hours=self.hours())

    @staticmethod
    def _spent(use: BudgetUse) -> bool:
        return (use.max_epochs is not None and use.epochs >= use.max_epochs) or (
            use.max_hours is not None and use.hours >= use.max_hours
        )

    def snapshot(self) -> Snapshot:
        running = tuple(Running(r.record, r.judged, r.seconds, r.verdict) for r in self.running)
        return snapshot_of(self.config, self.records, running, self.budget())

    def _show(self) -> None:
        """Show the study after a trial started or ended, and else as often as a person looks; a tenth of the time."""
        now = time.monotonic()
        if now >= self._show_next and (self._changed or now - self._shown > SHOW_SECONDS):
            self._changed, self._shown = False, now
            self.view.update(self.snapshot())
            self._show_next = time.monotonic() + (time.monotonic() - now) / SHOW_SHARE

    def _store_clock(self, *, force: bool = False) -> None:
        if force or time.monotonic() - self._clock_stored > CLOCK_SECONDS:
            self._clock_stored = time.monotonic()
            self.sampler.patiently(self._write_clock)

    def _write_clock(self) -> None:
        """Store the hours in which a driver worked on the study; drivers at the same time use them up once."""
        study = self.sampler.study
        self._hours_before += max(0.0, float(study.user_attrs.get(HOURS, 0.0)) - self.hours())
        study.set_user_attr(HOURS, round(self.hours(), 5))
        study.set_user_attr(HOURS_AT, round(time.time(), 3))

    def _watch_budget(self) -> None:
        """End what is running when the epochs or hours are used up, also in the middle of a long epoch."""
        if self.running and self._spent(self.budget()):
            for running in self.running:
                if running.ending is None and not running.waits and running.curve.length < running.spec.epochs:
                    running.ending = endings.out_of_budget(running.seen_epoch)

    def _watch_disk(self) -> None:
        if any(r.ending is not None and r.ending.reason == endings.NO_SPACE for r in self.running):
            return  # one at a time: it is on its way out
        greedy = self.disk.greediest([r.folder for r in self.running if r.ending is None])
        for running in self.running:
            if running.folder == greedy:
                running.ending = endings.greedy(self.disk.problem(), running.seen_epoch)

    def _make_room(self) -> None:
        """Stop the greediest trial and empty its folder at once, where the storage has no room to write that down."""
        self._watch_disk()
        for running in self.running:
            if running.ending is not None and running.ending.reason == endings.NO_SPACE and running.process:
                running.process.stop(force=True)
                if running.process.poll() is not None:
                    self.disk.clear(running.folder, keep=self.config.trainer.log(running.folder).path)
