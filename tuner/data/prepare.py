"""Bring pictures into the YOLO layout: DEST/images and DEST/labels by split, data.yaml, and a report on it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tuner.data.boxes import CLIPPED, Picture
from tuner.data.pictures import copies
from tuner.data.placing import File, place
from tuner.data.source import Source, Splits
from tuner.errors import ConfigError, did_you_mean

REPORT = "prepared.json"

Report = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a data set is made of and where: ``made_by`` is the command, ``options`` what else decides."""

    dest: Path
    made_by: str
    options: Mapping[str, Any]


def refuse_other_options(asked: Asked) -> None:
    """Raise ConfigError for a folder that was prepared from other options, by the first that differs."""
    try:
        before = json.loads((asked.dest / REPORT).read_text(encoding="utf-8"))
        options = {"made_by": before["made_by"], **before["options"]}
    except (OSError, ValueError, KeyError, TypeError):
        return  # what else is there in its place is told when the files are compared
    for key, value in {"made_by": asked.made_by, **asked.options}.items():
        if options.get(key) != value:
            problem = (
                f"expected {options.get(key)!r} as when this folder was prepared, but got {value!r}: name another DEST"
            )
            raise ConfigError(str(asked.dest), key, problem)


def prepare(
    asked: Asked, source: Source, splits: Splits, how: Mapping[str, str], names: list[str]
) -> tuple[Report, int]:
    """Write the data set and return the report on it and how many files were missing; raises ConfigError.

    Nothing is overwritten, and what is there already is not written again.
    """
    _refuse_without(splits, source)
    report = _report(asked, source, splits, how, names)
    files = [file for split, found in splits.items() for file in _files(split, found, names, source)]
    files.append(File(REPORT, (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode()))
    files.append(File("data.yaml", _data_yaml(asked.dest, splits, names).encode()))
    return report, place(files, asked.dest)


def only(names: Sequence[str], splits: Splits, source: Source) -> Splits:
    """Return the splits with the boxes of the classes ``names`` alone; raises ConfigError for one that is nowhere."""
    known = {box.name for pictures in splits.values() for picture in pictures for box in picture.boxes}
    for name in names:
        if name not in known:
            problem = f"expected a class of the data set, but got '{name}'{did_you_mean(name, known)}"
            raise ConfigError(source.where, "--names", problem)
    return {split: [_only(names, picture, source) for picture in pictures] for split, pictures in splits.items()}


def _only(names: Sequence[str], picture: Picture, source: Source) -> Picture:
    kept = tuple(box for box in picture.boxes if box.name in names)
    if dropped := len(picture.boxes) - len(kept):
        source.tally["of a class that was not asked for"] += dropped
    return Picture(picture.name, picture.content, picture.digest, picture.width, picture.height, kept)


def _refuse_without(splits: Splits, source: Source) -> None:
    for name in ("train", "val"):
        if not any(picture.boxes for picture in splits.get(name, [])):
            count = len(splits.get(name, []))
            raise ConfigError(source.where, name, f"expected images with boxes, but got {count} images and no box")


def _files(split: str, pictures: Sequence[Picture], names: list[str], source: Source) -> list[File]:
    stems = [picture.stem for picture in pictures]
    if len(set(stems)) < len(stems):
        twice = next(stem for stem in stems if stems.count(stem) > 1)
        raise ConfigError(source.where, "", f"expected one image named {twice}, but got two: they would share labels")
    images = [File(f"images/{split}/{p.name}", p.content) for p in pictures]
    # An empty file says that somebody looked and there is nothing; a missing one says nothing.
    return images + [File(f"labels/{split}/{p.stem}.txt", p.labels(names).encode()) for p in pictures]


def _data_yaml(dest: Path, splits: Splits, names: list[str]) -> str:
    """Return the data.yaml; every place in it is absolute, since YOLOv7 knows no ``path``."""
    root = dest.resolve()
    document = {"path": str(root), **{name: str(root / "images" / name) for name in splits}}
    return yaml.safe_dump({**document, "nc": len(names), "names": names}, sort_keys=False, allow_unicode=True)


def _report(asked: Asked, source: Source, splits: Splits, how: Mapping[str, str], names: list[str]) -> Report:
    every = [picture for pictures in splits.values() for picture in pictures]
    tally = {why: count for why, count in sorted(source.tally.items()) if count}
    return {
        "made_by": asked.made_by,
        "options": dict(asked.options),
        "names": names,
        "splits": {name: _counts(pictures, how.get(name)) for name, pictures in splits.items()},
        "boxes_clipped": tally.pop(CLIPPED, 0),
        "boxes_dropped": tally,
        "copies": _copies(splits),
        "image_width": _spread([picture.width for picture in every]),
        "image_height": _spread([picture.height for picture in every]),
        "boxes_per_image": _spread([len(picture.boxes) for picture in every]),
        "box_longer_side": _spread([max(box.width, box.height) for picture in every for box in picture.boxes]),
        "boxes_of_class": {n: sum(box.name == n for picture in every for box in picture.boxes) for n in names},
        "remarks": source.remarks,
    }


def _counts(pictures: Sequence[Picture], how: str | None) -> Report:
    boxes = [len(picture.boxes) for picture in pictures]
    counts = {"images": len(boxes), "boxes": sum(boxes), "background": boxes.count(0)}
    return {**counts, "how": how} if how else counts


def _copies(splits: Splits) -> Report:
    """Return how many byte-identical images there are, which stand in two splits, and which differ in boxes."""
    split_of = {picture.name: name for name, pictures in splits.items() for picture in pictures}
    by_name = {picture.name: picture for pictures in splits.values() for picture in pictures}
    groups = copies((picture.name, picture.digest) for picture in by_name.values())
    tests = [n for g in groups for n in g if split_of[n] == "test" and {split_of[other] for other in g} != {"test"}]
    other = [n for g in groups for n in g if split_of[n] == "val" and "train" in {split_of[other] for other in g}]
    boxed = [g for g in groups if len({frozenset(by_name[n].boxes) for n in g}) > 1]
    return {
        "groups": len(groups),
        "images": sum(map(len, groups)),
        "of_test_in_train_or_val": sorted(tests),
        "of_val_in_train": sorted(other),
        "with_other_boxes": boxed,
    }


def _spread(values: Sequence[float]) -> list[float]:
    """Return the least, the median and the greatest."""
    return [min(values), statistics.median(values), max(values)]
