"""Which trial a free device trains next, and how far: promotion ASHA (Li et al. 2020, arXiv 1810.05934).

Every trial is paused at rungs: after ``first``, ``first * eta``, ``first * eta²`` … epochs. Of all that came as far as
a rung, the best 1 / eta go on to the next one, the deepest rung first; where none may, a new trial starts. An epoch
once paid for is never paid again, since a paused trial goes on where it was. A trial that shows a symptom on its way is
held: it is ranked in the rung that it was sent to with what it has, and goes on if that is good enough.

Everything here is a pure function of the standings; to try another rule, write another ``decide``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuner.standings import Place, Rules, Stand, Standings

ENOUGH = 8
"""A sampler learns from the deepest rung that so many trials came to."""
TOLD, TRUSTED = 12, 0.3
"""Over so many trials that went on, a Kendall's tau below that says that early ranks foretell little here."""
CARRIED = 0.75
"""The share of the epochs that may then go to trials that are trained to their end, the best so far first."""
SHARES = {2: "half", 3: "third", 4: "quarter", 5: "fifth"}


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


def decide(
    standings: Standings, *, may_start: bool = True, spend: bool = True, left: float = math.inf
) -> Continue | New | None:
    """Return what a free device trains next; None where nothing is left to do.

    ``may_start`` says whether a new trial may start. Where none may, the best of every rung go on, one at least, and
    then, if the rest of the budget is to be used up (``spend``), all others in their order. ``left`` are the epochs
    left in the budget.
    """
    rules, promoted, carried = standings.rules, standings.leading(), _carry(standings)
    promoted = carried or promoted
    if promoted is not None or may_start:
        done = promoted.entry.done if promoted else 0
        cost = rules.after(done, promoted.entry.planned) - done if promoted else rules.look
        last = _finish(standings, cost, left)
        if last is not None:
            return last
    if carried is not None:
        return _on(carried, rules, f"the best so far goes on, as {standings.agreement()}")
    if promoted is not None:
        return _on(promoted, rules, f"the best {_share(rules.eta)} goes on")
    if may_start:
        return New("no paused trial is among the best of its rung")
    waiting = list(standings.waiting())
    for place in waiting:
        if place.rank <= math.ceil(place.of / rules.eta):
            return _on(place, rules, f"the best {_share(rules.eta)}, rounded up, goes on, as no new trial starts")
    if spend and waiting:
        best = min(waiting, key=lambda p: (p.entry.held, p.share * float(rules.eta) ** -p.level, p.entry.number))
        return _on(best, rules, "the best that waits goes on, as no new trial starts")
    return None


def _finish(standings: Standings, cost: int, left: float) -> Continue | None:
    """Return the best trial so far, if it waits and could not be trained to its end any more after ``cost`` epochs.

    What is handed over in the end should have been trained to its end; with a small budget nothing else might be.
    """
    if not left - cost < standings.longest:
        return None
    best = min(standings.entries.values(), key=lambda e: e.now, default=None)
    if best is None or best.stand is not Stand.PAUSED or not math.isfinite(best.latest):
        return None
    missing = best.planned - best.done
    if not left - cost < missing <= left:
        return None
    return Continue(best.number, best.planned, f"the best so far: {missing} of the {left:g} epochs left are its last")


def _carry(standings: Standings) -> Place | None:
    """Return the best trial so far, if it waits and early ranks cannot be trusted in this study.

    Slow starters, such as trainings with a warm-up and a long decay, win late: what many first looks cost is lost on
    them, so most epochs go to trainings that are carried to their end. A held trial is not carried.
    """
    agreement = standings.agreement()
    if agreement.trials < TOLD or agreement.tau >= TRUSTED:
        return None
    going = [e for e in standings.entries.values() if e.stand is not Stand.ENDED and not e.held and e.best]
    best = min(going, key=lambda e: e.now, default=None)
    if best is None or not best.waits:
        return None
    carried = best.done + sum(e.done for e in standings.entries.values() if e.stand is Stand.ENDED and not e.sick)
    return standings.place(best.number) if carried < CARRIED * sum(e.done for e in standings.entries.values()) else None


def lessons(standings: Standings) -> dict[int, float]:
    """Return the costs by trial that a sampler learns from: those at the deepest rung that ``ENOUGH`` trials came to.

    What failed is among them, with an infinite cost. The first look is no lesson: on some tasks the best of it are runs
    that stay where they are. So draws are blind until enough trials came further. Learning from one rung alone is the
    way of BOHB (Falkner et al. 2018, arXiv 1807.01774).
    """
    for k in range(standings.deepest, 0, -1):
        there = [e for e in standings.at(k) if not e.sick]
        if len(there) >= ENOUGH:
            failed = {e.number: math.inf for e in standings.entries.values() if e.sick}
            return {**failed, **{e.number: e.cost(standings.rules.rungs[k]) for e in there}}
    return {}


def _on(place: Place, rules: Rules, why: str) -> Continue:
    entry = place.entry
    return Continue(entry.number, rules.after(entry.done, entry.planned), f"{place}: {why}")


def _share(eta: int) -> str:
    return SHARES.get(eta, f"1/{eta}")
