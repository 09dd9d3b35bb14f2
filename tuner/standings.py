"""All trials of a race in their order at every rung, kept trial by trial: no decision reads them all anew."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOOKS_PER_START = 4
"""A first look is at least so many times as long as a start takes: then starting costs a fifth of it at most."""
LONGEST = 2**31  # epochs: a rung beyond is never reached

MOST_PAIRED = 500
"""Values of which all pairs are looked at at once, 250,000 of them."""
FEWEST = 4
"""Trials that came to a rung and to the next one, below which their order there says nothing."""

Key = tuple[float, float, int]
"""What trials are ordered by at a rung: the best cost, then the tie-break, then the number."""


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

    @property
    def look(self) -> int:
        """The epochs of a first look."""
        return max(self.first, math.ceil(LOOKS_PER_START * self.start_cost))

    def below(self, epochs: int) -> int:
        """Return the deepest rung that so many epochs reach, -1 for none."""
        return bisect_right(self.rungs, epochs) - 1

    def after(self, epochs: int, planned: int) -> int:
        """Return how far a trial with so many epochs trains next: to the rung above, at most to its end."""
        return min(self.rungs[self.below(epochs) + 1], planned)


@dataclass(frozen=True)
class Entry:
    """A trial in the race.

    ``best`` holds its best cost so far (lower is better, inf where there is none) after each epoch done, ``ties`` the
    best validation loss so far, if it has one, which decides between equal costs. A ``sick`` trial failed: it counts as
    the worst wherever it came. A ``held`` one was paused for a symptom before the rung that it was sent to, and counts
    there.
    """

    number: int
    best: tuple[float, ...]
    planned: int
    stand: Stand
    sick: bool = False
    held: bool = False
    ties: tuple[float, ...] = ()

    @cached_property
    def done(self) -> int:
        return len(self.best)

    @cached_property
    def latest(self) -> float:
        """The best cost of all."""
        return self.cost(self.done)

    @cached_property
    def now(self) -> Key:
        """What it is ranked by with all that it has done."""
        return self.key(self.done)

    def cost(self, epochs: int) -> float:
        """Return the best cost up to ``epochs``; the last one of a trial that ended before."""
        return math.inf if self.sick or not self.best else self.best[min(epochs, len(self.best)) - 1]

    def key(self, epochs: int) -> Key:
        """Return what it is ranked by after ``epochs``.

        What has ended comes first among equals: it competes no more, and its losses are not in the storage, so that
        a resumed study decides as it would have.
        """
        if self.stand is Stand.ENDED:
            return self.cost(epochs), -math.inf, self.number
        return self.cost(epochs), self.ties[min(epochs, len(self.ties)) - 1] if self.ties else math.inf, self.number

    def level(self, rules: Rules) -> int:
        """Return the rung at which it is ranked: the last that it reached; held or ended, the one it was sent to."""
        over = self.held or self.stand is Stand.ENDED
        return rules.below(self.done - 1) + 1 if over else rules.below(self.done)

    @property
    def waits(self) -> bool:
        return self.stand is Stand.PAUSED and math.isfinite(self.latest)


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


@dataclass(frozen=True)
class Agreement:
    """How well the order at one rung foretold that at the next: Kendall's tau, over so many trials."""

    tau: float
    trials: int

    def __str__(self) -> str:
        return f"early ranks foretell little here (tau {self.tau:.2f} over {self.trials} trials)"


