"""Command lines with open places: `{name}` stands for a value, `{{` for a brace, and no shell is involved."""

from __future__ import annotations

import shlex
import string
from collections.abc import Mapping
from typing import Any


def arguments(template: str | list[str] | None, key: str) -> list[str]:
    """Return the arguments of ``template``, none where there is none; raises ValueError that names ``key``."""
    if template is None:
        return []
    try:
        found = shlex.split(template) if isinstance(template, str) else list(template)
    except ValueError as error:
        raise ValueError(f"{key}: expected a command line, but got one with {str(error).lower()}") from None
    if not found:
        raise ValueError(f"{key}: expected a command line, but got nothing")
    return found


def names(argument: str, key: str) -> list[str]:
    """Return the names in one argument; raises ValueError that names ``key``."""
    try:
        found = [name for _, name, _, _ in string.Formatter().parse(argument) if name is not None]
    except ValueError as error:
        raise ValueError(f"{key}: expected {{name}} in '{argument}', but got: {error}") from None
    for name in found:
        # A plain name only: `{lr.__class__}` or `{lr[0]}` would reach into Python.
        if not name.isidentifier():
            raise ValueError(f"{key}: expected {{name}}, but got '{{{name}}}' in '{argument}'")
    return found


def filled(template: list[str], values: Mapping[str, Any]) -> list[str]:
    """Return the arguments with their values; one without a value is left out, with the flag right before it."""
    done: list[str] = []
    for argument in template:
        wanted = names(argument, "command")
        if all(name in values for name in wanted):
            done.append(argument.format(**{n: values[n] for n in wanted}))
        elif done and done[-1].startswith("-") and not argument.startswith("-"):
            done.pop()
    return done
