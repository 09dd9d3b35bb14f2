"""Read a study that lies in a folder: its configuration, those of its stages, and the report on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tuner import config as configuration
from tuner import data_watch, documents, record, report, sampler, tested
from tuner.config import StudyConfig
from tuner.errors import ConfigError, closest
from tuner.report import Report

FEW = 5
"""How many studies are named."""


def parts_of(folder: Path) -> list[Path]:
    """Return the folder itself, or those of all its stages."""
    names = documents.load(config_file(folder)).get(configuration.STAGES)
    if not isinstance(names, dict):
        return [folder]
    for name in map(str, names):
        if Path(name).name != name:  # the configuration may come from elsewhere
            raise ConfigError(str(folder), configuration.STAGES, f"expected names of folders in it, but got '{name}'")
    return [folder / str(name) for name in names]


def studies_of(folder: Path) -> list[Path]:
    """Return the folder itself, or those of its stages that have begun."""
    begun = [part for part in parts_of(folder) if part == folder or (part / configuration.CONFIG_FILE).is_file()]
    if not begun:
        raise ConfigError(str(folder), "", "expected a stage that has begun, but there is none")
    return begun


def config_of(folder: Path, sets: list[str] | None = None, *, reading: bool = False) -> StudyConfig:
    """Return the configuration that the study in ``folder`` was started with; raises ConfigError."""
    path = config_file(folder)
    # The folder may have been moved or copied since: what counts is where it is now.
    here = folder.resolve()
    return configuration.load(path, sets or [], folder=here, reading=reading)


def config_file(folder: Path) -> Path:
    path = folder / configuration.CONFIG_FILE
    if not path.is_file():
        expected = f"expected a study's folder with a {configuration.CONFIG_FILE}, but got none"
        raise ConfigError(str(folder), "", f"{expected}; {_next(folder)}")
    return path


def short(path: Path) -> Path:
    """Return a path as it is typed in the folder where the command runs."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _next(folder: Path) -> str:
    """Return what to do where ``folder`` is no study."""
    if folder.is_file():
        return f"a configuration is started, and continued, with tuner run {folder}"
    near = sorted(p.parent.name for p in folder.glob(f"*/{configuration.CONFIG_FILE}"))
    if near:
        return f"there are studies in it: {', '.join(near[:FEW])}"
    known = sorted(p.parent.name for p in folder.parent.glob(f"*/{configuration.CONFIG_FILE}"))
    meant = closest(folder.name, known)
    return f"did you mean {folder.parent / meant}?" if meant else "tuner run CONFIG starts one"


def report_of(config: StudyConfig) -> Report:
    study = sampler.load_study(config.storage, config.model.study)
    found = report.build(
        study,
        record.read_all(study),
        objective=config.model.objective.metric,
        bounds=config.space.bounds(),
        as_trained=config.scaled,
        exported=config.exported,
        tested=tested.read(config.folder),
    )
    return replace(found, checks=(*found.checks, *data_watch.checks(config.folder, found.trials)))
