"""Fit the points by which finished curves, and alarms on curves that go on, are weighed: tuner/scorecard.json.

    python scripts/fit_scorecard.py bank/{dev,heldout,heldout{2..11},varied,searched}.jsonl

Logistic regression over steps: every number is coded by which of its edges it lies above, or that it is missing. One
card is fitted on all curves at their end but for facts, by their label; the other on cuts of sound runs that end well
and of sick ones that end badly. Prints how both do on every part of the bank, by a fit on the other parts. Run it anew
after every change of a rule.

``TRUST`` and ``CAUTIOUS`` were chosen with what the rules of earlier commits, which had not seen a part, said of it:
with rules that have, trusting them blindly looks best.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.curve_bank.load import Labelled, load  # noqa: E402
from tuner import scorecard  # noqa: E402
from tuner.calibration import logit  # noqa: E402
from tuner.curve import Curve  # noqa: E402
from tuner.diagnosis import (  # noqa: E402
    FACTS,
    FEWEST,
    FIRM,
    RULE_VERSION,
    Symptom,
    evidence,
    goes_on,
    judge,
    likeliest,
    stands,
    weigh,
)
from tuner.registry import SYMPTOMS  # noqa: E402
from tuner.shape import NAMES, numbers  # noqa: E402
from tuner.shape_of_one import LEAST  # noqa: E402

Array = NDArray[np.float64]
Names = NDArray[np.str_]
Which = NDArray[np.bool_]

EDGES = {scorecard.SEEN: [0.5, 1.5], scorecard.MARGIN: [0.5, 0.8], scorecard.VERDICT: [0.5]}
OF_RULES = [f"{kind} {name}" for kind in EDGES for name in SYMPTOMS]

TRUST, CAUTIOUS, WARY = 3.0, 1.7, 12.0
"""The finished card's ``trust`` and ``caution``, and the ``caution`` of that for curves that go on."""

LOOKS = 16
"""Cuts of a curve that goes on, at most."""

TEXTBOOK = "textbook"
"""What stands for the part of a drawn example."""

TINY = 1e-12


@dataclass(frozen=True)
class Recipe:
    """What a card is made of: its numbers, intervals of each, the pull to 0 (scikit-learn's C), and its ``caution``.

    ``evened`` is how much alike the labels count; ``example`` is how many curves of the bank a drawn example weighs, as
    those that go on and are sick must all be alarms.
    """

    keys: tuple[str, ...]
    intervals: int
    pull: float
    caution: float
    evened: float
    example: float


RECIPES = {
    scorecard.FINISHED: Recipe(tuple(NAMES), 12, 0.3, CAUTIOUS, 1.0, 4.0),
    scorecard.RUNNING: Recipe((*NAMES, *OF_RULES, scorecard.PROGRESS), 8, 0.05, WARY, 0.5, 70.0),
}


@dataclass(frozen=True)
class Rows:
    """What a card is fitted on: ``numbers`` [n, keys], labels, parts of the bank, weights, curves.

    ``said`` has the names of all that the rules saw, their verdict first.
    """

    numbers: Array
    labels: Names
    parts: Names
    weights: Array
    curves: NDArray[np.int64]
    said: Names


def main() -> None:
    bank = [labelled for file in sys.argv[1:] for labelled in load(Path(file))]
    ends, cuts = gather([*of_ends(bank), *of_textbook()]), gather([*of_cuts(bank), *of_textbook_cuts()])
    at_end = report_ends(ends, left_out(ends, RECIPES[scorecard.FINISHED]))
    on_the_way = report_cuts(cuts, left_out(cuts, RECIPES[scorecard.RUNNING]))
    cards = {
        scorecard.FINISHED: [*card(ends, RECIPES[scorecard.FINISHED]), f'"trust": {TRUST}', at_end],
        scorecard.RUNNING: [*card(cuts, RECIPES[scorecard.RUNNING]), on_the_way],
    }
    known = [f'"rules": "{RULE_VERSION}"', f'"verdicts": "{digest()}"']
    known += [f'"{name}": {{\n' + ",\n".join(lines) + "\n}" for name, lines in cards.items()]
    (ROOT / "tuner" / "scorecard.json").write_text("{\n" + ",\n".join(known) + "\n}\n", encoding="utf-8")


Row = tuple[list[float], str, str, float, int, str]


def gather(rows: Iterable[Row]) -> Rows:
    return Rows(*(np.array(column) for column in zip(*rows, strict=True)))


def of_ends(bank: Sequence[Labelled]) -> Iterator[Row]:
    """Yield every curve at its end, but for those of which the rules say a fact."""
    for number, labelled in enumerate(bank):
        judged = judge(labelled.curve, SYMPTOMS)
        if judged[0].name not in FACTS and labelled.curve.length >= FEWEST:
            found = numbers(labelled.curve)
            values = [found.get(key, np.nan) for key in NAMES]
            yield values, labelled.row["label"], part_of(labelled), 1.0, number, names_of(judged)


