"""The paused trials of a study: who waits, who goes on, and what becomes of them at the end.

``racing`` decides; here is what it decides about, and what follows for processes, records and the storage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from tuner import adoption, racing, search
from tuner.curve import Curve, Kind, Series
from tuner.executors.devices import Device
from tuner.racing import Continue, New
from tuner.record import NOT_CONTINUED, Action, Ending, Record, read
from tuner.running import RunningTrial
from tuner.standings import Entry, Rules, Stand, Standings

if TYPE_CHECKING:
    from tuner.study import Study


class Pauses:
    """The race of one study; without ``rules`` every trial trains to its end."""

    def __init__(self, study: Study, rules: Rules | None) -> None:
        self._study, self.rules = study, rules
        self.waiting: dict[int, RunningTrial] = {}
        self.epochs = 0  # of all that wait: the budget is asked for at every epoch
        self._ended: set[int] = set()
        self._standings = Standings(rules or Rules())

    def catch_up(self, trials: Sequence[FrozenTrial]) -> None:
        """Take what has ended without this driver, what waits and what others train into the race."""
        mine = {running.record.number for running in self._study.running}
        for trial in trials:
            if trial.state.is_finished() and trial.number not in self._ended:
                self._drop(trial.number)
                record = read(trial)
                self._enter_ended(record, self._from_storage(trial, record.epochs))
            elif trial.state is TrialState.RUNNING and trial.number not in mine:
                self._see(trial, read(trial))

    def _see(self, trial: FrozenTrial, record: Record) -> None:
        """Take in a trial that this driver does not train: it waits here, or it trains or waits elsewhere."""
        known = self.waiting.get(record.number)
        if known is not None and record.paused and _leg(known.record) == _leg(record):
            return
        self._drop(record.number)
        best = self._from_storage(trial, record.reported)
        if record.paused and self._is_within_reach(record):
            running = adoption.adopt(self._study, record.number)
            if running.ending is None:
                self.hold(running, best)
            else:
                self._study.end(running)
            return
        entry = Entry(record.number, best, record.planned_epochs or len(best) + 1, Stand.RUNNING)
        entry = replace(entry, held=bool(record.suspect))
        if self._standings.entries.get(record.number) != entry:
            self._standings.enter(entry)

    def _is_within_reach(self, record: Record) -> bool:
        """Return whether a paused trial can go on here; one whose driver is gone can begin anew."""
        folder = self._study.config.trial_folder(record.number)
        return record.owner not in self._study.drivers.others or self._study.config.trainer.can_continue(folder)

    def _drop(self, number: int) -> None:
        """Forget a trial that waited here, because somebody else took it."""
        running = self.waiting.pop(number, None)
        self.epochs -= running.paid if running else 0

    def forget(self) -> None:
        """Forget what waits here: it waits for every driver."""
        self.waiting.clear()
        self.epochs = 0

    def _from_storage(self, trial: FrozenTrial, epochs: int) -> tuple[float, ...]:
        return _best_so_far(trial, epochs, -1 if self._study.config.higher_is_better else 1)

    # -- what a device does next ------------------------------------------------------------------------------------

    def next(self, *, may_start: bool = True) -> Continue | New | None:
        """Return what a free device trains next."""
        if self.rules is None:
            if self.waiting:  # paused before it turned out that not every trial can be
                number, running = next(iter(self.waiting.items()))
                return Continue(number, running.spec.epochs, "no trial is paused any more")
            return New("") if may_start else None
        limits = self._study.config.model.budget
        # A budget in trials alone ends with the race: nothing says that more epochs were meant.
        spend = limits.epochs is not None or limits.hours is not None
        return racing.decide(self._standings, may_start=may_start, spend=spend, left=self._epochs_left())

    def _epochs_left(self) -> float:
        use = self._study.budget()
        if use.max_epochs is None:
            return math.inf
        underway = sum(max(0, (r.spec.until or r.spec.epochs) - r.seen_rows) for r in self._study.running)
        return use.max_epochs - use.epochs - underway

    def go_on(self, move: Continue, device: Device) -> None:
        """Continue a paused trial on ``device``, from its last checkpoint."""
        running = self.waiting.pop(move.number)
        self.epochs -= running.paid
        self._send(running, move.until, move.why)
        resume = self._study.config.trainer.can_continue(running.folder)
        if not resume:  # somebody removed it
            running.record = replace(running.record, lost_epochs=running.record.lost_epochs + running.curve.length)
        self._study.start(running, device, resume=resume)

    def sent(self, running: RunningTrial) -> RunningTrial:
        """Return a trial that is about to start or to be continued, with how far it trains."""
        if self.rules is not None:
            done, until = running.seen_rows, running.spec.until or 0
            until = until if until > done else self.rules.after(done, running.spec.epochs)
            self._send(running, until, running.record.standing or "first look")
        return running

    def _send(self, running: RunningTrial, until: int, why: str) -> None:
        running.spec = replace(running.spec, until=until)
        running.record = replace(running.record, until=until, paused=False, standing=why, suspect="")
        # The owner first: a trial that is not paused must never look like one of its last driver.
        me = self._study.drivers.me
        self._study.sampler.note(running.trial, owner=me, until=until, paused=False, standing=why, suspect="")
        self._enter(running, Stand.RUNNING)

    # -- pausing ----------------------------------------------------------------------------------------------------

    def may_pause(self, running: RunningTrial) -> bool:
        """Return whether a trial that came to where it waits can be continued from there; give up pausing if none can.

        The checkpoint of an epoch may come after its row, so one more epoch is waited for.
        """
        if self.rules is None or running.spec.until is None:
            return False
        if self._study.config.trainer.can_continue(running.folder):
            return True
        if running.seen_rows > running.spec.until:
            self.rules = None
            for other in self._study.running:
                other.spec = replace(other.spec, until=None)
            self._study.view.warn("no trial is paused: the trainer cannot continue one (it leaves no checkpoint)")
        return False

    def pause(self, running: RunningTrial) -> None:
        """Let a trial wait whose process has ended where it should, and store where it stands and what was seen."""
        symptom, record = running.suspicion, running.record
        if symptom is not None:
            seen = f"{symptom.name} since {symptom.since_epoch}: {symptom.text}"
            record = replace(
                record,
                until=running.spec.until,
                held=(*record.held, symptom.name),
                suspect=f"held at epoch {running.seen_epoch} for {seen}",
                prescription=record.prescription or self._study.prescribe(running, record),
            )
        running.record = record
        self.hold(running)
        if running in self._study.running:
            self._study.running.remove(running)
        best = running.judged.score.best() if running.judged.score else None
        running.record = replace(
            record,
            owner=self._study.drivers.me,
            paused=True,
            standing=self._standing(running),
            seconds=running.seconds,
            epochs=running.judged.length,
            score=best[1] if best else None,
            score_epoch=best[0] if best else None,
        )
        running.process = None
        record = running.record
        self._study.sampler.note(
            running.trial,
            owner=record.owner,
            paused=True,
            standing=record.standing,
            until=record.until,
            held=record.held,
            suspect=record.suspect,
            prescription=record.prescription,
            seconds=round(record.seconds, 3),
            epochs=record.epochs,
            score=record.score,
            score_epoch=record.score_epoch,
        )
        self._study.remember(record)

    def hold(self, running: RunningTrial, known: tuple[float, ...] = ()) -> None:
        """Put a trial among those that wait; it is ranked by what is ``known`` of it where its log is elsewhere."""
        self.waiting[running.record.number] = running
        self.epochs += running.paid
        self._enter(running, Stand.PAUSED, known)

    def _standing(self, running: RunningTrial) -> str:
        place, suspect = self._place(running), running.record.suspect
        return f"{suspect}; {place}" if suspect else f"paused at epoch {running.seen_epoch}: {place}"

    def lessons(self) -> dict[int, float] | None:
        """Return the costs by trial that the sampler learns from; None for all that ended, as nothing is paused."""
        return None if self.rules is None else racing.lessons(self._standings)

    def _place(self, running: RunningTrial) -> str:
        place = self._standings.place(running.record.number) if self.rules else None
        return str(place) if place else "before the first rung"

    # -- endings ----------------------------------------------------------------------------------------------------

    def ended(self, running: RunningTrial, record: Record) -> None:
        self._enter_ended(record, _costs(running.judged))

    def close(self) -> None:
        """End what still waits: it lost against its peers, or the budget was used up before its turn."""
        if not self.waiting:
            return
        for running in list(self.waiting.values()):
            place, suspect = self._place(running), running.record.suspect
            text = f"{place}; {suspect}" if suspect else place
            running.ending = Ending(Action.PRUNE, NOT_CONTINUED, text, epoch=running.seen_epoch)
        for number, running in sorted(self.waiting.items()):
            record = self._study.account(running)
            assert record.ending is not None
            self._study.sampler.tell(running.trial, record.ending, record.score)
            del self.waiting[number]
        self.epochs = 0
        self._study.refresh()

    def _enter(self, running: RunningTrial, stand: Stand, known: tuple[float, ...] = ()) -> None:
        number, held = running.record.number, bool(running.record.suspect)
        best, ties = _costs(running.judged) or known, _ties(running.judged)
        self._standings.enter(Entry(number, best, running.spec.epochs, stand, held=held, ties=ties))

    def _enter_ended(self, record: Record, best: tuple[float, ...]) -> None:
        ending = record.ending
        self._ended.add(record.number)
        if ending is not None and ending.action is Action.FAIL and ending.reason == search.REPEATED:
            self._standings.leave(record.number)  # its repetition takes its place
            return
        sick = ending is not None and ending.action in (Action.PRUNE, Action.FAIL) and ending.reason != NOT_CONTINUED
        planned = record.planned_epochs or max(1, len(best))
        self._standings.enter(Entry(record.number, best, planned, Stand.ENDED, sick))


def _leg(record: Record) -> tuple[str | None, float | None]:
    """Return what is another for each process that trained a trial."""
    return record.owner, record.started


def _costs(curve: Curve) -> tuple[float, ...]:
    """Return the best cost so far at every epoch, inf where there is none yet."""
    return _lowest(curve.score, curve) if curve.score is not None else (math.inf,) * curve.length


def _ties(curve: Curve) -> tuple[float, ...]:
    """Return the best validation loss so far at every epoch; nothing where there is none or it is the objective."""
    if curve.val_loss is None or (curve.score is not None and curve.score.kind is Kind.VAL_LOSS):
        return ()
    return _lowest(curve.val_loss, curve)


def _lowest(series: Series, curve: Curve) -> tuple[float, ...]:
    """Return the lowest cost of ``series`` so far at every epoch of the curve, inf where there is none yet."""
    if not len(series):
        return (math.inf,) * curve.length
    best = np.minimum.accumulate(np.where(np.isfinite(series.values), series.cost, math.inf))
    at = np.searchsorted(series.epochs, curve.epochs, side="right") - 1
    return tuple(np.where(at >= 0, best[np.maximum(at, 0)], math.inf).tolist())


def _best_so_far(trial: FrozenTrial, epochs: int, sign: int) -> tuple[float, ...]:
    """Return the same of a trial in the storage, which knows no epochs without a score."""
    values = [trial.intermediate_values[step] * sign for step in sorted(trial.intermediate_values)]
    best = np.minimum.accumulate([v if math.isfinite(v) else math.inf for v in values]).tolist() if values else []
    return tuple(best + [best[-1] if best else math.inf] * (epochs - len(best)))
