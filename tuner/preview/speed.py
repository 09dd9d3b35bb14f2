"""How long an epoch takes: as an earlier study recorded it, or as a short training shows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tuner import config as configuration
from tuner import documents, record, sampler, words
from tuner.config import StudyConfig
from tuner.errors import StudyError, TunerError
from tuner.live import QuietView
from tuner.opening import open_study
from tuner.record import Action, Record
from tuner.snapshot import Snapshot
from tuner.study import Interrupted

SHORT, LONGER = 2, 40
"""Epochs of the short training, and of a second one where those pass too fast to tell an epoch from the start."""
FAST_SECONDS = 1.0
"""The driver looks a few times a second: an epoch shorter than this cannot be timed by itself."""
ALONE = {"study": "time", "jobs": 1, "per_device": 1, "sweep": 0, "seeds": 1, "pausing": False}
UNJUDGED = {"treatment": {}, "remedies": {"share": 0.0}, "scheduler": None, "test": False, "storage": None}


@dataclass(frozen=True)
class Speed:
    """Seconds of an epoch and of a start; those of a start are 0 where they are part of the epoch's."""

    epoch: float
    start: float
    source: str

    def hours(self, epochs: float, starts: float, slots: int) -> float:
        """Return the hours that so many epochs and starts take on so many slots."""
        return (epochs * self.epoch + starts * self.start) / max(1, slots) / 3600


def recorded(config: StudyConfig) -> Speed | None:
    """Return what the study in the same folder recorded, or another one beside it with the same trainer."""
    own = config.folder / configuration.CONFIG_FILE
    others = sorted({*config.folder.parent.glob(f"*/{own.name}"), *config.folder.parent.glob(f"*/*/{own.name}")})
    for path in [own, *(path for path in others if path != own)]:
        speed = _recorded(config, path, same=path == own)
        if speed:
            return speed
    return None


def _recorded(config: StudyConfig, path: Path, *, same: bool) -> Speed | None:
    try:
        document = documents.load(path)
        if not same and document.get("trainer") != config.document.get("trainer"):
            return None
        storage = config.storage if same else f"sqlite:///{path.parent / 'study.db'}"
        study = sampler.find_study(storage, str(document.get("study")))
        records = record.read_all(study) if study else []
    except TunerError:
        return None
    return of_records(records, "this study" if same else str(path.parent))


def of_records(records: list[Record], source: str) -> Speed | None:
    """Return the seconds that an epoch of these trials took, with their starts; None where nothing trained."""
    trained = [r for r in records if r.seconds > 0 and r.trained_epochs > 0]
    epochs, seconds = sum(r.trained_epochs for r in trained), sum(r.seconds for r in trained)
    said = f"{words.count(epochs, 'epoch')} of {source} took {words.duration(seconds)} with all starts"
    return Speed(seconds / epochs, 0.0, said) if epochs else None


def measured(config: StudyConfig) -> Speed:
    """Train the first parameters of the study for two epochs in a folder that is then removed; raises StudyError.

    Where that is too fast to be timed, a second, longer training tells the epochs from the start.
    """
    first = _timed(config, SHORT)
    if first.epoch is not None and first.epoch >= FAST_SECONDS:
        return _speed(first, first.epoch)
    planned = min(config.model.epochs, LONGER)
    if planned <= SHORT:
        return _speed(first, first.total / first.epochs)
    second = _timed(config, planned)
    return _speed(second, max(0.0, second.total - first.total) / max(1, second.epochs - first.epochs))


@dataclass(frozen=True)
class Timed:
    """One short training: its epochs, all its seconds, and those of its second epoch where they could be seen."""

    epochs: int
    total: float
    epoch: float | None


def _speed(timed: Timed, epoch: float) -> Speed:
    start = max(0.0, timed.total - timed.epochs * epoch)
    said = f"measured now, on {words.count(timed.epochs, 'epoch')} of the first parameters alone"
    return Speed(epoch, start, said)


def _timed(config: StudyConfig, epochs: int) -> Timed:
    with tempfile.TemporaryDirectory(prefix="tuner-time-") as scratch:
        document = {**config.document, **ALONE, **UNJUDGED, "results": scratch}
        document |= {"budget": {"trials": 1, "epochs": epochs}, "baselines": config.model.baselines[:1]}
        short = configuration.of(document, config.base, "--time")
        clock = _Clock()
        with open_study(short, clock) as study:
            try:
                ended = study.run()
            except Interrupted:
                raise StudyError("--time: stopped before two epochs were done; without it nothing is trained") from None
    trial = ended[0]
    if trial.ending is None or trial.ending.action is Action.FAIL or trial.epochs == 0 or trial.seconds == 0:
        raise StudyError(f"--time: expected a trial that trains, but got: {words.why(trial.ending)}")
    seen = clock.seen
    return Timed(trial.epochs, trial.seconds, seen[2] - seen[1] if 1 in seen and 2 in seen else None)


class _Clock(QuietView):
    """A view that notes when each epoch was first seen."""

    def __init__(self) -> None:
        self.seen: dict[int, float] = {}

    def update(self, snapshot: Snapshot) -> None:
        for trial in snapshot.running:
            self.seen.setdefault(trial.curve.length, trial.seconds)
