"""log.txt of Detectron2: training lines of ``name: value`` pairs, and the results of an evaluation ready for copying.

    [11/30 01:16:13] d2.utils.events INFO:  eta: 1:54:02  iter: 19  total_loss: 0.1651  ...
    [11/30 01:30:17] d2.evaluation.testing INFO: copypaste: Task: bbox
    [11/30 01:30:17] d2.evaluation.testing INFO: copypaste: AP,AP50,AP75,APs,APm,APl
    [11/30 01:30:17] d2.evaluation.testing INFO: copypaste: 25.1930,42.7338,26.5965,1.7945,10.7670,30.0910

An evaluation stands before the line of its iteration, and belongs to the next line of training; one at the end of the
log to the last. The planned length is the MAX_ITER of the configuration, where that was logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tuner.readers import detectron2, phrases, records
from tuner.readers.periods import number
from tuner.readers.run import Run, reading, runs_of
from tuner.readers.text import beginning, whole_lines

TRAINING = re.compile(r"\biter: (\d{1,12})\s+total_loss: ")
PASTED = re.compile(r"copypaste: (.*)")
MAX_ITER = re.compile(r"^[ \t]*MAX_ITER: (\d{1,12})\b", re.MULTILINE)
WRITER = re.compile(r"^\S{0,10}\[\d\d/\d\d \d\d:\d\d:\d\d[^\n]{0,3}(d2\.|detectron2\b)", re.MULTILINE)


def matches(head: bytes, path: Path) -> bool:
    return phrases.has(head, WRITER)


def _runs(path: Path, finished: bool) -> list[Run]:
    table = records.table(path, _rows(path, finished))
    names = table.columns
    planned = MAX_ITER.search(beginning(path))
    steps = int(planned[1]) if planned else None
    return runs_of(table, options=detectron2.options(names), objective=detectron2.objective(names), planned_steps=steps)


def _rows(path: Path, finished: bool) -> Iterator[tuple[int, dict[str, float]]]:
    task, names, step, results = "", list[str](), None, dict[str, float]()
    line = 0
    for line, text in whole_lines(path, finished):
        if found := TRAINING.search(text):
            step = float(found[1])
            values = {name: value for name, value in phrases.pairs(text).items() if name not in ("iter", "INFO")}
            yield line, {"iteration": step, **values, **results}
            results = {}
        elif found := PASTED.search(text):
            cells = found[1].split(",")
            if cells[0].startswith("Task: "):
                task = cells[0].removeprefix("Task: ").strip()
            elif number(cells[0]) is None:
                names = cells
            else:
                pasted = {f"{task}/{name}": number(cell) for name, cell in zip(names, cells, strict=False)}
                results |= {name: value for name, value in pasted.items() if value is not None}
    if results and step is not None and finished:
        yield line, {"iteration": step, **results}


read, read_all = reading(_runs)
