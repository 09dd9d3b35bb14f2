"""The text log of MMDetection and its siblings, with the old runners or with MMEngine.

    2022-03-20 02:38:11,440 - mmdet - INFO - Epoch [1][10/672]  lr: 3.678e-08, ..., loss: 0.1097
    2022-03-20 08:10:31,696 - mmdet - INFO - Epoch(val) [48][672]  bbox_mAP: 0.9370, bbox_mAP_50: 1.0000, ...

Runs that count iterations write Iter in the place of Epoch; their evaluations belong to the iteration before. The
planned length is what the configuration at the beginning states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tuner.readers import mmdet, phrases, records
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import beginning, whole_lines

ROW = re.compile(r"\b(Epoch|Iter) ?(\(train\)|\(val\))?\s{0,4}\[ *(\d{1,12})\](?:\[[ \d/]+\])?\s(.*)")
ITERATION = re.compile(r"\b(Iter) ?(\(train\)|\(val\))?\s{0,4}\[ *(\d{1,12})/ *\d+\]\s(.*)")
WRITER = re.compile(r"^\d{4}[-/]\d\d[-/]\d\d [\d:,]{8,12} - mm\w{1,30} - INFO - ", re.MULTILINE)


def matches(head: bytes, path: Path) -> bool:
    return phrases.has(head, WRITER)


def _runs(path: Path, finished: bool) -> list[Run]:
    table = records.table(path, _rows(path, finished))
    planned = mmdet.planned(beginning(path))
    names = table.columns
    return runs_of(table, options=mmdet.options(names), objective=mmdet.objective(names), **planned)


def _rows(path: Path, finished: bool) -> Iterator[tuple[int, dict[str, float]]]:
    step = None
    for line, text in whole_lines(path, finished):
        row = ITERATION.search(text) or ROW.search(text) if "[" in text[:200] else None
        if row is None:
            continue
        counts_steps, evaluates = row[1] == "Iter", row[2] == "(val)"
        if counts_steps and not evaluates:
            step = float(row[3])
        counter = {"step": step} if counts_steps and step is not None else {"epoch": float(row[3])}
        values = phrases.pairs(row[4])
        values = {k: v for k, v in values.items() if v != -1 and k != "time"} if evaluates else values
        if values:
            yield line, {**counter, **values}


read, read_all = reading(_runs)
