"""What ``tuner init`` does: look at what is there, write a configuration for it, and say what to type next."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from tuner import config as configuration
from tuner import documents, stages
from tuner.data.yolo import TASKS
from tuner.errors import ConfigError, did_you_mean
from tuner.init import clone, digits, program, script, yolo
from tuner.init.draft import Draft
from tuner.init.look import Found, look

STDOUT = Path("-")
EXIT_NOT_YET = 1


def run(path: Path, out: Path, task: str | None) -> None:
    """Write a configuration for what lies at ``path`` into the file ``out``, or print it; raises ConfigError."""
    if task is not None and task not in TASKS:
        raise ConfigError("--task", task, f"expected one of {', '.join(TASKS)}{did_you_mean(task, TASKS)}")
    if out != STDOUT and out.exists():
        raise ConfigError(str(out), "", "expected a new file, but there is one; name another with --out FILE")
    if out != STDOUT and not out.parent.is_dir():
        raise ConfigError(str(out), "", f"expected a file in a folder that is there, but there is no {out.parent}")
    found = look(path)
    base = Path.cwd() if out == STDOUT else out.parent
    draft = _draft(found, base, task)
    if draft is None:
        _convert_first(found, path)
    else:
        _loads(draft, base, out)
        _give(draft, path, out)


def _draft(found: Found, base: Path, task: str | None) -> Draft | None:
    """Return the configuration for the most telling thing found; None where a data set must be converted first."""
    sets = [*found.data, *found.classes]
    if task is not None and sets:
        return yolo.draft(sets[0], found, base, task)
    if found.clones:
        return clone.draft(next(iter(found.clones)), found, base)
    own = next(iter(found.programs), None)
    # Whoever calls Ultralytics in a program of his own has what tuner does by itself.
    if own and not (sets and "ultralytics" in program.read(own).imports):
        return script.draft(own, base, sets, found.gpus)
    if sets:
        return yolo.draft(sets[0], found, base, task)
    if found.broken:
        raise found.broken[0]
    return None if found.raw else digits.draft()


def _convert_first(found: Found, path: Path) -> None:
    command = found.raw[0]
    print(f"found    a data set that is not in the YOLO layout below {path}")
    print(f"next     {command}")
    print(f"         tuner init {command.split()[-1]}")
    raise typer.Exit(EXIT_NOT_YET)


def _loads(draft: Draft, base: Path, out: Path) -> None:
    """Raise ConfigError where the configuration would be refused."""
    where = str(out)
    document = documents.parse(draft.text, where)
    assembled = configuration.assembled(document, [], base.resolve(), where)
    if configuration.STAGES in assembled:
        stages.of(assembled, base.resolve(), where)
    else:
        configuration.of(assembled, base.resolve(), where)


def _give(draft: Draft, path: Path, out: Path) -> None:
    said = sys.stderr if out == STDOUT else sys.stdout
    if out == STDOUT:
        sys.stdout.write(draft.text)
    else:
        out.write_text(draft.text, encoding="utf-8")
    for name, lines in (("found", draft.found or (f"nothing to train in {path}",)), ("guessed", draft.guessed)):
        for line in lines:
            print(f"{name:<8} {line}", file=said)
    if out != STDOUT:
        print(f"written  {out}", file=said)
    file = "FILE" if out == STDOUT else out
    print(f"next     tuner check {file}      what would run\n         tuner run {file}", file=said)
