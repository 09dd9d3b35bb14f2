"""The command ``tuner status``: what a study is doing, once or until it ends, read from its folder and its storage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from optuna.exceptions import StorageInternalError
from rich.text import Text

from tuner import live, sampler, screen, status
from tuner.config import CONFIG_FILE
from tuner.consoles import open_console
from tuner.opening import driver_is_alive
from tuner.reading import config_file, config_of, parts_of, short, studies_of
from tuner.snapshot import Snapshot


def show(folder: Path) -> None:
    """Print once what a study is doing."""
    (snapshot, _), console = next(_looks(folder)), open_console()
    console.print(screen.picture(replace(snapshot, note=""), console))
    if snapshot.note:
        console.print(Text(snapshot.note), soft_wrap=True)  # a command in one piece, to be copied


def watch(folder: Path, every: float) -> None:
    """Show a study until it is over or Ctrl-C is pressed, and write nothing: the driver does not know of it."""
    with live.view(quiet=False) as view:
        try:
            for snapshot, over in _looks(folder, watched=True):
                view.update(snapshot)
                if over:
                    return
                time.sleep(every)
        except KeyboardInterrupt:
            pass


def _looks(folder: Path, *, watched: bool = False) -> Iterator[tuple[Snapshot, bool]]:
    """Yield what the study in ``folder`` looks like each time that it is asked for, and whether it is over.

    Of several stages it is the latest that has begun.
    """
    parts, begun = parts_of(folder), studies_of(folder)
    alive, since, opened, last = False, "", None, None
    while True:
        begun = [part for part in parts if part in begun or (part / CONFIG_FILE).is_file()]
        path = config_file(begun[-1])
        stamp = (path, path.stat().st_mtime_ns)
        if stamp != opened:  # the first look, the next stage, or another budget
            opened, config = stamp, config_of(path.parent, reading=True)
            study = sampler.load_study(config.storage, config.model.study)
        before, alive = alive, driver_is_alive(config, study)
        since = f" since {time.strftime('%H:%M:%S')}" if before and not alive else since
        try:
            last = status.look(config, study, alive=alive)
        except StorageInternalError:
            if last is None:
                raise
            last = replace(last, alive=alive)  # somebody else has locked it for long; there will be another moment
        over = begun == parts and status.is_over(last)
        yield replace(last, note=_note(short(folder), last, since, over=over, watched=watched)), over


def _note(folder: Path, snapshot: Snapshot, since: str, *, over: bool, watched: bool) -> str:
    if over:
        return f"it is finished. What it found: tuner report {folder}"
    if not snapshot.alive:
        return f"no tuner works on it{since}. To go on: tuner resume {folder}"
    return f"watching {folder}; Ctrl-C leaves, and the study goes on" if watched else ""
