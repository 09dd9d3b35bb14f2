"""What the commands about a study do; apart from the command line because Optuna takes half a second to import."""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec

import typer
from optuna.exceptions import StorageInternalError

from tuner import config as configuration
from tuner import (
    data_watch,
    live,
    page_watch,
    record,
    report,
    report_command,
    report_text,
    sampler,
    stages,
    status_command,
    storage,
    tested,
    words,
)
from tuner.config import StudyConfig
from tuner.consoles import open_console
from tuner.opening import open_study
from tuner.reading import config_file, config_of, report_of, short
from tuner.record import Params, Record
from tuner.stages import Stage
from tuner.storage_url import environment
from tuner.study import Interrupted, Study

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130

P = ParamSpec("P")


def _mending_storage(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a storage that fails on the way into one line: what trained can be continued."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except StorageInternalError as error:
            said = f"the storage failed ({storage.reason(error)}); {storage.way_on(error)}"
            print(f"tuner: {said}", file=sys.stderr)
            raise typer.Exit(EXIT_FAILED) from None

    return guarded


@_mending_storage
def run(config: Path, sets: list[str], quiet: bool) -> None:
    found = stages.load(config, sets)
    if found:
        _drive_stages(found, quiet=quiet)
    else:
        _drive(configuration.load(config, sets), quiet=quiet)


@_mending_storage
def resume(study: Path, sets: list[str], quiet: bool) -> None:
    found = stages.load(config_file(study), sets, folder=study.resolve())
    if found:
        _drive_stages(found, quiet=quiet)
    else:
        _drive(config_of(study, sets), quiet=quiet)


@_mending_storage
def show_report(study: Path, form: str, language: str) -> None:
    report_command.show(study, form, language)


@_mending_storage
def status(study: Path, watch: float | None) -> None:
    """Show what a study does: once, or every ``watch`` seconds."""
    if watch is None:
        status_command.show(study)
    else:
        status_command.watch(study, watch)


def _drive_stages(found: list[Stage], *, quiet: bool) -> None:
    """Run one stage after the other, each with what the one before it found."""
    whole = found[0].folder.parent
    stages.save(found, whole)
    before: list[tuple[StudyConfig, list[Record]]] = []
    best: Path | None = None
    for i, stage in enumerate(found, 1):
        if not quiet:
            print(f"stage {i} of {len(found)}: {stage.name}", flush=True)
        config = stage.config(before[-1][1] if before else ())
        too_large, last = stages.too_large_for(config, before), stage is found[-1]
        best = _drive(config, quiet=quiet, whole=whole, last=last, too_large=too_large)
        before.append((config, record.read_all(sampler.load_study(config.storage, config.model.study))))
    if best:
        shutil.copyfile(best, whole / best.name)


def _drive(
    config: StudyConfig,
    *,
    quiet: bool,
    whole: Path | None = None,
    last: bool = True,
    too_large: Sequence[Params] = (),
) -> Path:
    """Run a study to its end, write best.yaml and return where it is; exit with a code that says how it went.

    ``whole`` is the folder of all stages where the study is one of them, ``last`` whether none comes after it,
    ``too_large`` what did not fit before.
    """
    going_on = f"tuner resume {short(whole or config.folder)}"
    try:
        view = page_watch.Republishing(live.view(quiet), whole or config.folder, env=environment(config.storage))
        with open_study(config, view, too_large) as study, view:
            data_watch.begin(config, whole or config.folder)
            known = study.records
            done_before = study.run() == known
            if config.model.test:
                _score_best(config, study, view.say)
            if last and not study.drivers.others:
                # Imported here: who reads a study need not wait for what draws pictures.
                from tuner.evidence import command as evidence

                evidence.of_best(config, study.records, view.say)
    except Interrupted:
        page_watch.write_apart(whole or config.folder, env=environment(config.storage))
        print(f"stopped. To go on: {going_on}", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    found = report_of(config)
    if whole and done_before and not quiet:
        print(f"done before, with {words.count(len(known), 'trial')}; see tuner report {short(config.folder)}")
    elif not quiet:
        report_text.show(found, open_console())
    page = report_command.write_page(whole or config.folder, {config.folder: found})
    best = report.write_best(found, config.folder)
    if best is None:
        print(f"no trial completed; see why with: tuner report {short(config.folder)}", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED)
    print(f"best parameters: {short(best)}\nreport: {short(page)}")
    return best


def _score_best(config: StudyConfig, study: Study, say: Callable[[str], None]) -> None:
    """Score the best on the test split, unless another driver is still there to do it."""
    if study.drivers.others:
        say("the last driver of the study scores the best on the test split")
    else:
        tested.score_best(config, study.records, say)
