"""Fit the points by which curves are weighed, and write tuner/scorecard.json.

    python scripts/make_curve_bank.py --half dev --seed 1 --per-label 6 --out fresh1
    python scripts/make_curve_bank.py --half heldout --seed 2 --per-label 4 --out fresh2
    python scripts/make_curve_bank.py --half dev --seed 3 --per-label 5 --out fresh3
    python scripts/fit_scorecard.py bank/dev.jsonl bank/heldout.jsonl bank/heldout2.jsonl fresh*/*.jsonl

Logistic regression over steps: every number is coded by which of its edges it lies above, or that it is missing. The
card for finished curves sees each curve again, at half weight, without its metrics, and without its validation losses,
where its label can be told all the same. The card for curves that go on sees every cut at which the rules raise an
alarm. Prints how each does on the curves of every part of the bank, by a fit on the other parts, beside the rules
alone; how sure a verdict is, is fitted on these too. Run it anew after every change of a rule.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.curve_bank.load import Labelled, load  # noqa: E402
from tuner import scorecard  # noqa: E402
from tuner.curve import Curve, Kind  # noqa: E402
from tuner.diagnosis import ALONE, BY_RULE, FINISHED, FIRM, KEPT, evidence, judge  # noqa: E402
from tuner.registry import SYMPTOMS  # noqa: E402
from tuner.shape import NAMES  # noqa: E402

Array = NDArray[np.float64]
Names = NDArray[np.str_]
Which = NDArray[np.bool_]

EDGES = {scorecard.SEEN: [0.5, 1.5], scorecard.MARGIN: [0.5, 0.8], scorecard.VERDICT: [0.5]}
OF_RULES = [f"{kind} {name}" for kind in EDGES for name in SYMPTOMS]
KEYS = [*NAMES, *OF_RULES, scorecard.PROGRESS]

AGAIN = 0.5
"""The weight of a curve that counts again with less in its log."""

BY_VAL_LOSS = ("generalization_gap", "noisy_validation", "overfitting", "class_loss_rising")
"""Labels that cannot be told without a validation loss."""


@dataclass(frozen=True)
class Way:
    """How a card is fitted: intervals a number, the pull to 0 (scikit-learn's C), and the card's ``caution``."""

    intervals: int
    pull: float
    caution: float


FITTED = {scorecard.FINISHED: Way(6, 0.5, 4.0), scorecard.RUNNING: Way(5, 0.05, 2.0)}


@dataclass(frozen=True)
class Rows:
    """What a card is fitted on: ``numbers`` [n, keys], labels, verdicts of the rules, parts, weights, and curves."""

    numbers: Array
    labels: Names
    said: Names
    parts: Names
    weights: Array
    curves: NDArray[np.int64]


def main() -> None:
    bank = [labelled for file in sys.argv[1:] for labelled in load(Path(file))]
    whole, cuts = gather(of_whole(bank)), gather(of_cuts(bank))
    likely, chances = left_out(whole, scorecard.FINISHED), left_out(cuts, scorecard.RUNNING)
    chosen = choose(whole, likely)
    report(whole, chosen)
    report_cuts(cuts, chances)
    soft = (whole.weights == 1.0) & ~np.isin(whole.said, FIRM)
    own = np.arange(len(chosen)), np.searchsorted(np.unique(whole.labels), chosen)
    sure = sureness(likely[own][soft], (chosen == whole.labels)[soft])
    cards = [text(whole, scorecard.FINISHED, sure), text(cuts, scorecard.RUNNING, (0.0, 1.0))]
    (ROOT / "tuner" / "scorecard.json").write_text("{\n" + ",\n".join(cards) + "\n}\n", encoding="utf-8")


Row = tuple[list[float], str, str, str, float, int]


def gather(rows: Iterable[Row]) -> Rows:
    return Rows(*(np.array(column) for column in zip(*rows, strict=True)))


def of_whole(bank: Sequence[Labelled]) -> Iterator[Row]:
    """Yield every curve, as it is and with less in its log."""
    for number, labelled in enumerate(bank):
        for curve, weight in variants(labelled):
            judged = judge(curve, SYMPTOMS)
            yield values(curve, judged), labelled.row["label"], judged[0].name, labelled.row["half"], weight, number


def variants(labelled: Labelled) -> Iterator[tuple[Curve, float]]:
    """Yield a curve, and what is left of it without its metrics and without its validation losses."""
    curve, row = labelled.curve, labelled.row
    yield curve, 1.0
    metrics, val = ({s.name for s in curve.of_kind(kind)} for kind in (Kind.METRIC, Kind.VAL_LOSS))
    if not metrics or not val or row["variant"] == "val_loss_rises_score_climbs":
        return
    if row["label"] != "metric_stalled":
        yield without(curve, metrics), AGAIN
    if row["label"] not in BY_VAL_LOSS:
        yield without(curve, val), AGAIN


def without(curve: Curve, names: set[str]) -> Curve:
    objective = None if curve.objective in names else curve.objective
    return replace(curve, series={n: s for n, s in curve.series.items() if n not in names}, objective=objective)


def of_cuts(bank: Sequence[Labelled]) -> Iterator[Row]:
    """Yield every cut of a sound run that ends well, or of a sick one that ends badly, at which the rules see harm."""
    for number, labelled in enumerate(bank):
        row, curve = labelled.row, labelled.curve
        healthy = SYMPTOMS[row["label"]].HEALTHY
        if healthy == row["ends_badly"]:
            continue
        found = []
        for epoch in curve.epochs.tolist():
            cut = curve.until(epoch)
            judged = judge(cut, SYMPTOMS)
            if (cut.progress or 1.0) < FINISHED and judged[0].harmful and judged[0].name not in FIRM:
                found.append((values(cut, judged), judged[0].name))
        label = scorecard.SOUND if healthy else scorecard.SICK
        for numbers, said in found:
            yield numbers, label, said, row["half"], len(found) ** -0.5, number


def values(curve: Curve, judged: Sequence[Any]) -> list[float]:
    numbers = evidence(curve, judged)
    return [numbers.get(key, np.nan if key in NAMES else 0.0) for key in KEYS]


def edges_of(numbers: Array, intervals: int) -> dict[str, list[float]]:
    """Return the edges of each number: fixed ones for what the rules saw, quantiles of the others."""
    found = {}
    for key, column in zip(KEYS, numbers.T, strict=True):
        at = np.nanquantile(column, np.linspace(0, 1, intervals + 1)[1:-1])
        found[key] = EDGES[key.split()[0]] if key in OF_RULES else sorted({float(f"{v:.4g}") for v in at})
    return found


def coded(numbers: Array, edges: Mapping[str, Sequence[float]]) -> Array:
    """Return for each number whether it lies above each of its edges, and whether it is missing, [n, columns]."""
    columns = []
    for key, column in zip(KEYS, numbers.T, strict=True):
        columns += [column > edge for edge in edges[key]]
        columns += [np.isnan(column)]
    return np.stack(columns, axis=1).astype(np.float64)


def fit(rows: Rows, of: Which, how: Way) -> tuple[dict[str, list[float]], LogisticRegression]:
    edges = edges_of(rows.numbers[of], how.intervals)
    model = LogisticRegression(C=how.pull, max_iter=500, class_weight="balanced")
    return edges, model.fit(coded(rows.numbers[of], edges), rows.labels[of], sample_weight=rows.weights[of])


def left_out(rows: Rows, card: str) -> Array:
    """Return how likely each label is, shape [n, labels], each part of the bank by a fit on the others."""
    likely = np.empty((len(rows.labels), len(np.unique(rows.labels))))
    for part in np.unique(rows.parts):
        out = rows.parts == part
        edges, model = fit(rows, ~out, FITTED[card])
        likely[out] = model.predict_proba(coded(rows.numbers[out], edges))
    return likely


def choose(rows: Rows, likely: Array) -> Names:
    """Return the verdicts, as ``tuner.diagnosis`` takes them."""
    labels = np.unique(rows.labels)
    healthy = np.array([SYMPTOMS[name].HEALTHY for name in labels])
    seen = rows.numbers[:, [KEYS.index(f"{scorecard.SEEN} {name}") for name in labels]]
    worth = likely * np.where(healthy, FITTED[scorecard.FINISHED].caution, 1.0)
    worth[(seen == 1.0) | np.isin(labels, BY_RULE) | (~healthy & (seen == 0.0) & (likely < ALONE))] = 0.0
    own = np.arange(len(rows.said)), np.searchsorted(labels, rows.said)
    stands = (seen[own] == 2.0) & ((likely[own] >= KEPT) | (rows.said == "overfitting"))
    return np.where(stands | np.isin(rows.said, FIRM), rows.said, labels[worth.argmax(axis=1)])


def report(rows: Rows, chosen: Names) -> None:
    for part in np.unique(rows.parts):
        of = (rows.weights == 1.0) & (rows.parts == part)
        print(f"{part:9s} rules {quality(rows.labels[of], rows.said[of])}", end="   ")
        print(f"weighed {quality(rows.labels[of], chosen[of])}")


def quality(labels: Names, said: Names) -> str:
    healthy = np.array([SYMPTOMS[name].HEALTHY for name in labels])
    alarms = np.array([not SYMPTOMS[name].HEALTHY for name in said])[healthy]
    return f"macro F1 {f1_score(labels, said, average='macro'):.3f}, false alarms {alarms.mean():.3f}"


def report_cuts(rows: Rows, likely: Array) -> None:
    stands = likely[:, 0] >= FITTED[scorecard.RUNNING].caution * likely[:, 1]
    for part in np.unique(rows.parts):
        counts = []
        for label in (scorecard.SICK, scorecard.SOUND):
            of = (rows.parts == part) & (rows.labels == label)
            counts.append(f"{len(set(rows.curves[of & stands]))} of {len(set(rows.curves[of]))} {label}")
        print(f"{part:9s} alarms that stand before the end: {', '.join(counts)} runs")


def sureness(probabilities: Array, right: Which) -> tuple[float, float]:
    """Return offset and slope that turn the logit of a verdict's probability into that of the share that were right."""
    p = probabilities.clip(0.001, 0.999)
    model = LogisticRegression(C=100.0).fit(np.log(p / (1 - p))[:, None], right)
    return float(model.intercept_[0]), float(model.coef_[0, 0])


def text(rows: Rows, card: str, sure: tuple[float, float]) -> str:
    """Return a card as JSON, a number a line."""
    how = FITTED[card]
    edges, model = fit(rows, np.ones(len(rows.labels), dtype=bool), how)
    # Of two labels scikit-learn has one row, that of the second.
    weights, start = model.coef_, model.intercept_
    if len(weights) == 1:
        weights, start = np.concatenate([0 * weights, weights]), np.concatenate([0 * start, start])
    lines = [f'"labels": {json.dumps(model.classes_.tolist())}', f'"caution": {how.caution}']
    lines += [f'"offset": {sure[0]:.3f}', f'"slope": {sure[1]:.3f}', f'"start": {rounded(start)}']
    steps, first = [], 0
    for key in KEYS:
        n = len(edges[key])
        above = np.cumsum(weights[:, first : first + n], axis=1).T
        missing = weights[:, first + n]  # of what the rules saw nothing is missing, and its weight is 0
        points = [np.zeros(len(start)), *above, missing]
        if any(np.abs(row).max() >= 0.0005 for row in points):
            listed = ", ".join(rounded(row) for row in points)
            steps.append(f'{json.dumps(key)}: {{"edges": {json.dumps(edges[key])}, "points": [{listed}]}}')
        first += n + 1
    lines.append('"steps": {\n' + ",\n".join(steps) + "\n}")
    return f"{json.dumps(card)}: {{\n" + ",\n".join(lines) + "\n}"


def rounded(row: Array) -> str:
    return "[" + ", ".join(f"{v:.3g}" if abs(v) >= 0.0005 else "0" for v in row) + "]"


if __name__ == "__main__":
    main()
