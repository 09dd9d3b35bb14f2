"""What the tuner and a trial share: a folder, a command line that goes in, a log that comes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tuner import whole
from tuner.curve import Curve
from tuner.record import Params

if TYPE_CHECKING:  # NVML is for those that train
    from tuner.executors.devices import Device
    from tuner.space import Space

SPEC_FILE = "spec.json"
OUTPUT_FILE = "output.txt"
FACTS_FILE = "facts.json"
"""What a trainer may leave in a trial's folder: a JSON object of what is good to know beside the curve."""


def is_inside(name: str) -> bool:
    """Tell whether a file of that name lies inside the folder that the name is relative to."""
    path = Path(name)
    return bool(path.name) and not path.is_absolute() and ".." not in path.parts


def evidence_file(folder: Path) -> Path:
    """Return where a trainer's program leaves what the best epoch of the trial in ``folder`` predicts."""
    return folder / "evidence" / "predictions.jsonl"


@dataclass(frozen=True)
class TrialSpec:
    """One trial as its trainer gets it.

    ``params`` are the values to train with (the rate already scaled with the batch, where the config asks for it).
    ``epochs`` is the full planned schedule, ``objective`` the name of the logged series the trial is judged by.
    ``until`` is after how many epochs the trial is paused, None if not before its end: a trainer that ends there by
    itself, its checkpoint written, saves what it would train until it is asked to.
    """

    number: int
    params: Params
    epochs: int
    seed: int
    folder: Path
    objective: str
    higher_is_better: bool
    until: int | None = None

    def write(self, **more: Any) -> Path:
        """Write spec.json into the trial's folder, with the trainer's own options in ``more``."""
        path = self.folder / SPEC_FILE
        whole.write(path, json.dumps({**asdict(self), "folder": str(self.folder), **more}, indent=2) + "\n")
        return path


@dataclass(frozen=True)
class Command:
    """A process to start: ``argv`` never passes through a shell; ``env`` is added to the environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True)
class Log:
    """Where a trial's log grows, which reader understands it, and the reader's options.

    ``checkpoints`` are written after each row, the first one always; none where they are there before their row.
    """

    path: Path
    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: tuple[Path, ...] = ()


@dataclass(frozen=True)
class About:
    """What a trainer can say before it trains: what `tuner check` shows.

    ``data`` and ``model`` are words, ``images`` the number of training images, ``series`` what the log is expected to
    hold where ``Trainer.metrics`` cannot be sure, ``packages`` the versions that a trial uses; each is empty where
    it is not known. ``test`` says whether there is something to test on, ``continues`` whether a trial can go on from
    a checkpoint.
    ``remarks`` are what looks wrong and is no mistake, each with what to do.
    """

    data: str = ""
    model: str = ""
    images: int | None = None
    series: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    test: bool = True
    continues: bool = True
    remarks: tuple[str, ...] = ()


class LogError(Exception):
    """A log that cannot be understood; the message says what was expected and what came."""


class Trainer(Protocol):
    """A trainer with its options: turns a TrialSpec into a command line and says where its log will be.

    A trainer class has ``Options``, a pydantic model, and is made as ``Trainer(options, base)``, where relative
    paths start from ``base``.
    """

    @property
    def log_format(self) -> str:
        """The name of the reader for its logs."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The scores that its log holds beside losses, by the names of their columns; none where only the log tells."""

    def check(self, space: Space) -> None:
        """Raise ValueError or ConfigError, before anything is started, where the options do not fit the space."""

    def data_check(self) -> Sequence[str]:
        """Return what ``tuner data check`` is to be given to examine the data set; nothing where that is not known."""

    def about(self, space: Space) -> About:
        """Return what is known before anything trains, once ``check`` has found nothing."""

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        """Return the command that trains ``spec``, from its last checkpoint where ``resume`` is set."""

    def log(self, folder: Path) -> Log:
        """Return where the log of the trial in ``folder`` is."""

    def can_continue(self, folder: Path) -> bool:
        """Return whether the folder holds a checkpoint to continue from."""

    def test(self, folder: Path) -> Command | None:
        """Return what scores the best epoch of the trial in ``folder`` on the test split, printed as a JSON object.

        None where that is not known.
        """

    def predict(self, folder: Path, split: str) -> Command | None:
        """Return what writes the predictions of the trial's best epoch for a split to ``evidence_file``.

        None where that is not known.
        """

    def exported(self, spec: TrialSpec) -> Mapping[str, Any]:
        """Return what best.yaml says of a trial: its settings in the words of the program that trains."""


class Reader(Protocol):
    """A module of ``tuner.readers``: one log format."""

    def read(
        self,
        path: Path,
        *,
        objective: str | None,
        higher_is_better: bool,
        planned_epochs: int | None,
        options: Mapping[str, Any],
    ) -> Curve:
        """Read the log at ``path``; a half-written last line is left for later. Raises LogError."""

    def matches(self, head: bytes, path: Path) -> bool:
        """Tell from the first bytes of a file whether this format wrote it; never raises."""

    def read_all(self, path: Path, *, options: Mapping[str, Any] | None = None, finished: bool = True) -> list[Curve]:
        """Return the runs in a log that was found somewhere, one where nothing was appended. Raises LogError.

        ``options`` say what the columns are, and a name that is none of them is an error; where the run is not
        ``finished``, a half-written end is left for later.
        """


class Process(Protocol):
    """A started trial, as an executor gives it.

    ``queued`` says that it still waits for a place, ``lost`` what became of its place where that is gone: then the
    trial can go on elsewhere. ``lost`` is empty otherwise.
    """

    device: Device
    queued: bool
    lost: str

    def poll(self) -> int | None:
        """Return the exit code (128 + n after signal n), or None while it trains."""

    def stop(self, *, force: bool = False) -> None:
        """Ask it to end: politely, or at once."""


class Source(Protocol):
    """Where the curve of a trial comes from."""

    def grown(self) -> Curve | None:
        """Return the whole curve where something came since the last call, else None; raises LogError."""

    def saved(self) -> bool:
        """Return whether the last epoch logged is in a checkpoint, as far as can be told: else to stop is too early."""


class Executor(Protocol):
    """An engine: starts trials on its slots and knows what time it is for them.

    An executor class has ``Options``, a pydantic model, and ``choose(options, wanted)``, which returns the slots or
    raises ValueError, and is made as ``Executor(slots, grace_seconds, options, wanted, say)``. ``place`` returns the
    nearest parameters that can be trained; None means that any can.
    """

    place: Callable[[Params], Params] | None

    @property
    def slots(self) -> Sequence[Device]:
        """Its slots, which may come and go."""

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left that could be trained."""

    @property
    def outlives(self) -> bool:
        """Whether its trials go on without a driver."""

    def open(self, spec: TrialSpec, log: Log) -> Source:
        """Make the place of a trial ready and return where its curve will come from."""

    def start(self, command: Command, folder: Path, device: Device) -> Process:
        """Start or continue the trial of ``folder``."""

    def wait(self) -> None:
        """Let time pass until something may have changed."""

    def clock(self) -> float:
        """Return the time in seconds since some moment."""

    def adopt(self, folder: Path) -> Process | None:
        """Return what an earlier driver started for the trial of ``folder``, if it goes on without a driver."""

    def wait_for_last_process(self, folder: Path) -> None:
        """Wait until no process of an earlier driver works in ``folder`` any more."""
