"""What the programs of a study find installed, read from the folders of packages: nothing is started."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

SHOWN = (
    "torch",
    "torchvision",
    "ultralytics",
    "tensorflow",
    "keras",
    "jax",
    "lightning",
    "transformers",
    "mmdet",
    "paddlepaddle",
    "numpy",
)
"""The packages worth a word, those that train first."""


def versions(interpreter: Path | None = None) -> dict[str, str]:
    """Return the versions of Python and of the packages ``SHOWN``; of another environment by its ``interpreter``.

    Nothing is returned for an interpreter that belongs to no virtual environment.
    """
    if interpreter is None or interpreter.absolute() == Path(sys.executable).absolute():
        return {"python": platform.python_version(), **_among(metadata.distributions())}
    root = interpreter.absolute().parent.parent
    places = [str(place) for found in sorted(root.glob("lib/python3*/site-packages")) for place in _with_others(found)]
    if not places:
        return {}
    return {**_python(root), **_among(metadata.distributions(path=places))}


def _with_others(place: Path) -> list[Path]:
    """Return a folder of packages with those that it names in .pth files."""
    named = [Path(line) for file in sorted(place.glob("*.pth")) for line in _lines(file)]
    return [place, *(other for other in named if other.is_absolute() and other.is_dir())]


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return []


def _among(found: Iterable[metadata.Distribution]) -> dict[str, str]:
    known: dict[str, str] = {}
    for distribution in found:
        name = str(distribution.metadata["Name"] or "").lower()
        if name in SHOWN:
            known.setdefault(name, distribution.version)
    return {name: known[name] for name in SHOWN if name in known}


def _python(root: Path) -> dict[str, str]:
    try:
        text = (root / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    said = re.search(r"^version\w*\s*=\s*(\d+(?:\.\d+)*)", text, re.M)
    return {"python": said[1]} if said else {}
