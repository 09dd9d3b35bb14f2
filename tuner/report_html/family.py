"""The family tree of remedies: what became of a trial when one thing about it was changed."""

from __future__ import annotations

from dataclasses import dataclass

from tuner import words
from tuner.record import Record
from tuner.report_html import wording
from tuner.report_html.content import Content, outcome
from tuner.report_html.said import Say


@dataclass(frozen=True)
class Member:
    """A trial of a family; ``gain`` is what its remedy was worth, None where the two cannot be compared."""

    number: int
    origin: str
    score: str
    outcome: str
    move: str
    gain: float | None
    best: bool
    children: tuple[Member, ...]


def trees(content: Content, say: Say, language: str) -> list[Member]:
    """Return every trial that has children and no parent, the largest family first."""
    records = {r.number: r for r in content.report.trials}
    children: dict[int, list[Record]] = {}
    for r in content.report.trials:
        if r.parent in records and r.parent is not None and r.parent < r.number:
            children.setdefault(r.parent, []).append(r)
    roots = [r for r in content.report.trials if r.number in children and r.parent not in records]
    families = [_member(root, None, children, content, say, language) for root in roots]
    return sorted(families, key=lambda m: -size(m))


def size(member: Member) -> int:
    return 1 + sum(size(child) for child in member.children)


def _member(
    record: Record, parent: Record | None, children: dict[int, list[Record]], content: Content, say: Say, language: str
) -> Member:
    best = content.report.incumbent
    return Member(
        number=record.number,
        origin=wording.origin(record, say, language).partition(" ← ")[0],
        score=words.figure(record.score),
        outcome=outcome(record),
        move=words.changes(parent.params, record.params) if parent else "",
        gain=content.gain(record, parent),
        best=best is not None and best.number == record.number,
        children=tuple(_member(c, record, children, content, say, language) for c in children.get(record.number, [])),
    )
