"""Train nothing: every trial yields the rows that were recorded of a configuration, in simulated time.

Chosen by ``tuner replay`` and not by a configuration: it needs a bank to play. A trial that is stopped and started
again goes on where it was, so an epoch is paid for once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tuner.bank import Task, Unused
from tuner.curve import Curve
from tuner.executors.devices import Device
from tuner.record import Params
from tuner.spec import About, Command, Log, TrialSpec

STOPPED = 143
SECONDS = 1.0  # what an epoch takes where no time was recorded: only the order of parallel trials depends on it


@dataclass
class Recording:
    """One trial: the source of its curve and its process at once."""

    row: int
    curve: Curve
    seconds: float
    executor: ReplayExecutor
    device: Device
    shown: int = 0
    due: float = 0.0
    queued = False
    lost = ""
    _seen: int = 0
    _stopped: bool = False

    @property
    def over(self) -> bool:
        return self._stopped or self.shown == self.curve.length

    def poll(self) -> int | None:
        """Show the next row once its time has come; return the exit code after the last one."""
        if self.over:
            self.executor.playing.remove(self)
            return STOPPED if self._stopped else 0
        if self.executor.clock() >= self.due:
            self.executor.trace.append((self.row, self.shown))
            self.shown, self.due = self.shown + 1, self.due + self.seconds
        return None

    def stop(self, *, force: bool = False) -> None:
        self._stopped = True

    def go_on(self, device: Device) -> None:
        self.device, self.due, self._stopped = device, self.executor.clock() + self.seconds, False
        self.executor.playing.append(self)

    def grown(self) -> Curve | None:
        if self.shown == self._seen:
            return None
        self._seen = self.shown
        return self.curve.until(int(self.curve.epochs[self.shown - 1]))

    def saved(self) -> bool:
        return True


class ReplayExecutor:
    """Plays the trainings of a task on as many slots as are given.

    ``trace`` holds (configuration, epoch from 0) for every epoch in the order in which they were paid for, ``rows`` the
    configuration of every trial, ``playing`` those that train.
    """

    def __init__(self, task: Task, slots: Sequence[Device]) -> None:
        self.slots: Sequence[Device] = tuple(slots)
        self.trace: list[tuple[int, int]] = []
        self.rows: dict[int, int] = {}
        self.playing: list[Recording] = []
        self._task, self._unused = task, Unused(task)
        self.place: Callable[[Params], Params] | None = self._unused.place
        self._recordings: dict[Path, Recording] = {}
        self._now = 0.0

    @property
    def exhausted(self) -> bool:
        return not self._unused

    def open(self, spec: TrialSpec, log: Log) -> Recording:
        """Take the configuration of the trial's parameters and return its recording."""
        row = self._unused.take(spec.params)
        curve = replace(self._task.curves[row], planned_epochs=spec.epochs)
        seconds = self._task.seconds[row] if self._task.seconds else SECONDS
        self.rows[spec.number] = row
        self._recordings[spec.folder] = recording = Recording(row, curve, seconds, self, self.slots[0])
        return recording

    def start(self, command: Command, folder: Path, device: Device) -> Recording:
        self._recordings[folder].go_on(device)
        return self._recordings[folder]

    def wait(self) -> None:
        """Go to the moment at which the next row is due; no time passes before a trial that is over has been seen."""
        if self.playing and not any(r.over for r in self.playing):
            self._now = max(self._now, min(r.due for r in self.playing))

    def clock(self) -> float:
        return self._now

    outlives = False

    def adopt(self, folder: Path) -> None: ...

    def wait_for_last_process(self, folder: Path) -> None: ...


class Recorded:
    """The trainer of a replay: there is nothing to start and no log to read."""

    log_format = "csv"
    metrics = ()

    def check(self, space: object) -> None: ...

    def data_check(self) -> Sequence[str]:
        return ()

    def about(self, space: object) -> About:
        return About()

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        return Command(())

    def log(self, folder: Path) -> Log:
        return Log(folder, self.log_format)

    def can_continue(self, folder: Path) -> bool:
        return True

    def test(self, folder: Path) -> None:
        return None

    def predict(self, folder: Path, split: str) -> None:
        return None

    def exported(self, spec: TrialSpec) -> Params:
        return spec.params
