"""Tables about the trials of a recorded random search: who calls those that ended at nothing healthy.

A folder holds NAME.npz (``curves`` [configuration, epoch, metric], their ``metrics``) and NAME.configs.parquet beside
each (``lr``, ``schedule``). How a trial ended is told by its test set, which no rule sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from scripts.bench.judging import OURS, Case, Verdict, each, of_curve, peers_of_curve
from scripts.bench.measures import share
from scripts.bench.peers import Said
from scripts.bench.sheets import Sheet, skipped
from tuner.curve import Curve, FloatArray

TITLE = "Trials of a recorded random search"
NAN, CHANCE, LOST, POOR, BETWEEN, GOOD = "not finite", "at chance", "lost", "poor", "between", "good"
AT_CHANCE, LEAST_KEPT, AT_LEAST = 0.15, 0.7, 0.6
"""Test accuracies: up to which one of ten classes is chance; the share of the best that is not lost; what is poor."""

NEAR, KEPT, RISEN = 0.04, 0.01, 1.05
"""A good one: so near the best validation accuracy of all, and its best; its test loss risen no further than that."""


def sheets(folder: Path | None, jobs: int) -> list[Sheet]:
    if folder is None or not list(folder.glob("*.npz")):
        return [skipped("trials", TITLE, "no folder with *.npz was given")]
    found = []
    for path in sorted(folder.glob("*.npz")):
        cases = read(path)
        for share_of_plan, when in ((1.0, "at the end"), (0.5, "half-way")):
            cut = [replace(c, curve=until(c.curve, share_of_plan)) for c in cases]
            said, peers = each(of_curve, cut, jobs), each(peers_of_curve, cut, jobs)
            found.append(table(f"{path.stem} {when}", cut, said, peers))
            if share_of_plan == 1.0:
                found.append(names(path.stem, cut, said))
    return found


def read(path: Path) -> list[Case]:
    with np.load(path) as file:
        series = {str(name): file["curves"][:, :, i].astype(float) for i, name in enumerate(file["metrics"])}
    settings = pd.read_parquet(path.with_name(f"{path.stem}.configs.parquet"))
    best = float(np.nanmax(series["val_acc"]))
    cases = []
    for i, (_, row) in enumerate(settings.iterrows()):
        logged = {name: values[i] for name, values in series.items()}
        cases.append(Case(f"{path.stem}-{i}", ended(logged, best), curve(logged, row), path.stem))
    return cases


def curve(logged: dict[str, FloatArray], row: pd.Series) -> Curve:
    """Return what a training program would have logged: losses, accuracy and rate."""
    n = len(logged["train_loss"])
    falls = row["schedule"] == "cosine"
    rate = row["lr"] * (0.5 * (1 + np.cos(np.pi * np.arange(n) / n)) if falls else np.ones(n))
    losses = {name: logged[name] for name in ("train_loss", "val_loss")}
    return Curve.of(**losses, metrics={"val_acc": logged["val_acc"]}, learning_rate=rate, planned_epochs=n)


def until(seen: Curve, share_of_plan: float) -> Curve:
    return seen.until(int(seen.epochs[round(share_of_plan * len(seen.epochs)) - 1]))


def ended(logged: dict[str, FloatArray], best_of_all: float) -> str:
    """Return how a trial ended, by its test accuracy [epochs] and test loss."""
    if not all(np.isfinite(logged[name]).all() for name in ("train_loss", "val_loss")):
        return NAN
    accuracy, loss = logged["test_acc"], logged["test_loss"]
    last, best = float(np.median(accuracy[-5:])), float(accuracy.max())
    if last <= AT_CHANCE:
        return CHANCE
    if last < LEAST_KEPT * best:
        return LOST
    if last < AT_LEAST:
        return POOR
    kept = last >= max(best_of_all - NEAR, best - KEPT)
    return GOOD if kept and np.median(loss[-3:]) <= RISEN * loss.min() else BETWEEN


def table(name: str, cases: Sequence[Case], said: Sequence[Verdict], peers: Sequence[dict[str, Said]]) -> Sheet:
    """Return how many of each ending everybody calls sick."""
    count = Counter(c.label for c in cases)
    ends = (CHANCE, LOST, POOR, BETWEEN, GOOD)
    sheet = Sheet(
        f"trials_{name.replace(' ', '_')}",
        f"{TITLE}: {name}, called sick",
        ["who", *(f"{end}, {count[end]}" for end in ends)],
        note=f"By the test set: at chance up to an accuracy of {AT_CHANCE}; lost: below {LEAST_KEPT} of its best; "
        f"poor: below {AT_LEAST}; good: within {NEAR} of the best of all, nothing lost.",
    )
    answers = {OURS: [v.sick for v in said]}
    answers |= {who: [p[who].sick for p in peers] for who in peers[0]}
    for who, answer in answers.items():
        called = Counter(c.label for c, sick in zip(cases, answer, strict=True) if sick)
        sheet.add(who, *(share(called[end], count[end]) for end in ends))
    return sheet


def names(name: str, cases: Sequence[Case], said: Sequence[Verdict]) -> Sheet:
    sheet = Sheet(f"trials_{name}_names", f"{TITLE}: {name}, what tuner says at the end", ["ended", "n", "said"])
    for end in (NAN, CHANCE, LOST, POOR, BETWEEN, GOOD):
        found = Counter(v.name for c, v in zip(cases, said, strict=True) if c.label == end)
        sheet.add(end, found.total(), ", ".join(f"{verdict} {n}" for verdict, n in found.most_common()))
    return sheet
