"""Open a data set of any kind: a data.yaml, VOC, COCO, folders of classes, arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tuner.data import coco, folders, labels, pictures, ssdd, voc, yolo
from tuner.data.boxes import Picture
from tuner.data.doctor.dataset import Boxes, DataSet, Sample, of_class
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.source import Source
from tuner.errors import ConfigError

KINDS = "a data.yaml, a VOC folder, a COCO JSON, a folder with train/ and val/ of one folder a class, or an .npz"
ARRAYS = (".npz",)
UNSPLIT = "all"


def open_set(path: Path, task: str = "detect", images: Path | None = None) -> tuple[DataSet, list[Finding]]:
    """Return the data set at ``path`` and what is wrong with single files of it.

    ``images`` is where those of a COCO JSON lie, if not beside it. Raises ConfigError where there is no data set.
    """
    if not path.exists():
        raise ConfigError(str(path), "", f"expected {KINDS}, but there is nothing")
    if path.suffix in (".yaml", ".yml"):
        return _yolo(path, task)
    if path.suffix in ARRAYS:
        return _arrays(path), []
    if path.suffix == ".json" or (images and path.is_dir()):
        return _source(path, *coco.read(images or path.parent, path))
    if path.is_dir() and (found := sorted(path.glob("*.yaml"))) and (path / "data.yaml") in found:
        return _yolo(path / "data.yaml", task)
    if path.is_dir() and _has_classes(path):
        return _classes(path)
    if path.is_dir():
        return _voc(path)
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
    return DataSet(str(path), task, names, splits), wrong


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


def _has_classes(path: Path) -> bool:
    return (path / "train").is_dir() and not (path / "train" / "images").is_dir()


def _classes(path: Path) -> tuple[DataSet, list[Finding]]:
    places = folders.places(path)
    wrong: list[Finding] = []
    classes: dict[str, list[str]] = {}
    for name, place in places.items():
        try:
            classes[name] = folders.classes(place)
            folders.same(classes["train"], classes[name], place)
        except ConfigError as error:
            wrong.append(finding("bad_classes", Level.MISTAKE, str(error), "every split needs the same classes"))
    names = classes.get("train", [])
    splits = {
        split: tuple(
            Sample(image, of_class(names.index(c)))
            for c in found
            if c in names
            for image in pictures.below(places[split] / c)
        )
        for split, found in classes.items()
    }
    return DataSet(str(path), "classify", tuple(names), splits), wrong


def _voc(path: Path) -> tuple[DataSet, list[Finding]]:
    source = voc.read(path, keep_difficult=True)
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
    wrong = [finding("of_the_source", Level.WARNING, remark) for remark in source.remarks]
    if said := ", ".join(f"{count} {why}" for why, count in source.tally.items() if count):
        wrong.append(finding("odd_boxes", Level.WARNING, f"boxes: {said}", "look at them, or let tuner data drop them"))
    if source.came and source.lists:
        wrong.append(finding("split", Level.NOTE, f"split: {source.came}"))
    return DataSet(str(path), "detect", tuple(names), splits), wrong


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


def _arrays(path: Path) -> DataSet:
    """Read x_train, y_train, x_val, y_val … from an .npz; x is (images, height, width[, 3]), y a class each."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name.lower(): file[name] for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(str(path), "", f"expected an .npz of arrays, but it cannot be read ({error})") from None
    found = {name[2:]: (arrays[name], arrays[f"y_{name[2:]}"]) for name in arrays if name.startswith("x_")
             and f"y_{name[2:]}" in arrays}  # fmt: skip
    if not found:
        raise ConfigError(str(path), "", f"expected x_train, y_train …, but got {', '.join(arrays) or 'nothing'}")
    classes = np.unique(np.concatenate([y.ravel() for _, y in found.values()]))
    number = {label: i for i, label in enumerate(classes.tolist())}
    splits = {name: tuple(_of_arrays(f"{path}:x_{name}", x, y, number)) for name, (x, y) in found.items()}
    return DataSet(str(path), "classify", tuple(map(str, classes.tolist())), splits)


def _of_arrays(
    where: str, x: NDArray[np.generic], y: NDArray[np.generic], number: dict[object, int]
) -> Iterator[Sample]:
    if x.ndim not in (3, 4) or y.shape != (len(x),):
        problem = f"expected (images, height, width) and one class each, but got {x.shape} and {y.shape}"
        raise ConfigError(where, "", problem)
    for i, (pixels, label) in enumerate(zip(x, y.tolist(), strict=True)):
        yield Sample(f"{where}[{i}]", of_class(number[label]), pixels)
