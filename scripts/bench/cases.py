"""The curves of a bank as cases."""

from __future__ import annotations

from pathlib import Path

from scripts.bench.judging import Case
from scripts.curve_bank.load import Labelled, load


def of_bank(path: Path) -> list[Case]:
    return [_case(labelled) for labelled in load(path)]


def _case(labelled: Labelled) -> Case:
    row = labelled.row
    return Case(
        id=row["id"],
        label=row["label"],
        curve=labelled.curve,
        group="/".join((row["data"], row["architecture"], row["cause"])),
        secondary=tuple(row["secondary"]),
        variant=row["variant"],
        data=row["data"],
        architecture=row["architecture"],
        onset=row["onset"],
        ends_badly=row["ends_badly"],
    )
