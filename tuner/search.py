"""Which parameters come next: retries, baselines, the learning-rate sweep, remedies, then the sampler.

``propose`` is a pure function of the records, so a study that was killed at any moment goes on where it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from optuna.trial import TrialState

from tuner import memory
from tuner.policy import Table
from tuner.record import Origin, Params, Prescription, Record, usable_score
from tuner.space import Role, Space
from tuner.worth import Worth, worth

REPEATED = "budget"  # what it cut before the first score says nothing about the parameters
UNTRIED = Worth("", ()).expected
FEW = 4  # trials with a score, below which there is no better half to speak of
RESCUE_EVERY = 3  # remedies: one of them for a trial that failed


@dataclass(frozen=True)
class Proposal:
    """The next trial: its parameters (None: the sampler draws) and where they come from."""

    origin: Origin
    params: Params | None = None
    parent: int | None = None
    remedy: str | None = None
    seed: int | None = None
    retry: int = 0


def openers(baselines: Sequence[Params], space: Space, points: int, seeds: int = 1) -> list[Proposal]:
    """Return the trials that open a study: the baselines, then a sweep of the learning rate from the first of them.

    With several ``seeds`` every baseline is trained so often, all of them once before any of them again.
    """
    given: list[int | None] = [None] if seeds == 1 else list(range(seeds))
    opening = [Proposal(Origin.BASELINE, params, seed=seed) for seed in given for params in baselines]
    centre = baselines[0] if baselines else space.complete({})
    for name, value in space.sweep(Role.LEARNING_RATE, points, centre):
        opening.append(Proposal(Origin.SWEEP, space.complete({**centre, name: value})))
    distinct: list[Proposal] = []
    for proposal in opening:
        if (proposal.params, proposal.seed) not in [(p.params, p.seed) for p in distinct]:
            distinct.append(proposal)
    return distinct


def propose(
    records: Sequence[Record],
    opening: Sequence[Proposal],
    *,
    remedy_share: float,
    max_retries: int,
    higher_is_better: bool,
    table: Table,
    fits: Callable[[Params], bool] = lambda params: True,
) -> Proposal:
    """Return what to train next.

    Prescriptions that the present treatment ``table`` does not know are left aside, and so are parameters that are
    known not to fit into the memory.
    """
    retry = _retry(records, max_retries)
    if retry:
        return retry
    opened = [(r.params, r.seed) for r in records if r.origin in (Origin.BASELINE, Origin.SWEEP)]
    for proposal in opening:
        if not _among(opened, proposal) and (proposal.params is None or fits(proposal.params)):
            return proposal
    remedies = sum(r.origin is Origin.REMEDY for r in records)
    # Counted over the trials after the opening, so that the share holds at every moment and not only at the end.
    after_opening = len(records) - len(opened)
    if remedies < remedy_share * (after_opening + 1):
        return _remedy(records, higher_is_better, table, fits) or Proposal(Origin.SAMPLER)
    return Proposal(Origin.SAMPLER)


def _among(opened: Sequence[tuple[Params, int | None]], proposal: Proposal) -> bool:
    return any(params == proposal.params and proposal.seed in (None, seed) for params, seed in opened)


def _retry(records: Sequence[Record], max_retries: int) -> Proposal | None:
    retried = {r.parent for r in records if r.origin is Origin.RETRY}
    for r in records:
        cut = r.ending is not None and r.state is TrialState.FAIL and r.ending.reason == REPEATED
        if cut and r.number not in retried and r.retry < max_retries:
            return Proposal(Origin.RETRY, r.params, parent=r.number, remedy=r.remedy, seed=r.seed, retry=r.retry + 1)
    return None


def _remedy(
    records: Sequence[Record], higher_is_better: bool, table: Table, fits: Callable[[Params], bool]
) -> Proposal | None:
    """Return the prescription of the trial most worth treating that still waits for its own.

    Trials of the better half of all that have a score come first, by score and then by the move's credit. Every third
    remedy at most goes to a trial that failed; all of them while hardly any has a score.
    """
    treated = {r.parent for r in records if r.origin is Origin.REMEDY}
    by_number = {r.number: r for r in records}
    parents = [by_number[p] for p in treated if p in by_number]
    rescues = sum(_score(p) is None for p in parents)
    sign = 1 if higher_is_better else -1
    scores = sorted(sign * score for r in records if (score := _score(r)) is not None)
    few = len(scores) < FEW
    worth_it = -math.inf if few else scores[len(scores) // 2]
    credit = {w.remedy: w for w in worth(records, higher_is_better=higher_is_better)}
    waiting: list[tuple[bool, float, float, int, Record]] = []
    for r in records:
        if r.prescription is None or r.number in treated or not _known(r.prescription, table):
            continue
        score, remedy = _score(r), r.prescription.remedy
        expected = credit.get(remedy, Worth(remedy, ())).expected
        if score is None and (few or RESCUE_EVERY * rescues < len(parents)):
            waiting.append((not few, 0.0, expected, -r.number, r))
        elif score is not None and sign * score >= worth_it:
            waiting.append((few, sign * score, expected, -r.number, r))
    taken = [r.params for r in records]
    for *_, best in sorted(waiting, key=lambda w: w[:4], reverse=True):
        found = best.prescription
        assert found is not None
        if found.params not in taken and fits(found.params):
            return Proposal(Origin.REMEDY, found.params, parent=best.number, remedy=found.remedy, seed=best.seed)
    return None


def _score(record: Record) -> float | None:
    """Return the score of a trial that completed, or that waits or goes on after it waited; None where it failed."""
    if record.finished:
        return usable_score(record)
    return record.score if record.score is not None and math.isfinite(record.score) else None


def _known(prescription: Prescription, table: Table) -> bool:
    in_table = any(prescription.remedy in row.retry_with for row in table.values())
    return in_table or prescription.symptom == memory.OUT_OF_MEMORY


def counted(records: Sequence[Record]) -> int:
    """Return how many trials of the budget are used: all but those that were repeated because a budget cut them."""
    retried = {r.parent for r in records if r.origin is Origin.RETRY}
    return sum(r.number not in retried for r in records)
