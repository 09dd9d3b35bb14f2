"""What lies in a folder that a study could be about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tuner import documents
from tuner.data import data_yaml, folders, voc
from tuner.errors import ConfigError
from tuner.executors.devices import gpus

DEPTH = 3
"""How many folders down things are looked for."""
SKIPPED = {"node_modules", "__pycache__", "site-packages", "results", "runs", "wandb", "trials", "images", "labels"}
MOST_FOLDERS = 2000
MOST_BYTES = 256 * 1024
"""A YAML file that is larger describes neither a data set nor a model."""
WEIGHTS = re.compile(r"(?P<family>yolov?\d+)(?P<size>[a-z])(?P<head>u?)(?P<task>-seg|-pose|-obb|-cls)?\.pt")


@dataclass
class Found:
    """Paths by what they are: ``data`` sound sets in the YOLO layout, ``broken`` what is wrong with others.

    ``classes`` are folders for classification, ``raw`` the commands that convert sets in other layouts, ``clones`` the
    folders of YOLOv5 and YOLOv7 by their name.
    """

    root: Path
    gpus: int = 0
    data: list[Path] = field(default_factory=list)
    broken: list[ConfigError] = field(default_factory=list)
    classes: list[Path] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    programs: list[Path] = field(default_factory=list)
    clones: dict[Path, str] = field(default_factory=dict)
    weights: list[Path] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)


def look(path: Path) -> Found:
    """Return what is found at ``path``, a folder or the very file that is meant; raises ConfigError."""
    found = Found(path if path.is_dir() else path.parent, len(gpus()))
    if path.is_dir():
        for folder, below, names in _folders(path):
            _sort(found, folder, below, names)
        found.raw += _raw(path, found)
    elif not path.is_file():
        raise ConfigError(str(path), "", "expected a folder, a train.py or a data.yaml, but there is no such thing")
    elif path.suffix == ".py":
        found.programs.append(path)
        _sort(found, path.parent, [entry.name for entry in path.parent.iterdir() if entry.is_dir()], [path.name])
    elif path.suffix in (".yaml", ".yml"):
        data_yaml.resolved(path)
        found.data.append(path)
    else:
        raise ConfigError(str(path), "", "expected a folder, a train.py or a data.yaml, but got another file")
    return found


def _folders(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield folders with the names of what they hold, the nearest first, and none where nobody keeps a project."""
    level, seen = [root], 0
    for _ in range(DEPTH + 1):
        deeper: list[Path] = []
        for folder in level:
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            below = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
            yield folder, below, [e.name for e in entries if e.is_file()]
            seen += 1
            if seen > MOST_FOLDERS:
                return
            deeper += [folder / name for name in below if name not in SKIPPED and not _environment(folder / name)]
        level = deeper


def _environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file()


def _sort(found: Found, folder: Path, below: list[str], names: list[str]) -> None:
    """Put what is in one folder where it belongs."""
    if "train.py" in names and (clone := clone_of(folder, below)):
        found.clones[folder] = clone
    elif "train.py" in names and folder / "train.py" not in found.programs:
        found.programs.append(folder / "train.py")
    if any(folder.is_relative_to(clone) for clone in found.clones):
        return  # it brings descriptions of models and of data sets that are not there
    found.weights += [folder / name for name in names if WEIGHTS.fullmatch(name)]
    for name in names:
        if name.endswith((".yaml", ".yml")):
            _sort_yaml(found, folder / name)
    if "train" in below and set(below) & set(folders.VALIDATION) and not _has_boxes(folder):
        found.classes += [folder] if any(entry.is_dir() for entry in (folder / "train").iterdir()) else []


def _sort_yaml(found: Found, path: Path) -> None:
    try:
        document = documents.load(path) if path.stat().st_size <= MOST_BYTES else {}
    except ConfigError:
        return
    if {"backbone", "head"} <= set(document):
        found.models.append(path)
    elif "train" in document and {"val", "validation"} & set(document) and {"names", "nc"} & set(document):
        try:
            data_yaml.resolved(path)
            found.data.append(path)
        except ConfigError as error:
            found.broken.append(error)


def clone_of(folder: Path, below: list[str]) -> str:
    """Return yolov5 or yolov7 where ``folder`` is a clone, or an installed package, of that program; else nothing."""
    if not {"models", "utils", "data"} <= set(below) or not (folder / "models" / "yolo.py").is_file():
        return ""
    if (folder / "data" / "hyps").is_dir():
        return "yolov5"
    return "yolov7" if (folder / "cfg" / "training").is_dir() else ""


def _has_boxes(folder: Path) -> bool:
    """Return whether folders called train and val belong to a set with boxes rather than to one of classes."""
    train = folder / "train"
    return folder.name in ("images", "labels") or (train / "images").is_dir() or (train / "labels").is_dir()


def _raw(root: Path, found: Found) -> list[str]:
    """Return the commands that bring sets in other layouts into ours."""
    if found.data:
        return []
    dest = f"data/{re.sub(r'[^A-Za-z0-9._-]+', '-', root.resolve().name) or 'mine'}"
    for folder, below, names in _folders(root):
        lower = {name.lower() for name in below}
        listed = [name for name in names if name.endswith(".json") and ("instances" in name or "coco" in name)]
        if any(name in lower for name in voc.ANNOTATIONS) and lower & set(voc.IMAGES):
            notes = next(folder / name for name in below if name.lower() in voc.ANNOTATIONS)
            if any(notes.glob("*.xml")):
                kind = "ssdd" if "ssdd" in str(folder).lower() else "voc"
                return [f"tuner data {kind} {folder} {dest}"]
            if any(notes.glob("*.json")):
                images = next(folder / name for name in below if name.lower() in voc.IMAGES)
                return [f"tuner data coco {images} {notes} {dest}"]
        if listed:
            above = folder.parent if folder.name.lower() in voc.ANNOTATIONS else folder
            images = next((above / name for name in ("images", "JPEGImages") if (above / name).is_dir()), above)
            return [f"tuner data coco {images} {folder / listed[0] if len(listed) == 1 else folder} {dest}"]
    return []
