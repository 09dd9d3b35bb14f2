"""Tables with a header as foreign programs leave them behind: padded, ragged, appended to, merged.

A row that is shorter than the header lacks its last cells, one that is longer is left out. A further header begins a
table of its own, and so do the markers that git leaves in a file it could not merge. Of columns of one name the first
counts. Where a semicolon or a tab stands between the cells, a comma is a decimal one.
"""

from __future__ import annotations

import csv
import re
from array import array
from pathlib import Path

from tuner.readers import growing
from tuner.readers.growing import GrowingColumn
from tuner.readers.periods import number
from tuner.readers.table import Table
from tuner.readers.text import MAX_CELLS, first_line, whole_lines
from tuner.spec import LogError

DELIMITERS = ",;\t"
MERGE_MARKER = re.compile(r"<<<<<<<( |$)|=======$|>>>>>>>( |$)")
DECIMAL_COMMA = re.compile(r"-?\d+,\d+(e[-+]?\d+)?", re.IGNORECASE)
MAX_COLUMNS = 20_000
MAX_PARTS = 1000


def header(head: bytes) -> list[str]:
    """Return the names in the first line that is not blank; an empty list where it is no header."""
    first = first_line(head)
    if first.startswith(("{", "[")):
        return []
    names = _cells(first, _delimiter(first))
    return names if _names(names) else []


def tables(path: Path, finished: bool) -> list[Table]:
    """Return the tables in a file that have rows; raises LogError."""
    parts = [_Part(path, [])]
    delimiter, n_cells = ",", 0
    for line, text in whole_lines(path, finished):
        if MERGE_MARKER.match(text):
            parts.append(_Part(path, parts[-1].names))
            continue
        delimiter = delimiter if parts[-1].names else _delimiter(text)
        cells = _cells(text, delimiter)
        if _names(cells):
            if cells != parts[-1].names or not parts[-1].names:
                parts.append(_Part(path, cells))
        elif len(cells) <= len(parts[-1].names):
            parts[-1].add(line, cells)
            n_cells += len(cells)
        if len(parts) > MAX_PARTS:
            raise LogError(f"{path}: line {line}: expected at most {MAX_PARTS} headers, but got more")
        if n_cells > MAX_CELLS:
            raise LogError(f"{path}: line {line}: expected at most {MAX_CELLS} cells in all, but got more")
    return [part.table for part in parts if part.table.lines]


class _Part:
    """The rows below one header."""

    def __init__(self, path: Path, names: list[str]) -> None:
        if len(names) > MAX_COLUMNS:
            raise LogError(f"{path}: expected at most {MAX_COLUMNS} columns, but got {len(names)}")
        self.names = names
        self._columns = {name: GrowingColumn() for name in names if name}
        first = {name: i for i, name in reversed(list(enumerate(names)))}
        self._place = [bool(name) and first[name] == i for i, name in enumerate(names)]
        self._lines = array("q")
        self._path = path

    def add(self, line: int, cells: list[str]) -> None:
        for name, counts, cell in zip(self.names, self._place, cells, strict=False):
            if counts and cell:
                self._columns[name].add(len(self._lines), cell)
        self._lines.append(line)

    @property
    def table(self) -> Table:
        return Table(self._path, growing.numeric(self._columns), self._lines, complete=True)


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _cells(line: str, delimiter: str) -> list[str]:
    cells = _quoted(line, delimiter) if '"' in line else line.split(delimiter)
    return [_plain(cell.strip(), delimiter) for cell in cells]


def _quoted(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _plain(cell: str, delimiter: str) -> str:
    return cell.replace(",", ".") if delimiter != "," and DECIMAL_COMMA.fullmatch(cell) else cell


def _names(cells: list[str]) -> bool:
    """Tell whether these cells are names: at least two, and not a number among them."""
    named = [cell for cell in cells if cell]
    return len(named) >= 2 and all(number(cell) is None for cell in named)
