"""Checks of a whole study: a best value at the edge of the space, too many failures, trials still running."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import TrialState

from tuner import words
from tuner.record import NOT_CONTINUED, ParamValue, Record

Bounds = Mapping[str, Sequence[ParamValue]]
"""For each hyperparameter a list of values in order, or a tuple (low, high)."""

EDGE = 0.02
"""How close to an end of a range, as a share of its width, counts as at the edge: one step in fifty."""
ROUNDING = 1e-9
"""How far off a value may be, as a share of the range, and still be the value: floats such as 0.1 + 0.2."""
LOG_RATIO = 100.0
"""A positive range whose ends differ by this much is read on a log scale: two decades of the 1-3-10 grid."""
MIN_GROUP = 4
"""How many pruned and how many completed trials it takes before a region is named."""
OBVIOUS = 0.6
"""How much of the pruned trials a region must hold beyond its share of the completed ones (Youden's J)."""
NAN_RECOVERIES = "nan_recoveries"
"""The fact by which a trainer says how often a loss that was not finite was recovered from."""
NOT_A_FAILURE = frozenset({"pruner", NOT_CONTINUED})
"""Reasons for which a trial is PRUNED although it did not fail: it was only worse than its peers."""


@dataclass(frozen=True)
class Check:
    """One thing to mind about a study, in words and in figures."""

    name: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


def checks(records: Sequence[Record], incumbent: Record | None, bounds: Bounds) -> tuple[Check, ...]:
    """Return everything to mind, the most telling first."""
    found = [*_infeasible(records)]
    if incumbent is not None:
        found += _cut_short(incumbent)
        found += [c for name, ends in bounds.items() if (c := _edge(name, ends, incumbent))]
    return (*found, *_recovered(records), *_unfinished(records))


def _cut_short(best: Record) -> list[Check]:
    """Return a check where the best trial was neither trained to its end nor stopped because enough was known."""
    ending = best.ending
    if not best.paused and (ending is None or ending.reason not in ("budget", NOT_CONTINUED)):
        return []
    text = f"the best trial has {words.epochs(best)} epochs only: nothing better was trained to its end"
    return [Check("cut_short", text, {"epochs": best.epochs, "planned_epochs": best.planned_epochs})]


def _recovered(records: Sequence[Record]) -> list[Check]:
    """Return a check where a program went on from its checkpoint after a loss that its log does not show."""
    times = {r.number: n for r in records if isinstance(n := r.facts.get(NAN_RECOVERIES), int) and n > 0}
    if not times:
        return []
    trials = ", ".join(f"trial {number} ({words.count(n, 'time')})" for number, n in times.items())
    text = f"loss not finite and recovered from the last checkpoint, unseen in the log: {trials}"
    return [Check("recovered", text, {"trials": times})]


def is_infeasible(record: Record) -> bool:
    """Return whether a trial failed: PRUNED or FAIL, unless it only lost against its peers."""
    if record.state not in (TrialState.PRUNED, TrialState.FAIL):
        return False
    return record.ending is None or record.ending.reason not in NOT_A_FAILURE


def _edge(name: str, ends: Sequence[ParamValue], best: Record) -> Check | None:
    if name not in best.params or len(ends) < 2:
        return None
    at = best.params[name]
    numbers = [float(v) for v in (at, *ends) if isinstance(v, int | float) and not isinstance(v, bool)]
    side = _side(numbers[0], numbers[1:], ends) if len(numbers) == len(ends) + 1 else _side_of_list(at, ends)
    if side is None or (side != "outside" and _is_all_there_is(numbers)):
        return None
    text = f"the best {words.plain(name)}, {words.value(at)}, is {_place(side)}"
    return Check("edge", text, {"parameter": name, "value": at, "side": side})


def _is_all_there_is(numbers: Sequence[float]) -> bool:
    """Return whether nothing can lie beyond: a rate, a strength or a share of 0, or a share of 1."""
    if len(numbers) < 3:
        return False
    at, low, high = numbers[0], min(numbers[1:]), max(numbers[1:])
    return low == 0 and (at == 0 or at == high == 1)


def _place(side: str) -> str:
    if side == "outside":
        return "outside the space: the space does not reach where the best trial is"
    return f"at the {side} end of the space: what lies beyond was never tried"


def _side_of_list(at: ParamValue, values: Sequence[ParamValue]) -> str | None:
    only_ends = isinstance(values, tuple) and len(values) == 2
    if at not in values:
        return None if only_ends else "outside"
    # Of two values, and of a yes and no, one of the ends is always the best.
    if len(values) < 3 and not only_ends:
        return None
    return "first" if at == values[0] else "last" if at == values[-1] else None


def _side(at: float, values: Sequence[float], ends: Sequence[ParamValue]) -> str | None:
    """Return the end at which a number lies: of a range within ``EDGE`` of it, of a list only on it."""
    low, high = min(values), max(values)
    is_range = isinstance(ends, tuple) and len(ends) == 2
    if low == high or (len(ends) == 2 and not is_range):
        return None
    if low > 0 and high / low >= LOG_RATIO and at > 0:
        at, low, high = math.log(at), math.log(low), math.log(high)
    share = (at - low) / (high - low)
    if not -ROUNDING <= share <= 1 + ROUNDING:
        return "outside"
    near = EDGE if is_range else ROUNDING
    return "lower" if share <= near else "upper" if share >= 1 - near else None


def _infeasible(records: Sequence[Record]) -> list[Check]:
    ended = [r for r in records if r.finished]
    failed = [r for r in ended if is_infeasible(r)]
    if not failed:
        return []
    reason, times = Counter(r.ending.reason if r.ending else "unknown" for r in failed).most_common(1)[0]
    share = len(failed) / len(ended)
    data: dict[str, Any] = {"failed": len(failed), "ended": len(ended), "reason": reason, "times": times}
    text = f"{len(failed)} of {words.count(len(ended), 'ended trial')} failed ({share:.0%})"
    text += f", most often: {words.plain(reason)} ({times})"
    # Only of PRUNED trials are the parameters to blame.
    pruned = [r for r in failed if r.state is TrialState.PRUNED]
    found = region(pruned, [r for r in ended if r.state is TrialState.COMPLETE])
    if found is not None:
        data["region"] = found.data
        text += f"; {found.text}"
    return [Check("infeasible", text, data)]


def region(pruned: Sequence[Record], completed: Sequence[Record]) -> Check | None:
    """Return the one-parameter region that holds most of the pruned and few of the completed trials, if any does."""
    if len(pruned) < MIN_GROUP or len(completed) < MIN_GROUP:
        return None
    names = dict.fromkeys(name for r in pruned for name in r.params)
    best = max((c for name in names for c in _candidates(name, pruned, completed)), key=_contrast, default=None)
    return best if best is not None and _contrast(best) >= OBVIOUS else None


def _contrast(found: Check) -> float:
    data = found.data
    return float(data["inside"] / data["pruned"] - data["completed_inside"] / data["completed"])


def _candidates(name: str, pruned: Sequence[Record], completed: Sequence[Record]) -> list[Check]:
    values = {r.params[name] for r in pruned if name in r.params}
    return [
        _counted(name, sign, value, pruned, completed)
        for value in sorted(values, key=lambda v: (isinstance(v, str), v))
        for sign in (("=",) if isinstance(value, str | bool) else (">=", "<="))
    ]


def _counted(name: str, sign: str, value: ParamValue, pruned: Sequence[Record], completed: Sequence[Record]) -> Check:
    n, m = (sum(_inside(r, name, sign, value) for r in group) for group in (pruned, completed))
    where = f"{words.plain(name)} {sign} {words.value(value)}"
    text = f"{n} of {len(pruned)} pruned trials had {where}, and {m} of {len(completed)} completed ones"
    data = {"where": where, "inside": n, "pruned": len(pruned), "completed_inside": m, "completed": len(completed)}
    return Check("region", text, data)


def _inside(record: Record, name: str, sign: str, value: ParamValue) -> bool:
    at = record.params.get(name)
    if at is None or isinstance(at, str) != isinstance(value, str):
        return False
    compare: Mapping[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: bool(a == b),
        ">=": lambda a, b: bool(a >= b),
        "<=": lambda a, b: bool(a <= b),
    }
    return compare[sign](at, value)


def _unfinished(records: Sequence[Record]) -> list[Check]:
    numbers = [r.number for r in records if r.state is TrialState.RUNNING]
    if not numbers:
        return []
    trials = "trial " + str(numbers[0]) if len(numbers) == 1 else "trials " + ", ".join(map(str, numbers))
    text = f"{trials} still running: the figures are not final"
    return [Check("running", text, {"trials": numbers})]
