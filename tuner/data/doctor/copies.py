"""Copies: the same image twice, to the byte or nearly so, within a split or across splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tuner.data import pictures
from tuner.data.doctor import alike
from tuner.data.doctor.dataset import DataSet, Sample
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.doctor.looks import Looks

SELF_SIMILAR = 0.6
"""Where more of the images than that have a look-alike, looking alike is the nature of the set and no copy."""
MANY = 5
"""So it is where there are more such pairs than that for each image."""
SAME_BOX = 1e-3


def check(data: DataSet, looks: Looks) -> Iterator[Finding]:
    """Yield findings about images that are there more than once."""
    listed = [(split, sample) for split, sample in data.samples()]
    yield from _identical(listed, looks)
    yield from _nearly(listed, looks)


def _identical(listed: list[tuple[str, Sample]], looks: Looks) -> Iterator[Finding]:
    groups = pictures.copies(zip(looks.rows.tolist(), looks.digests.tolist(), strict=True))
    # A file that is listed twice is one image; that is said elsewhere.
    same = [group for group in groups if len({listed[i][1].path for i in group}) > 1]
    across = [group for group in same if len({listed[i][0] for i in group}) > 1]
    if same:
        text = f"{sum(map(len, same))} images in {len(same)} groups of byte-identical ones"
        yield finding("copies", Level.NOTE, text, "keep one of each", [_paths(g, listed) for g in same])
    if across:
        held = [i for group in across for i in group if listed[i][0] != "train"]
        text = (
            f"{len(held)} images of {_splits(held, listed)} have an exact copy in another split: the score is too good"
        )
        yield finding("leaked_copies", Level.WARNING, text, "drop them there", [_paths(g, listed) for g in across])
    differ = [group for group in same if len({_boxes(listed[i][1]) for i in group}) > 1]
    if differ:
        text = f"in {len(differ)} of {len(same)} groups of identical images the labels differ"
        advice = "so much do labels vary: differences of the score below that are chance"
        yield finding("copies_labelled_otherwise", Level.WARNING, text, advice, [_paths(g, listed) for g in differ])


def _nearly(listed: list[tuple[str, Sample]], looks: Looks) -> Iterator[Finding]:
    found = looks.rows[alike.pairs(looks)]
    if not len(found):
        return
    if len(np.unique(found)) > SELF_SIMILAR * len(looks.rows) or len(found) > MANY * len(looks.rows):
        text = f"{len(np.unique(found))} of {len(looks.rows)} images have one that looks nearly the same"
        yield finding("self_similar", Level.NOTE, f"{text}: copies cannot be told from the nature of this set")
        return
    split_of = np.array([split for split, _ in listed])[found]
    apart = split_of[:, 0] != split_of[:, 1]
    across, within = found[apart], found[~apart]
    if len(across):
        text = f"{len(across)} pairs of images that look the same lie in different splits: the score may be too good"
        advice = "keep such pairs on one side: saved anew, scaled or brightened they teach the same"
        yield finding("leaked_look_alikes", Level.WARNING, text, advice, (_paths(g, listed) for g in across))
    if len(within):
        text = f"{len(within)} pairs of images within a split look the same"
        yield finding(
            "look_alikes",
            Level.NOTE,
            text,
            "copies saved anew? then keep one of each",
            (_paths(g, listed) for g in within),
        )


def _paths(group: Iterable[int], listed: list[tuple[str, Sample]]) -> list[str]:
    return [listed[i][1].path for i in group]


def _splits(rows: list[int], listed: list[tuple[str, Sample]]) -> str:
    return " and ".join(sorted({listed[i][0] for i in rows}))


def _boxes(sample: Sample) -> tuple[tuple[float, ...], ...]:
    """Return the objects of a sample such that they compare equal where they differ by rounding only."""
    return tuple(sorted(map(tuple, (np.round(sample.objects / SAME_BOX) * SAME_BOX).tolist())))
