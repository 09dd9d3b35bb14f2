"""What ``--columns`` and ``--objective`` say: the columns of a log in the words of the reader's options.

    --columns epoch=step,train_loss=loss_a,loss_b,val_loss=valid,metric=acc,objective=acc

A name without a key is a further column of the key before it. A metric or an objective may end in ``:max`` or ``:min``;
otherwise its name decides which way is better.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tuner.diagnose import Asked
from tuner.errors import TunerError, did_you_mean
from tuner.readers import columns

KEYS = ("epoch", "train_loss", "val_loss", "metric", "learning_rate", "seconds", "objective")
ALIASES = {"metrics": "metric", "lr": "learning_rate"}
ONE = ("epoch", "objective")
DIRECTIONS = {":max": True, ":min": False}


def asked(texts: Iterable[str], objective: str | None, planned_epochs: int | None) -> Asked:
    """Return what was said on the command line; raises TunerError for what makes no sense."""
    if planned_epochs is not None and planned_epochs < 1:
        raise TunerError(f"--planned: expected a number of epochs of at least 1, but got {planned_epochs}")
    said = _parse(texts)
    for key in ONE:
        if len(said.get(key, [])) > 1:
            raise TunerError(f"--columns: {key}: expected one column, but got {', '.join(said[key])}")
    judged_by = objective or next(iter(said.pop("objective", [])), None)
    name, higher = _direction(judged_by) if judged_by else (None, None)
    return Asked(_options(said), name, higher, planned_epochs)


def _parse(texts: Iterable[str]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for text in texts:
        key = None
        for part in text.split(","):
            name, equals, column = part.strip().partition("=")
            key = ALIASES.get(name, name) if equals else key
            if key not in KEYS:
                raise TunerError(_unknown(key, part))
            column = (column if equals else part).strip()
            if not column:
                raise TunerError(f"--columns: {key}: expected the name of a column, but got none")
            said.setdefault(key, []).append(column)
    return said


def _unknown(key: str | None, part: str) -> str:
    if key is None:
        return f"--columns: expected KEY=COLUMN such as val_loss=valid, but got {part.strip()!r}"
    return f"--columns: unknown key {key!r}{did_you_mean(key, KEYS)}"


def _options(said: dict[str, list[str]]) -> dict[str, Any]:
    options: dict[str, Any] = {key: names for key, names in said.items() if key not in ("epoch", "metric")}
    if "epoch" in said:
        options["epoch"] = said["epoch"][0]
    if "metric" in said:
        options["metrics"] = {
            name: "max" if (columns.better_higher(name) if higher is None else higher) else "min"
            for name, higher in map(_direction, said["metric"])
        }
    return options


def _direction(text: str) -> tuple[str, bool | None]:
    for ending, higher in DIRECTIONS.items():
        if text.endswith(ending) and len(text) > len(ending):
            return text.removesuffix(ending), higher
    return text, None