def part_of(labelled: Labelled) -> str:
    """Return the part whose data and models a curve is of."""
    return str(labelled.row["half"]).partition("-")[0]


def of_textbook() -> Iterator[Row]:
    """Yield the examples of the symptoms, which are smoother than anything that is trained."""
    weight = RECIPES[scorecard.FINISHED].example
    for name, plugin in SYMPTOMS.items():
        for curve in plugin.SEEN.values():
            judged = judge(curve, SYMPTOMS)
            found = numbers(curve)
            if judged[0].name == name not in FACTS and found:
                values = [found.get(key, np.nan) for key in NAMES]
                yield values, name, TEXTBOOK, weight, -1, names_of(judged)


def names_of(judged: Sequence[Symptom]) -> str:
    return " ".join(symptom.name for symptom in judged)


def of_cuts(bank: Sequence[Labelled]) -> Iterator[Row]:
    """Yield cuts of sound runs that end well, and of sick ones that end badly, at which the rules say nothing firm."""
    for number, labelled in enumerate(bank):
        row, curve = labelled.row, labelled.curve
        healthy = SYMPTOMS[row["label"]].HEALTHY
        if healthy == row["ends_badly"] or row["label"] in FACTS:
            continue
        last = curve.length - 1
        found: list[tuple[list[float], str]] = []
        for epoch in curve.epochs[LEAST - 1 : last : max(1, (last - LEAST) // LOOKS)].tolist():
            cut = curve.until(epoch)
            judged = judge(cut, SYMPTOMS)
            if goes_on(cut) and judged[0].name not in FIRM:
                found.append((values_of(cut, judged), names_of(judged)))
        label = scorecard.SOUND if healthy else row["label"]
        for values, said in found:
            yield values, label, part_of(labelled), len(found) ** -0.5, number, said


def of_textbook_cuts() -> Iterator[Row]:
    """Yield the examples that go on: those of symptoms as runs that end badly, healthy shapes as sound ones."""
    weight = RECIPES[scorecard.RUNNING].example
    for name, plugin in SYMPTOMS.items():
        for curve in plugin.SEEN.values():
            judged = judge(curve, SYMPTOMS)
            first = judged[0]
            if goes_on(curve) and first.name == name not in FIRM and (first.healthy or first.harmful):
                label = scorecard.SOUND if plugin.HEALTHY else name
                yield values_of(curve, judged), label, TEXTBOOK, weight, -1, names_of(judged)


def values_of(curve: Curve, judged: Sequence[Symptom]) -> list[float]:
    found = evidence(curve, judged)
    keys = RECIPES[scorecard.RUNNING].keys
    return [found.get(key, np.nan if key in NAMES else 0.0) for key in keys]


def edges_of(rows: Array, recipe: Recipe) -> dict[str, list[float]]:
    """Return the edges of each number: fixed ones for what the rules saw, quantiles of the others."""
    found = {}
    for key, column in zip(recipe.keys, rows.T, strict=True):
        at = np.nanquantile(column, np.linspace(0, 1, recipe.intervals + 1)[1:-1])
        found[key] = EDGES[key.split()[0]] if key in OF_RULES else sorted({float(f"{v:.4g}") for v in at})
    return found


def coded(rows: Array, edges: Mapping[str, Sequence[float]]) -> Array:
    """Return for each number whether it lies above each of its edges, and whether it is missing, [n, columns]."""
    columns = []
    for key, column in zip(edges, rows.T, strict=True):
        columns += [column > edge for edge in edges[key]]
        columns += [np.isnan(column)]
    return np.stack(columns, axis=1).astype(np.float32)


def fit(rows: Rows, of: Which, recipe: Recipe) -> tuple[dict[str, list[float]], LogisticRegression]:
    edges, weights = edges_of(rows.numbers[of], recipe), balanced(rows, of, recipe.evened)
    model = LogisticRegression(C=recipe.pull, max_iter=500)
    return edges, model.fit(coded(rows.numbers[of], edges), rows.labels[of], sample_weight=weights)


def balanced(rows: Rows, of: Which, evened: float) -> Array:
    """Return the weights by which labels count alike (``evened`` 1) or by the root of their number (0.5).

    Sound runs, where that is a label, count as much as all the others together.
    """
    labels, found = rows.labels[of], rows.weights[of].copy()
    for label in np.unique(labels):
        found[labels == label] /= found[labels == label].sum() ** evened
    sound = labels == scorecard.SOUND
    for side in (sound, ~sound):
        found[side] *= len(np.unique(rows.curves[of])) / max(found[side].sum(), TINY)
    return found


def left_out(rows: Rows, recipe: Recipe) -> Array:
    """Return how likely each label is, shape [n, labels], each part of the bank by a fit on the others."""
    labels = np.unique(rows.labels)
    likely = np.zeros((len(rows.labels), len(labels)))
    for part in np.unique(rows.parts):
        out = rows.parts == part
        edges, model = fit(rows, ~out, recipe)
        at = np.searchsorted(labels, model.classes_)
        likely[np.ix_(out, at)] = model.predict_proba(coded(rows.numbers[out], edges))
    return likely


def verdicts(rows: Rows, likely: Array) -> tuple[Names, Array]:
    """Return the likeliest label of each curve by shape and rules, and how likely it is."""
    labels = np.unique(rows.labels).tolist()
    card = scorecard.Card((), np.zeros(0), {}, np.zeros((0, 0)), CAUTIOUS, TRUST, (0.0, 1.0))
    said = [seen.split() for seen in rows.said.tolist()]
    weighed = [weigh(dict(zip(labels, p, strict=True)), s, card, SYMPTOMS) for p, s in zip(likely, said, strict=True)]
    best = [likeliest(found, seen[0]) for found, seen in zip(weighed, said, strict=True)]
    return np.array(best), np.array([found[name] for found, name in zip(weighed, best, strict=True)])


def report_ends(rows: Rows, likely: Array) -> str:
    """Print what the card says of parts left out of its fit, and return how sure its verdicts are."""
    found, weight = verdicts(rows, likely)
    healthy = np.array([SYMPTOMS[label].HEALTHY for label in rows.labels])
    alarm = np.array([not SYMPTOMS[label].HEALTHY for label in found])
    for part in np.unique(rows.parts):
        of = rows.parts == part
        right, false = np.mean(found[of] == rows.labels[of]), np.sum(alarm[of & healthy])
        print(
            f"{part:9s} {right:.1%} of {of.sum()} verdicts right, {false} of {np.sum(of & healthy)} healthy runs sick"
        )
    return sureness(weight, found == rows.labels)


def sureness(weight: Array, right: Which) -> str:
    """Return the line that turns how likely a verdict is into the share of such verdicts that are right."""
    logits = np.array([[logit(w)] for w in weight])
    model = LogisticRegression(C=1e3).fit(logits, right)
    return f'"sure": [{model.intercept_[0]:.3f}, {model.coef_[0, 0]:.3f}]'


def report_cuts(rows: Rows, likely: Array) -> str:
    """Print how many runs are called sick while they go on, and return how sure it is what they are called."""
    labels = np.unique(rows.labels)
    sick = labels != scorecard.SOUND
    progress = rows.numbers[:, RECIPES[scorecard.RUNNING].keys.index(scorecard.PROGRESS)]
    at = zip(likely[:, sick].sum(axis=1), progress, strict=True)
    harm = np.array([not SYMPTOMS[said.split()[0]].HEALTHY for said in rows.said.tolist()])
    alarm = harm & np.array([stands(p, done, WARY) for p, done in at])
    sound = rows.labels == scorecard.SOUND
    for part in np.unique(rows.parts):
        counts = []
        for name, of in (("sick", (rows.parts == part) & ~sound), ("sound", (rows.parts == part) & sound)):
            counts.append(f"{len(set(rows.curves[of & alarm]))} of {len(set(rows.curves[of]))} {name}")
        print(f"{part:9s} called sick before the end: {', '.join(counts)} runs")
    first = likely[alarm][:, sick]
    return sureness(first.max(axis=1), labels[sick][first.argmax(axis=1)] == rows.labels[alarm])


def card(rows: Rows, recipe: Recipe) -> list[str]:
    """Return the lines of a card as JSON, a number a line."""
    edges, model = fit(rows, np.ones(len(rows.labels), dtype=bool), recipe)
    weights, start = model.coef_, model.intercept_
    lines = [f'"labels": {json.dumps(model.classes_.tolist())}', f'"caution": {recipe.caution}']
    lines += [f'"start": {rounded(start)}']
    steps, first = [], 0
    for key in recipe.keys:
        n = len(edges[key])
        above = np.cumsum(weights[:, first : first + n], axis=1).T
        missing = weights[:, first + n]  # of what the rules saw nothing is missing, and its weight is 0
        points = [np.zeros(len(start)), *above, missing]
        if any(np.abs(row).max() >= 0.0005 for row in points):
            listed = ", ".join(rounded(row) for row in points)
            steps.append(f'{json.dumps(key)}: {{"edges": {json.dumps(edges[key])}, "points": [{listed}]}}')
        first += n + 1
    return [*lines, '"steps": {\n' + ",\n".join(steps) + "\n}"]


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
