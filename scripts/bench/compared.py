"""Tuner beside its peers on the same curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from scripts.bench.judging import OURS, Case, Verdict
from scripts.bench.measures import (
    Estimate,
    Floats,
    Statistic,
    bootstrap,
    by_group,
    confusion,
    difference,
    f1_macro,
    f1_of,
    share,
)
from scripts.bench.peers import Said
from scripts.bench.sheets import Sheet

YES, NO = "yes", "no"
PAIRED = "Δ: tuner minus the peer, paired bootstrap over groups. -: the peer has no word for it."


def answers(values: Sequence[bool]) -> list[str]:
    return [YES if value else NO for value in values]


def binary(truth: Sequence[bool], said: Sequence[bool], groups: Sequence[str]) -> Floats:
    """Return the confusions of a question of yes and no by group, shape [groups, 2, 3]."""
    return by_group(groups, confusion(answers(truth), answers(said), [YES, NO]))


def against(ours: Floats, theirs: Floats, statistic: Statistic) -> Estimate:
    """Return our advantage, for grouped confusions of the same cases."""
    return bootstrap(np.stack([ours, theirs], axis=1), difference(statistic))


def sheet(
    name: str,
    title: str,
    cases: Sequence[Case],
    said: Sequence[Verdict],
    peers: Sequence[dict[str, Said]],
    *,
    is_healthy: Callable[[str], bool],
) -> Sheet:
    """Return how well each tells sick from healthy, and overfitting from the rest."""
    heads = ["who", "F1 sick", "Δ", "false alarms", "macro F1 overfit.", "Δ overfit."]
    table = Sheet(name, title, heads, note=PAIRED)
    groups = [c.group for c in cases]
    sick = [not is_healthy(c.label) for c in cases]
    overfits = [c.label == "overfitting" for c in cases]
    our_sick = binary(sick, [v.sick for v in said], groups)
    our_overfits = binary(overfits, [v.name == "overfitting" for v in said], groups)
    table.add(
        OURS,
        bootstrap(our_sick, f1_of(0)),
        None,
        _alarms(sick, [v.sick for v in said]),
        bootstrap(our_overfits, f1_macro),
        None,
    )
    for peer in peers[0] if peers else ():
        theirs = binary(sick, [p[peer].sick for p in peers], groups)
        row = [bootstrap(theirs, f1_of(0)), against(our_sick, theirs, f1_of(0))]
        row.append(_alarms(sick, [p[peer].sick for p in peers]))
        table.add(peer, *row, *_overfitting(peer, overfits, our_overfits, peers, groups))
    return table


def _overfitting(
    peer: str, truth: Sequence[bool], ours: Floats, peers: Sequence[dict[str, Said]], groups: Sequence[str]
) -> tuple[Estimate | None, Estimate | None]:
    if peers[0][peer].overfitting is None:
        return None, None
    theirs = binary(truth, [bool(p[peer].overfitting) for p in peers], groups)
    return bootstrap(theirs, f1_macro), against(ours, theirs, f1_macro)


def _alarms(sick: Sequence[bool], said: Sequence[bool]) -> Estimate:
    healthy = [s for t, s in zip(sick, said, strict=True) if not t]
    return share(sum(healthy), len(healthy))
