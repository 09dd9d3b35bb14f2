"""docs/executors.md: every executor with its options, from the registry."""

from __future__ import annotations

import sys

from scripts.docs_pages.tables import from_docstring, of_model
from tuner.registry import EXECUTORS

BEFORE = """\
# Executors

`executor:` says what starts the processes of trials: its name, or its `name` with its options beside it. What happens
when something fails stands in [Several GPUs, several machines](scaling.md)."""


def page() -> str:
    """Return the whole page."""
    blocks = [BEFORE]
    for name in EXECUTORS:
        executor = EXECUTORS[name]
        manual = sys.modules[executor.__module__].__doc__ or ""
        blocks += [f"## `{name}`", from_docstring(manual)]
        if executor.Options.model_fields:
            blocks.append(of_model(executor.Options, "executor."))
    return "\n\n".join(blocks) + "\n"
