"""How the objects are spread over classes and images."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.data.doctor.dataset import LARGEST_RATIO, DataSet
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.doctor.looks import Looks

MOSTLY_EMPTY = 0.5
NAMED = 5


def check(data: DataSet, looks: Looks) -> Iterator[Finding]:
    """Yield findings about classes and about images without objects."""
    counts = {name: data.classes(name) for name in data.splits}
    train = counts[data.training]
    if len(data.names) == 1 and data.task != "classify":
        text = f"one class ({data.names[0]}): a flat cls loss, or one of 0, is to be expected"
        yield finding("one_class", Level.NOTE, text)
    missing = [name for i, name in enumerate(data.names) if not train[i]]
    if missing:
        text = f"{data.training}: {len(missing)} of {len(data.names)} classes have no object: {_few(missing)}"
        yield finding("absent_class", Level.WARNING, text, "nothing can be learnt of them: add some, or take them out")
    for split, found in counts.items():
        unseen = [name for i, name in enumerate(data.names) if train[i] and not found[i]]
        if split != data.training and unseen and found:
            text = f"{split}: {len(unseen)} classes of {data.training} have no object: {_few(unseen)}"
            yield finding("unscored_class", Level.WARNING, text, "their score is unknown: split class by class")
    yield from _balance(data, [(train[i], name) for i, name in enumerate(data.names) if train[i]])
    yield from _empty(data)


def _balance(data: DataSet, found: list[tuple[int, str]]) -> Iterator[Finding]:
    if len(found) < 2:
        return
    (most, largest), (least, smallest) = max(found), min(found)
    if most / least > LARGEST_RATIO:
        text = (
            f"{data.training}: '{largest}' has {most} objects, '{smallest}' {least}: {most / least:.0f} times as many; "
            f"up to {LARGEST_RATIO:.0f} counts as balanced"
        )
        advice = "collect more of the small classes, or oversample them in training (never in validation)"
        yield finding("class_balance", Level.WARNING, text, advice)


def _empty(data: DataSet) -> Iterator[Finding]:
    for split, samples in data.splits.items():
        bare = [s.path for s in samples if not len(s.objects)]
        if bare and len(bare) < len(samples):
            much = len(bare) / len(samples) > MOSTLY_EMPTY
            text = f"{split}: {len(bare)} of {len(samples)} images show no object"
            advice = "is that meant? their labels may be missing" if much else ""
            yield finding("background", Level.WARNING if much else Level.NOTE, text, advice, bare)


def _few(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
