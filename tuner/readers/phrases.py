"""Numbers in the lines of a text log: ``name: value`` pairs, and the summary of the COCO evaluation."""

from __future__ import annotations

import re

NUMBER = r"-?(?:\d{1,30}(?:\.\d{0,30})?(?:[eE][-+]?\d{1,4})?|nan|inf)"
PAIR = re.compile(rf"([A-Za-z_][\w./@()-]{{0,80}}):\s{{0,4}}({NUMBER})(?=[\s,;]|[A-Za-z]{{1,2}}[\s,;]|$)")
COCO_AP = re.compile(rf"Average Precision .{{0,20}}IoU=0\.50:0\.95 \| area= *all \| maxDets= *\d+ \] = ({NUMBER})")
MAX_PAIRS = 20_000
"""Characters of a line that are searched for pairs."""

NO_SERIES = {"eta", "memory", "max_mem", "mem"}


def pairs(line: str) -> dict[str, float]:
    """Return the named numbers in a line; a number that goes on as a clock or a date is none."""
    return {name: float(value) for name, value in PAIR.findall(line[:MAX_PAIRS]) if name not in NO_SERIES}


def coco_ap(line: str) -> float | None:
    """Return the average precision that a line of the COCO summary gives, or None."""
    found = COCO_AP.search(line)
    return float(found[1]) if found else None


def has(head: bytes, pattern: re.Pattern[str]) -> bool:
    """Tell whether the beginning of a log matches a pattern."""
    return pattern.search(head.decode(errors="replace")) is not None
