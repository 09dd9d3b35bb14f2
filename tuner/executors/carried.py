"""Files of a trial that trains where the study's folder is not seen: sent along at its start, installed as they come.

What comes between two large files is newer than they are. So that a trial whose node is lost goes on from files of one
moment, the small ones of that moment are kept beside, in ``.carried``, until the large ones came again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tuner.executors.node import LOCK, OUTPUT, PIECE, TAIL, Look, Stamp

KEPT, ARRIVING = ".carried", ".arriving"


def outgoing(folder: Path) -> Iterator[tuple[str, int, bytes, Stamp]]:
    """Yield name, offset, content and stamp of every piece of the files that a trial starts with."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or str(name) in (LOCK, OUTPUT) or name.parts[0] in (KEPT, ARRIVING):
            continue
        stat = path.stat()
        with path.open("rb") as file:
            offset = 0
            while (piece := file.read(PIECE)) or offset == 0:
                yield str(name), offset, piece, (stat.st_mtime_ns, stat.st_size)
                offset += len(piece)
                if not piece:
                    break


class Incoming:
    """The way back of the files of one start; ``printed`` is what earlier starts printed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._printed = _tail(folder / OUTPUT)
        shutil.rmtree(folder / ARRIVING, ignore_errors=True)

    def write(self, name: str, offset: int, piece: bytes) -> None:
        """Keep a piece of a file aside until all of its moment are there."""
        path = _inside(self._folder / ARRIVING, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(piece)

    def install(self, look: Look) -> None:
        """Put the files of one moment into the trial's folder, the oldest first, as a row follows its checkpoint."""
        for name, stamp in sorted(look.stamps.items(), key=lambda item: item[1]):
            source, target = self._folder / ARRIVING / name, _inside(self._folder, name)
            if name == OUTPUT:
                source.write_bytes(self._printed + source.read_bytes())
            elif not look.whole:
                self._keep(name, target)
            os.utime(source, ns=(stamp[0], stamp[0]))
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(source, target)
        shutil.rmtree(self._folder / ARRIVING, ignore_errors=True)
        for name in look.gone:
            _inside(self._folder, name).unlink(missing_ok=True)
        if look.whole:
            shutil.rmtree(self._folder / KEPT, ignore_errors=True)

    def _keep(self, name: str, target: Path) -> None:
        kept = self._folder / KEPT / name
        if target.is_file() and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.link(target, kept)  # what arrives replaces the name and leaves the file


def restore(folder: Path) -> None:
    """Bring the files of a trial whose node is lost back to the last moment of which all of them came."""
    shutil.rmtree(folder / ARRIVING, ignore_errors=True)
    kept = folder / KEPT
    for path in sorted(kept.rglob("*")) if kept.is_dir() else ():
        if path.is_file():
            os.replace(path, folder / path.relative_to(kept))
    shutil.rmtree(kept, ignore_errors=True)


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    # Also by way of a link to a folder, which a study from elsewhere may hold.
    if os.path.isabs(name) or ".." in path.parts or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"expected a file inside the trial's folder, but got '{name}'")
    return path


def _tail(path: Path) -> bytes:
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        return file.read()
    return b""
