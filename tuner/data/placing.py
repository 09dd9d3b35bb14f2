"""Write the files of a data set into a folder: what is there already stays, what differs is refused before anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.errors import ConfigError

UNFINISHED = ".part"
LEFT_BY_TRAINING = {".cache", ".npy"}
"""Endings of the files that a training of Ultralytics leaves beside images and labels."""

CHUNK = 1 << 20


@dataclass(frozen=True)
class File:
    """A file to write: its place below the folder, and its bytes, the file to copy, or what makes its bytes."""

    name: str
    content: bytes | Path | Callable[[], bytes]


def place(files: Sequence[File], dest: Path) -> int:
    """Write what is missing of ``files`` below ``dest`` and return how many those were.

    Everything else in ``dest`` has to be the same already, so that nothing is overwritten; after a kill, the next call
    goes on where the last one was. Raises ConfigError where ``dest`` holds anything else.
    """
    if dest.exists() and not dest.is_dir():
        raise ConfigError(str(dest), "", "expected a folder to write to, but there is a file: name another DEST")
    present = set(_present(dest))
    foreign = sorted(present - {file.name for file in files})
    _refuse(dest, foreign, "is not of it")
    _refuse(dest, [f.name for f in files if f.name in present and not _same(f, dest / f.name)], "differs")
    missing = [file for file in files if file.name not in present]
    for file in missing:
        _write(file, dest / file.name)
    return len(missing)


def _present(dest: Path) -> list[str]:
    """Return the files below ``dest``, without those that a training or a killed preparation leaves."""
    found = (path for path in dest.rglob("*") if not path.is_dir())
    ours = (path for path in found if path.suffix not in LEFT_BY_TRAINING | {UNFINISHED})
    return [path.relative_to(dest).as_posix() for path in ours]


def _refuse(dest: Path, names: Sequence[str], why: str) -> None:
    if names:
        more = f", as {len(names) - 1} more" if len(names) > 1 else ""
        problem = f"expected an empty folder or this very data set, but {names[0]} {why}{more}: name another DEST"
        raise ConfigError(str(dest), "", problem)


def _same(file: File, path: Path) -> bool:
    if isinstance(file.content, Path):
        return _same_bytes(file.content, path)
    return path.read_bytes() == (file.content if isinstance(file.content, bytes) else file.content())


def _same_bytes(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with open(one, "rb") as a, open(other, "rb") as b:
        while chunk := a.read(CHUNK):
            if chunk != b.read(CHUNK):
                return False
    return True


def _write(file: File, path: Path) -> None:
    """Write one file under another name first, so that a kill leaves no half of it under its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + UNFINISHED)
    if isinstance(file.content, Path):
        # A copy and no hard link: YOLOv5 and older Ultralytics mend a JPEG in place, and would mend the original.
        shutil.copyfile(file.content, part)
    else:
        part.write_bytes(file.content if isinstance(file.content, bytes) else file.content())
    os.replace(part, path)
