"""The trials of a study as CSV, a line each, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from tuner import words
from tuner.record import Record
from tuner.report import Report

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet takes a text for a formula, and runs it."""


def table(reports: Sequence[Report]) -> str:
    """Return a table of all trials: what they are, how they ended, their parameters and their metrics."""
    rows = [_row(report, record) for report in reports for record in report.trials]
    names = list(
        dict.fromkeys(name for group in ("", "params.", "metrics.") for row in rows for name in _of(row, group))
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _of(row: dict[str, Any], group: str) -> list[str]:
    prefixes = ("params.", "metrics.")
    return [name for name in row if (name.startswith(group) if group else not name.startswith(prefixes))]


def _row(report: Report, record: Record) -> dict[str, Any]:
    ending, best = record.ending, report.incumbent
    return {
        "study": report.study,
        "trial": record.number,
        "best": int(best is not None and best.number == record.number),
        "state": record.state.name.lower(),
        "origin": str(record.origin),
        "parent": record.parent,
        "remedy": record.remedy,
        "seed": record.seed,
        "score": record.score,
        "score_epoch": record.score_epoch,
        "epochs": record.epochs,
        "planned_epochs": record.planned_epochs,
        "seconds": record.seconds,
        "device": record.device,
        "action": str(ending.action) if ending else None,
        "reason": ending.reason if ending else None,
        "since_epoch": ending.since_epoch if ending else None,
        "why": ending.text if ending else None,
        **{f"params.{name}": value for name, value in record.params.items()},
        **{f"metrics.{name}": value for name, value in record.metrics.items()},
    }


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = words.plain(value)
    return f"'{text}" if text.startswith(FORMULA) else text
