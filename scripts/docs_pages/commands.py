"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from scripts.docs_pages.tables import table
from tuner.cli import app

BEFORE = """\
# Commands

`tuner COMMAND --help` prints the same. Every command ends with exit code 2 and one line where something given to it
is wrong; `diagnose` has the exit codes of a linter. The first `tuner run` of a study and every later one are the
same command."""
EXAMPLE = re.compile(r"^  (tuner .*?)(?:  +(.*))?$")


def page() -> str:
    """Return the whole page."""
    return "\n\n".join([BEFORE, *_group(typer.main.get_command(app), "tuner")]) + "\n"


def _group(group: Any, called: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _group(command, f"{called} {name}")
        else:
            yield from _command(command, f"{called} {name}")


def _command(command: Any, called: str) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = [f"[{p.metavar}]" if not p.required else p.metavar for p in arguments]
    yield f"## `{called}`"
    yield f"`{' '.join([called, *usage])}`"
    yield " ".join((command.help or "").split("\f")[0].split())
    yield table(("argument or option", "what it is", "default"), (_parameter(p) for p in command.params))
    if command.epilog:
        yield from _epilog(command.epilog)


def _parameter(parameter: Any) -> list[str]:
    if parameter.param_type_name == "argument":
        return [f"`{parameter.metavar}`", parameter.help or "", ""]
    names = ", ".join(parameter.opts) + (f" {parameter.metavar}" if parameter.metavar else "")
    shown = parameter.default not in (None, False, "", [])
    return [f"`{names}`", parameter.help or "", f"`{parameter.default}`" if shown else ""]


def _epilog(text: str) -> Iterator[str]:
    lines = [line for line in text.replace("\b\n", "").splitlines() if line.strip() and line != "Examples:"]
    examples = [found for line in lines if (found := EXAMPLE.match(line))]
    width = max((len(found[1]) for found in examples), default=0)
    shown = [f"{found[1]:{width}}  # {found[2]}" if found[2] else found[1] for found in examples]
    if shown:
        yield "<!-- not run: examples, on files that you have -->\n```sh\n" + "\n".join(shown) + "\n```"
    rest = [line for line in lines if not EXAMPLE.match(line)]
    if rest:
        yield "```text\n" + "\n".join(rest) + "\n```"
