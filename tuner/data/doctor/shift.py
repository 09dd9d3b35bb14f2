"""Whether the validation images come from where the training images come from, by plain statistics of each image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from tuner.data.doctor.dataset import DataSet
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.doctor.looks import STATISTICS, Looks

ALPHA = 0.01
"""The share of sets without a shift that are called shifted, over all statistics together (Holm 1979)."""
LEAST_DISTANCE = 0.1
"""Of two cumulative distributions (Kolmogorov-Smirnov): less is only seen with very many images, and harmless."""
LEAST_IMAGES = 20


def check(data: DataSet, looks: Looks) -> Iterator[Finding]:
    """Yield a finding for each split that differs from the training images, saying in what."""
    split_of = np.array([name for name, _ in data.samples()])[looks.rows]
    measured = {**dict(zip(STATISTICS, looks.statistics.T, strict=True)), **_of_objects(data, looks)}
    train = split_of == data.training
    for name in data.splits:
        other = split_of == name
        if name == data.training or min(train.sum(), other.sum()) < LEAST_IMAGES:
            continue
        shifted = _shifted({what: (values[train], values[other]) for what, values in measured.items()})
        if shifted:
            said = "; ".join(f"{what} {a:.3g} against {b:.3g}" for what, a, b in shifted)
            text = f"{name} differs from {data.training} (medians): {said}"
            advice = "drawn from other images? then the score says how well it transfers, not how well it learns"
            yield finding("shift", Level.WARNING, text, advice)


def _of_objects(data: DataSet, looks: Looks) -> dict[str, NDArray[np.float64]]:
    """Return one number an image about its objects: those of one image are not independent of each other."""
    if data.task == "classify":
        return {}
    samples = [sample for _, sample in data.samples()]
    sizes = [np.sqrt(s.objects[:, 3] * s.objects[:, 4]) for s in samples]
    usual = np.array([np.median(size) if len(size) else np.nan for size in sizes])
    return {
        "objects": np.array([float(len(s.objects)) for s in samples])[looks.rows],
        "object size": usual[looks.rows],
    }


def _shifted(
    measured: dict[str, tuple[NDArray[np.floating], NDArray[np.floating]]],
) -> list[tuple[str, float, float]]:
    """Return what differs, with the medians on both sides."""
    tested = []
    for what, (a, b) in measured.items():
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if min(len(a), len(b)) >= LEAST_IMAGES:
            result = ks_2samp(a, b)
            tested.append(
                (float(result.pvalue), float(result.statistic), what, float(np.median(a)), float(np.median(b)))
            )
    found = []
    for rank, (p, distance, what, a_median, b_median) in enumerate(sorted(tested)):
        if p > ALPHA / (len(tested) - rank):
            break
        if distance >= LEAST_DISTANCE:
            found.append((what, a_median, b_median))
    return found
