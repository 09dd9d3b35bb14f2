"""Where the figures of a study come from: command, commit and versions, noted by every driver that works on it."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from tuner.storage_url import without_password

KEY = "made_with"
"""The user attribute of the study that holds a list of these, the latest last."""
PACKAGES = ("tuner", "optuna", "torch", "torchvision", "ultralytics", "numpy")
GIT_SECONDS = 5


def now(base: Path) -> dict[str, Any]:
    """Return what makes the figures now: the command line, the commit of the folder ``base``, and versions."""
    packages = {name: version for name in PACKAGES if (version := _version(name))}
    return {
        "command": shlex.join(["tuner", *map(without_password, sys.argv[1:])]),
        "commit": commit(base),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": packages,
    }


def appended(known: Any, latest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the list with ``latest`` at its end, unless it is there already."""
    before = noted(known)
    return before if before and before[-1] == latest else [*before, latest]


def noted(known: Any) -> list[dict[str, Any]]:
    """Return what was noted; a study may hold anything under the name."""
    return [entry for entry in known if isinstance(entry, dict)] if isinstance(known, list) else []


def commit(folder: Path) -> str | None:
    """Return the commit that ``folder`` is at, with a note where files differ from it; None outside of git."""
    head = _git(folder, "rev-parse", "--short=12", "HEAD")
    if not head:
        return None
    return f"{head} + changes" if _git(folder, "status", "--porcelain", "--untracked-files=no", ".") else head


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
