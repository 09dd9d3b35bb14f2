"""Train with any command line, in any language.

    trainer:
      name: script
      command: "{python} train.py --lr {lr} --batch {batch} --epochs {epochs} --out {folder}"
      resume: "{python} train.py --resume {checkpoint}"         # optional: how to continue
      checkpoint: last.pt                                       # what must be there to continue: the first of several
      log: {file: results.csv, format: csv}
      test: "{python} test.py --weights {folder}/best.pt"       # optional: prints one JSON object, name to score

`{name}` stands for a parameter of the space, or for one of `{folder}` (the trial's own folder), `{epochs}`, `{until}`
(after how many of them the trial is paused; a program that ends there by itself trains nothing in vain), `{seed}`,
`{number}`, `{checkpoint}` (to continue from), `{base}` (the folder of the config) and `{python}` (the interpreter that
runs tuner); `{{` is a brace. The command is split into arguments before the values are put in and never passes through
a shell. An argument that names a parameter which does not apply (its `when` is not met) is left out, together with the
flag right before it. What the command does not name can be set in `files` (see `tuner.trial_files`); a program that
names no parameter at all, or spec.json, finds them in `{folder}/spec.json`.

The program must append one line per epoch to the log, and should end within `grace_seconds` of a SIGTERM. It is
stopped right after a row, so the checkpoint of an epoch should be written before its row; where it comes after,
`checkpoint_after_row: true` lets the driver wait for it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from tuner import installed, templates, trial_files
from tuner.checkpoint import is_whole
from tuner.documents import Model
from tuner.errors import did_you_mean
from tuner.space import Role, Space
from tuner.spec import SPEC_FILE, About, Command, Log, TrialSpec, is_inside
from tuner.trial_files import FileOptions

_YOLO = tuple(f"metrics/{name}" for name in ("precision", "recall", "mAP_0.5", "mAP_0.5:0.95"))
OBJECTIVES = {"yolov5": _YOLO, "yolo_txt": _YOLO}
"""The metrics of those log formats whose program is always the same."""
OWN_NAMES = ("folder", "epochs", "until", "seed", "number", "checkpoint", "base", "python")


class LogOptions(Model):
    """Where the program writes its log, inside the trial's folder, and in which format."""

    file: str = Field(default="results.csv", description="path inside the trial's folder")
    format: str = Field(default="csv", description="one of the log formats")
    options: dict[str, Any] = Field(default={}, description="options of the format")


class ScriptOptions(Model):
    """What `trainer:` holds beside its name."""

    command: str | list[str] = Field(description="template of the command line")
    resume: str | list[str] | None = Field(None, description="template of the command that continues a trial")
    checkpoint: str | list[str] = Field(
        "last.pt", description="files in the trial's folder to continue from, best first"
    )
    checkpoint_after_row: bool = Field(default=False, description="the checkpoint of an epoch is written after its row")
    files: dict[str, FileOptions] = Field({}, description="files of settings, written for every trial")
    log: LogOptions = Field(LogOptions(), description="the log that the program appends to")
    test: str | list[str] | None = Field(None, description="template of the command that scores the test split")
    cwd: str = Field(".", description="working directory, relative to the folder of the config")
    env: dict[str, str] = Field({}, description="environment variables of the program")


