"""What a training program was asked for: its command line, and the specification of its trial."""

from __future__ import annotations

import argparse
import json
import os
import signal
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any


def options(program: str, manual: str | None, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return spec, resume, test and predict of a command line; from now on SIGTERM ends the program."""
    # At once and without an exception, which the half-done import of a library may swallow; what a later start needs is
    # written whole or not at all.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
    parser = argparse.ArgumentParser(prog=program, description=manual)
    parser.add_argument("spec", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--predict", metavar="PART")
    return parser.parse_args(arguments)


def spec(path: Path, needed: Set[str]) -> dict[str, Any]:
    """Return the specification at ``path``; raises ValueError and OSError where it cannot be used."""
    found: dict[str, Any] = json.loads(path.read_text())
    if missing := needed - set(found):
        raise ValueError(f"expected the keys {', '.join(sorted(missing))}, but they are missing")
    # The study may have been moved, or come from elsewhere: what a trial writes stays in its own folder.
    found["folder"] = str(path.absolute().parent)
    return found
