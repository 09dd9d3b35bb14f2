"""The splits: whether they are there, how large they are, and how well scores can be told apart on them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tuner.data.doctor.dataset import UNSPLIT, DataSet, lengths
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.doctor.looks import Looks

LEAST_SHARE, MOST_SHARE = 0.1, 0.4
"""Of the images that are not for the test, about a fifth for validation is usual."""
TYPICAL_SCORE, Z = 0.9, 1.96
USUAL_SHARE = 0.2
FEW, NAMED = 5, 5
"""Below so many validation images of a class its recall is known to ±0.4 at best."""
WIDE = 0.05
"""Scores that are only known to within so much cannot rank trials."""


def check(data: DataSet, looks: Looks) -> Iterator[Finding]:
    """Yield findings about the sizes of the splits."""
    yield from (
        finding("no_images", Level.MISTAKE, f"{name}: there are no images", "see that the path is right")
        for name, samples in data.splits.items()
        if not samples
    )
    yield from _in_common(data)
    if data.task == "classify" and list(data.splits) == [UNSPLIT]:
        yield from _not_split(data)
        return
    if not data.splits.get("val"):
        if "val" not in data.splits:
            text = f"there is no validation set: {', '.join(data.splits)} only"
            advice = "the score would be taken on the images trained on or tested on: tuner data draws one"
            yield finding("no_validation", Level.WARNING, text, advice)
        return
    train, val = len(data.splits[data.training]), len(data.splits["val"])
    share = val / (train + val)
    if not LEAST_SHARE <= share <= MOST_SHARE:
        text = f"val has {share:.0%} of the images of train and val together"
        yield finding("val_share", Level.NOTE, text, "about 20 % is usual")
    objects = int(lengths(data.splits["val"]).sum())
    if objects:
        half = half_width(objects)
        noun = "images" if data.task == "classify" else "objects"
        text = f"val has {objects} {noun}: a score near {TYPICAL_SCORE:g} is known to about ±{half:.3f}"
        if half > WIDE:
            advice = "too few to tell one setting from another: validate on more, or average over seeds and folds"
            yield finding("val_small", Level.WARNING, text, advice)
        else:
            yield finding("val_size", Level.NOTE, f"{text}; smaller differences are chance")


def _not_split(data: DataSet) -> Iterator[Finding]:
    """Say what a share for validation will hold."""
    counts = {name: data.classes(UNSPLIT)[number] for number, name in enumerate(data.names)}
    drawn = round(USUAL_SHARE * sum(counts.values()))
    text = f"the set is not split: trainer: torch does it, class by class; a fifth to validate on is {drawn} images"
    yield finding("not_split", Level.NOTE, f"{text}, {_known(drawn)}")
    few = {name: round(USUAL_SHARE * n) for name, n in counts.items() if n and round(USUAL_SHARE * n) < FEW}
    if few:
        told_of = ", ".join(f"{n} of '{name}'" for name, n in sorted(few.items(), key=lambda item: item[1])[:NAMED])
        text = f"a fifth to validate on has {told_of}: how well that is found can hardly be told"
        advice = "collect more of them; until then their score is mostly chance"
        yield finding("few_of_class", Level.WARNING, text, advice)


def _known(count: int) -> str:
    return f"on which a score near {TYPICAL_SCORE:g} is known to about ±{half_width(count):.3f}" if count else "too few"


def half_width(count: int, share: float = TYPICAL_SCORE) -> float:
    """Return half the 95 % interval of a share of ``count`` independent cases (normal approximation)."""
    return Z * math.sqrt(share * (1 - share) / count)


def _in_common(data: DataSet) -> Iterator[Finding]:
    names = list(data.splits)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            both = {s.path for s in data.splits[one]} & {s.path for s in data.splits[other]}
            if both:
                text = f"{one} and {other} have {len(both)} image files in common: the score is too good"
                yield finding("same_files", Level.WARNING, text, f"list them for {other} only", sorted(both))
