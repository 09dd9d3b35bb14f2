"""What the commands about a study do; apart from the command line because Optuna takes half a second to import."""

from __future__ import annotations

import functools
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import typer
from optuna.exceptions import StorageInternalError

from tuner import config as configuration
from tuner import documents, live, record, report, report_text, sampler, stages, tested
from tuner import status as snapshot
from tuner.config import StudyConfig
from tuner.errors import ConfigError
from tuner.opening import driver_is_alive, open_study
from tuner.record import Record
from tuner.screen import open_console
from tuner.stages import Stage
from tuner.study import Interrupted

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130

P = ParamSpec("P")


def _mending_storage(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a storage that fails on the way into one line: what trained can be continued."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except StorageInternalError as error:
            print(f"tuner: the storage failed ({error.__cause__ or error}); go on with tuner resume", file=sys.stderr)
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
    found = stages.load(_config_file(study), sets, folder=study.resolve())
    if found:
        _drive_stages(found, quiet=quiet)
    else:
        _drive(config_of(study, sets), quiet=quiet)


@_mending_storage
def show_report(study: Path, as_json: bool) -> None:
    reports = [_report(config_of(folder, reading=True)) for folder in _studies(study)]
    if as_json:
        found = [report.to_json(r) for r in reports]
        print(json.dumps(found[0] if len(found) == 1 else found, indent=2, allow_nan=False))
        return
    for found_in, one in zip(_studies(study), reports, strict=True):
        report_text.show(one, open_console())
        best = report.write_best(one, found_in)
        if best:
            print(f"best parameters: {best}")


@_mending_storage
def status(study: Path) -> None:
    config = config_of(_studies(study)[-1], reading=True)
    optuna_study = sampler.load_study(config.storage, config.model.study)
    snapshot.show(snapshot.look(config, optuna_study), open_console())
    if not driver_is_alive(config.folder):
        print(f"no tuner works on it. To go on: tuner resume {_short(study)}")


def _drive_stages(found: list[Stage], *, quiet: bool) -> None:
    """Run one stage after the other, each with what the one before it found."""
    whole = found[0].folder.parent
    stages.save(found, whole)
    records: list[Record] = []
    best: Path | None = None
    for i, stage in enumerate(found, 1):
        if not quiet:
            print(f"stage {i} of {len(found)}: {stage.name}", flush=True)
        config = stage.config(records)
        best = _drive(config, quiet=quiet, whole=whole)
        records = record.read_all(sampler.load_study(config.storage, config.model.study))
    if best:
        shutil.copyfile(best, whole / best.name)


def _drive(config: StudyConfig, *, quiet: bool, whole: Path | None = None) -> Path:
    """Run a study to its end, write best.yaml and return where it is; exit with a code that says how it went.

    ``whole`` is the folder of all stages where the study is one of them.
    """
    going_on = f"tuner resume {_short(whole or config.folder)}"
    try:
        with open_study(config, view := live.view(quiet)) as study, view:
            study.run()
            if config.model.test:
                tested.score_best(config, study.records, view.say)
    except Interrupted:
        print(f"stopped. To go on: {going_on}", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    found = _report(config)
    if not quiet:
        report_text.show(found, open_console())
    best = report.write_best(found, config.folder)
    if best is None:
        print(f"no trial completed; see why with: tuner report {_short(config.folder)}", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED)
    print(f"best parameters: {_short(best)}")
    return best


def _studies(folder: Path) -> list[Path]:
    """Return the folder itself, or those of its stages that have begun."""
    document = documents.load(_config_file(folder))
    names = document.get(configuration.STAGES)
    if not isinstance(names, dict):
        return [folder]
    begun = [folder / str(name) for name in names if (folder / str(name) / configuration.CONFIG_FILE).is_file()]
    if not begun:
        raise ConfigError(str(folder), "", "expected a stage that has begun, but there is none")
    return begun


def config_of(folder: Path, sets: list[str] | None = None, *, reading: bool = False) -> StudyConfig:
    """Return the configuration that the study in ``folder`` was started with; raises ConfigError."""
    path = _config_file(folder)
    # The folder may have been moved or copied since: what counts is where it is now.
    here = folder.resolve()
    return configuration.load(path, sets or [], folder=here, reading=reading)


def _config_file(folder: Path) -> Path:
    path = folder / configuration.CONFIG_FILE
    if not path.is_file():
        expected = f"expected a study's folder with a {configuration.CONFIG_FILE}, but got none"
        raise ConfigError(str(folder), "", expected)
    return path


def _report(config: StudyConfig) -> report.Report:
    study = sampler.load_study(config.storage, config.model.study)
    return report.build(
        study,
        record.read_all(study),
        objective=config.model.objective.metric,
        bounds=config.space.bounds(),
        as_trained=config.scaled,
        exported=config.exported,
        tested=tested.read(config.folder),
    )


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
