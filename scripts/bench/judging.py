"""What tuner and its peers say of a curve, at its end and at every epoch on the way there."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np

from scripts.bench.peers import PEERS, Said
from tuner import config, config_model
from tuner.curve import Curve
from tuner.diagnosis import diagnose
from tuner.policy import Table, decide
from tuner.record import Action
from tuner.registry import SYMPTOMS

SEVERE = 0.5
NO_VERDICT = "(none)"

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A curve with what is known about it. ``onset`` is an epoch in the numbering of the log."""

    id: str
    label: str
    curve: Curve
    group: str
    secondary: tuple[str, ...] = ()
    variant: str = ""
    data: str = ""
    architecture: str = ""
    onset: int | None = None
    ends_badly: bool = False
    kind: str = ""


class Verdict(NamedTuple):
    """What tuner says of a whole curve: its verdict, and the names of everything it saw."""

    name: str
    healthy: bool
    confidence: float
    severity: float
    seen: tuple[str, ...]

    @property
    def sick(self) -> bool:
        return not self.healthy


@dataclass
class Firsts:
    """Rows done, counted from 1, when something was first said; None where it never was."""

    sick: int | None = None
    right: int | None = None
    stopped: int | None = None
    stopped_for: str = ""
    sick_stop: int | None = None

    def see(self, row: int, *, sick: bool, right: bool) -> None:
        self.sick = row if sick and self.sick is None else self.sick
        self.right = row if right and self.right is None else self.right

    def stop(self, row: int, reason: str = "", *, healthy: bool = False) -> None:
        if self.stopped is None:
            self.stopped, self.stopped_for = row, reason
        if self.sick_stop is None and not healthy:
            self.sick_stop = row


@dataclass
class Walk:
    """A curve seen epoch by epoch. ``best`` [rows] is the best cost so far; NaN before the first score."""

    rows: int
    firsts: dict[str, Firsts] = field(default_factory=dict)
    best: Sequence[float] = ()


OURS = "tuner"


def verdict(curve: Curve) -> Verdict:
    """Return what tuner says; a curve without any verdict counts as healthy."""
    diagnosis = diagnose(curve, SYMPTOMS)
    primary, seen = diagnosis.verdict, tuple(s.name for s in diagnosis.symptoms)
    if primary is None:
        return Verdict(NO_VERDICT, True, 0.0, 0.0, seen)
    return Verdict(primary.name, primary.healthy, primary.confidence, primary.severity, seen)


def opinions(curve: Curve) -> dict[str, Said]:
    """Return what every peer says of a curve."""
    return {name: peer(curve) for name, peer in PEERS.items()}


def of_curve(case: Case) -> Verdict:
    return verdict(case.curve)


def peers_of_curve(case: Case) -> dict[str, Said]:
    return opinions(case.curve)


@cache
def treatment() -> Table:
    """Return the treatment table that tuner ships."""
    rows = {name: config_model.Row(**row) for name, row in config.default_treatment().items()}
    return config.treatment(rows, "treatment")


def walk(case: Case) -> Walk:
    """Look at a curve as it was after every epoch, as tuner and as each peer."""
    found = Walk(case.curve.length, {name: Firsts() for name in (OURS, *PEERS)}, _best(case.curve))
    for row, epoch in enumerate(case.curve.epochs.tolist(), 1):
        now = case.curve.until(epoch)
        # The last planned epoch is no occasion to stop: everything has been trained.
        may_stop = row < case.curve.length
        _look(found.firsts[OURS], case, now, row, may_stop)
        for name, said in opinions(now).items():
            first = found.firsts[name]
            first.see(row, sick=said.sick, right=bool(said.overfitting) and case.label == "overfitting")
            if said.sick and may_stop:
                first.stop(row)
    return found


def _look(first: Firsts, case: Case, now: Curve, row: int, may_stop: bool) -> None:
    diagnosis = diagnose(now, SYMPTOMS)
    primary = diagnosis.verdict
    sick = primary is not None and not primary.healthy and primary.severity >= SEVERE
    first.see(row, sick=sick, right=sick and primary is not None and primary.name == case.label)
    decision = decide(diagnosis, treatment())
    if may_stop and decision.symptom is not None and decision.action is not Action.CONTINUE:
        first.stop(row, decision.symptom.name, healthy=decision.symptom.healthy)


def _best(curve: Curve) -> list[float]:
    """Return the best cost of the score up to every epoch."""
    costs = np.full(curve.length, np.nan)
    if curve.score is not None:
        score = curve.score.finite
        costs[np.searchsorted(curve.epochs, score.epochs)] = score.cost
    return list(np.fmin.accumulate(costs).tolist()) if len(costs) else []


# -- over many curves -------------------------------------------------------------------------------------------------

_cases: Sequence[Case] = ()


def each(function: Callable[[Case], T], cases: Sequence[Case], jobs: int) -> list[T]:
    """Return what ``function`` gives for every case, in ``jobs`` processes."""
    global _cases
    if jobs < 2 or len(cases) < 2:
        return [function(case) for case in cases]
    _cases = cases  # forked processes have them; a curve cannot be pickled
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(pool.map(_numbered, [function] * len(cases), range(len(cases)), chunksize=4))


def _numbered(function: Callable[[Case], T], number: int) -> T:
    return function(_cases[number])
