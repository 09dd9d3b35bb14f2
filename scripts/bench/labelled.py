"""Tables about histories that others labelled: overfitting or not."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from scripts.bench.compared import PAIRED, against, binary
from scripts.bench.judging import OURS, Case, Verdict, each, of_curve, peers_of_curve
from scripts.bench.measures import bootstrap, f1_macro, f1_of, share
from scripts.bench.peers import Said
from scripts.bench.sheets import Sheet, skipped
from tuner.registry import READERS

DRAWING = "digitised drawing"
TITLE = "Labelled histories"


def sheets(folder: Path | None, jobs: int) -> list[Sheet]:
    if folder is None or not (folder / "labels.csv").is_file():
        return [skipped("labelled", TITLE, "no folder with a labels.csv was given")]
    cases = read(folder)
    said, peers = each(of_curve, cases, jobs), each(peers_of_curve, cases, jobs)
    found = []
    for kind in sorted({c.kind for c in cases if c.kind != DRAWING}):
        mine = [i for i, c in enumerate(cases) if c.kind == kind]
        found.append(of_kind(kind, [cases[i] for i in mine], [said[i] for i in mine], [peers[i] for i in mine]))
    return [*found, drawings(cases, said)]


def read(folder: Path) -> list[Case]:
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [_case(folder, row) for row in rows if (folder / row["file"]).is_file()]


def _case(folder: Path, row: dict[str, str]) -> Case:
    curve = READERS["csv"].read(
        folder / row["file"], objective=None, higher_is_better=False, planned_epochs=None, options={}
    )
    return Case(row["file"], row["label"], curve, row["group"], kind=row["kind"])


def of_kind(kind: str, cases: Sequence[Case], said: Sequence[Verdict], peers: Sequence[dict[str, Said]]) -> Sheet:
    """Return how well each tells overfitting from the rest."""
    truth, groups = [c.label == "overfitting" for c in cases], [c.group for c in cases]
    n, holders = len(set(groups)), len({c.group for c in cases if c.label == "overfitting"})
    sheet = Sheet(
        f"labelled_{kind}",
        f"{TITLE}: {kind}, {len(cases)} ({sum(truth)} overfitting)",
        ["who", "macro F1", "Δ", "F1 overfit.", "recall", "false alarms"],
        note=f"{n} groups, {holders} of them with overfitting: the intervals over groups say little. {PAIRED}",
    )
    ours = [v.name == "overfitting" for v in said]
    answers = {OURS: ours, "tuner, any symptom": ["overfitting" in v.seen for v in said]}
    answers |= {name: [bool(p[name].overfitting) for p in peers] for name in peers[0] if _speaks(peers[0][name])}
    mine = binary(truth, ours, groups)
    for who, answer in answers.items():
        theirs = binary(truth, answer, groups)
        hits = sum(a and t for a, t in zip(answer, truth, strict=True))
        alarms = sum(a and not t for a, t in zip(answer, truth, strict=True))
        sheet.add(
            who,
            bootstrap(theirs, f1_macro),
            None if who == OURS else against(mine, theirs, f1_macro),
            bootstrap(theirs, f1_of(0)),
            share(hits, sum(truth)),
            share(alarms, len(truth) - sum(truth)),
        )
    return sheet


def _speaks(said: Said) -> bool:
    return said.overfitting is not None


def drawings(cases: Sequence[Case], said: Sequence[Verdict]) -> Sheet:
    sheet = Sheet("drawings", "Textbook drawings (no runs)", ["file", "label", "verdict", "other symptoms"])
    for c, v in zip(cases, said, strict=True):
        if c.kind == DRAWING:
            sheet.add(c.id, c.label, v.name, ", ".join(v.seen[1:]))
    return sheet
