"""Which trial a free device trains next, and how far: promotion ASHA (Li et al. 2020, arXiv 1810.05934).

Every trial is paused at rungs: after ``first``, ``first * eta``, ``first * eta²`` … epochs. Of all that came as far as
a rung, the best 1 / eta go on to the next one, the deepest rung first; where none may, a new trial starts. An epoch
once paid for is never paid again, since a paused trial goes on where it was. A trial that shows a symptom on its way is
held: it is ranked in the rung that it was sent to with what it has, and goes on if that is good enough.

Everything here is a pure function of the trials; to try another rule, write another ``decide``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

LOOKS_PER_START = 4
"""A first look is at least so many times as long as a start takes: then starting costs a fifth of it at most."""
LONGEST = 2**31  # epochs: a rung beyond is never reached
ENOUGH = 8
"""A sampler learns from the deepest rung that so many trials came to."""
SHARES = {2: "half", 3: "third", 4: "quarter", 5: "fifth"}


class Stand(StrEnum):
    """What a trial does at the moment."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True)
class Rules:
    """How the race is run: one in ``eta`` goes on, the first look takes ``first`` epochs, a start ``start_cost``."""

    eta: int = 4
    first: int = 1
    start_cost: float = 0.0

    @cached_property
    def rungs(self) -> tuple[int, ...]:
        """The epochs at every rung."""
        rungs = [self.look]
        while rungs[-1] < LONGEST:
            rungs.append(rungs[-1] * self.eta)
        return tuple(rungs)

    def rung(self, k: int) -> int:
        """Return the epochs at rung ``k``; before the first rung there is nothing."""
        return self.rungs[k] if k >= 0 else 0

    @property
    def look(self) -> int:
        """The epochs of a first look."""
        return max(self.first, math.ceil(LOOKS_PER_START * self.start_cost))

    def below(self, epochs: int) -> int:
        """Return the deepest rung that so many epochs reach, -1 for none."""
        return bisect_right(self.rungs, epochs) - 1

    def after(self, epochs: int, planned: int) -> int:
        """Return how far a trial with so many epochs trains next: to the rung above, at most to its end."""
        return min(self.rung(self.below(epochs) + 1), planned)


@dataclass(frozen=True)
class Entry:
    """A trial in the race.

    ``best`` holds its best cost so far (lower is better, inf where there is none) after each epoch done. A ``sick``
    trial failed: it counts as the worst wherever it came. A ``held`` one was paused for a symptom before the rung that
    it was sent to, and counts there.
    """

    number: int
    best: tuple[float, ...]
    planned: int
    stand: Stand
    sick: bool = False
    held: bool = False

    @cached_property
    def done(self) -> int:
        return len(self.best)

    @cached_property
    def latest(self) -> float:
        """The best cost of all."""
        return self.cost(self.done)

    def cost(self, epochs: int) -> float:
        """Return the best cost up to ``epochs``; the last one of a trial that ended before."""
        return math.inf if self.sick or not self.best else self.best[min(epochs, len(self.best)) - 1]


@dataclass(frozen=True)
class Continue:
    """Go on with a paused trial until it has ``until`` epochs."""

    number: int
    until: int
    why: str


@dataclass(frozen=True)
class New:
    """Start a new trial and pause it as ``Rules.after`` says."""

    why: str


@dataclass(frozen=True)
class Place:
    """Where a trial stands among those that came as far as its rung; the best is of rank 1."""

    entry: Entry
    level: int
    rank: int
    of: int
    epochs: int

    def __str__(self) -> str:
        return f"rank {self.rank} of {self.of} at epoch {self.epochs}"

    @property
    def share(self) -> float:
        return self.rank / self.of


def decide(
    entries: Iterable[Entry], rules: Rules, *, may_start: bool = True, spend: bool = True, left: float = math.inf
) -> Continue | New | None:
    """Return what a free device trains next; None where nothing is left to do.

    ``may_start`` says whether a new trial may start. Where none may, the best of every rung go on, one at least, and
    then, if the rest of the budget is to be used up (``spend``), all others in their order. ``left`` are the epochs
    left in the budget.
    """
    entries = list(entries)
    promoted = next(places(entries, rules, leading=True), None)
    if promoted is not None or may_start:
        cost = (
            rules.after(promoted.entry.done, promoted.entry.planned) - promoted.entry.done if promoted else rules.look
        )
        last = _finish(entries, cost, left)
        if last is not None:
            return last
    if promoted is not None:
        return _on(promoted, rules, f"the best {_share(rules.eta)} goes on")
    if may_start:
        return New("no paused trial is among the best of its rung")
    waiting = list(places(entries, rules))
    for place in waiting:
        if place.rank <= math.ceil(place.of / rules.eta):
            return _on(place, rules, f"the best {_share(rules.eta)}, rounded up, goes on, as no new trial starts")
    if spend and waiting:
        best = min(waiting, key=lambda p: (p.entry.held, p.share * float(rules.eta) ** -p.level, p.entry.number))
        return _on(best, rules, "the best that waits goes on, as no new trial starts")
    return None


