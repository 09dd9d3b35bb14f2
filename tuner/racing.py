"""Which trial a free device trains next, and how far: promotion ASHA (Li et al. 2020, arXiv 1810.05934).

Every trial is paused at rungs: after ``first``, ``first * eta``, ``first * eta²`` … epochs. Of all that came as far as
a rung, the best 1 / eta go on to the next one, the deepest rung first; where none may, a new trial starts. An epoch
once paid for is never paid again, since a paused trial goes on where it was.

Everything here is a pure function of the trials; to try another rule, write another ``decide``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

LOOKS_PER_START = 4
"""A first look is at least so many times as long as a start takes: then starting costs a fifth of it at most."""
SHARES = {2: "half", 3: "third", 4: "quarter", 5: "fifth"}


class Stand(StrEnum):
    """What a trial does at the moment."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True)
class Rules:
    """How the race is run: one in ``eta`` goes on, the first look takes ``first`` epochs, a start ``start_cost``."""

    eta: int = 3
    first: int = 1
    start_cost: float = 0.0

    def rung(self, k: int) -> int:
        """Return the epochs at rung ``k``; before the first rung there is nothing."""
        return self.look * self.eta**k if k >= 0 else 0

    @property
    def look(self) -> int:
        """The epochs of a first look."""
        return max(self.first, math.ceil(LOOKS_PER_START * self.start_cost))

    def below(self, epochs: int) -> int:
        """Return the deepest rung that so many epochs reach, -1 for none."""
        k = -1
        while self.rung(k + 1) <= epochs:
            k += 1
        return k

    def after(self, epochs: int, planned: int) -> int:
        """Return how far a trial with so many epochs trains next: to the rung above, at most to its end."""
        return min(self.rung(self.below(epochs) + 1), planned)


@dataclass(frozen=True)
class Entry:
    """A trial in the race.

    ``best`` holds its best cost so far (lower is better, inf where there is none) after each epoch done. A ``sick``
    trial failed: it counts as the worst wherever it came.
    """

    number: int
    best: tuple[float, ...]
    planned: int
    stand: Stand
    sick: bool = False

    @property
    def done(self) -> int:
        return len(self.best)

    def cost(self, epochs: int) -> float:
        """Return the best cost up to ``epochs``; the last one of a trial that ended before."""
        return math.inf if self.sick or not self.best else self.best[min(epochs, self.done) - 1]


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
    waiting = places(entries, rules)
    promoted = next((p for p in waiting if p.rank <= p.of // rules.eta), None)
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
    for place in waiting:
        if place.rank <= math.ceil(place.of / rules.eta):
            return _on(place, rules, f"the best {_share(rules.eta)}, rounded up, goes on, as no new trial starts")
    if spend and waiting:
        best = min(waiting, key=lambda p: (p.share * float(rules.eta) ** -p.level, p.entry.number))
        return _on(best, rules, "the best that waits goes on, as no new trial starts")
    return None


def _finish(entries: Sequence[Entry], cost: int, left: float) -> Continue | None:
    """Return the best trial so far, if it waits and could not be trained to its end any more after ``cost`` epochs.

    What is handed over in the end should have been trained to its end; with a small budget nothing else might be.
    """
    best = min(entries, key=lambda e: (e.cost(e.done), e.number), default=None)
    if best is None or best.stand is not Stand.PAUSED or not math.isfinite(best.cost(best.done)):
        return None
    missing = best.planned - best.done
    if not left - cost < missing <= left:
        return None
    return Continue(best.number, best.planned, f"the best so far: {missing} of the {left:g} epochs left are its last")


def places(entries: Iterable[Entry], rules: Rules) -> list[Place]:
    """Return the paused trials that may go on, in the order in which they do: the deepest rung first, then by rank."""
    entries = list(entries)
    deepest = max((rules.below(e.done) for e in entries if e.stand is Stand.PAUSED), default=-1)
    found: list[Place] = []
    for k in range(deepest, -1, -1):
        ranked = _ranked(entries, k, rules)
        for rank, entry in enumerate(ranked, 1):
            if entry.stand is Stand.PAUSED and rules.below(entry.done) == k and math.isfinite(entry.cost(entry.done)):
                found.append(Place(entry, k, rank, len(ranked), rules.rung(k)))
    return found


def place_of(number: int, entries: Iterable[Entry], rules: Rules) -> Place | None:
    """Return where a trial stands in the deepest rung that it reached; None before the first."""
    entries = list(entries)
    entry = next(e for e in entries if e.number == number)
    k = rules.below(entry.done)
    ranked = _ranked(entries, k, rules) if k >= 0 else []
    return Place(entry, k, ranked.index(entry) + 1, len(ranked), rules.rung(k)) if ranked else None


def _ranked(entries: Sequence[Entry], k: int, rules: Rules) -> list[Entry]:
    """Return all that came to rung ``k``, the best first; what ended on the way there counts with what it had."""
    epochs, before = rules.rung(k), rules.rung(k - 1)
    there = [e for e in entries if e.done >= epochs or (e.stand is Stand.ENDED and (e.done > before or k == 0))]
    return sorted(there, key=lambda e: (e.cost(epochs), e.number))


def _on(place: Place, rules: Rules, why: str) -> Continue:
    entry = place.entry
    return Continue(entry.number, rules.after(entry.done, entry.planned), f"{place}: {why}")


def _share(eta: int) -> str:
    return SHARES.get(eta, f"1/{eta}")