class Standings:
    """The trials of a race, ordered at every rung that they came to."""

    def __init__(self, rules: Rules, entries: Iterable[Entry] = ()) -> None:
        self.rules = rules
        self.entries: dict[int, Entry] = {}
        self.longest = 0  # planned epochs, of all that ever entered
        self._rungs: list[list[Key]] = []  # of all that came there, the best first
        self._waiting: list[list[Key]] = []  # of those of them that are paused there
        self._agreed: Agreement | None = None  # kept until a trial changes that went beyond its first look
        for entry in entries:
            self.enter(entry)

    @property
    def deepest(self) -> int:
        """The deepest rung that a trial ever came to, -1 for none."""
        return len(self._rungs) - 1

    def enter(self, entry: Entry) -> None:
        """Take a trial in, in place of what it was before."""
        self.leave(entry.number)
        self._forget(entry)
        self.entries[entry.number], self.longest = entry, max(self.longest, entry.planned)
        for k, key in self._keys(entry):
            insort(self._rungs[k], key)
            if entry.waits and k == entry.level(self.rules):
                insort(self._waiting[k], key)

    def leave(self, number: int) -> None:
        """Take a trial out, if it is there."""
        entry = self.entries.pop(number, None)
        if entry is not None:
            self._forget(entry)
            for k, key in self._keys(entry):
                for ordered in (self._rungs[k], self._waiting[k]):
                    i = bisect_left(ordered, key)
                    if i < len(ordered) and ordered[i] == key:
                        del ordered[i]

    def at(self, k: int) -> list[Entry]:
        """Return all that came to rung ``k``, the best first; what ended or is held before it counts there."""
        return [self.entries[number] for *_, number in self._rungs[k]]

    def place(self, number: int) -> Place | None:
        """Return where a trial stands in the deepest rung that it reached or was held before; None before the first."""
        entry = self.entries[number]
        k = entry.level(self.rules)
        return self._place(k, entry.key(self.rules.rungs[k])) if k >= 0 else None

    def leading(self) -> Place | None:
        """Return the paused trial that goes on: among the best 1 / eta of its rung, the deepest rung first."""
        for k in range(self.deepest, -1, -1):
            if self._waiting[k]:
                place = self._place(k, self._waiting[k][0])
                if place.rank <= place.of // self.rules.eta:
                    return place
        return None

    def agreement(self) -> Agreement:
        """Return how well ranks at a rung agreed with those at the next, on average over the trials that went on."""
        if self._agreed is None:
            self._agreed = self._agree()
        return self._agreed

    def _forget(self, changed: Entry) -> None:
        if changed.done >= self.rules.rungs[1]:
            self._agreed = None

    def _agree(self) -> Agreement:
        total, trials = 0.0, 0
        for k in range(1, self.deepest + 1):
            before, epochs = self.rules.rungs[k - 1], self.rules.rungs[k]
            came = [e for e in self.at(k) if e.done >= epochs and not e.sick]
            if len(came) < FEWEST:
                break
            tau = kendall([e.cost(before) for e in came], [e.cost(epochs) for e in came])
            total, trials = total + tau * len(came), trials + len(came)
        return Agreement(total / trials if trials else 1.0, trials)

    def waiting(self) -> Iterator[Place]:
        """Yield all paused trials that may go on: the deepest rung first, then by rank."""
        for k in range(self.deepest, -1, -1):
            yield from (self._place(k, key) for key in self._waiting[k])

    def _place(self, k: int, key: Key) -> Place:
        rung = self._rungs[k]
        return Place(self.entries[key[-1]], k, bisect_left(rung, key) + 1, len(rung), self.rules.rungs[k])

    def _keys(self, entry: Entry) -> Iterator[tuple[int, Key]]:
        """Yield the rungs at which a trial counts, with what it is ranked by there."""
        for k in range(entry.level(self.rules) + 1):
            if k > self.deepest:
                self._rungs.append([])
                self._waiting.append([])
            yield k, entry.key(self.rules.rungs[k])


def kendall(a: ArrayLike, b: ArrayLike) -> float:
    """Return Kendall's tau-b of two series of the same length; 0 where one of them is all equal.

    With some hundred trials all pairs at once are faster than SciPy, which would take long to import as well.
    """
    if len(np.asarray(a)) > MOST_PAIRED:
        from scipy.stats import kendalltau

        tau = float(kendalltau(_finite(a), _finite(b)).statistic)
        return tau if math.isfinite(tau) else 0.0
    over, under = (np.sign(np.subtract.outer(x, x)) for x in (_finite(a), _finite(b)))
    pairs = math.sqrt(float(np.abs(over).sum()) * float(np.abs(under).sum()))
    return float((over * under).sum()) / pairs if pairs else 0.0


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(values, dtype=np.float64), posinf=1e300)
