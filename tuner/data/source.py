"""What a data set holds before it is brought into the YOLO layout, and the drawing of splits that it does not have."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tuner.data.boxes import Picture
from tuner.errors import ConfigError

Splits = dict[str, list[Picture]]


@dataclass
class Source:
    """The pictures of a set by their id, the ids in each split that it comes with, and what was wrong with it.

    ``came`` says where that split is from, ``tally`` counts the boxes that were dropped or clipped, by why; ``remarks``
    are sentences, ``mistakes`` what is wrong with single images and annotations, which are left out then.
    """

    where: str
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    came: str = "as the data set has it"
    tally: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    mistakes: dict[str, list[ConfigError]] = field(default_factory=dict)


def split(source: Source, *, val_share: float, test_share: float, seed: int) -> tuple[Splits, dict[str, str]]:
    """Return the pictures of each split, and how each came about: as it came, or drawn where the set has none.

    The test images are drawn from all, the validation images from what is left for training.
    """
    splits = {name: [source.pictures[i] for i in ids if i in source.pictures] for name, ids in source.lists.items()}
    splits = {name: pictures for name, pictures in splits.items() if pictures} or {"train": [*source.pictures.values()]}
    how = {name: source.came for name in splits if name != "train"}
    for name, share in (("test", test_share), ("val", val_share)):
        if name not in splits and share > 0:
            splits["train"], splits[name] = draw(splits["train"], share, f"{name}:{seed}", source.where)
            how[name] = drawn(seed)
    return {name: splits[name] for name in ("train", "val", "test") if name in splits}, how


def drawn(seed: int) -> str:
    return f"drawn from train with seed {seed}, byte-identical images on one side"


def draw(pictures: Sequence[Picture], share: float, seed: str, where: str) -> tuple[list[Picture], list[Picture]]:
    """Return the pictures that stay and those that are drawn; byte-identical ones are drawn together or not at all.

    Raises ConfigError where no picture would be drawn, or none would stay.
    """
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        groups.setdefault(picture.digest, []).append(picture)
    wanted = round(share * len(pictures))
    chosen: set[str] = set()
    for group in sorted(groups.values(), key=lambda group: _rank(seed, group)):
        if len(chosen) + len(group) <= wanted:
            chosen |= {picture.name for picture in group}
    if not chosen or len(chosen) == len(pictures):
        problem = f"expected enough images to draw a share of {share:g} from, but got {len(pictures)}"
        raise ConfigError(where, seed.partition(":")[0], problem)
    return [p for p in pictures if p.name not in chosen], [p for p in pictures if p.name in chosen]


def _rank(seed: str, group: Sequence[Picture]) -> bytes:
    """Return the place of a group in a random order that does not depend on what else is there."""
    return hashlib.sha256(f"{seed}:{min(picture.name for picture in group)}".encode()).digest()