class ScriptTrainer:
    """A command line as a trainer."""

    Options = ScriptOptions
    metrics = ()

    def __init__(self, options: ScriptOptions, base: Path) -> None:
        self.options, self.base = options, base
        self.cwd = (base / options.cwd).resolve()
        self._command = templates.arguments(options.command, "command")
        self._resume = templates.arguments(options.resume, "resume")
        self._test = templates.arguments(options.test, "test")

    @property
    def log_format(self) -> str:
        return self.options.log.format

    def check(self, space: Space) -> None:
        """Raise ValueError where something is missing, a name is unknown or a parameter would change nothing."""
        for name in space.parameters:
            if name in OWN_NAMES and name != "epochs":
                raise ValueError(f"expected parameters of other names than tuner's own, but got '{name}': rename it")
        self._check_templates({name: space.default(name) for name in space.parameters})
        if not self.cwd.is_dir():
            raise ValueError(f"cwd: expected a folder, but got '{self.cwd}'; it starts from {self.base}")
        program = self._command[0]
        if "/" in program and "{" not in program and not (self.cwd / program).exists():
            other = "{python} is the one that runs tuner"
            raise ValueError(f"command: expected a program, but there is none at {self.cwd / program}; {other}")
        self._check_paths()
        self._check_use(space)

    def _check_paths(self) -> None:
        own = self.options.checkpoint
        for key, names in {
            "log.file": [self.options.log.file],
            "checkpoint": [own] if isinstance(own, str) else own,
        }.items():
            for name in names:
                if not is_inside(name):
                    given = f"got '{name}'; the program is told the folder as {{folder}}"
                    raise ValueError(f"{key}: expected a path inside the trial's folder, but {given}")

    def _check_templates(self, parameters: Mapping[str, Any]) -> None:
        values = {**dict.fromkeys(OWN_NAMES, 0), **parameters}
        for key, arguments in {"command": self._command, "resume": self._resume, "test": self._test}.items():
            for name in (n for argument in arguments for n in templates.names(argument, key)):
                if name not in values:
                    close = did_you_mean(name, values)
                    raise ValueError(f"{key}: expected parameters of the space, but got '{{{name}}}'{close}")
            try:
                templates.filled(arguments, values)
            except (ValueError, KeyError, IndexError) as error:
                raise ValueError(f"{key}: expected a template that can be filled in, but got: {error}") from None

    def _check_use(self, space: Space) -> None:
        """Raise ValueError where a parameter would change nothing."""
        named = {name for argument in self._command for name in templates.names(argument, "command")}
        used = (named & set(space.parameters)) | trial_files.set_by(self.options.files, self.cwd, space.parameters)
        if not used or any(SPEC_FILE in argument for argument in self._command):
            return  # the program reads them from spec.json
        conditions = {name for parameter in space.parameters.values() for name in parameter.when}
        for name, parameter in space.parameters.items():
            if name not in used | conditions and parameter.role is not Role.EPOCHS:
                where = "the command or a file" if self.options.files else "the command"
                todo = f"write {{{name}}} where it belongs, or take it out of the space"
                raise ValueError(f"expected every parameter of the space in {where}, but '{name}' is in none: {todo}")

    def data_check(self) -> Sequence[str]:
        return ()

    def about(self, space: Space) -> About:
        interpreter = self._command[0]
        program = None if interpreter == "{python}" else self.cwd / interpreter
        metrics = OBJECTIVES.get(self.log_format, ())
        shown = " ".join(word or "''" for word in self._command)
        return About(
            model=f"{shown} (in {self.cwd})",
            series=metrics,
            packages=installed.versions(program) if program is None or program.is_file() else {},
            continues=bool(self._resume),
            remarks=tuple(self._remarks(space)),
        )

    def _remarks(self, space: Space) -> Iterator[str]:
        command = " ".join(self._command)
        named = {name for argument in self._command for name in templates.names(argument, "command")}
        if not named & {"folder", "number"} and SPEC_FILE not in command:
            log = self.options.log.file
            yield f"command: without {{folder}} the program does not know the folder in which {log} is looked for"
        if "epochs" not in named and SPEC_FILE not in command and named & set(space.parameters):
            yield "command: without {epochs} the program plans its own number of epochs, whatever `epochs` says"
        yield from self._own_rules()

    def _own_rules(self) -> Iterator[str]:
        """Yield what in the command lets the program end or search by rules of its own."""
        for argument, after in itertools.zip_longest(self._command, self._command[1:], fillvalue=""):
            flag, sign, value = argument.partition("=")
            value = value if sign else after
            if flag.startswith("-") and "patience" in flag and value not in ("0", "{epochs}"):
                ask = "0 or {epochs} there, as the program reads it"
                yield f"command: {flag} {value} ends a run by another rule, and only one of the two may end it: {ask}"
            if flag == "--evolve":
                yield "command: --evolve is a search of its own within every trial: take it out"

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        """Return the command line of ``spec``, after writing its files and its spec.json."""
        spec.write()
        checkpoint = self._checkpoint(spec.folder) if resume and self._resume else None
        if checkpoint is None:
            trial_files.write(self.options.files, self.cwd, spec.folder, spec.params)
        own = {
            "folder": spec.folder,
            "epochs": spec.epochs,
            "until": spec.until or spec.epochs,
            "seed": spec.seed,
            "number": spec.number,
            **({} if checkpoint is None else {"checkpoint": checkpoint}),
        }
        template = self._command if checkpoint is None else self._resume
        return self._filled(template, {**own, **spec.params})

    def test(self, folder: Path) -> Command | None:
        """Return the command that tests a trial, whose parameters are in the spec.json that it was trained with."""
        if not self._test:
            return None
        with contextlib.suppress(OSError, ValueError):  # not trained yet, or not any more: the names stay open
            spec = json.loads((folder / SPEC_FILE).read_text())
            own = {name: spec[name] for name in ("epochs", "seed", "number")}
            return self._filled(self._test, {**own, "until": spec["epochs"], **spec["params"], "folder": folder})
        return Command(tuple(self._test), self.options.env, self.cwd)

    def _filled(self, template: list[str], values: Mapping[str, Any]) -> Command:
        filled = templates.filled(template, {"base": self.base, "python": sys.executable, **values})
        return Command(tuple(filled), self.options.env, self.cwd)

    def predict(self, folder: Path, split: str) -> None:
        return None

    def exported(self, spec: TrialSpec) -> Mapping[str, Any]:
        return spec.params

    def log(self, folder: Path) -> Log:
        log = self.options.log
        late = self._checkpoints(folder) if self._resume and self.options.checkpoint_after_row else []
        return Log(folder / log.file, log.format, log.options, tuple(late))

    def can_continue(self, folder: Path) -> bool:
        return bool(self._resume) and self._checkpoint(folder) is not None

    def _checkpoint(self, folder: Path) -> Path | None:
        """Return what to continue from; a kill may have cut the latest one short."""
        return next((path for path in self._checkpoints(folder) if is_whole(path)), None)

    def _checkpoints(self, folder: Path) -> list[Path]:
        names = self.options.checkpoint
        return [folder / name for name in ([names] if isinstance(names, str) else names)]
