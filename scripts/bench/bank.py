"""Tables about the bank: curves of real small trainings with a known cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from scripts.bench.judging import Case, Verdict
from scripts.bench.measures import (
    BINS,
    Estimate,
    accuracy,
    bootstrap,
    by_group,
    calibration_error,
    confusion,
    f1_macro,
    f1_of,
    mean,
    reliability,
    share,
)
from scripts.bench.sheets import Sheet
from tuner.registry import SYMPTOMS

HEALTHY = frozenset(name for name, plugin in SYMPTOMS.items() if plugin.HEALTHY) | {
    "converged",
    "still_improving",
    "fine_tuning",
    "too_early",
}
GROUP_NOTE = "F1: bootstrap over groups (data set x architecture x cause). Shares: Wilson."


def is_healthy(label: str) -> bool:
    return label in HEALTHY


def sheets(cases: Sequence[Case], said: Sequence[Verdict]) -> list[Sheet]:
    return [
        overall(cases, said),
        per_label(cases, said),
        *(slices(cases, said, field) for field in ("data", "architecture")),
        variants(cases, said),
        matrix(cases, said),
        confusions(cases, said),
        calibration(cases, said),
    ]


def labels_of(cases: Sequence[Case]) -> list[str]:
    """Return the labels that occur, in the order of the registry."""
    order = {name: i for i, name in enumerate(SYMPTOMS)}
    return sorted({case.label for case in cases}, key=lambda name: (order.get(name, len(order)), name))


def macro(cases: Sequence[Case], said: Sequence[Verdict]) -> tuple[Estimate, Estimate]:
    """Return macro F1 and accuracy."""
    counts = confusion([c.label for c in cases], [v.name for v in said], labels_of(cases))
    grouped = by_group([c.group for c in cases], counts)
    return bootstrap(grouped, f1_macro), bootstrap(grouped, accuracy)


def overall(cases: Sequence[Case], said: Sequence[Verdict]) -> Sheet:
    sheet = Sheet("bank", "Bank: the whole", ["measure", "of", "value"], note=GROUP_NOTE)
    f1, right = macro(cases, said)
    pairs = list(zip(cases, said, strict=True))
    healthy = [v for c, v in pairs if is_healthy(c.label)]
    sick = [v for c, v in pairs if not is_healthy(c.label)]
    lenient = sum(v.name == c.label or v.name in c.secondary for c, v in pairs)
    sheet.add("macro F1 over all labels", len(cases), f1)
    sheet.add("verdict is the label", len(cases), right)
    sheet.add("verdict is the label or a secondary one", len(cases), share(lenient, len(cases)))
    sheet.add("label is among the symptoms", len(cases), share(sum(c.label in v.seen for c, v in pairs), len(cases)))
    sheet.add("false alarms: healthy called sick", len(healthy), share(sum(v.sick for v in healthy), len(healthy)))
    severe = sum(v.sick and v.severity >= 0.5 for v in healthy)
    sheet.add("of them harmful (severity from 0.5)", len(healthy), share(severe, len(healthy)))
    sheet.add("missed: sick called healthy", len(sick), share(sum(v.healthy for v in sick), len(sick)))
    return sheet


def per_label(cases: Sequence[Case], said: Sequence[Verdict]) -> Sheet:
    heads = ["label", "n", "precision", "recall", "F1", "seen"]
    sheet = Sheet("bank_labels", "Bank: by label", heads, note="seen: the label is among the symptoms.")
    labels = labels_of(cases)
    truth, names = [c.label for c in cases], [v.name for v in said]
    grouped = by_group([c.group for c in cases], confusion(truth, names, labels))
    for i, label in enumerate(labels):
        mine = [v for t, v in zip(truth, said, strict=True) if t == label]
        right = sum(v.name == label for v in mine)
        sheet.add(
            label if not is_healthy(label) else f"+ {label}",
            len(mine),
            share(right, names.count(label)),
            share(right, len(mine)),
            bootstrap(grouped, f1_of(i)),
            share(sum(label in v.seen for v in mine), len(mine)),
        )
    sheet.note += " +: healthy."
    return sheet


def slices(cases: Sequence[Case], said: Sequence[Verdict], field: str) -> Sheet:
    """Return the main measures by data set or by architecture."""
    heads = [field, "n", "macro F1", "right", "false alarms"]
    sheet = Sheet(f"bank_by_{field}", f"Bank: by {field}", heads)
    for value in sorted({getattr(c, field) for c in cases}):
        pairs = [(c, v) for c, v in zip(cases, said, strict=True) if getattr(c, field) == value]
        f1, right = macro(*zip(*pairs, strict=True))
        healthy = [v for c, v in pairs if is_healthy(c.label)]
        sheet.add(value, len(pairs), f1, right, share(sum(v.sick for v in healthy), len(healthy)))
    return sheet


def variants(cases: Sequence[Case], said: Sequence[Verdict]) -> Sheet:
    """Return the hardest variants: those of which fewest get their label."""
    sheet = Sheet("bank_variants", "Bank: hardest variants", ["label", "variant", "n", "right", "mostly said"])
    found: dict[tuple[str, str], list[str]] = {}
    for c, v in zip(cases, said, strict=True):
        found.setdefault((c.label, c.variant), []).append(v.name)
    hardest = sorted(found.items(), key=lambda item: item[1].count(item[0][0]) / len(item[1]))
    for (label, variant), names in hardest[:15]:
        name, n = Counter(names).most_common(1)[0]
        sheet.add(label, variant, len(names), share(names.count(label), len(names)), f"{name} {n}")
    return sheet


def matrix(cases: Sequence[Case], said: Sequence[Verdict]) -> Sheet:
    """Return the confusion matrix; columns have the numbers of the rows."""
    labels = labels_of(cases)
    counts = confusion([c.label for c in cases], [v.name for v in said], labels).sum(axis=0).astype(int)
    sheet = Sheet(
        "bank_confusion",
        "Bank: confusion matrix",
        ["", "label", *map(str, range(1, len(labels) + 1)), "?"],
        note="Rows: label; columns: verdict, by the number of its row; ?: any other verdict, or none.",
    )
    for i, label in enumerate(labels):
        sheet.add(str(i + 1), label, *(str(n) if n else "." for n in counts[i].tolist()))
    return sheet


def confusions(cases: Sequence[Case], said: Sequence[Verdict], most: int = 15) -> Sheet:
    sheet = Sheet("bank_confusions", "Bank: most frequent confusions", ["label", "verdict", "n", "examples"])
    wrong: dict[tuple[str, str], list[str]] = {}
    for c, v in zip(cases, said, strict=True):
        if v.name != c.label:
            wrong.setdefault((c.label, v.name), []).append(c.id)
    for (label, name), ids in sorted(wrong.items(), key=lambda item: -len(item[1]))[:most]:
        sheet.add(label, name, len(ids), " ".join(ids[:2]))
    return sheet


def calibration(cases: Sequence[Case], said: Sequence[Verdict]) -> Sheet:
    """Return how often a verdict of each confidence is right."""
    right = [v.name == c.label for c, v in zip(cases, said, strict=True)]
    confidence = [v.confidence for v in said]
    groups = [c.group for c in cases]
    bins = reliability(confidence, right)
    squared = np.array([[(c - r) ** 2, 1.0] for c, r in zip(confidence, right, strict=True)])
    sheet = Sheet("calibration", "Bank: calibration", ["confidence of the verdict", "n", "mean", "right"])
    for i, (n, summed, hits) in enumerate(bins.sum(axis=0).tolist()):
        sheet.add(f"{i / BINS:.1f}-{(i + 1) / BINS:.1f}", int(n), summed / n if n else None, share(int(hits), int(n)))
    sheet.add("ECE", len(cases), None, bootstrap(by_group(groups, bins), calibration_error))
    sheet.add("Brier", len(cases), None, bootstrap(by_group(groups, squared), mean))
    return sheet
