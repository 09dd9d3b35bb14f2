"""The data.yaml of a set in the YOLO layout: read, and its paths resolved as Ultralytics resolves them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from tuner import documents
from tuner.data import pictures
from tuner.documents import Document
from tuner.errors import ConfigError, did_you_mean

SPLITS = ("train", "val", "test")
NEEDED = ("train", "val")


def resolved(path: Path) -> Document:
    """Return the data.yaml with absolute paths and ``names`` as a list, so that it means the same from anywhere.

    As Ultralytics has it, paths are relative to ``path``; that is relative to the current folder or else to the
    ``datasets_dir`` of its settings, and without it the folder of the data.yaml is meant. Raises ConfigError.
    """
    document = documents.load(path)
    where = str(path)
    if "val" not in document and "validation" in document:
        document["val"] = document.pop("validation")
    names = _names(document, where)
    root = _root(document, path)
    places = {key: _place(document, key, root, where) for key in SPLITS if document.get(key) is not None}
    for key in NEEDED:
        if key not in places:
            raise ConfigError(where, key, "expected a folder or a list of images, but the key is missing")
    return {**document, "path": str(root), **places, "nc": len(names), "names": names}


def images_of(places: str | Sequence[str]) -> list[str]:
    """Return the images of a resolved split, sorted: those below its folders, and those that its .txt files list."""
    places = [places] if isinstance(places, str) else places
    return sorted(image for place in places for image in _images_at(Path(place)))


def _images_at(place: Path) -> list[str]:
    if place.is_dir():
        return pictures.below(place)
    here = f"{place.parent}{os.sep}"
    try:
        lines = place.read_text(encoding="utf-8-sig").strip().splitlines()
    except UnicodeDecodeError:
        raise ConfigError(str(place), "", "expected a list of images in UTF-8, but got something else") from None
    listed = (line.replace("./", here, 1) if line.startswith("./") else line for line in lines)
    return [line for line in listed if pictures.is_image(line)]


def _names(document: Document, where: str) -> list[str]:
    """Return the class names in order; raises ConfigError where they do not fit ``nc`` or each other."""
    names, nc = document.get("names"), document.get("nc")
    if nc is not None and (isinstance(nc, bool) or not isinstance(nc, int) or nc < 1):
        raise ConfigError(where, "nc", f"expected the number of classes, but got {nc!r}")
    if names is None:
        if nc is None:
            raise ConfigError(where, "names", "expected a list of class names, but the key is missing")
        names = [f"class_{i}" for i in range(nc)]
    if not isinstance(names, list | dict) or not names:
        raise ConfigError(where, "names", f"expected a list of class names, but got {names!r}")
    if isinstance(names, dict):
        numbers = sorted(names, key=str)
        if {str(number) for number in numbers} != {str(i) for i in range(len(names))}:
            given = ", ".join(map(str, numbers))
            raise ConfigError(where, "names", f"expected class numbers 0 to {len(names) - 1}, but got {given}")
        names = [name for _, name in sorted(names.items(), key=lambda item: int(item[0]))]
    if nc is not None and len(names) != nc:
        raise ConfigError(where, "names", f"expected {nc} names (nc: {nc}), but got {len(names)}")
    return [str(name) for name in names]


def _root(document: Document, path: Path) -> Path:
    given = document.get("path")
    if given is None or given == "":
        return path.parent.resolve()
    if not isinstance(given, str):
        raise ConfigError(str(path), "path", f"expected a folder, but got {given!r}")
    root = Path(given)
    if not root.exists() and not root.is_absolute() and (known := _datasets_dir()):
        root = known / root
    if not root.is_dir():
        looked = "" if Path(given).is_absolute() else f", looked for in {Path.cwd()}"
        # The commonest mistake: a path that was meant from the folder of the data.yaml.
        hint = "; leave `path` out to mean the folder of this file" if (path.parent / given).is_dir() else ""
        raise ConfigError(str(path), "path", f"expected a folder, but there is no {given}{looked}{hint}")
    return root.resolve()


def _datasets_dir() -> Path | None:
    """Return the ``datasets_dir`` of the user's Ultralytics settings, where there are any."""
    config = os.environ.get("YOLO_CONFIG_DIR") or os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    try:
        settings = json.loads((Path(config).expanduser() / "Ultralytics" / "settings.json").read_text())
        return Path(settings["datasets_dir"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(document: Document, key: str, root: Path, where: str) -> str | list[str]:
    """Return the folders and lists of a split as absolute paths; raises ConfigError where one is not there."""
    given = document[key]
    if isinstance(given, list) and given and all(isinstance(part, str) for part in given):
        return [_existing(part, key, root, where) for part in given]
    if not isinstance(given, str) or not given:
        raise ConfigError(where, key, f"expected a folder or a list of images, but got {given!r}")
    return _existing(given, key, root, where)


def _existing(given: str, key: str, root: Path, where: str) -> str:
    place = (root / given).resolve()
    if not place.exists() and given.startswith("../"):
        place = (root / given[3:]).resolve()  # sets from Roboflow mean their own folder by ../
    if not place.is_dir() and place.suffix != ".txt":
        beside = [entry.name for entry in place.parent.glob("*") if entry.is_dir()]
        hint = did_you_mean(place.name, beside) if beside else ""
        raise ConfigError(where, key, f"expected a folder of images or a .txt list, but there is no {place}{hint}")
    if not place.exists():
        raise ConfigError(where, key, f"expected a list of images, but there is no {place}")
    return str(place)
