"""Examine the data set of a study beside its first trials, and say in its report what was found.

It runs in a process of its own at the lowest priority, so that no training waits for it, and once for a study and all
its stages. "Check the data set first" is the oldest advice for a training that learns nothing; so the findings say
how many trials that concerns.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuner import apart, words
from tuner.checks import Check
from tuner.config import StudyConfig
from tuner.record import Record

FILE = "data_check.json"
BLAMED = frozenset({"not_learning", "stuck_after_first_epoch"})
"""Symptoms that a data set can be to blame for."""
MOST = 5


def begin(config: StudyConfig, folder: Path) -> subprocess.Popen[bytes] | None:
    """Start examining the data set, to ``folder``; None where that was done, is not wanted or not possible."""
    asked = config.trainer.data_check() if config.model.data_check else ()
    if not asked or _read(folder):
        return None
    return apart.start("data", "check", *asked, "--json", output=folder / FILE)


def checks(folder: Path, records: Sequence[Record]) -> tuple[Check, ...]:
    """Return what was found in the data set of the study in ``folder``, mistakes and warnings, and whom it concerns."""
    found = _read(folder) or _read(folder.parent)
    blind = sorted(r.number for r in records if r.ending is not None and BLAMED & {r.ending.reason, *r.held})
    whom = f"; look here first: {words.count(len(blind), 'trial')} learnt nothing" if blind else ""
    return tuple(
        Check("data", f"data set: {one['text']}{whom}", {"finding": one["name"], "trials": blind})
        for one in found
        if one["level"] != "note"
    )[:MOST]


def _read(folder: Path) -> list[dict[str, Any]]:
    """Return the findings in ``folder``; none where there are none yet, or half of them."""
    try:
        findings = json.loads((folder / FILE).read_text(encoding="utf-8"))["findings"]
        return [one for one in findings if {"name", "level", "text"} <= set(one)]
    except (OSError, ValueError, KeyError, TypeError):
        return []
