"""Check a data set in the YOLO layout before any trial starts: one clear line instead of a training that goes wrong.

``check`` resolves paths, finds images and judges labels as Ultralytics does, and refuses what Ultralytics would drop
with a warning among thousands of lines: an image that cannot be read, labels out of range, a class beyond ``nc``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuner.data import folders, labels, pictures
from tuner.data.data_yaml import NEEDED, SPLITS, images_of, resolved
from tuner.data.labels import Content, Rule
from tuner.data.summary import Split, Summary, each_of, refuse
from tuner.documents import Document
from tuner.errors import ConfigError

TASKS = ("detect", "segment", "obb", "pose", "classify")


def check(path: Path, task: str = "detect") -> Summary:
    """Return what is in the data set of a data.yaml, for ``classify`` of a folder; raises ConfigError for a mistake.

    The message names the first bad file, and how many more there are.
    """
    if task == "classify":
        return folders.check(path)
    names, found = read(path, task)
    for name, split in found.items():
        if not split.images:
            raise ConfigError(str(path), name, f"expected images, but there are none in {split.place}")
        refuse(split.unreadable(), "images")
        refuse([content for content in split.contents if isinstance(content, ConfigError)], "label files")
        if name in NEEDED and not split.total().objects:
            first = labels.of_image(split.images[0])
            problem = f"expected labels, but none of the {len(split.images)} images has any (the first in {first})"
            raise ConfigError(str(path), name, problem)
    remarks = [remark for name, split in found.items() for remark in split.remarks(name)]
    return Summary(
        task,
        names,
        {name: split.total() for name, split in found.items()},
        (*remarks, *_shared({name: split.images for name, split in found.items()})),
    )


def read(path: Path, task: str) -> tuple[tuple[str, ...], dict[str, Found]]:
    """Return the classes of a data.yaml and what each of its splits holds, mistakes in single files included.

    Raises ConfigError where the data.yaml itself is no good.
    """
    if task not in TASKS:
        raise ConfigError(str(path), "task", f"expected one of {', '.join(TASKS)}, but got '{task}'")
    document = resolved(path)
    rule = Rule(task, len(document["names"]), _keypoints(document, str(path), task))
    splits = {name: _split(document[name], rule) for name in SPLITS if document.get(name)}
    return tuple(document["names"]), splits


@dataclass(frozen=True)
class Found:
    """The images of a split and, for each, the content of its label file, or what is wrong with it."""

    place: str
    images: list[str]
    contents: list[Content | ConfigError | None]

    def unreadable(self) -> list[ConfigError]:
        """Return what is wrong with images that cannot be read."""
        return [size for size in each_of(pictures.size, self.images) if isinstance(size, ConfigError)]

    @property
    def labelled(self) -> list[Content]:
        return [content for content in self.contents if isinstance(content, Content)]

    def total(self) -> Split:
        full = [content for content in self.labelled if content.objects]
        return Split(len(self.images), sum(c.objects for c in full), len(self.images) - len(full))

    def remarks(self, name: str) -> Iterator[str]:
        missing, empty = sum(c is None for c in self.contents), sum(not c.objects for c in self.labelled)
        if missing:
            yield f"{name}: {missing} of {len(self.images)} images have no label file and count as background"
        if empty:
            yield f"{name}: {empty} of {len(self.images)} images have an empty label file: background"
        if repeated := sum(c.repeated for c in self.labelled):
            yield f"{name}: {repeated} objects stand twice in their label file; Ultralytics drops the second"
        if flat := sum(c.without_area for c in self.labelled):
            yield f"{name}: {flat} boxes have no area"


def _split(places: str | list[str], rule: Rule) -> Found:
    images = images_of(places)
    shown = ", ".join([places] if isinstance(places, str) else places)
    return Found(shown, images, each_of(lambda file: labels.read(file, rule), map(labels.of_image, images)))


def _keypoints(document: Document, where: str, task: str) -> tuple[int, int] | None:
    """Return how many keypoints there are and how many numbers each has; raises ConfigError."""
    shape = document.get("kpt_shape")
    if shape is None and task != "pose":
        return None
    match shape:
        case [int(count), 2 | 3 as numbers] if count > 0:
            return count, int(numbers)
    got = "nothing" if shape is None else repr(shape)
    raise ConfigError(where, "kpt_shape", f"expected [keypoints, 2 or 3] such as [17, 3], but got {got}")


def _shared(splits: dict[str, list[str]]) -> Iterator[str]:
    """Yield a remark for every pair of splits that has images in common."""
    names = list(splits)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if common := set(splits[one]) & set(splits[other]):
                yield f"{one} and {other} have {len(common)} images in common: the score is too good"
