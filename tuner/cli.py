"""The commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from optuna.exceptions import StorageInternalError

from tuner import config as configuration
from tuner import live, record, report, report_text, sampler, status
from tuner.config import StudyConfig
from tuner.errors import ConfigError, TunerError
from tuner.opening import driver_is_alive, open_study
from tuner.screen import open_console
from tuner.study import Interrupted

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Hyperparameter search that reads training curves, says what is wrong with them, and tries the remedy.",
)

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130

ConfigPath = Annotated[Path, typer.Argument(help="the study's YAML, such as configs/digits.yaml", metavar="CONFIG")]
StudyPath = Annotated[Path, typer.Argument(help="the study's folder, such as results/digits", metavar="STUDY")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="override a key of the config, e.g. budget.trials=10; repeatable"),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="show nothing but errors and the final result")]


@app.command()
def run(config: ConfigPath, sets: Sets = None, quiet: Quiet = False) -> None:
    """Start the study that CONFIG describes, or continue it where it exists."""
    _drive(configuration.load(config, sets or []), quiet=quiet)


@app.command()
def resume(study: StudyPath, sets: Sets = None, quiet: Quiet = False) -> None:
    """Continue the study in the folder STUDY with the configuration it was started with."""
    _drive(_config_of(study, sets or []), quiet=quiet)


@app.command("report")
def report_command(
    study: StudyPath,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON, for programs")] = False,
) -> None:
    """Say what a study found: the best parameters, every trial and why it ended, what the remedies were worth."""
    found = _report(_config_of(study, reading=True))
    if as_json:
        print(json.dumps(report.to_json(found), indent=2, allow_nan=False))
        return
    report_text.show(found, open_console())
    best = report.write_best(found, study)
    if best:
        print(f"best parameters: {best}")


@app.command("status")
def status_command(study: StudyPath) -> None:
    """Show what a study is doing right now, without disturbing it."""
    config = _config_of(study, reading=True)
    optuna_study = sampler.load_study(config.storage, config.model.study)
    status.show(status.look(config, optuna_study), open_console())
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


def _config_of(folder: Path, sets: list[str] | None = None, *, reading: bool = False) -> StudyConfig:
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


def main() -> NoReturn:
    """Run the command line; what a person can mend is one line and exit code 2."""
    try:
        app()
    except TunerError as error:
        print(f"tuner: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except OSError as error:
        # Something in the way of a file of ours, such as a folder of its name; what trained can be continued.
        print(f"tuner: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except StorageInternalError as error:
        print(f"tuner: the storage failed ({error.__cause__ or error}); go on with tuner resume", file=sys.stderr)
        sys.exit(EXIT_FAILED)
    sys.exit(0)
