"""Write a file whole or not at all: who reads it meanwhile, or after a kill, finds the old one or the new one."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replace the content of ``path``."""
    # Drivers of one study may write the same file at once, from different machines.
    part = path.with_suffix(f".{socket.gethostname()}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
