"""How long what is under way still takes: a running trial by the pace of its epochs, a study by its budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tuner.snapshot import BudgetUse, Running, Snapshot

SOONEST_SHARE, SOONEST_SECONDS = 0.02, 20.0
"""A study is judged by what it did: before so much of it is over, nothing is said."""

FEWEST_ROWS = 3
"""A trial is judged by so many epochs: the time of the first holds the start of its process."""


@dataclass(frozen=True)
class Seen:
    """The first row of a process that was seen and the latest, each with its time and the rows there were."""

    began: float | None
    first: float
    first_rows: int
    latest: float
    rows: int


class Pace:
    """Remembers when rows came, because few logs say so; starting a process takes time that says nothing of epochs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[int, Seen] = {}

    def timed(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the seconds that each running trial still takes, where that can be told."""
        if not snapshot.alive:
            return snapshot
        running = tuple(replace(trial, left=self._left(trial)) for trial in snapshot.running)
        self._seen = {t.record.number: s for t in running if (s := self._seen.get(t.record.number))}
        return replace(snapshot, running=running)

    def _left(self, trial: Running) -> float | None:
        now, rows, number = self._clock(), trial.curve.length, trial.record.number
        seen = self._seen.get(number)
        if seen is None or seen.began != trial.record.started or rows < seen.rows or not seen.first_rows:
            seen = Seen(trial.record.started, now, rows, now, rows)
        elif rows > seen.rows:
            seen = replace(seen, latest=now, rows=rows)
        self._seen[number] = seen
        target = trial.target
        if target is None or rows < FEWEST_ROWS:
            return None
        if seen.rows > seen.first_rows:
            an_epoch = (seen.latest - seen.first) / (seen.rows - seen.first_rows)
        else:
            an_epoch = trial.seconds / rows
        return max(0.0, an_epoch * (target - rows) - (now - seen.latest))


def share_used(snapshot: Snapshot) -> float | None:
    """Return how much of the budget is used, 0 … 1, by the limit that comes first; None where none can be told.

    A running trial counts for the share of its epochs. While trials are paused their number says nothing: all of them
    may have begun when the study is far from its end.
    """
    use = snapshot.budget
    under_way = sum(1.0 - trial.share for trial in snapshot.running)
    shares = [] if snapshot.paused else [_share(use.trials - under_way, use.max_trials)]
    shares += [_share(use.epochs, use.max_epochs), _share(use.hours, use.max_hours)]
    known = [share for share in shares if share is not None]
    return min(1.0, max(0.0, *known)) if known else None


def study_left(snapshot: Snapshot) -> float | None:
    """Return the seconds after which the budget will be used up, at the pace so far; None where that is a guess."""
    share, use = share_used(snapshot), snapshot.budget
    if share is None or not snapshot.alive or not snapshot.running:
        return None
    hours_left = None if use.max_hours is None else max(0.0, use.max_hours - use.hours) * 3600
    if share < SOONEST_SHARE or use.hours * 3600 < SOONEST_SECONDS:
        return hours_left if _only_hours(use) else None
    by_pace = use.hours * 3600 * (1 - share) / share
    return by_pace if hours_left is None else min(by_pace, hours_left)


def _only_hours(use: BudgetUse) -> bool:
    return use.max_trials is None and use.max_epochs is None


def _share(used: float, allowed: float | None) -> float | None:
    return None if not allowed else used / allowed