def _finish(entries: Sequence[Entry], cost: int, left: float) -> Continue | None:
    """Return the best trial so far, if it waits and could not be trained to its end any more after ``cost`` epochs.

    What is handed over in the end should have been trained to its end; with a small budget nothing else might be.
    """
    if not left - cost < max((e.planned for e in entries), default=0):
        return None
    best = min(entries, key=lambda e: (e.latest, e.number), default=None)
    if best is None or best.stand is not Stand.PAUSED or not math.isfinite(best.latest):
        return None
    missing = best.planned - best.done
    if not left - cost < missing <= left:
        return None
    return Continue(best.number, best.planned, f"the best so far: {missing} of the {left:g} epochs left are its last")


def places(entries: Iterable[Entry], rules: Rules, *, leading: bool = False) -> Iterator[Place]:
    """Yield the paused trials that may go on, in the order in which they do: the deepest rung first, then by rank.

    Of each rung all, or only those ``leading`` it: the best 1 / eta.
    """
    entries = list(entries)
    waiting: dict[int, set[int]] = {}
    for entry in entries:
        if entry.stand is Stand.PAUSED and math.isfinite(entry.latest):
            waiting.setdefault(_level(entry, rules), set()).add(entry.number)
    for k in sorted((k for k in waiting if k >= 0), reverse=True):
        ranked = _ranked(entries, k, rules)
        for rank, entry in enumerate(ranked[: len(ranked) // rules.eta] if leading else ranked, 1):
            if entry.number in waiting[k]:
                yield Place(entry, k, rank, len(ranked), rules.rung(k))


def place_of(number: int, entries: Iterable[Entry], rules: Rules) -> Place | None:
    """Return where a trial stands in the deepest rung that it reached or was held before; None before the first."""
    entries = list(entries)
    entry = next(e for e in entries if e.number == number)
    k = _level(entry, rules)
    there = _there(entries, k, rules) if k >= 0 else []
    if not there:
        return None
    epochs = rules.rung(k)
    own = entry.cost(epochs), number
    better = sum((e.cost(epochs), e.number) < own for e in there)
    return Place(entry, k, better + 1, len(there), epochs)


def lessons(entries: Iterable[Entry], rules: Rules) -> dict[int, float]:
    """Return the costs by trial that a sampler learns from: those at the deepest rung that ``ENOUGH`` trials came to.

    What failed is among them, with an infinite cost. The first look is no lesson: on some tasks the best of it are runs
    that stay where they are. So draws are blind until enough trials came further. Learning from one rung alone is the
    way of BOHB (Falkner et al. 2018, arXiv 1807.01774).
    """
    entries = list(entries)
    deepest = max((_level(e, rules) for e in entries), default=0)
    for k in range(deepest, 0, -1):
        there = [e for e in _there(entries, k, rules) if not e.sick]
        if len(there) >= ENOUGH:
            failed = {e.number: math.inf for e in entries if e.sick}
            return {**failed, **{e.number: e.cost(rules.rung(k)) for e in there}}
    return {}


def _level(entry: Entry, rules: Rules) -> int:
    """Return the rung at which a trial is ranked: the last that it reached, where it is held the one it was sent to."""
    return rules.below(entry.done - 1) + 1 if entry.held else rules.below(entry.done)


def _ranked(entries: Sequence[Entry], k: int, rules: Rules) -> list[Entry]:
    """Return all that came to rung ``k``, the best first."""
    epochs = rules.rung(k)
    order = sorted((e.cost(epochs), e.number, e) for e in _there(entries, k, rules))
    return [entry for *_, entry in order]


def _there(entries: Sequence[Entry], k: int, rules: Rules) -> list[Entry]:
    """Return all that came to rung ``k``; what ended or is held before it counts there with what it had."""
    epochs, before = rules.rung(k), rules.rung(k - 1)
    return [
        e for e in entries if e.done >= epochs or ((e.held or e.stand is Stand.ENDED) and (e.done > before or k == 0))
    ]


def _on(place: Place, rules: Rules, why: str) -> Continue:
    entry = place.entry
    return Continue(entry.number, rules.after(entry.done, entry.planned), f"{place}: {why}")


def _share(eta: int) -> str:
    return SHARES.get(eta, f"1/{eta}")
