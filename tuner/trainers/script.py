"""Train with any command line, in any language.

    trainer:
      name: script
      command: "{python} train.py --lr {lr} --batch {batch} --epochs {epochs} --out {folder}"
      resume: "{python} train.py --resume {folder}/last.pt"     # optional: how to continue
      checkpoint: last.pt                                       # what must be there to continue
      log: {file: results.csv, format: csv}
      test: "{python} test.py --weights {folder}/best.pt"       # optional: prints one JSON object, name to score

`{name}` stands for a parameter of the space, or for one of `{folder}` (the trial's own folder), `{epochs}`, `{until}`
(after how many of them the trial is paused; a program that ends there by itself trains nothing in vain), `{seed}`,
`{number}` and `{python}` (the interpreter that runs tuner); `{{` is a brace. The command is split into arguments before
the values are put in and never passes through a shell. An argument that names a parameter which does not apply (its
`when` is not met) is left out, together with the flag right before it. The program must append one line per epoch to
the log, and should end within `grace_seconds` of a SIGTERM.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import string
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from tuner.documents import Model
from tuner.errors import did_you_mean
from tuner.space import Space
from tuner.spec import SPEC_FILE, Command, Log, TrialSpec

OWN_NAMES = ("folder", "epochs", "until", "seed", "number", "python")


class LogOptions(Model):
    """Where the program writes its log, inside the trial's folder, and in which format."""

    file: str = "results.csv"
    format: str = "csv"
    options: dict[str, Any] = {}


class ScriptOptions(Model):
    """What `trainer:` holds beside its name."""

    command: str | list[str] = Field(description="template of the command line")
    resume: str | list[str] | None = Field(None, description="template of the command that continues a trial")
    checkpoint: str = Field("last.pt", description="file in the trial's folder that the resume command needs")
    log: LogOptions = LogOptions()
    test: str | list[str] | None = Field(None, description="template of the command that scores the test split")
    cwd: str = Field(".", description="working directory, relative to the folder of the config")
    env: dict[str, str] = {}


class ScriptTrainer:
    """A command line as a trainer."""

    Options = ScriptOptions

    def __init__(self, options: ScriptOptions, base: Path) -> None:
        self.options = options
        self.cwd = (base / options.cwd).resolve()
        self._command = _arguments(options.command, "command")
        self._resume = _arguments(options.resume, "resume") if options.resume is not None else None
        self._test = _arguments(options.test, "test") if options.test is not None else None

    @property
    def log_format(self) -> str:
        return self.options.log.format

    def check(self, space: Space) -> None:
        """Raise ValueError where a template names an unknown parameter or the working directory is not there."""
        parameters = {name: space.default(name) for name in space.parameters}
        for name in parameters:
            if name in OWN_NAMES and name != "epochs":
                raise ValueError(f"expected parameters of other names than tuner's own, but got '{name}'")
        templates = {"command": self._command, "resume": self._resume or [], "test": self._test or []}
        for key, arguments in templates.items():
            for name in (n for argument in arguments for n in _names(argument, key)):
                if name not in parameters and name not in OWN_NAMES:
                    close = did_you_mean(name, [*parameters, *OWN_NAMES])
                    raise ValueError(f"{key}: expected parameters of the space, but got '{{{name}}}'{close}")
        values = {**dict.fromkeys(OWN_NAMES, 0), **parameters}
        for key, arguments in templates.items():
            try:
                _filled(arguments, values)
            except (ValueError, KeyError, IndexError) as error:
                raise ValueError(f"{key}: expected a template that can be filled in, but got: {error}") from None
        if not self.cwd.is_dir():
            raise ValueError(f"cwd: expected a folder, but got '{self.cwd}'")
        if Path(self.options.log.file).is_absolute() or ".." in Path(self.options.log.file).parts:
            raise ValueError(f"log.file: expected a path inside the trial's folder, but got '{self.options.log.file}'")

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        """Return the command line of ``spec``, after writing its spec.json for programs that would rather read that."""
        spec.write()
        own = {
            "folder": spec.folder,
            "epochs": spec.epochs,
            "until": spec.until or spec.epochs,
            "seed": spec.seed,
            "number": spec.number,
            "python": sys.executable,
        }
        template = self._resume if resume and self._resume is not None else self._command
        return Command(tuple(_filled(template, {**own, **spec.params})), self.options.env, self.cwd)

    def test(self, folder: Path) -> Command | None:
        """Return the command that tests a trial, whose parameters are in the spec.json that it was trained with."""
        if self._test is None:
            return None
        with contextlib.suppress(OSError, ValueError):  # not trained yet, or not any more: the names stay open
            spec = json.loads((folder / SPEC_FILE).read_text())
            own = {name: spec[name] for name in ("epochs", "seed", "number")}
            values = {**own, "until": spec["epochs"], "python": sys.executable, **spec["params"]}
            return Command(tuple(_filled(self._test, {**values, "folder": folder})), self.options.env, self.cwd)
        return Command(tuple(self._test), self.options.env, self.cwd)

    def exported(self, spec: TrialSpec) -> Mapping[str, Any]:
        return spec.params

    def log(self, folder: Path) -> Log:
        return Log(folder / self.options.log.file, self.options.log.format, self.options.log.options)

    def can_continue(self, folder: Path) -> bool:
        return self._resume is not None and (folder / self.options.checkpoint).exists()


def _arguments(template: str | list[str], key: str) -> list[str]:
    try:
        arguments = shlex.split(template) if isinstance(template, str) else list(template)
    except ValueError as error:
        raise ValueError(f"{key}: expected a command line, but got one with {str(error).lower()}") from None
    if not arguments:
        raise ValueError(f"{key}: expected a command line, but got nothing")
    return arguments


def _names(argument: str, key: str) -> list[str]:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(argument) if name is not None]
    except ValueError as error:
        raise ValueError(f"{key}: expected {{name}} in '{argument}', but got: {error}") from None
    for name in names:
        # A plain name only: `{lr.__class__}` or `{lr[0]}` would reach into Python.
        if not name.isidentifier():
            raise ValueError(f"{key}: expected {{name}}, but got '{{{name}}}' in '{argument}'")
    return names


def _filled(template: list[str], values: Mapping[str, Any]) -> list[str]:
    filled: list[str] = []
    for argument in template:
        names = _names(argument, "command")
        if all(name in values for name in names):
            filled.append(argument.format(**{n: values[n] for n in names}))
        elif filled and filled[-1].startswith("-") and not argument.startswith("-"):
            filled.pop()
    return filled
