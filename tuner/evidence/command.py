"""What ``tuner evidence`` does: let the trial's program predict, count, and write a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tuner import sampler, tested, whole, words
from tuner.config import StudyConfig
from tuner.errors import StudyError, TunerError
from tuner.evidence import maps, page, predictions, scores
from tuner.evidence.collected import Evidence, collect
from tuner.evidence.kept import NUMBERS_FILE, PAGE_FILE
from tuner.evidence.kept import of_trial as of_kept
from tuner.reading import config_of, short, studies_of
from tuner.record import Record, incumbent, read_all
from tuner.spec import evidence_file

SPLIT = "val"


def run(study: Path, number: int | None, split: str, *, as_json: bool) -> None:
    """Print what the trial's best weights do on a split; the incumbent's without a ``number``, of the last stage."""
    config = config_of(studies_of(study)[-1])
    record = _chosen(config, number)
    found = of_trial(config, record, split, say=(lambda text: None) if as_json else print)
    place = keep(found, config.trial_folder(record.number))
    if as_json:
        print((place / NUMBERS_FILE).read_text(encoding="utf-8"), end="")
        return
    for line in [*table(found), "", *(f"- {line}" for line in found.lines)]:
        print(line)
    print(f"with pictures: {short(place / PAGE_FILE)}")


def of_best(config: StudyConfig, records: Sequence[Record], say: Callable[[str], None]) -> None:
    """Look at the incumbent of a study that is done, once, where its trainer can predict and that is wanted.

    What goes wrong is said and no more: the study is what counts.
    """
    best = incumbent(records, higher_is_better=config.higher_is_better)
    if best is None or not config.model.evidence:
        return
    folder = config.trial_folder(best.number)
    if config.trainer.predict(folder, SPLIT) is None or of_kept(folder):
        return
    try:
        keep(of_trial(config, best, SPLIT, say), folder)
    except (TunerError, OSError) as error:
        say(f"warning: no evidence of trial {best.number}: {error}")


def keep(found: Evidence, folder: Path) -> Path:
    """Write the page and the numbers into the folder of a trial, and return where they are."""
    place = evidence_file(folder).parent
    page.write(found, place / PAGE_FILE)
    whole.write(place / NUMBERS_FILE, json.dumps(to_json(found), indent=2, allow_nan=False) + "\n")
    return place


def of_trial(config: StudyConfig, record: Record, split: str, say: Callable[[str], None]) -> Evidence:
    """Let the trial's program predict ``split`` and count what came of it; raises StudyError, ConfigError."""
    folder = config.trial_folder(record.number)
    command = config.trainer.predict(folder, split)
    if command is None:
        name = config.model.trainer.name
        raise StudyError(f"{folder}: expected a trainer that can predict (torch, ultralytics), but got '{name}'")
    say(f"trial {record.number} predicts the {split} split")
    again = f"tuner evidence {config.folder} {record.number}"
    tested.finished(config, command, folder, "its predictions", again)
    file = evidence_file(folder)
    found = predictions.read(file)
    try:
        return collect(f"{config.model.study}, trial {record.number}", found, maps.read(maps.file(file)))
    except ValueError as error:
        raise StudyError(f"{folder}: {error}") from None


def _chosen(config: StudyConfig, number: int | None) -> Record:
    records = read_all(sampler.load_study(config.storage, config.model.study))
    if number is None:
        best = incumbent(records, higher_is_better=config.higher_is_better)
        if best is None:
            raise StudyError(f"{config.folder}: no trial ended with a score yet; name one: tuner evidence STUDY TRIAL")
        return best
    if not 0 <= number < len(records):
        raise StudyError(f"{config.folder}: expected a trial from 0 to {len(records) - 1}, but got {number}")
    return records[number]


def table(found: Evidence) -> list[str]:
    """Return the classes as lines of a table."""
    name = max(5, *(len(words.plain(c.name)) for c in found.scores.classes))
    head = f"{'class':{name}}  labels  precision  recall     F1  {_average(found):>5}"
    return [head, *(_row(c, name) for c in found.scores.classes)]


def _average(found: Evidence) -> str:
    """Return what the average precision is called: of boxes it counts those that overlap by half."""
    return "AP" if found.predictions.classifies else "AP50"


def _row(one: scores.ClassScores, name: int) -> str:
    def cell(value: float | None, width: int) -> str:
        return f"{words.NONE if value is None else f'{value:.3f}':>{width}}"

    return (
        f"{words.plain(one.name):{name}}  {one.labels:6}  {cell(one.precision, 9)}  {cell(one.recall, 6)}  "
        f"{cell(one.f1, 5)}  {cell(one.average_precision, 5)}"
    ).rstrip()


def to_json(found: Evidence) -> dict[str, Any]:
    """Return everything as plain data."""
    curves = found.scores.curves
    return {
        "trial": found.title,
        "split": found.predictions.split,
        "task": found.predictions.task,
        "images": len(found.predictions.images),
        "confidence": found.scores.confidence,
        "classes": [
            {**vars(c), "precision": c.precision, "recall": c.recall, "f1": c.f1} for c in found.scores.classes
        ],
        "confusion": found.scores.confusion.tolist(),
        "curves": {name: [round(float(v), 5) for v in values] for name, values in vars(curves).items()},
        "errors": [found.told(error) for error in found.errors],
        "doubtful_labels": [found.told(doubt) for doubt in found.doubtful],
        "said": found.lines,
        "sentences": [vars(sentence) for sentence in found.sentences],
    }
