"""Score the best of a study on the test split: once, at the end, and never to choose by."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner import facts, whole
from tuner.config import StudyConfig
from tuner.errors import StudyError
from tuner.record import Record, incumbent, repeats
from tuner.spec import Command

FILE = "test.json"


@dataclass(frozen=True)
class Scored:
    """What the weights of one trial, at its best epoch, reach on the test split."""

    trial: int
    scores: dict[str, float]


def score_best(config: StudyConfig, records: Sequence[Record], say: Callable[[str], None]) -> list[Scored]:
    """Score the incumbent, with all its seeds where it has several, and keep the outcome in the study's folder.

    What was scored before is not scored again. Raises StudyError where the trainer's program cannot do it.
    """
    known = {tested.trial: tested for tested in read(config.folder)}
    for record in winners(config, records):
        if record.number not in known:
            say(f"trial {record.number} is scored on the test split")
            known[record.number] = Scored(record.number, _score(config, record))
            _write(config.folder, list(known.values()))
    return list(known.values())


def winners(config: StudyConfig, records: Sequence[Record]) -> list[Record]:
    """Return the incumbent, and what differs from it in the seed alone."""
    best = incumbent(records, higher_is_better=config.higher_is_better)
    if best is None:
        return []
    return next((group for group in repeats(records) if best in group), [best])


def read(folder: Path) -> list[Scored]:
    """Return what was scored before; nothing where the file is not one of ours."""
    try:
        found: Any = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return [Scored(int(t["trial"]), {str(k): float(v) for k, v in t["scores"].items()}) for t in found["tested"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _write(folder: Path, tested: Sequence[Scored]) -> None:
    whole.write(folder / FILE, json.dumps({"tested": [vars(t) for t in tested]}, indent=2) + "\n")


def _score(config: StudyConfig, record: Record) -> dict[str, float]:
    folder = config.trial_folder(record.number)
    command = config.trainer.test(folder)
    assert command is not None, "a trainer that cannot test is refused with the configuration"
    wanted, again = "the scores on the test split as a JSON object", f"tuner resume {config.folder}"
    printed = finished(config, command, folder, wanted, again)
    for line in reversed(printed.splitlines()):
        scores = facts.numbers(line)
        if scores:
            return scores
    raise _failed(folder, wanted, again, 0, printed)


def finished(config: StudyConfig, command: Command, folder: Path, wanted: str, again: str) -> str:
    """Run a command of a trial that ended, on the first device, and return what it printed.

    Raises StudyError with what was ``wanted`` and the command that tries it ``again``.
    """
    env = {**os.environ, **config.slots[0].environment(), **command.env}
    done = subprocess.run(command.argv, cwd=command.cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise _failed(folder, wanted, again, done.returncode, done.stderr or done.stdout)
    return done.stdout


def _failed(folder: Path, wanted: str, again: str, code: int, printed: str) -> StudyError:
    words = printed.strip().splitlines()
    problem = words[-1] if words else "nothing"
    return StudyError(
        f"{folder}: expected {wanted}, but got exit code {code} and: {problem:.300}; once it is mended: {again}"
    )
