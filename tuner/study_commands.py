"""What the commands about a study do; apart from the command line because Optuna takes half a second to import."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import typer
from optuna.exceptions import StorageInternalError

from tuner import config as configuration
from tuner import live, record, report, report_text, sampler
from tuner import status as snapshot
from tuner.config import StudyConfig
from tuner.errors import ConfigError
from tuner.opening import driver_is_alive, open_study
from tuner.screen import open_console
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
    _drive(configuration.load(config, sets), quiet=quiet)


@_mending_storage
def resume(study: Path, sets: list[str], quiet: bool) -> None:
    _drive(config_of(study, sets), quiet=quiet)


@_mending_storage
def show_report(study: Path, as_json: bool) -> None:
    found = _report(config_of(study, reading=True))
    if as_json:
        print(json.dumps(report.to_json(found), indent=2, allow_nan=False))
        return
    report_text.show(found, open_console())
    best = report.write_best(found, study)
    if best:
        print(f"best parameters: {best}")


@_mending_storage
def status(study: Path) -> None:
    config = config_of(study, reading=True)
    optuna_study = sampler.load_study(config.storage, config.model.study)
    snapshot.show(snapshot.look(config, optuna_study), open_console())
    if not driver_is_alive(config.folder):
        print(f"no tuner works on it. To go on: tuner resume {_short(config.folder)}")


def _drive(config: StudyConfig, *, quiet: bool) -> None:
    """Run a study to its end, write best.yaml, and exit with a code that says how it went."""
    try:
        with open_study(config, view := live.view(quiet)) as study, view:
            study.run()
    except Interrupted:
        print(f"stopped. To go on: tuner resume {_short(config.folder)}", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    found = _report(config)
    if not quiet:
        report_text.show(found, open_console())
    best = report.write_best(found, config.folder)
    if best is None:
        print(f"no trial completed; see why with: tuner report {_short(config.folder)}", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED)
    print(f"best parameters: {_short(best)}")


def config_of(folder: Path, sets: list[str] | None = None, *, reading: bool = False) -> StudyConfig:
    """Return the configuration that the study in ``folder`` was started with; raises ConfigError."""
    path = folder / configuration.CONFIG_FILE
    if not path.is_file():
        expected = f"expected a study's folder with a {configuration.CONFIG_FILE}, but got none"
        raise ConfigError(str(folder), "", expected)
    # The folder may have been moved or copied since: what counts is where it is now.
    here = folder.resolve()
    return configuration.load(path, sets or [], folder=here, reading=reading)


def _report(config: StudyConfig) -> report.Report:
    study = sampler.load_study(config.storage, config.model.study)
    return report.build(
        study,
        record.read_all(study),
        objective=config.model.objective.metric,
        bounds=config.space.bounds(),
        as_trained=config.scaled,
    )


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
