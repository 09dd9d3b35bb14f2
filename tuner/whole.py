"""Write a file whole or not at all: who reads it meanwhile, or after a kill, finds the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replace the content of ``path``."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
