"""From outcomes to tables: regret, ranks, speed, what was shipped, what was stopped wrongly, differences."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from scipy import stats

from scripts.outcomes import Outcome, interval, markdown

Key = tuple[str, str, int]  # suite, task, seed
Measure = Callable[[Outcome], float]
SHARES = ("10%", "25%", "50%", "100%")
PLAIN = "tpe"


def regret_at(share: str) -> Measure:
    return lambda o: float(o["regret"][share])


def by_method(outcomes: Sequence[Outcome], methods: Sequence[str]) -> dict[str, dict[Key, Outcome]]:
    """Return the outcomes of every method that has any, by what they are paired by."""
    found: dict[str, dict[Key, Outcome]] = {m: {} for m in methods}
    for o in outcomes:
        if o["method"] in found:
            found[o["method"]][o["suite"], o["task"], o["seed"]] = o
    return {method: mine for method, mine in found.items() if mine}


def main_table(methods: Mapping[str, Mapping[Key, Outcome]]) -> str:
    """Return a line for each method: regret along the budget, rank, speed, shipped, kills, cost."""
    ranks = {share: mean_ranks(methods, regret_at(share)) for share in SHARES}
    lines = []
    for method, mine in methods.items():
        outcomes = list(mine.values())
        line = [method, str(len(outcomes)), *(f"{_mean(outcomes, regret_at(s)):.3f}" for s in SHARES)]
        line += ["/".join(_figure(ranks[s].get(method), ".1f") for s in SHARES)]
        line += [speed(mine, methods.get(PLAIN, {})), f"{_mean(outcomes, lambda o: float(o['shipped'])):.3f}"]
        line += [f"{_mean(outcomes, lambda o: float(o['shipped_best'])):.3f}", *kills(outcomes)]
        line += [f"{_mean(outcomes, lambda o: float(o['seconds'])):.1f}"]
        lines.append(line)
    heads = ["method", "n", *(f"regret {s}" for s in SHARES), "rank", "epochs / TPE's", "shipped", "its best"]
    return markdown([*heads, "false kills", "of the good", "cpu s"], lines)


def mean_ranks(methods: Mapping[str, Mapping[Key, Outcome]], of: Measure) -> dict[str, float]:
    """Return the mean rank (1: the lowest) over the tasks and seeds that all methods have; ties share a rank."""
    shared = sorted(set.intersection(*(set(mine) for mine in methods.values()))) if methods else []
    rows = [stats.rankdata([of(mine[key]) for mine in methods.values()]) for key in shared]
    return {m: statistics.mean(row[i] for row in rows) for i, m in enumerate(methods)} if rows else {}


def speed(mine: Mapping[Key, Outcome], plain: Mapping[Key, Outcome]) -> str:
    """Return the epochs until plain TPE's final regret as a share of plain TPE's own, and on how many tasks.

    Both are read off the mean over the seeds of a task; the share is the geometric mean over the tasks. One on which
    it was not reached counts with the whole budget, which is less than it would take.
    """
    tasks = sorted({key[:2] for key in mine} & {key[:2] for key in plain})
    ratios, reached = [], 0
    for task in tasks:
        own, theirs = ([o for key, o in runs.items() if key[:2] == task] for runs in (mine, plain))
        target = _mean(theirs, regret_at("100%"))
        needed, usual = first_at(own, target), first_at(theirs, target)
        ratios.append((needed or own[0]["budget"]) / (usual or theirs[0]["budget"]))
        reached += needed is not None
    return f"{statistics.geometric_mean(ratios):.2f} ({reached} of {len(tasks)})" if ratios else "-"


def first_at(outcomes: Sequence[Outcome], target: float) -> int | None:
    """Return the epochs after which the mean regret is at most ``target``."""
    moments = sorted({epochs for o in outcomes for epochs, _ in o["steps"]})
    for epochs in moments:
        if statistics.mean(_then(o, epochs) for o in outcomes) <= target + 1e-6:
            return int(epochs)
    return None


def kills(outcomes: Sequence[Outcome]) -> tuple[str, str]:
    """Return the share of false kills among what was stopped, and among the good trials that were started."""
    false, stopped, good = (sum(o[key] for o in outcomes) for key in ("false_kills", "stopped", "good_started"))
    return f"{false / stopped:.1%}" if stopped else "-", f"{false / good:.0%}" if good else "-"


def differences(methods: Mapping[str, Mapping[Key, Outcome]], ours: str) -> str:
    """Return ``ours`` minus every other method, paired by task and seed, with 95 % intervals (Student's t)."""
    measures = {f"regret {s}": regret_at(s) for s in SHARES} | {"shipped": lambda o: float(o["shipped"])}
    lines = []
    for method, theirs in methods.items():
        keys = sorted(set(theirs) & set(methods.get(ours, {})))
        if method != ours and keys:
            gaps = ([of(methods[ours][k]) - of(theirs[k]) for k in keys] for of in measures.values())
            lines.append([method, str(len(keys)), *map(interval, gaps), rank_gap(methods, ours, method)])
    return markdown([f"{ours} minus", "pairs", *measures, "mean rank"], lines)


def rank_gap(methods: Mapping[str, Mapping[Key, Outcome]], ours: str, other: str) -> str:
    """Return the difference of the ranks among all methods, averaged over the shares of the budget."""
    names, shared = list(methods), set.intersection(*(set(mine) for mine in methods.values()))
    a, b, gaps = names.index(ours), names.index(other), []
    for key in shared:
        rows = [stats.rankdata([regret_at(s)(mine[key]) for mine in methods.values()]) for s in SHARES]
        gaps.append(statistics.mean(float(row[a] - row[b]) for row in rows))
    return interval(gaps)


def _then(outcome: Outcome, epochs: int) -> float:
    """Return the regret after so many epochs; before the first, all that there was to gain."""
    return next((float(r) for e, r in reversed(outcome["steps"]) if e <= epochs), 1.0)


def _mean(outcomes: Sequence[Outcome], of: Measure) -> float:
    return statistics.mean(map(of, outcomes))


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
