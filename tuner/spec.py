"""What the tuner and a trial share: a folder, a command line that goes in, a log that comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tuner.curve import Curve
from tuner.record import Params, ParamValue

SPEC_FILE = "spec.json"
OUTPUT_FILE = "output.txt"


@dataclass(frozen=True)
class TrialSpec:
    """One trial as its trainer gets it.

    ``params`` are the values to train with (the rate already scaled with the batch, where the config asks for it).
    ``epochs`` is the full planned schedule, ``objective`` the name of the logged series the trial is judged by.
    """

    number: int
    params: Params
    epochs: int
    seed: int
    folder: Path
    objective: str
    higher_is_better: bool

    def write(self, **more: Any) -> Path:
        """Write spec.json into the trial's folder, with the trainer's own options in ``more``."""
        path = self.folder / SPEC_FILE
        part = path.with_suffix(".part")
        part.write_text(json.dumps({**asdict(self), "folder": str(self.folder), **more}, indent=2) + "\n")
        part.replace(path)
        return path


@dataclass(frozen=True)
class Command:
    """A process to start: ``argv`` never passes through a shell; ``env`` is added to the environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True)
class Log:
    """Where a trial's log grows, which reader understands it, and the reader's options."""

    path: Path
    format: str
    options: Mapping[str, Any] = field(default_factory=dict)


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

    def check(self, parameters: Mapping[str, ParamValue]) -> None:
        """Raise ValueError, before anything is started, where the options do not fit the space.

        ``parameters`` holds every parameter of the space with its default.
        """

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        """Return the command that trains ``spec``, from its last checkpoint where ``resume`` is set."""

    def log(self, folder: Path) -> Log:
        """Return where the log of the trial in ``folder`` is."""

    def can_continue(self, folder: Path) -> bool:
        """Return whether the folder holds a checkpoint to continue from."""


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
