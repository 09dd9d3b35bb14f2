"""What each remedy was worth in a study: child against parent, which differ in that one move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuner.record import NOT_CONTINUED, Origin, Record, usable_score


@dataclass(frozen=True)
class Pair:
    """A trial and the child that a remedy made of it; ``gain`` is child minus parent, positive where better."""

    parent: int
    child: int
    parent_score: float
    child_score: float
    gain: float


@dataclass(frozen=True)
class Worth:
    """What one remedy was worth.

    ``pairs`` have a score on both sides. ``tried_to_rescue`` counts the ended children of parents that had failed and
    ``rescued`` those of them that completed; ``broke`` counts the children that failed though their parent had not.
    """

    remedy: str
    pairs: tuple[Pair, ...]
    tried_to_rescue: int = 0
    rescued: int = 0
    broke: int = 0

    @property
    def wins(self) -> int:
        return sum(pair.gain > 0 for pair in self.pairs)

    @property
    def expected(self) -> float:
        """The chance that the next child is a success, by Laplace's rule of succession (a flat prior: 1/2 untried)."""
        tried = len(self.pairs) + self.tried_to_rescue + self.broke
        return (self.wins + self.rescued + 1) / (tried + 2)

    @property
    def mean_gain(self) -> float | None:
        return sum(pair.gain for pair in self.pairs) / len(self.pairs) if self.pairs else None


def worth(records: Sequence[Record], *, higher_is_better: bool) -> tuple[Worth, ...]:
    """Return what each remedy was worth, the one with the most ended children first."""
    by_number = {record.number: record for record in records}
    children: dict[str, list[tuple[Record, Record]]] = {}
    for child in records:
        parent = _parent(child, by_number)
        # FAIL is trouble of the machine: it says nothing about the move, and the parameters are tried again. Nor does a
        # score from the middle of a training, where the race went on without it.
        lost = any(r is not None and r.ending is not None and r.ending.reason == NOT_CONTINUED for r in (child, parent))
        if child.remedy and parent and child.finished and child.state.name != "FAIL" and not lost:
            children.setdefault(child.remedy, []).append((parent, child))
    found = (_of_one(name, pairs, 1 if higher_is_better else -1) for name, pairs in children.items())
    return tuple(sorted(found, key=lambda w: (-len(w.pairs) - w.tried_to_rescue - w.broke, w.remedy)))


def _parent(child: Record, by_number: Mapping[int, Record]) -> Record | None:
    """Return the trial that a remedy made ``child`` of, also where ``child`` repeats one that was killed."""
    parent = by_number.get(child.parent) if child.parent is not None else None
    if child.origin is Origin.RETRY and parent is not None:
        return _parent(parent, by_number)
    return parent


def _of_one(remedy: str, couples: Sequence[tuple[Record, Record]], sign: int) -> Worth:
    pairs: list[Pair] = []
    tried = rescued = broke = 0
    for parent, child in couples:
        before, after = usable_score(parent), usable_score(child)
        if before is None:
            tried += 1
            rescued += after is not None
        elif after is None:
            broke += 1
        else:
            pairs.append(Pair(parent.number, child.number, before, after, sign * (after - before)))
    return Worth(remedy, tuple(pairs), tried, rescued, broke)
