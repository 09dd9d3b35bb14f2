"""The command ``tuner status``: what a study is doing, once or until it ends, read from its folder and its storage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from optuna.exceptions import StorageInternalError
from rich.text import Text

from tuner import live, sampler, screen, status
from tuner.consoles import open_console
from tuner.opening import driver_is_alive
from tuner.reading import config_file, config_of, parts_of, short, studies_of
from tuner.snapshot import Snapshot


def show(folder: Path) -> None:
    """Print once what a study is doing."""
    snapshot, console = next(_looks(folder)), open_console()
    console.print(screen.picture(replace(snapshot, note=""), console))
    if snapshot.note:
        console.print(Text(snapshot.note), soft_wrap=True)  # a command in one piece, to be copied


def watch(folder: Path, every: float) -> None:
    """Show a study until it is over or Ctrl-C is pressed, and write nothing: the driver does not know of it."""
    with live.view(quiet=False) as view:
        try:
            for snapshot in _looks(folder, watched=True):
                view.update(snapshot)
                if _is_over(folder, snapshot):
                    return
                time.sleep(every)
        except KeyboardInterrupt:
            pass


def _looks(folder: Path, *, watched: bool = False) -> Iterator[Snapshot]:
    """Yield what the study in ``folder`` looks like each time that it is asked for; of several stages the latest."""
    alive, since, opened, last = False, "", None, None
    while True:
        path = config_file(studies_of(folder)[-1])
        stamp = (path, path.stat().st_mtime_ns)
        if stamp != opened:  # the first look, the next stage, or another budget
            opened, config = stamp, config_of(path.parent, reading=True)
            study = sampler.load_study(config.storage, config.model.study)
        before, alive = alive, driver_is_alive(config.folder)
        since = f" since {time.strftime('%H:%M:%S')}" if before and not alive else since
        try:
            last = status.look(config, study, alive=alive)
        except StorageInternalError:
            if last is None:
                raise
            last = replace(last, alive=alive)  # somebody else has locked it for long; there will be another moment
        yield replace(last, note=_note(folder, last, since, watched=watched))


def _is_over(folder: Path, snapshot: Snapshot) -> bool:
    return status.is_over(snapshot) and studies_of(folder) == parts_of(folder)


def _note(folder: Path, snapshot: Snapshot, since: str, *, watched: bool) -> str:
    if _is_over(folder, snapshot):
        return f"it is finished. What it found: tuner report {short(folder)}"
    if not snapshot.alive:
        return f"no tuner works on it{since}. To go on: tuner resume {short(folder)}"
    return f"watching {short(folder)}; Ctrl-C leaves, and the study goes on" if watched else ""
