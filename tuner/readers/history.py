"""Histories in one JSON document: lists of numbers under names, or a list of records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuner.curve import Kind
from tuner.readers import columns, records
from tuner.readers.table import Cell, Column, Table
from tuner.readers.text import MAX_CELLS, read_foreign
from tuner.spec import LogError

MAX_CHARACTERS = 64 * 2**20
"""A parsed document of numbers takes about ten times its size in memory."""

MAX_CONTAINERS = 2_000_000
"""An empty list takes 3 characters in the file and some hundred bytes in memory."""

MAX_HISTORIES = 100
MAX_DEPTH = 4
LIST_OF = re.compile(rb'"[^"\n]{0,80}(?:loss|acc|epoch)[^"\n]{0,80}"\s*:\s*\[\s*[-\d{"nNI]', re.IGNORECASE)
RECORD = re.compile(rb'"(?:epoch|step|iteration)"\s*:\s*[\d.]', re.IGNORECASE)


def looks_so(head: bytes) -> bool:
    """Tell whether the beginning of a document promises a history."""
    start = head.lstrip()[:1]
    return start in (b"{", b"[") and bool(LIST_OF.search(head) or RECORD.search(head))


def document(path: Path, finished: bool) -> Any:
    """Return the document in a file; None where it is not ``finished`` and still being written. Raises LogError."""
    text = read_foreign(path)
    if len(text) > MAX_CHARACTERS:
        raise LogError(f"{path}: expected at most {MAX_CHARACTERS} characters of JSON, but got {len(text)}")
    if text.count("[") + text.count("{") > MAX_CONTAINERS:
        raise LogError(f"{path}: expected at most {MAX_CONTAINERS} lists and objects of JSON, but got more")
    value = records.parsed(text)
    if value is None and finished and text.strip():
        raise LogError(f"{path}: expected one JSON document, but it cannot be parsed")
    return value


def tables(path: Path, value: Any) -> list[Table]:
    """Return the histories in a document: those with a loss, and those with a metric that are numbered."""
    found = [table for table in _histories(path, value, 0) if _tells(table)]
    return found[:MAX_HISTORIES]


def _histories(path: Path, value: Any, depth: int) -> Iterator[Table]:
    """Yield the histories in a document; one that has lists itself is not searched further."""
    if depth > MAX_DEPTH:
        return
    if _is_records(value):
        yield records.table(path, enumerate(value, 1))
        return
    named = _lists(value) if isinstance(value, dict) else {}
    if named:
        yield _table(path, named)
    elif isinstance(value, dict | list):
        inner = list(value.values()) if isinstance(value, dict) else value
        for part in inner[: MAX_HISTORIES * 10]:
            if isinstance(part, dict | list):
                yield from _histories(path, part, depth + 1)


def _is_records(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) for item in value)
        and any(isinstance(cell, int | float) for cell in value[0].values())
    )


def _lists(value: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the lists of numbers in an object; a list of records beside them counts as several."""
    found: dict[str, list[Any]] = {}
    for key, part in value.items():
        if isinstance(part, list) and part and all(_is_cell(cell) for cell in part):
            found[str(key)] = part
    if any(_tells_name(name) for name in found):
        for key, part in value.items():
            if _is_records(part):
                names = dict.fromkeys(name for item in part for name in item)
                if len(names) * len(part) > MAX_CELLS:
                    continue
                found |= {f"{key}/{name}": [item.get(name) for item in part] for name in names}
    return {key: part for key, part in found.items() if any(_is_number(cell) for cell in part)}


def _is_cell(value: Any) -> bool:
    return value is None or isinstance(value, int | float) or value in ("NaN", "nan", "inf", "Infinity")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _table(path: Path, lists: dict[str, list[Any]]) -> Table:
    """Return lists of numbers as a table; a list of another length counts only if its name tells something."""
    longest = max(len(part) for part in lists.values())
    if sum(len(part) for part in lists.values()) > MAX_CELLS:
        raise LogError(f"{path}: expected at most {MAX_CELLS} numbers in one history, but got more")
    kept = {name: part for name, part in lists.items() if len(part) == longest or _tells_name(name)}
    return Table(path, {name: _column(part) for name, part in kept.items()}, range(1, longest + 1), complete=False)


def _column(values: list[Any]) -> Column:
    present: list[tuple[int, Cell]] = [
        (i, v) for i, v in enumerate(values) if isinstance(v, int | float | str) and not isinstance(v, bool)
    ]
    return Column([i for i, _ in present], [v for _, v in present])


def _tells_name(name: str) -> bool:
    return columns.guess(name).kind in (Kind.TRAIN_LOSS, Kind.VAL_LOSS, Kind.METRIC)


def _tells(table: Table) -> bool:
    """Tell whether a table is a history: what has neither a loss nor a counter could be anything."""
    kinds = {columns.guess(name).kind for name in table.columns}
    counted = columns.epoch_column(table.columns, {}) or columns.step_column(table.columns)
    return bool({Kind.TRAIN_LOSS, Kind.VAL_LOSS} & kinds or (counted and Kind.METRIC in kinds))
