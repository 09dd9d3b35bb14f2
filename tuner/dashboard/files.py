"""The files of a study as artifacts: opened where they lie when somebody looks, so that none is copied or linked."""

from __future__ import annotations

import json
import mimetypes
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from optuna.artifacts import ArtifactMeta
from optuna.artifacts.exceptions import ArtifactNotFound

from tuner.spec import FACTS_FILE, OUTPUT_FILE, SPEC_FILE

ATTRIBUTE = "artifacts:"
"""What the attribute of an artifact begins with, as Optuna's upload_artifact writes it."""
MOST_FILES = 20
FIRST = (SPEC_FILE, OUTPUT_FILE, FACTS_FILE, "args.yaml", "results.csv", "results.png")
LARGEST_PICTURE = 5_000_000
"""Bytes; the page loads pictures by itself, and all else when it is clicked."""
TEXT = {".yaml", ".log", ".txt", ".jsonl"}
"""Texts that the system's table of types may not know."""

Open = Callable[[], BinaryIO]


class Files:
    """Optuna's ArtifactStore, as far as it is read: what to open for each artifact that was named.

    The names are other ones in every process, so that no page of somebody else can guess them.
    """

    def __init__(self) -> None:
        self._space = uuid.uuid4()
        self._opened: dict[str, Open] = {}

    def named(self, name: str) -> str:
        """Return the artifact's id for a name such as ``digits/7/results.csv``."""
        return str(uuid.uuid5(self._space, name))

    def attribute(self, name: str, shown: str, opened: Open) -> dict[str, str]:
        """Return the attribute that offers an artifact under the file name ``shown``."""
        artifact_id = self.named(name)
        self._opened[artifact_id] = opened
        mime, encoding = mimetypes.guess_type(shown)
        mime = mime or ("text/plain" if Path(shown).suffix in TEXT else "application/octet-stream")
        return {ATTRIBUTE + artifact_id: json.dumps(asdict(ArtifactMeta(artifact_id, shown, mime, encoding)))}

    def open_reader(self, artifact_id: str) -> BinaryIO:
        try:
            return self._opened[artifact_id]()
        except (KeyError, OSError) as error:
            raise ArtifactNotFound(f"there is no artifact {artifact_id} any more") from error

    def write(self, artifact_id: str, content_body: BinaryIO) -> NoReturn:
        raise PermissionError("artifacts are read only")

    def remove(self, artifact_id: str) -> NoReturn:
        raise PermissionError("artifacts are read only")


def of(folder: Path) -> list[Path]:
    """Return the files of a trial that are worth a look, those that every trial has first, relative to its folder."""
    if not folder.is_dir():
        return []
    here = folder.resolve()
    found = [path.relative_to(here) for path in sorted([*here.glob("*"), *here.glob("*/*")]) if _is_shown(path, here)]
    return sorted(found, key=_rank)[:MOST_FILES]


def opener(path: Path) -> Open:
    return lambda: path.open("rb")


def _rank(path: Path) -> tuple[Any, ...]:
    name = path.name
    return FIRST.index(name) if name in FIRST else len(FIRST), len(path.parts), str(path)


def _is_shown(path: Path, folder: Path) -> bool:
    if path.name.startswith(".") or path.suffix == ".part" or path.name == "lock" or not path.is_file():
        return False
    if not path.resolve().is_relative_to(folder):
        return False
    picture = (mimetypes.guess_type(path.name)[0] or "").startswith("image/")
    return not picture or path.stat().st_size <= LARGEST_PICTURE
