"""The reference of the treatment table, the remedies and the thresholds of the symptoms."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

from scripts.docs_pages.tables import of_model, table
from tuner import config_model, explain, manual
from tuner.registry import REMEDIES, SYMPTOMS

BEFORE = """\
# Treatment, remedies, thresholds

What follows from a symptom is a table in YAML, [tuner/treatment.yaml](../tuner/treatment.yaml) where a
configuration has none of its own. `treatment:` in a configuration replaces it, as keys or as the path of a file;
`treatment: {}` switches diagnosis off, and `--set treatment.overfitting=null` one row.

- `continue`: the trial goes on; its remedies may be tried on a copy of it.
- `stop`: enough is known. The trial counts with its best epoch.
- `prune`: it failed. The sampler is told to stay away from there.

While trials are paused ([how it decides](how_it_decides.md#pause-and-continue)), `stop` and `prune` only hold a
trial, unless the row says `for_good`."""

REMEDY = """\
## Remedies

Each changes one thing on a copy of a trial, with the same seed, and moves the parameter that plays the
[role](search_space.md#roles). One that the space has no parameter for, or that would leave it, is passed over."""

THRESHOLDS = """\
## Thresholds

`symptoms:` in a configuration changes them, such as `--set symptoms.overfitting.soars=0.25`. Before you do: they
were set on verified curves ([results/diagnosis](../results/diagnosis/README.md)), and `tuner explain NAME` says
what each symptom spares, and why."""


def page() -> str:
    """Return the whole page."""
    remedies = [block for name in REMEDIES for block in _remedy(name)]
    thresholds = [block for name in SYMPTOMS for block in _thresholds(name)]
    return (
        "\n\n".join(
            [
                BEFORE,
                "## The default table",
                table(("symptom", "action", "from a severity of", "for good", "remedies, in this order"), _rows()),
                "## Keys of a row",
                of_model(config_model.Row),
                REMEDY,
                *remedies,
                THRESHOLDS,
                *thresholds,
            ]
        )
        + "\n"
    )


def _rows() -> Iterator[list[str]]:
    for name in SYMPTOMS:
        row = manual.treatment(name)
        if row:
            remedies = ", ".join(f"[{r}](#{r})" for r in row.get("retry_with", ()))
            good, severity = ("yes" if row.get("for_good") else ""), row.get("min_severity", "")
            yield [f"[{name}](symptoms.md#{name})", f"`{row.get('action', 'continue')}`", str(severity), good, remedies]


def _remedy(name: str) -> Iterator[str]:
    yield f'<a id="{name}"></a>\n\n### `{name}`'
    for part in explain.remedy_parts(name, "en"):
        told = part.heading.startswith("tried")
        yield f"**{part.heading.capitalize()}**: {', '.join(_linked(i) for i in part.items)}" if told else part.items[0]


def _linked(items: str) -> str:
    names = {explain.titled(name, "en"): name for name in SYMPTOMS}
    return ", ".join(f"[{item}](symptoms.md#{names[item]})" for item in items.split(", "))


def _thresholds(name: str) -> Iterator[str]:
    options = SYMPTOMS[name].Options
    comments = dict(_comments(options))
    rows = [[f"`{f.name}`", f"`{f.default}`", comments.get(f.name, "")] for f in dataclasses.fields(options)]
    if rows:
        yield f"### `symptoms.{name}`"
        yield table(("key", "default", "what it is"), rows)


def _comments(options: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield each field of a dataclass with the comment behind it, those of its bases first."""
    for part in reversed(options.__mro__[:-1]):
        for line in inspect.getsource(part).splitlines():
            if found := re.match(r"\s+(\w+): [^#]*#\s*(.*)", line):
                yield found[1], found[2]
