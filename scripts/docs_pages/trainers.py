"""The reference of trainers and log formats, from the manuals of their modules and the schemas of their options."""

from __future__ import annotations

import sys

from scripts.docs_pages.tables import from_docstring, of_model, table
from tuner.registry import READERS, TRAINERS
from tuner.trainers.script import LogOptions
from tuner.trial_files import FileOptions

BEFORE = """\
# Trainers and log formats

`trainer:` says what trains: its `name`, and its options beside it. A trainer turns the parameters of a trial into a
command line and says where its log will be."""

FORMATS = """\
## Log formats

`tuner diagnose` knows a log by its content. For the `script` trainer the format is named in `log.format`, `csv`
where nothing is said; `csv`, `json` and `jsonl` take any log with telling names of columns."""


def page() -> str:
    """Return the whole page."""
    blocks = [BEFORE]
    for name in TRAINERS:
        trainer = TRAINERS[name]
        manual = sys.modules[trainer.__module__].__doc__ or ""
        blocks += [f"## `{name}`", from_docstring(manual), of_model(trainer.Options, "trainer.")]
        if name == "script":
            blocks += [of_model(LogOptions, "trainer.log."), of_model(FileOptions, "trainer.files.NAME.")]
    rows = ([f"`{name}`", _first(reader.__doc__)] for name, reader in READERS.items())
    return "\n\n".join([*blocks, FORMATS, table(("format", "what it reads"), rows)]) + "\n"


def _first(manual: str | None) -> str:
    return " ".join((manual or "").strip().partition("\n\n")[0].split())
