"""Which parameters come next: retries, baselines, the learning-rate sweep, remedies, then the sampler.

``propose`` is a pure function of the records, so a study that was killed at any moment goes on where it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.record import Origin, Params, Record, usable_score
from tuner.space import Role, Space
from tuner.worth import Worth, worth

RETRIED = ("killed", "budget")
FEW = 4  # completed trials, below which there is no better half to speak of


@dataclass(frozen=True)
class Proposal:
    """The next trial: its parameters (None: the sampler draws) and where they come from."""

    origin: Origin
    params: Params | None = None
    parent: int | None = None
    remedy: str | None = None
    seed: int | None = None
    retry: int = 0


def openers(baselines: Sequence[Params], space: Space, points: int) -> list[Proposal]:
    """Return the trials that open a study: the baselines, then a sweep of the learning rate from the first of them."""
    opening = [Proposal(Origin.BASELINE, params) for params in baselines]
    centre = baselines[0] if baselines else space.complete({})
    for name, value in space.sweep(Role.LEARNING_RATE, points):
        opening.append(Proposal(Origin.SWEEP, space.complete({**centre, name: value})))
    distinct: list[Proposal] = []
    for proposal in opening:
        if proposal.params not in [p.params for p in distinct]:
            distinct.append(proposal)
    return distinct


def propose(
    records: Sequence[Record],
    opening: Sequence[Proposal],
    *,
    remedy_share: float,
    max_retries: int,
    higher_is_better: bool,
) -> Proposal:
    """Return what to train next."""
    retry = _retry(records, max_retries)
    if retry:
        return retry
    opened = [r.params for r in records if r.origin in (Origin.BASELINE, Origin.SWEEP)]
    for proposal in opening:
        if proposal.params not in opened:
            return proposal
    remedies = sum(r.origin is Origin.REMEDY for r in records)
    # Counted over the trials after the opening, so that the share holds at every moment and not only at the end.
    after_opening = len(records) - len(opened)
    if remedies < remedy_share * (after_opening + 1):
        return _remedy(records, higher_is_better) or Proposal(Origin.SAMPLER)
    return Proposal(Origin.SAMPLER)


def _retry(records: Sequence[Record], max_retries: int) -> Proposal | None:
    retried = {r.parent for r in records if r.origin is Origin.RETRY}
    for r in records:
        killed = r.ending is not None and r.finished and r.ending.reason in RETRIED
        if killed and r.number not in retried and r.retry < max_retries:
            return Proposal(Origin.RETRY, r.params, parent=r.number, seed=r.seed, retry=r.retry + 1)
    return None


def _remedy(records: Sequence[Record], higher_is_better: bool) -> Proposal | None:
    """Return the prescription of the best trial that still waits for its own, by score and then by the move's credit.

    Only trials worth improving are treated: those in the better half of all that completed. One that failed is treated
    as long as hardly any has completed.
    """
    treated = {r.parent for r in records if r.origin is Origin.REMEDY}
    taken = [r.params for r in records]
    sign = 1 if higher_is_better else -1
    scores = sorted(sign * score for r in records if (score := usable_score(r)) is not None)
    worth_it = scores[len(scores) // 2] if len(scores) >= FEW else -math.inf
    credit = {w.remedy: w for w in worth(records, higher_is_better=higher_is_better)}
    waiting: list[tuple[float, float, int, Record]] = []
    for r in records:
        if not r.finished or r.prescription is None or r.number in treated:
            continue
        score = usable_score(r)
        quality = -math.inf if score is None else sign * score
        if quality >= worth_it:
            remedy = r.prescription.remedy
            waiting.append((quality, credit.get(remedy, Worth(remedy, ())).expected, -r.number, r))
    for *_, best in sorted(waiting, key=lambda w: w[:3], reverse=True):
        assert best.prescription is not None
        if best.prescription.params not in taken:
            return Proposal(
                Origin.REMEDY,
                best.prescription.params,
                parent=best.number,
                remedy=best.prescription.remedy,
                seed=best.seed,
            )
    return None


def counted(records: Sequence[Record]) -> int:
    """Return how many trials of the budget are used: all but those that were repeated because they were killed."""
    retried = {r.parent for r in records if r.origin is Origin.RETRY}
    return sum(r.number not in retried for r in records)
