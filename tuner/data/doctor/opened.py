"""Open a data set of any kind: a data.yaml, VOC, COCO, a set for classification."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tuner.data import coco, labels, ssdd, voc, yolo
from tuner.data.boxes import Picture
from tuner.data.doctor import classified
from tuner.data.doctor.dataset import UNSPLIT, Boxes, DataSet, Sample
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.source import Source
from tuner.errors import ConfigError

KINDS = f"a data.yaml, a VOC folder, a COCO JSON, {classified.KINDS}"


def open_set(path: Path, task: str = "detect", images: Path | None = None) -> tuple[DataSet, list[Finding]]:
    """Return the data set at ``path`` and what is wrong with single files of it.

    ``images`` is where those of a COCO JSON lie, if not beside it. Raises ConfigError where there is no data set.
    """
    if not path.exists():
        raise ConfigError(str(path), "", f"expected {KINDS}, but there is nothing")
    if path.suffix in (".yaml", ".yml"):
        return _yolo(path, task)
    if path.suffix == ".json" or (images and path.is_dir()):
        return _source(path, *coco.read(images or path.parent, path, lenient=True))
    if (path / "data.yaml").is_file():
        return _yolo(path / "data.yaml", task)
    if found := classified.opened(path):
        return found
    if path.is_dir() and next(path.rglob("*.xml"), None):
        return _voc(path)
    if path.is_dir():
        raise ConfigError(str(path), "", f"expected {KINDS}, but found no images in folders of classes, and no XML")
    raise ConfigError(str(path), "", f"expected {KINDS}, but got another file")


def _yolo(path: Path, task: str) -> tuple[DataSet, list[Finding]]:
    names, found = yolo.read(path, task)
    splits, wrong = {}, []
    for name, split in found.items():
        bad = [content for content in split.contents if isinstance(content, ConfigError)]
        if bad:
            wrong.append(_labels(name, bad))
        splits[name] = tuple(map(_labelled, split.images, split.contents))
        wrong += _oddities(name, split)
    wrong += _without_image([image for split in found.values() for image in split.images])
    return DataSet(str(path), task, names, splits), wrong


def _without_image(images: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for label files that belong to no image, in the folders where the images have theirs."""
    known = {labels.of_image(image) for image in images}
    lost = [
        entry.path
        for folder in sorted({os.path.dirname(path) for path in known})
        if os.path.isdir(folder)
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
        if entry.name.endswith(".txt") and entry.path not in known and entry.name != "classes.txt"
    ]
    if lost:
        text = f"{len(lost)} label files have no image in any split"
        yield finding("no_image", Level.WARNING, text, "images that are gone, or not listed?", lost)


def _labelled(image: str, content: labels.Content | ConfigError | None) -> Sample:
    return Sample(image, content.boxes if isinstance(content, labels.Content) else None)


def _labels(split: str, bad: Sequence[ConfigError]) -> Finding:
    text = f"{split}: {len(bad)} label files with mistakes, the first: {bad[0]}"
    advice = "mend them: Ultralytics drops the image of such a file with a warning"
    return finding("bad_labels", Level.MISTAKE, text, advice, [error.where for error in bad])


def _oddities(name: str, split: yolo.Found) -> Iterator[Finding]:
    of = dict(zip(split.images, split.contents, strict=True))
    good = {image: content for image, content in of.items() if isinstance(content, labels.Content)}
    if split.images and not any(content.objects for content in good.values()):
        first = labels.of_image(split.images[0])
        text = f"{name}: none of the {len(split.images)} images has a label (the first is looked for in {first})"
        level = Level.MISTAKE if name in ("train", "val") else Level.WARNING
        yield finding("no_labels", level, text, "put the labels where Ultralytics looks for them")
    if twice := [image for image, content in good.items() if content.repeated]:
        count = sum(good[image].repeated for image in twice)
        text = f"{name}: {count} objects stand twice in their label file, in {len(twice)} files"
        yield finding("repeated_boxes", Level.WARNING, text, "drop the second ones, as Ultralytics does", twice)


def _voc(path: Path) -> tuple[DataSet, list[Finding]]:
    source = voc.read(path, keep_difficult=True, lenient=True)
    if not source.lists and len(source.pictures) == ssdd.IMAGES and all(p.stem.isdecimal() for p in _all(source)):
        source = ssdd.read(path)
    return _source(path, source, sorted({box.name for picture in _all(source) for box in picture.boxes}))


def _source(path: Path, source: Source, names: Sequence[str]) -> tuple[DataSet, list[Finding]]:
    lists = source.lists or {UNSPLIT: list(source.pictures)}
    numbers = {name: number for number, name in enumerate(names)}
    splits = {
        name: tuple(Sample(str(p.content), _shares(p, numbers)) for i in ids if (p := source.pictures.get(i)))
        for name, ids in lists.items()
    }
    wrong = [*_unread(source), *(finding("of_the_source", Level.WARNING, remark) for remark in source.remarks)]
    if said := ", ".join(f"{count} {why}" for why, count in source.tally.items() if count):
        wrong.append(finding("odd_boxes", Level.WARNING, f"boxes: {said}", "look at them, or let tuner data drop them"))
    if source.came and source.lists:
        wrong.append(finding("split", Level.NOTE, f"split: {source.came}"))
    return DataSet(str(path), "detect", tuple(names), splits), wrong


def _unread(source: Source) -> Iterator[Finding]:
    for what, name in (("images", "unreadable_images"), ("annotations", "bad_labels")):
        if wrong := source.mistakes.get(what):
            text = f"{len(wrong)} {what} cannot be read, the first: {wrong[0]}"
            yield finding(name, Level.MISTAKE, text, "mend them, or take them out", [one.where for one in wrong])


def _all(source: Source) -> Iterator[Picture]:
    return iter(source.pictures.values())


def _shares(picture: Picture, numbers: dict[str, int]) -> Boxes:
    """Return the boxes of a picture as shares of it."""
    size = (picture.width, picture.height)
    rows = [
        (
            numbers[box.name],
            (box.left + box.right) / 2 / size[0],
            (box.top + box.bottom) / 2 / size[1],
            box.width / size[0],
            box.height / size[1],
        )
        for box in picture.boxes
    ]
    return np.array(rows, np.float32) if rows else labels.NO_BOXES
