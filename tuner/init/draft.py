"""A configuration as it is drafted: its text, and what was found and guessed on the way."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tuner import documents, space_file, standings
from tuner.preview import race
from tuner.preview.doubts import TRIALS_PER_DIMENSION

FEWEST = 20
"""Trials that a first search has at least."""
SWEEP = 7
WIDTH = 110


@dataclass(frozen=True)
class Draft:
    """``text`` is YAML with comments; ``found`` and ``guessed`` are lines for the person who asked."""

    text: str
    found: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()


def ready(name: str) -> str:
    """Return the text of a file that the package ships, such as ``configs/digits.yaml``."""
    return (resources.files("tuner") / name).read_text(encoding="utf-8")


def lines_of(name: str, parameters: list[str] | None = None) -> dict[str, str]:
    """Return the lines of a shipped search space by their parameter: all of them, or those asked for."""
    found = re.findall(r"^((\w+):\s*\{.*)$", ready(f"search_spaces/{name}.yaml"), re.M)
    lines = {parameter: line for line, parameter in found}
    return {p: lines[p] for p in (lines if parameters is None else parameters)}


def indented(lines: dict[str, str]) -> str:
    return "".join(f"  {line}\n" for line in lines.values())


def trials_for(space: str) -> int:
    """Return how many trials a space calls for, with the baseline and the sweep of the rate."""
    parameters = space_file.build(documents.parse(space, "space"), "space").parameters
    return max(FEWEST, TRIALS_PER_DIMENSION * len(parameters) + SWEEP + 1)


def epochs_for(trials: int, planned: int, rules: standings.Rules) -> int:
    """Return the epochs that so many trials cost in a race, rounded up to two digits."""
    cost = trials * race.cost(race.rungs(planned, rules))
    unit = 10 ** max(0, math.floor(math.log10(cost)) - 1)
    return int(math.ceil(cost / unit) * unit)


def number(value: Any) -> str:
    """Return a number as YAML reads it as one: 1.0e-5 and not 1e-05."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return quoted(str(value))
    text = f"{value:.6g}"
    mantissa, e, exponent = text.partition("e")
    return text if not e else f"{mantissa}{'' if '.' in mantissa else '.0'}e{int(exponent)}"


def quoted(text: str) -> str:
    """Return text as YAML reads it as text, in quotes only where that is needed."""
    plain = re.fullmatch(r"[A-Za-z_./][\w./ -]*", text) and text.lower() not in (
        "on",
        "off",
        "yes",
        "no",
        "true",
        "null",
    )
    return (
        text if plain and text.lower() not in ("false", "y", "n", "none") and text == text.strip() else repr_yaml(text)
    )


def repr_yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def path_from(base: Path, path: Path) -> str:
    """Return ``path`` as it is written in a configuration in the folder ``base``: relative, where that is short."""
    relative = os.path.relpath(path.resolve(), base.resolve())
    return relative if relative.count("..") <= 2 else str(path.resolve())


def study_name(path: Path) -> str:
    """Return a name for a study on what lies at ``path``."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.resolve().name).strip("-._")
    return name or "study"


def folded(command: str) -> str:
    """Return a command line in lines that YAML's ``>-`` puts together again; an option stays with its value."""
    options = re.split(r" (?=--?[A-Za-z])", command)
    lines = [""]
    for option in options:
        if lines[-1] and len(lines[-1]) + len(option) > WIDTH:
            lines.append("")
        lines[-1] += f" {option}" if lines[-1] else option
    return "".join(f"    {line}\n" for line in lines)


def devices_line(gpus: int) -> str:
    said = f"{gpus} GPU{'s' if gpus > 1 else ''} found: one trial on each" if gpus else "no GPU was found: the CPU"
    return f"devices: auto            # {said}\n"
