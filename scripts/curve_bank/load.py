"""Read the bank: each curve with its label."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuner.curve import Curve, Kind, Series
from tuner.readers import splice


@dataclass(frozen=True)
class Labelled:
    """A row of the bank, and the curve that a reader would have made of it."""

    row: dict[str, Any]
    curve: Curve


def load(path: Path | str) -> Iterator[Labelled]:
    """Yield the curves of a file of the bank."""
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield Labelled(row, curve_of(row))


def curve_of(row: dict[str, Any]) -> Curve:
    """Return the curve; where the run was resumed, the later rows count and a remark says so."""
    epochs = np.array(row["epochs"], dtype=np.int64)
    kept = np.flatnonzero(splice.kept_rows(epochs))
    kept = kept[splice.last_of_each(epochs[kept])]
    series = {
        name: Series(
            name,
            Kind(s["kind"]),
            epochs[kept],
            np.array([float(v) for v in s["values"]])[kept],
            bool(s["higher_is_better"]),
        )
        for name, s in row["series"].items()
    }
    remarks = splice.remarks(epochs, range(1, len(epochs) + 1))
    return Curve(series, row["objective"], row["planned_epochs"], tuple(remarks))
