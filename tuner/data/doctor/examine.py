"""Examine a data set: open it, look at every image, put all findings together, the gravest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tuner.data.doctor import boxes, classes, copies, doubted, images, shift, splits
from tuner.data.doctor.dataset import DataSet
from tuner.data.doctor.finding import Finding, Level
from tuner.data.doctor.looks import Looks, look
from tuner.data.doctor.opened import open_set
from tuner.evidence.collected import Evidence


class Check(Protocol):
    """A module that looks for one kind of trouble."""

    def check(self, data: DataSet, looks: Looks) -> Iterator[Finding]:
        """Yield what is found."""


CHECKS: tuple[Check, ...] = (images, boxes, classes, splits, copies, shift)


@dataclass(frozen=True)
class Examined:
    """A data set and what was found."""

    data: DataSet
    findings: tuple[Finding, ...]
    doubted: Mapping[str, Evidence] = field(default_factory=dict)

    def worst(self) -> Level:
        """Return the gravest level there is."""
        found = {one.level for one in self.findings}
        return next((level for level in Level if level in found), Level.NOTE)


def examine(
    path: Path,
    task: str = "detect",
    pictures: Path | None = None,
    told: Callable[[int], None] = lambda done: None,
    weights: Path | None = None,
) -> Examined:
    """Return what is found; raises ConfigError where there is no data set at ``path``.

    ``told`` is called with the number of images looked at so far; ``weights`` are asked which labels look wrong.
    """
    data, found = open_set(path, task, pictures)
    looks = look([sample for _, sample in data.samples()], told)
    found += [one for module in CHECKS for one in module.check(data, looks)]
    seen = doubted.look(path, weights, data.task, pictures) if weights else {}
    found += doubted.check(seen)
    order = list(Level)
    return Examined(data, tuple(sorted(found, key=lambda one: order.index(one.level))), seen)
