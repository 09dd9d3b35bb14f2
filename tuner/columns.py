"""Which column is meant: logs call the same thing ``val/cls_loss`` and ``loss_cls``, ``mAP50(B)`` and ``AP50``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tuner import manual

_PREFIX = re.compile(
    r"^(train|training|val|valid|validation|eval|test|dev|metrics?|loss|losses|coco|bbox|segm|keypoints?|d\d+|epoch|avg|mean)_"
)
_SUFFIX = re.compile(r"_(\d+|b|m|p|epoch|step|avg|mean|macro|micro|weighted)$")


def find(name: str) -> str | None:
    """Return the column of the manual that ``name`` stands for; None where there is none."""
    known = _known()
    return next((known[spelling] for spelling in _spellings(name) if spelling in known), None)


def names() -> tuple[str, ...]:
    """Return every column of the manual."""
    return tuple(manual.columns())


@cache
def _known() -> dict[str, str]:
    columns = manual.columns()
    others = {_plain(other): name for name, column in columns.items() for other in column["names"]}
    return others | {_plain(name): name for name in columns}


def _spellings(name: str) -> Iterator[str]:
    """Yield the name as it stands, then with ever less of what is put around it."""
    left = _plain(name)
    while left:
        yield left
        bare = _SUFFIX.sub("", left)
        if bare != left:
            yield bare
        shorter = _PREFIX.sub("", left)
        left = shorter if shorter != left else bare if bare != left else ""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
