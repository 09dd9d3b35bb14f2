"""Fit the points by which alarms on curves that go on are weighed, and write tuner/scorecard.json.

    python scripts/make_curve_bank.py --half dev --seed 1 --per-label 6 --out fresh1
    python scripts/make_curve_bank.py --half heldout --seed 2 --per-label 4 --out fresh2
    python scripts/make_curve_bank.py --half dev --seed 3 --per-label 5 --out fresh3
    python scripts/fit_scorecard.py bank/{dev,heldout,heldout2,heldout3}.jsonl fresh*/*.jsonl

Logistic regression over steps: every number is coded by which of its edges it lies above, or that it is missing. It
is fitted on every cut at which the rules raise an alarm, of sound runs that end well and of sick ones that end badly.
Prints how many alarms stand on every part of the bank, by a fit on the other parts. Run it anew after every change of
a rule.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.curve_bank.load import Labelled, load  # noqa: E402
from tuner import scorecard  # noqa: E402
from tuner.curve import Curve  # noqa: E402
from tuner.diagnosis import FINISHED, FIRM, RULE_VERSION, evidence, judge  # noqa: E402
from tuner.registry import SYMPTOMS  # noqa: E402
from tuner.shape import NAMES  # noqa: E402

Array = NDArray[np.float64]
Names = NDArray[np.str_]
Which = NDArray[np.bool_]

EDGES = {scorecard.SEEN: [0.5, 1.5], scorecard.MARGIN: [0.5, 0.8], scorecard.VERDICT: [0.5]}
OF_RULES = [f"{kind} {name}" for kind in EDGES for name in SYMPTOMS]
KEYS = [*NAMES, *OF_RULES, scorecard.PROGRESS]

INTERVALS, PULL, CAUTION = 5, 0.05, 2.0
"""Intervals a number, the pull to 0 (scikit-learn's C), and the card's ``caution``."""


@dataclass(frozen=True)
class Rows:
    """What the card is fitted on: ``numbers`` [n, keys], labels, parts of the bank, weights, and curves."""

    numbers: Array
    labels: Names
    parts: Names
    weights: Array
    curves: NDArray[np.int64]


def main() -> None:
    bank = [labelled for file in sys.argv[1:] for labelled in load(Path(file))]
    cuts = gather(of_cuts(bank))
    report(cuts, left_out(cuts))
    (ROOT / "tuner" / "scorecard.json").write_text(text(cuts), encoding="utf-8")


Row = tuple[list[float], str, str, float, int]


def gather(rows: Iterable[Row]) -> Rows:
    return Rows(*(np.array(column) for column in zip(*rows, strict=True)))


def of_cuts(bank: Sequence[Labelled]) -> Iterator[Row]:
    """Yield every cut of a sound run that ends well, or of a sick one that ends badly, at which the rules see harm."""
    for number, labelled in enumerate(bank):
        row, curve = labelled.row, labelled.curve
        healthy = SYMPTOMS[row["label"]].HEALTHY
        if healthy == row["ends_badly"]:
            continue
        found: list[list[float]] = []
        for epoch in curve.epochs.tolist():
            cut = curve.until(epoch)
            judged = judge(cut, SYMPTOMS)
            if (cut.progress or 1.0) < FINISHED and judged[0].harmful and judged[0].name not in FIRM:
                found.append(values(cut, judged))
        label = scorecard.SOUND if healthy else scorecard.SICK
        for numbers in found:
            yield numbers, label, row["half"], len(found) ** -0.5, number


def values(curve: Curve, judged: Sequence[Any]) -> list[float]:
    numbers = evidence(curve, judged)
    return [numbers.get(key, np.nan if key in NAMES else 0.0) for key in KEYS]


def edges_of(numbers: Array) -> dict[str, list[float]]:
    """Return the edges of each number: fixed ones for what the rules saw, quantiles of the others."""
    found = {}
    for key, column in zip(KEYS, numbers.T, strict=True):
        at = np.nanquantile(column, np.linspace(0, 1, INTERVALS + 1)[1:-1])
        found[key] = EDGES[key.split()[0]] if key in OF_RULES else sorted({float(f"{v:.4g}") for v in at})
    return found


def coded(numbers: Array, edges: Mapping[str, Sequence[float]]) -> Array:
    """Return for each number whether it lies above each of its edges, and whether it is missing, [n, columns]."""
    columns = []
    for key, column in zip(KEYS, numbers.T, strict=True):
        columns += [column > edge for edge in edges[key]]
        columns += [np.isnan(column)]
    return np.stack(columns, axis=1).astype(np.float64)


def fit(rows: Rows, of: Which) -> tuple[dict[str, list[float]], LogisticRegression]:
    edges = edges_of(rows.numbers[of])
    model = LogisticRegression(C=PULL, max_iter=500, class_weight="balanced")
    return edges, model.fit(coded(rows.numbers[of], edges), rows.labels[of], sample_weight=rows.weights[of])


def left_out(rows: Rows) -> Array:
    """Return how likely each label is, shape [n, labels], each part of the bank by a fit on the others."""
    likely = np.empty((len(rows.labels), len(np.unique(rows.labels))))
    for part in np.unique(rows.parts):
        out = rows.parts == part
        edges, model = fit(rows, ~out)
        likely[out] = model.predict_proba(coded(rows.numbers[out], edges))
    return likely


def report(rows: Rows, likely: Array) -> None:
    stands = likely[:, 0] >= CAUTION * likely[:, 1]
    for part in np.unique(rows.parts):
        counts = []
        for label in (scorecard.SICK, scorecard.SOUND):
            of = (rows.parts == part) & (rows.labels == label)
            counts.append(f"{len(set(rows.curves[of & stands]))} of {len(set(rows.curves[of]))} {label}")
        print(f"{part:9s} alarms that stand before the end: {', '.join(counts)} runs")


def text(rows: Rows) -> str:
    """Return the card as JSON, a number a line."""
    edges, model = fit(rows, np.ones(len(rows.labels), dtype=bool))
    # Of two labels scikit-learn has one row, that of the second.
    weights, start = model.coef_, model.intercept_
    if len(weights) == 1:
        weights, start = np.concatenate([0 * weights, weights]), np.concatenate([0 * start, start])
    lines = [f'"rules": "{RULE_VERSION}"', f'"verdicts": "{digest()}"']
    lines += [f'"labels": {json.dumps(model.classes_.tolist())}', f'"caution": {CAUTION}', f'"start": {rounded(start)}']
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
    return "{\n" + ",\n".join(lines) + "\n}\n"


def digest() -> str:
    """Return a digest of what the rules say of the dev half, which changes when they do."""
    found = hashlib.sha256()
    for labelled in load(ROOT / "bank" / "dev.jsonl"):
        said = [(s.name, round(s.severity, 1)) for s in judge(labelled.curve, SYMPTOMS)]
        found.update(f"{labelled.row['id']} {said}\n".encode())
    return found.hexdigest()[:16]


def rounded(row: Array) -> str:
    return "[" + ", ".join(f"{v:.3g}" if abs(v) >= 0.0005 else "0" for v in row) + "]"


if __name__ == "__main__":
    main()
