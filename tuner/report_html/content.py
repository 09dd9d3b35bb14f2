"""All that a page is made of, gathered once: the report, every trial's curve, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tuner.config import StudyConfig
from tuner.record import NOT_CONTINUED, Action, Record, usable_score
from tuner.registry import SYMPTOMS
from tuner.report import Report
from tuner.report_html import curves
from tuner.report_html.curves import Seen


@dataclass(frozen=True)
class Content:
    """One study as its page shows it; ``running`` says that a driver works on it at the time ``written``."""

    config: StudyConfig
    report: Report
    seen: Mapping[int, Seen]
    running: bool
    written: datetime

    @property
    def sign(self) -> int:
        """+1 where higher is better, else −1."""
        return 1 if self.report.higher_is_better else -1

    def gain(self, child: Record, parent: Record | None) -> float | None:
        """Return by how much ``child`` is better than ``parent``; None where one of them has no score to compare."""
        after, before = usable_score(child), usable_score(parent) if parent else None
        return None if after is None or before is None else self.sign * (after - before)


def gather(config: StudyConfig, report: Report, *, running: bool) -> Content:
    """Read every trial's log and return the content of the page."""
    seen = {r.number: curves.look(config, r) for r in report.trials}
    return Content(config, report, seen, running, datetime.now().astimezone())


def outcome(record: Record) -> str:
    """Return what became of a trial in one word: a key of ``said.outcomes``."""
    if not record.finished:
        return "paused" if record.paused else "running" if record.state.name == "RUNNING" else "waiting"
    if record.ending is not None and record.ending.reason == NOT_CONTINUED:
        return "left"
    if record.state.name != "COMPLETE":
        return "pruned" if record.state.name == "PRUNED" else "failed"
    stopped = record.ending is not None and record.ending.action is Action.STOP
    return "stopped" if stopped else "finished"


def is_sick(record: Record) -> bool:
    """Return whether a trial failed: it needs a look, whatever its score."""
    return outcome(record) in ("pruned", "failed")


def complaint(content: Content, record: Record) -> str | None:
    """Return the symptom that a trial suffered from: the one that ended it, else a harmful one seen at its end."""
    reason = record.ending.reason if record.ending else ""
    if reason in SYMPTOMS and not SYMPTOMS[reason].HEALTHY:
        return reason
    verdict = content.seen[record.number].verdict
    return verdict.name if verdict is not None and verdict.harmful else None
