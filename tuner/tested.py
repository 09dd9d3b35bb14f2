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
    env = {**os.environ, **config.slots[0].environment(), **command.env}
    done = subprocess.run(command.argv, cwd=command.cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        for line in reversed(done.stdout.splitlines()):
            scores = facts.numbers(line)
            if scores:
                return scores
    words = (done.stderr or done.stdout).strip().splitlines()
    problem = words[-1] if words else "nothing"
    raise StudyError(
        f"{folder}: expected the scores on the test split as a JSON object, but got exit code {done.returncode} and: "
        f"{problem:.300}; once it is mended: tuner resume {config.folder}"
    )
