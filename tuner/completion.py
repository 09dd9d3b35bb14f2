"""What the shell completes a word to: configurations and studies nearby, found without reading more than their heads.

Where nothing is returned, the shell completes to files and folders by itself.
"""

from __future__ import annotations

import contextlib
import glob
from pathlib import Path

HEAD_BYTES = 4096
MOST = 50


def configs(incomplete: str) -> list[str]:
    """Return the configurations that begin with ``incomplete``, here and one folder down."""
    patterns = (f"{glob.escape(incomplete)}*.y*ml", f"{glob.escape(incomplete)}*/*.y*ml")
    found = (name for pattern in patterns for name in sorted(glob.glob(pattern)) if _is_config(Path(name)))
    return list(found)[:MOST]


def studies(incomplete: str) -> list[str]:
    """Return the folders of studies that begin with ``incomplete``, here and one folder down, as in results/."""
    patterns = (f"{glob.escape(incomplete)}*/config.yaml", f"{glob.escape(incomplete)}*/*/config.yaml")
    found = (str(Path(name).parent) for pattern in patterns for name in sorted(glob.glob(pattern)))
    return list(dict.fromkeys(found))[:MOST]


def _is_config(path: Path) -> bool:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return b"\ntrainer:" in b"\n" + file.read(HEAD_BYTES)
    return False
