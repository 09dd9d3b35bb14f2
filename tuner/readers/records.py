"""Logs of one record a line or an item: named numbers, in objects inside each other or not."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tuner.readers import growing
from tuner.readers.growing import GrowingColumn
from tuner.readers.table import Cell, Table
from tuner.readers.text import LINE_END, MAX_CELLS, decoded, whole_lines, wrong
from tuner.spec import LogError

Record = Mapping[str, Any]
MAX_NAMES = 20_000


def table(path: Path, records: Iterable[tuple[int, Record]]) -> Table:
    """Return numbered records as a table; objects inside them name their columns ``outer/inner``. Raises LogError."""
    named: dict[str, GrowingColumn] = {}
    lines = array("q")
    n_cells = 0
    for line, record in records:
        before = n_cells
        for name, value in cells(record):
            if name not in named:
                named[name] = GrowingColumn()
            named[name].add(len(lines), value)
            n_cells += 1
        if n_cells > before:
            lines.append(line)
        if n_cells > MAX_CELLS or len(named) > MAX_NAMES:
            raise LogError(
                f"{path}: line {line}: expected at most {MAX_CELLS} numbers under {MAX_NAMES} names, but got more"
            )
    return Table(path, growing.numeric(named), lines, complete=False)


def cells(record: Record, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Cell]]:
    """Yield the numbers of a record, also those written as text, with their names."""
    for key, value in record.items():
        if isinstance(value, dict) and depth < 5:
            yield from cells(value, f"{prefix}{key}/", depth + 1)
        elif isinstance(value, int | float | str) and not isinstance(value, bool) and value != "":
            yield (prefix + str(key)).strip(), value


def objects(path: Path, finished: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and object of each line of a JSON-lines file; what was cut off is left out. Raises LogError."""
    good = bad = first_bad = 0
    for line, text in whole_lines(path, finished):
        value = parsed(text)
        if isinstance(value, dict):
            good += 1
            yield line, value
        else:
            bad, first_bad = bad + 1, first_bad or line
    if bad > good:
        raise wrong(path, first_bad, "a JSON object on most lines", f"{bad} lines without one")


def parsed(text: str) -> Any:
    """Return the value that a JSON text holds, or None; NaN and Infinity are taken for what they are."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def first(head: bytes, good: Callable[[dict[str, Any]], bool], lines: int = 50) -> bool:
    """Tell whether one of the first lines holds an object that is ``good``."""
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    for text in LINE_END.split(decoded(head))[:lines]:
        value = parsed(text)
        if isinstance(value, dict) and good(value):
            return True
    return False
