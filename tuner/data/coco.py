"""Read boxes in the style of COCO: one JSON of instances, or a folder with one for each split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tuner import documents
from tuner.data import pictures
from tuner.data.boxes import Box, Picture, tidy
from tuner.data.source import Source
from tuner.data.summary import by_key
from tuner.errors import ConfigError


class _Part(BaseModel):
    """A part of the JSON; what else stands there is nothing to us."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Category(_Part):
    id: int
    name: str


class _Image(_Part):
    id: int
    file_name: str


class _Instance(_Part):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int = 0


class _Instances(_Part):
    categories: list[_Category]
    images: list[_Image]
    annotations: list[_Instance]


def read(images: Path, annotations: Path, *, lenient: bool = False) -> tuple[Source, list[str]]:
    """Return the pictures with their boxes, and the names of the classes in the order of their numbers.

    Crowds are skipped and counted. Raises ConfigError for a file that does not fit; where it is ``lenient``, images
    that cannot be read are left out, and the source says what is wrong with them.
    """
    if not images.is_dir():
        raise ConfigError(str(images), "", "expected a folder of images, but there is none")
    places = {image[len(str(images)) :].lstrip("/"): image for image in pictures.below(images)}
    by_name = {Path(image).name: image for image in places.values()}
    source, names = Source(str(annotations)), dict[int, str]()
    found, lists = dict[str, Picture](), dict[str, list[str]]()
    for split, path in _files(annotations).items():
        content = _load(path)
        for category in content.categories:
            if names.setdefault(category.id, category.name) != category.name:
                problem = f"expected '{names[category.id]}' as in the other files, but got '{category.name}'"
                raise ConfigError(str(path), f"categories.{category.id}", problem)
        wanted = [image.file_name for image in content.images]
        here = {name: places.get(name) or by_name.get(Path(name).name) for name in wanted}
        new = _pictures(content, here, names, source, path, lenient=lenient)
        if twice := found.keys() & new.keys():
            raise ConfigError(str(path), "images", f"expected no image in two files or folders, but {min(twice)} is")
        found.update(new)
        lists[split] = sorted(new)
        if lost := [name for name, place in here.items() if place is None]:
            source.remarks.append(f"{path.name}: {len(lost)} of {len(here)} images are not there, such as {min(lost)}")
    if not found:
        raise ConfigError(str(images), "", f"expected the images that {annotations} names, but there are none")
    source.pictures = found
    source.lists = lists if len(lists) > 1 else {}
    return source, list(dict.fromkeys(names[number] for number in sorted(names)))


def _files(annotations: Path) -> dict[str, Path]:
    """Return the JSON file of each split, known by ``train``, ``val`` or ``test`` in its name."""
    if not annotations.is_dir():
        return {"train": annotations}
    paths = sorted(annotations.glob("*.json"))
    boxed = [path for path in paths if "instances" in path.name] or paths
    found: dict[str, Path] = {}
    for split in ("train", "val", "test"):
        fitting = [path for path in boxed if split in path.name.lower()]
        if len(fitting) > 1:
            shown = " and ".join(path.name for path in fitting)
            raise ConfigError(str(annotations), split, f"expected one JSON file, but got {shown}")
        if fitting:
            found[split] = fitting[0]
    if "train" not in found:
        raise ConfigError(str(annotations), "train", "expected a JSON file with this word in its name, but got none")
    return found


def _load(path: Path) -> _Instances:
    try:
        data: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(str(path), "", "no such file") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(str(path), "", f"expected JSON, but got: {error}") from None
    return documents.check(_Instances, data, str(path))


def _pictures(
    content: _Instances,
    places: dict[str, str | None],
    names: dict[int, str],
    source: Source,
    path: Path,
    *,
    lenient: bool,
) -> dict[str, Picture]:
    boxes: dict[int, list[Box]] = {image.id: [] for image in content.images}
    for number, item in enumerate(content.annotations):
        if item.image_id not in boxes or item.category_id not in names:
            key = "category_id" if item.image_id in boxes else "image_id"
            problem = f"expected one that the file lists, but got {getattr(item, key)}"
            raise ConfigError(str(path), f"annotations.{number}.{key}", problem)
        if item.iscrowd:
            source.tally["crowd"] += 1
            continue
        left, top, width, height = item.bbox
        boxes[item.image_id].append(Box(names[item.category_id], left, top, left + width, top + height))
    there = [(image, place) for image in content.images if (place := places[image.file_name]) is not None]
    sizes = by_key(pictures.size, {place: place for _, place in there}, "images", source.mistakes if lenient else None)
    return {
        (name := image.file_name.replace("/", "_")): Picture(
            name, Path(place), pictures.digest(Path(place)), *size, tidy(boxes[image.id], *size, source.tally)
        )
        for image, place in there
        if (size := sizes.get(place))
    }
