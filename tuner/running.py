"""One trial while it trains: its process, its growing log, and the decision that ends it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from tuner import endings
from tuner.curve import Curve
from tuner.diagnosis import Diagnosis, Symptom, diagnose
from tuner.policy import Decision, Table, decide
from tuner.record import Action, Ending, Record
from tuner.registry import SYMPTOMS
from tuner.spec import OUTPUT_FILE, LogError, Process, Source, TrialSpec

SAVING_SECONDS = 30.0
"""How long a trial that ended may take for its last checkpoint; one that is to go on later may take any time."""


@dataclass(frozen=True)
class Rules:
    """What every trial of a study is judged by."""

    table: Table
    symptom_options: Mapping[str, Any]
    stall_seconds: float = math.inf
    limit_seconds: float = math.inf

    def look(self, curve: Curve, pardoned: Container[str] = ()) -> tuple[Diagnosis, Decision]:
        """Return what is seen on ``curve`` and what follows from it."""
        diagnosis = diagnose(curve, SYMPTOMS, self.symptom_options)
        return diagnosis, decide(diagnosis, self.table, pardoned)

    def ending(self, decision: Decision) -> Ending:
        """Return a decision about a symptom as it is stored with the trial."""
        symptom = decision.symptom
        assert symptom is not None
        options = self.symptom_options.get(symptom.name) or SYMPTOMS[symptom.name].Options()
        return Ending(
            decision.action,
            symptom.name,
            symptom.text,
            epoch=symptom.epoch,
            since_epoch=symptom.since_epoch,
            confidence=symptom.confidence,
            evidence=dict(symptom.evidence),
            thresholds=dataclasses.asdict(options),
            rule_version=Diagnosis(()).rule_version,
        )


@dataclass
class RunningTrial:
    """The driver's view of one trial.

    ``on_row`` is called once for every epoch, with its number and the score then; what it returns, if anything, ends
    the trial. ``may_pause`` is asked where it has trained as far as its specification says. ``suspicion`` is the
    symptom that it is to be held for. ``clock`` is the time of its executor.
    """

    trial: optuna.Trial
    record: Record
    spec: TrialSpec
    source: Source
    rules: Rules
    on_row: Callable[[RunningTrial, int, float | None], Ending | None]
    may_pause: Callable[[RunningTrial], bool]
    clock: Callable[[], float]
    process: Process | None = None
    curve: Curve = field(default_factory=lambda: Curve({}))
    diagnosis: Diagnosis = field(default_factory=lambda: Diagnosis(()))
    ending: Ending | None = None
    suspicion: Symptom | None = None
    seen_epoch: int | None = None
    seen_rows: int = 0
    trouble: str = ""
    waits: bool = False
    resumed: bool = False
    rows_at_start: int = 0
    _began: float = 0.0
    _last_row: float = 0.0
    _stopping: bool = False

    @property
    def folder(self) -> Path:
        return self.spec.folder

    @property
    def seconds(self) -> float:
        """Wall-clock time over all processes of the trial."""
        return self.record.seconds + (self.clock() - self._began if self.process else 0.0)

    @property
    def paid(self) -> int:
        """All epochs that it has cost so far."""
        return max(self.seen_rows, self.curve.length) + self.record.lost_epochs

    @property
    def verdict(self) -> Symptom | None:
        return self.diagnosis.verdict

    @property
    def judged(self) -> Curve:
        """The curve up to the decision: what the score and the diagnosis are about."""
        return self.curve if self.seen_epoch is None else self.curve.until(self.seen_epoch)

    def begin(self, process: Process, *, resumed: bool) -> None:
        self.process, self.resumed, self.rows_at_start = process, resumed, self.curve.length
        self._stopping = self.waits = False
        self.suspicion = None
        self._began = self._last_row = self.clock()

    def tick(self) -> bool:
        """Look at the process, then at the log (the other order loses the last row); return whether it is over."""
        assert self.process is not None
        self._stop_what_ended()  # by the budget or the disk, since the last look: not one epoch more
        code = self.process.poll()
        if self.process.queued:
            self._began = self._last_row = self.clock()  # what waits for its turn neither trains nor hangs
        self.look(over=code is not None)
        self.arrive()
        if code is not None:
            if self.ending is None and not self.waits:
                output = self.folder / OUTPUT_FILE
                self.ending = endings.by_itself(code, self.curve, output, self.spec.epochs, self.trouble)
            return True
        if self.ending is None:
            self.ending = self._overdue()
        self._stop_what_ended()
        return False

    def arrive(self) -> None:
        """Let it wait where it has trained as far as it may for now, and no end was seen."""
        until = self.spec.until
        if until is not None and self.ending is None and until <= self.seen_rows < self.spec.epochs:
            self.waits = self.waits or self.may_pause(self)
        else:
            self.waits = False

    def _stop_what_ended(self) -> None:
        over = self.ending is not None or self.waits
        if self.process is not None and over and not self._stopping and self._may_stop():
            self._stopping = True
            self.process.stop()

    def _may_stop(self) -> bool:
        """Return whether its checkpoint is written, or is not worth waiting for any longer."""
        late = self.ending is not None and self.clock() - self._last_row > SAVING_SECONDS
        return late or self.source.saved()

    def look(self, *, over: bool = False) -> None:
        """Read the log where it has grown, and judge every new epoch in turn, each as if it were the last.

        An epoch counts once its score is there, or a later epoch, or nothing more can come: some programs log the
        training and the validation of one epoch on two lines.
        """
        if not self._read() and not over:
            return
        for epoch in self._unseen(over):
            if self.ending is not None:
                break
            self._judge(epoch)

    def _unseen(self, over: bool) -> list[int]:
        epochs, score = self.curve.epochs, self.curve.score
        scored = int(score.epochs[-1]) if score is not None and len(score) else -1
        new = epochs if self.seen_epoch is None else epochs[epochs > self.seen_epoch]
        return [int(e) for e in new if over or e <= scored or e < epochs[-1]]

    def _read(self) -> bool:
        try:
            curve = self.source.grown()
        except LogError as error:
            self.trouble = str(error)
            if self.ending is None:
                self.ending = Ending(Action.FAIL, "unreadable_log", self.trouble)
            return False
        if curve is not None:
            self.curve, self._last_row = curve, self.clock()  # also where epochs logged before are trained again
        return curve is not None

    def _judge(self, epoch: int) -> None:
        now = self.curve if epoch == self.curve.last_epoch else self.curve.until(epoch)
        self.seen_epoch, self.seen_rows = epoch, self.seen_rows + 1
        self.diagnosis, decision = self.rules.look(now, self.record.held)
        score = now.score
        latest = score is not None and len(score) > 0 and int(score.epochs[-1]) == epoch
        stopped = self.on_row(self, epoch, float(score.values[-1]) if latest and score is not None else None)
        # The last planned epoch is no occasion to stop: everything has been trained.
        last = now.length >= self.spec.epochs
        if decision.symptom is not None and self.spec.until is not None and not decision.for_good:
            if not last and self.suspicion is None:
                self.suspicion, self.spec = decision.symptom, dataclasses.replace(self.spec, until=self.seen_rows)
        elif decision.action is Action.PRUNE or (decision.action is Action.STOP and not last):
            self.ending = self.rules.ending(decision)
        elif not last and self.ending is None:  # it may have been ended while the storage kept us waiting
            self.ending = stopped

    def _overdue(self) -> Ending | None:
        now = self.clock()
        if self.seconds > self.rules.limit_seconds:
            hours = self.rules.limit_seconds / 3600
            return Ending(Action.STOP, "time_limit", f"trained for the limit of {hours:g} h", epoch=self.seen_epoch)
        if now - self._last_row > self.rules.stall_seconds:
            minutes = self.rules.stall_seconds / 60
            if self.curve.length >= self.spec.epochs:
                return Ending(
                    Action.FINISH,
                    "finished",
                    f"all {self.curve.length} epochs, but the process did not end",
                    epoch=self.seen_epoch,
                )
            return Ending(Action.FAIL, "hung", f"no new epoch for {minutes:g} minutes", epoch=self.seen_epoch)
        return None
