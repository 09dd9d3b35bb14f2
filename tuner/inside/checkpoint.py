"""Checkpoints and the log of one trial, written so that a kill at any moment loses nothing and doubles nothing.

The order of an epoch's end is best.pt, last.pt, row. last.pt holds all rows, so whatever is missing, doubled or half
written in the log is set right from it when the trial continues.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from tuner.inside.parameters import COLUMNS, LOG_FILE

Row = dict[str, float]


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Save ``content`` under a temporary name first, so that ``path`` is always a whole checkpoint."""
    part = path.with_suffix(".part")
    torch.save(dict(content), part)
    os.replace(part, path)


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Load a checkpoint; only tensors and plain values are accepted."""
    content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return content


def write_log(folder: Path, rows: Iterable[Row]) -> None:
    """Write the whole log anew: the header and ``rows``."""
    part = folder / f"{LOG_FILE}.part"
    part.write_text("".join([",".join(COLUMNS) + "\n", *map(line, rows)]))
    os.replace(part, folder / LOG_FILE)


def append_log(folder: Path, row: Row) -> None:
    """Append one row in a single write."""
    file = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, line(row).encode())
    finally:
        os.close(file)


def line(row: Row) -> str:
    """Return ``row`` as a line of the log; a NaN or infinity is written as nan, inf or -inf."""
    return ",".join(f"{row[name]:.8g}" for name in COLUMNS) + "\n"
