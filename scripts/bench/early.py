"""Tables about curves while they grow: what was named in time, what was stopped, and what that cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from scripts.bench.bank import is_healthy
from scripts.bench.judging import OURS, Case, Firsts, Walk
from scripts.bench.measures import Estimate, share
from scripts.bench.sheets import Sheet

SHARE_OF_PLAN = 0.25
AFTER_ONSET = 5
COSTLY = 0.01
"""Share of the best score: losing more than this by a stop is a loss."""

Pair = tuple[Case, Walk]
Pairs = Sequence[Pair]


def sheets(cases: Sequence[Case], walks: Sequence[Walk]) -> list[Sheet]:
    pairs = list(zip(cases, walks, strict=True))
    bad = [(c, w) for c, w in pairs if c.ends_badly]
    good = [(c, w) for c, w in pairs if not c.ends_badly]
    sound = [(c, w) for c, w in good if is_healthy(c.label)]
    return [named(bad, sound), by_label(bad), stopped(bad, good), alarms(good)]


def deadline(case: Case) -> int:
    """Return by which row the trouble is to be named: a quarter of the plan, or five rows after it began."""
    planned = case.curve.planned_epochs or case.curve.length
    begun = None if case.onset is None else int(np.searchsorted(case.curve.epochs, case.onset)) + 1
    return max(math.ceil(SHARE_OF_PLAN * planned), 0 if begun is None else begun + AFTER_ONSET)


def in_time(row: int | None, case: Case) -> bool:
    return row is not None and row <= deadline(case)


def too_soon(row: int | None, case: Case) -> bool:
    """Tell whether a row is before the onset, by more than one epoch."""
    return row is not None and case.onset is not None and int(case.curve.epochs[row - 1]) < case.onset - 1


def named(bad: Pairs, sound: Pairs) -> Sheet:
    sheet = Sheet(
        "early",
        f"Early: the {len(bad)} runs that end badly, by 25 % of the plan or 5 epochs after onset",
        [
            "who",
            "in time",
            "rightly in time",
            "ever",
            "before onset",
            "sound, by 25 %",
            "sound, going on",
            "sound, ever",
        ],
        note="Called sick, by tuner with a severity from 0.5. Before onset: more than one epoch too soon. "
        f"Sound: of {len(sound)} healthy runs that end well, those called sick by then, before the last row, or ever.",
    )
    for who in _names(bad):
        firsts = [(c, w.firsts[who]) for c, w in bad]
        dated = [(c, f) for c, f in firsts if c.onset is not None]
        sheet.add(
            who,
            share(sum(in_time(f.sick, c) for c, f in firsts), len(firsts)),
            share(sum(in_time(f.right, c) for c, f in firsts), len(firsts)),
            share(sum(f.sick is not None for _, f in firsts), len(firsts)),
            share(sum(too_soon(f.sick, c) for c, f in dated), len(dated)),
            share(sum(in_time(w.firsts[who].sick, c) for c, w in sound), len(sound)),
            share(sum((w.firsts[who].sick or w.rows) < w.rows for _, w in sound), len(sound)),
            share(sum(w.firsts[who].sick is not None for _, w in sound), len(sound)),
        )
    return sheet


def by_label(bad: Pairs) -> Sheet:
    heads = ["label", "n", "in time", "rightly in time", "ever rightly", "stopped"]
    sheet = Sheet("early_labels", "Early: tuner, by label of the runs that end badly", heads)
    for label in sorted({c.label for c, _ in bad}):
        mine = [(c, w) for c, w in bad if c.label == label]
        sheet.add(
            label,
            len(mine),
            _count(mine, lambda c, w: in_time(_ours(w).sick, c)),
            _count(mine, lambda c, w: in_time(_ours(w).right, c)),
            _count(mine, lambda c, w: _ours(w).right is not None),
            _count(mine, lambda c, w: _ours(w).stopped is not None),
        )
    return sheet


def stopped(bad: Pairs, good: Pairs) -> Sheet:
    sheet = Sheet(
        "stopping",
        f"Stopping: {len(bad)} runs that end badly, {len(good)} that end well, at every epoch before the last",
        ["who", "bad stopped", "epochs saved", "good stopped", "good, > 1 % lost"],
        note="tuner: what the default table stops or prunes; sick only: not counting converged. Peers: stop when sick. "
        "Saved: share of the bad runs' rows. Lost: of the best score, by stopping then.",
    )
    for who in _names(bad or good):
        sheet.add(who, *_stops(bad, good, partial(_stop, who)))
        if who == OURS:
            sheet.add("tuner, sick only", *_stops(bad, good, _sick_stop))
    return sheet


Stop = Callable[[Walk], int | None]


def _stops(bad: Pairs, good: Pairs, stop: Stop) -> tuple[Estimate, str, Estimate, Estimate]:
    rows = sum(w.rows for _, w in bad)
    saved = sum(w.rows - row for _, w in bad if (row := stop(w)) is not None)
    return (
        _count(bad, lambda c, w: stop(w) is not None),
        f"{saved / rows:.0%}" if rows else "-",
        _count(good, lambda c, w: stop(w) is not None),
        _count(good, lambda c, w: lost(w, stop(w)) > COSTLY),
    )


def lost(walk: Walk, row: int | None) -> float:
    """Return what share of the best score is missed by stopping after ``row``."""
    if row is None or not walk.best or math.isnan(walk.best[-1]):
        return 0.0
    then, best = walk.best[row - 1], walk.best[-1]
    return 1.0 if math.isnan(then) else (then - best) / max(abs(best), 1e-12)


def alarms(good: Pairs) -> Sheet:
    """Return for what good runs were stopped, and when."""
    heads = ["stopped for", "of label", "n", "at, of plan", "> 1 % lost", "examples"]
    sheet = Sheet("stopped_good", f"Stopping: what the {len(good)} runs that end well were stopped for", heads)
    found: dict[tuple[str, str], list[Pair]] = {}
    for c, w in good:
        if _ours(w).stopped is not None:
            found.setdefault((_ours(w).stopped_for, c.label), []).append((c, w))
    for (reason, label), mine in sorted(found.items(), key=lambda item: -len(item[1])):
        at = [(_ours(w).stopped or 0) / (c.curve.planned_epochs or w.rows) for c, w in mine]
        costly = sum(lost(w, _ours(w).stopped) > COSTLY for _, w in mine)
        sheet.add(reason, label, len(mine), float(np.median(at)), costly, " ".join(c.id for c, _ in mine[:2]))
    return sheet


def _ours(walk: Walk) -> Firsts:
    return walk.firsts[OURS]


def _stop(who: str, walk: Walk) -> int | None:
    return walk.firsts[who].stopped


def _sick_stop(walk: Walk) -> int | None:
    return walk.firsts[OURS].sick_stop


def _names(pairs: Pairs) -> list[str]:
    return list(pairs[0][1].firsts) if pairs else []


def _count(pairs: Pairs, holds: Callable[[Case, Walk], bool]) -> Estimate:
    return share(sum(holds(c, w) for c, w in pairs), len(pairs))
