"""A page with pictures of what was found in a data set: one file, without any network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tuner import pages, whole
from tuner.data import thumbnails
from tuner.data.doctor import said
from tuner.data.doctor.dataset import DataSet, Sample
from tuner.data.doctor.examine import Examined
from tuner.data.doctor.finding import Finding
from tuner.data.thumbnails import Drawn
from tuner.evidence import page as pictures_of

SIDE = 200
"""Pixels of the longer side of a picture on the page: 12 groups of two take 300 kB."""
MOST_CLASSES = 100
BOX_COLOUR = "#ff9d2e"


def write(examined: Examined, path: Path) -> None:
    """Write the page to ``path``; raises OSError where that cannot be."""
    data = examined.data
    samples = {sample.path: (split, sample) for split, sample in data.samples()}
    page = pages.render(
        "data/doctor/page.html",
        data=data,
        splits=said.splits(data),
        counts=said.counts(examined),
        classes=_counts(data),
        findings=[(one, _shown(one, data, samples)) for one in examined.findings if one.name != "doubtful_labels"],
        doubted=[(one, _doubts(one, examined)) for one in examined.findings if one.name == "doubtful_labels"],
    )
    whole.write(path, page)


def _doubts(one: Finding, examined: Examined) -> list[dict[str, Any]]:
    """Return the pictures of the labels that look wrong in the split that a finding is about."""
    evidence = examined.doubted[one.text.partition(": ")[0]]
    return pictures_of.figures(evidence, evidence.doubtful)


def _counts(data: DataSet) -> list[tuple[str, list[int], float]]:
    """Return each class with its objects by split, and how many of the training images it has of the largest's."""
    if not 1 < len(data.names) <= MOST_CLASSES:
        return []
    counts = [data.classes(split) for split in data.splits]
    trained = data.classes(data.training)
    largest = max(trained.values(), default=1)
    rows = [(n, [c[i] for c in counts], trained[i] / largest) for i, n in enumerate(data.names)]
    return sorted(rows, key=lambda row: -row[2])


def _shown(one: Finding, data: DataSet, samples: dict[str, tuple[str, Sample]]) -> list[list[dict[str, Any]]]:
    """Return the groups of a finding, each file with its name, its split and its picture."""
    return [[_figure(path, data, samples) for path in group] for group in one.groups]


def _figure(path: str, data: DataSet, samples: dict[str, tuple[str, Sample]]) -> dict[str, Any]:
    split, sample = samples.get(path, ("", None))
    return {
        "name": said.short(path, data),
        "split": split,
        "picture": thumbnails.data_url(sample, [Drawn(sample.objects, BOX_COLOUR)], SIDE) if sample else "",
        "classes": _classes(sample, data) if sample and len(data.names) > 1 else "",
    }


def _classes(sample: Sample, data: DataSet) -> str:
    return ", ".join(sorted({data.names[int(c)] for c in sample.objects[:, 0]}))
