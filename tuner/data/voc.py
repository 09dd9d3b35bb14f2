"""Read a data set in the style of Pascal VOC: JPEGImages, one XML for each in Annotations, lists in ImageSets/Main."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tuner.data import pictures
from tuner.data.boxes import Box, Picture, tidy
from tuner.data.source import Source
from tuner.data.summary import by_key
from tuner.errors import ConfigError

IMAGES = ("jpegimages", "images")
ANNOTATIONS = ("annotations", "annotation", "xmls")
DEPTH = 3
"""How many folders down a set may lie: SOURCE/VOCdevkit/VOC2007 is two."""

SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class _Annotation:
    """What one XML says: the size of the image, 0 x 0 where it does not, and its boxes."""

    size: tuple[int, int]
    boxes: list[Box]
    dropped: Counter[str]


def read(folder: Path, *, keep_difficult: bool = False, lenient: bool = False) -> Source:
    """Return the set in ``folder`` or below; raises ConfigError where there is none, or a file that cannot be read.

    Sides of boxes are taken as they stand, as pixels from the upper left corner. Where it is ``lenient``, files that
    cannot be read are left out, and the source says what is wrong with them.
    """
    root = find(folder)
    images = _by_stem(_child(root, IMAGES) or root)
    annotations = _by_stem(_child(root, ANNOTATIONS) or root, "*.xml")
    named = sorted(images.keys() & annotations.keys())
    if not named:
        raise ConfigError(str(root), "", "expected images with annotations of the same name, but there are none")
    read_one = partial(_annotation, keep_difficult=keep_difficult)
    mistakes: dict[str, list[ConfigError]] | None = {} if lenient else None
    said = by_key(read_one, {i: annotations[i] for i in named}, "annotations", mistakes)
    sizes = by_key(pictures.size, {i: images[i] for i in named}, "images", mistakes)
    both = [i for i in named if i in said and i in sizes]
    tally: Counter[str] = sum((said[i].dropped for i in both), Counter())
    found = {i: _picture(images[i], sizes[i], said[i].boxes, tally) for i in both}
    source = Source(str(root), found, _lists(root, set(both)), tally=tally, mistakes=mistakes or {})
    source.remarks += _remarks(images.keys() - annotations.keys(), annotations.keys() - images.keys())
    if source.lists and (unlisted := set(both) - {i for ids in source.lists.values() for i in ids}):
        source.remarks.append(f"{len(unlisted)} images are in no list and are left out, such as {min(unlisted)}")
    if wrong := [i for i in both if said[i].size not in ((0, 0), sizes[i])]:
        source.remarks.append(f"{len(wrong)} annotations state another size than their image has, such as {wrong[0]}")
    return source


def find(folder: Path) -> Path:
    """Return the one folder with images and annotations at or below ``folder``; raises ConfigError."""
    if not folder.is_dir():
        got = "a file" if folder.exists() else "nothing"
        raise ConfigError(str(folder), "", f"expected a folder with a VOC data set, but got {got}")
    level = [folder]
    for _ in range(DEPTH + 1):
        found = [place for place in level if _child(place, IMAGES) and _child(place, ANNOTATIONS)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(str(place.relative_to(folder)) for place in found)
            raise ConfigError(str(folder), "", f"expected one VOC data set, but got {len(found)}: {names}")
        level = sorted(child for place in level for child in place.iterdir() if child.is_dir())
    raise ConfigError(str(folder), "", "expected the folders JPEGImages and Annotations in it, but there are none")


def _child(folder: Path, names: Sequence[str]) -> Path | None:
    return next((c for c in sorted(folder.iterdir()) if c.name.lower() in names and c.is_dir()), None)


def _by_stem(folder: Path, pattern: str = "") -> dict[str, Path]:
    """Return the images below a folder, or the files that fit ``pattern``, by name without ending."""
    paths = sorted(folder.rglob(pattern)) if pattern else [Path(image) for image in pictures.below(folder)]
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            problem = f"expected one file named {path.stem}, but got {found[path.stem].name} and {path.name}"
            raise ConfigError(str(folder), "", problem)
        found[path.stem] = path
    return found


def _annotation(path: Path, *, keep_difficult: bool) -> _Annotation:
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ConfigError(f"{path}:{error.position[0]}", "", f"expected XML, but got: {error}") from None
    except (LookupError, ValueError) as error:  # an encoding that is none, or that the parser does not read
        raise ConfigError(str(path), "", f"expected XML, but got: {error}") from None
    boxes, dropped = [], Counter[str]()
    for number, item in enumerate(root.iter("object"), 1):
        if item.findtext("difficult", "0").strip() == "1" and not keep_difficult:
            dropped["difficult"] += 1
        elif item.find("bndbox") is None:
            dropped["without a bndbox"] += 1
        else:
            boxes.append(_box(item, f"object {number}", str(path)))
    size = [root.findtext(f"size/{side}", "").strip() for side in ("width", "height")]
    width, height = (int(text) if text.isdecimal() else 0 for text in size)
    return _Annotation((width, height), boxes, dropped)


def _box(item: Element, key: str, where: str) -> Box:
    name = item.findtext("name", "").strip()
    if not name:
        raise ConfigError(where, f"{key}.name", "expected the name of a class, but got nothing")
    return Box(name, *(_number(item.findtext(f"bndbox/{side}"), f"{key}.{side}", where) for side in SIDES))


def _number(text: str | None, key: str, where: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        got = repr(text.strip()) if text and text.strip() else "nothing"
        raise ConfigError(where, key, f"expected a number, but got {got}") from None


def _picture(path: Path, size: tuple[int, int], boxes: Sequence[Box], tally: Counter[str]) -> Picture:
    return Picture(path.name, path, pictures.digest(path), *size, tidy(boxes, *size, tally))


def _lists(root: Path, known: set[str]) -> Mapping[str, list[str]]:
    """Return the ids of each split that ImageSets/Main lists, or nothing where its lists are no split.

    They are one where there are images for training and for at least one other purpose, and none has two.
    """
    files = {name: root / "ImageSets" / "Main" / f"{name}.txt" for name in ("train", "val", "test")}
    lines = {name: path.read_text(errors="replace").splitlines() for name, path in files.items() if path.is_file()}
    lists = {name: [line.split()[0] for line in text if line.strip()] for name, text in lines.items()}
    lists = {name: kept for name, ids in lists.items() if (kept := [i for i in ids if i in known])}
    together = [i for ids in lists.values() for i in ids]
    return lists if "train" in lists and len(lists) > 1 and len(together) == len(set(together)) else {}


def _remarks(bare: set[str], lost: set[str]) -> list[str]:
    """Return what to say of images without annotation and of annotations without image."""
    remarks = []
    if bare:
        remarks.append(f"{len(bare)} images have no annotation and are left out, such as {min(bare)}")
    if lost:
        remarks.append(f"{len(lost)} annotations have no image and are left out, such as {min(lost)}")
    return remarks
