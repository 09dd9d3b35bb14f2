"""From a YAML file to everything a study needs, checked before anything is started."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from tuner import documents, registry, sampler, space_file
from tuner.config_model import ConfigModel, Row
from tuner.curve import Curve
from tuner.documents import Document
from tuner.errors import ConfigError, closest, did_you_mean
from tuner.executors.devices import Device
from tuner.policy import Table, Treatment
from tuner.record import Action, Params, Record
from tuner.space import Role, Space
from tuner.spec import Trainer, TrialSpec
from tuner.standings import Rules
from tuner.storage_url import as_shown

CONFIG_FILE = "config.yaml"
STAGES = "stages"
INLINE = "space", "treatment"  # may be given as the path of a file of their own


@dataclass(frozen=True)
class StudyConfig:
    """A configuration with every part resolved and checked."""

    model: ConfigModel
    space: Space
    trainer: Trainer
    treatment: Table
    symptom_options: Mapping[str, Any]
    baselines: tuple[Params, ...]
    slots: tuple[Device, ...]
    folder: Path
    document: Document = dataclasses.field(repr=False)
    executor_options: Any = None

    @property
    def higher_is_better(self) -> bool:
        return self.model.objective.direction == "maximize"

    @property
    def base(self) -> Path:
        """The folder that relative paths of the configuration start from."""
        return Path(str(self.document["base"]))

    @property
    def racing(self) -> Rules | None:
        """How trials are paused; None where each trains to its end, or where an Optuna pruner ends them."""
        model = self.model.pausing
        off = model is None or self.model.scheduler is not None
        return None if off or model is None else Rules(model.eta, model.first, model.start_cost)

    def scaled(self, params: Params) -> Params:
        """Return ``params`` as they are trained with: the rate follows the batch, where the config asks for it."""
        scaling = self.model.scale_rate_with_batch
        rates, batches = (self.space.playing(role, params) for role in (Role.LEARNING_RATE, Role.BATCH_SIZE))
        if scaling is None or not rates or not batches:
            return dict(params)
        factor = float(params[batches[0]]) / scaling.reference_batch
        return {**params, rates[0]: float(params[rates[0]]) * factor}

    def exported(self, record: Record) -> Mapping[str, Any]:
        """Return the settings of a trial in the words of the program that trained it."""
        return self.trainer.exported(self.spec_of(record))

    def spec_of(self, record: Record) -> TrialSpec:
        """Return a trial as its trainer gets it."""
        epochs = self.space.playing(Role.EPOCHS, record.params)
        return TrialSpec(
            record.number,
            self.scaled(record.params),
            int(record.params[epochs[0]]) if epochs else record.planned_epochs or self.model.epochs,
            record.seed or 0,
            self.trial_folder(record.number),
            self.model.objective.metric,
            self.higher_is_better,
            record.until if self.racing else None,
        )

    def trial_folder(self, number: int) -> Path:
        return self.folder / "trials" / f"{number:04d}"

    def read_log(self, number: int, planned_epochs: int | None) -> Curve:
        """Return what a trial has logged; raises LogError and OSError."""
        log = self.trainer.log(self.trial_folder(number))
        return registry.READERS[log.format].read(
            log.path,
            objective=self.model.objective.metric,
            higher_is_better=self.higher_is_better,
            planned_epochs=planned_epochs,
            options=log.options,
        )

    @property
    def storage(self) -> str:
        return self.model.storage or f"sqlite:///{self.folder / 'study.db'}"


def load(
    path: Path, overrides: Sequence[str] = (), *, folder: Path | None = None, reading: bool = False
) -> StudyConfig:
    """Return the study that the YAML at ``path`` describes, with ``key=value`` overrides; raises ConfigError.

    ``folder`` is where the study lies if not where the configuration says (it may have been moved). For ``reading``
    alone, neither the devices nor what the trainer needs have to be there.
    """
    document, base = read(path, overrides)
    if STAGES in document:
        raise ConfigError(str(path), STAGES, "expected one study, but got several: name the folder of one stage of it")
    return of(document, base, str(path), folder=folder, reading=reading)


def read(path: Path, overrides: Sequence[str] = ()) -> tuple[Document, Path]:
    """Return the document at ``path`` with the overrides applied, and the folder that its relative paths start from."""
    _refuse_missing(path)
    document = documents.load(path)
    for assignment in (o for o in overrides if o.partition("=")[0].strip() == "base"):
        documents.override(document, assignment)  # at once: all other paths depend on it
    given = document.get("base")
    if given is not None and not isinstance(given, str):
        raise ConfigError(str(path), "base", f"expected a folder, but got {given!r}")
    base = (path.parent / (given or "")).resolve()
    document = assembled(document, overrides, base, str(path))
    if document.get(STAGES, ...) is None:
        del document[STAGES]  # --set stages=null asks for the study without them
    return document, base


def of(document: Document, base: Path, where: str, *, folder: Path | None = None, reading: bool = False) -> StudyConfig:
    """Return the study that an assembled ``document`` describes; raises ConfigError."""
    model = documents.check(ConfigModel, document, where)
    options = _executor_options(model, where)
    space = space_file.build(model.space, f"{where}: space")
    return StudyConfig(
        model=model,
        space=space,
        trainer=_trainer(model, space, base, where, reading=reading),
        treatment=treatment(model.treatment, where),
        symptom_options=symptom_options(model.symptoms, where),
        baselines=baselines(model, space, where),
        slots=() if reading else _slots(model, options, space, where),
        folder=folder or Path(model.results).resolve() / model.study,
        document={**as_shown(document), "base": str(base)},
        executor_options=options,
    )


def save(config: StudyConfig) -> Path:
    """Write the resolved configuration into the study's folder, from where ``tuner resume`` takes it."""
    path = config.folder / CONFIG_FILE
    documents.write(path, {**config.document, "results": str(config.folder.parent)})
    return path


def assembled(document: Document, overrides: Sequence[str], base: Path, where: str) -> Document:
    """Return ``document`` with the overrides applied and the parts that stand in files of their own; ConfigError."""
    document = dict(document)
    inner = [o for o in overrides if o.split("=")[0].strip().startswith(tuple(f"{key}." for key in INLINE))]
    for assignment in overrides:
        if assignment not in inner:
            documents.override(document, assignment)
    if "treatment" not in document:
        document["treatment"] = default_treatment()
    document = inlined(document, base, where)
    for assignment in inner:
        documents.override(document, assignment)
    return document


def inlined(document: Document, base: Path, where: str) -> Document:
    """Return ``document`` with the parts that stand in files of their own; raises ConfigError."""
    files = {key: document[key] for key in INLINE if isinstance(document.get(key), str)}
    return {**document, **{key: documents.load(_existing(name, base, where, key)) for key, name in files.items()}}


def _refuse_missing(path: Path) -> None:
    """Raise ConfigError where there is no configuration at ``path``, with what may be meant or done."""
    if path.is_dir():
        begun = (path / CONFIG_FILE).is_file()
        there = f"; the study in it goes on with tuner resume {path}" if begun else "; name a file in it"
        raise ConfigError(str(path), "", f"expected a YAML file, but got a folder{there}")
    if not path.exists():
        hint = _beside(path) or "; tuner init writes a first configuration for what lies here"
        raise ConfigError(str(path), "", f"no such file{hint}")


def _beside(path: Path) -> str:
    """Return the name beside ``path`` that may be meant, in words; nothing where none is close."""
    near = closest(path.name, [other.name for other in path.parent.glob("*.y*ml")]) if path.parent.is_dir() else None
    return f", did you mean '{near}'?" if near else ""


def _existing(name: str, base: Path, where: str, key: str) -> Path:
    path = base / name
    if not path.is_file():
        raise ConfigError(where, key, f"expected a file, but there is none at {path}{_beside(path)}")
    return path


def _trainer(model: ConfigModel, space: Space, base: Path, where: str, *, reading: bool) -> Trainer:
    name = _known(model.trainer.name, registry.TRAINERS, where, "trainer.name", "trainer")
    make = registry.TRAINERS[name]
    options = documents.check(make.Options, model.trainer.options, where, prefix="trainer")
    try:
        trainer: Trainer = make(options, base)
        if not reading:
            trainer.check(space)
            _check_objective(model.objective.metric, trainer.metrics, where)
    except ValueError as error:
        raise ConfigError(where, "trainer", str(error)) from None
    if model.test and trainer.test(base) is None:
        raise ConfigError(
            where,
            "test",
            f"expected a trainer that says how to test, but got {name} without it; see trainer.test, or test: false",
        )
    _known(trainer.log_format, registry.READERS, where, "trainer.log.format", "log format")
    return trainer


def _check_objective(metric: str, known: Sequence[str], where: str) -> None:
    if known and metric not in known and not metric.endswith("loss"):
        raise ConfigError(where, "objective.metric", f"unknown score{did_you_mean(metric, known)}")


def treatment(rows: Mapping[str, Row | None], where: str) -> Table:
    """Return the table that ``rows`` describe, empty rows left out; raises ConfigError for an unknown name."""
    table: dict[str, Treatment] = {}
    for symptom, row in rows.items():
        _known(symptom, registry.SYMPTOMS, where, "treatment", "symptom")
        if row is None:
            continue
        for remedy in row.retry_with:
            _known(remedy, registry.REMEDIES, where, f"treatment.{symptom}.retry_with", "remedy")
        table[symptom] = Treatment(
            Action(row.action), tuple(row.retry_with), row.min_confidence, row.min_severity, row.for_good
        )
    return table


def default_treatment() -> Document:
    """Return the treatment table that the package ships."""
    with resources.as_file(resources.files("tuner") / "treatment.yaml") as path:
        return documents.load(path)


def symptom_options(chosen: Mapping[str, Mapping[str, Any]], where: str) -> dict[str, Any]:
    """Return the ``Options`` of every symptom that has thresholds of its own; raises ConfigError."""
    options: dict[str, Any] = {}
    for name, thresholds in chosen.items():
        plain = registry.SYMPTOMS[_known(name, registry.SYMPTOMS, where, "symptoms", "symptom")].Options
        known = {f.name for f in dataclasses.fields(plain)}
        for key in thresholds:
            if key not in known:
                raise ConfigError(where, f"symptoms.{name}.{key}", f"unknown key{did_you_mean(key, known)}")
        checked: Any = checked_dataclass(plain, frozen=True)
        try:
            options[name] = checked(**thresholds)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(["symptoms", name, *(str(part) for part in first["loc"])])
            raise ConfigError(where, key, documents.problem(dict(first))) from None
    return options


def baselines(model: ConfigModel, space: Space, where: str) -> tuple[Params, ...]:
    """Return the baselines with every open parameter at its default; raises ConfigError."""
    complete: list[Params] = []
    for i, partial in enumerate(model.baselines):
        for name, value in partial.items():
            key = f"baselines.{i}.{name}"
            if name not in space.parameters:
                raise ConfigError(where, key, f"unknown parameter{did_you_mean(name, space.parameters)}")
            if not space.parameters[name].contains(value):
                described = space.parameters[name].describe()
                raise ConfigError(where, key, f"expected a value of {described}, but got {value!r}")
        complete.append(space.complete(partial))
    return tuple(complete)


def check_choosing(model: ConfigModel, space: Space, where: str) -> None:
    """Raise ConfigError where there is no such sampler or scheduler, or it cannot do with its options or the space."""
    try:
        sampler.check(model.sampler.name, model.sampler.options, space)
    except ValueError as error:
        raise ConfigError(where, "sampler", str(error)) from None
    if model.scheduler:
        try:
            sampler.check_scheduler(model.scheduler.name, model.scheduler.options)
        except ValueError as error:
            raise ConfigError(where, "scheduler", str(error)) from None


def _executor_options(model: ConfigModel, where: str) -> Any:
    name = _known(model.executor.name, registry.EXECUTORS, where, "executor", "executor")
    return documents.check(registry.EXECUTORS[name].Options, model.executor.options, where, prefix="executor")


def _slots(model: ConfigModel, options: Any, space: Space, where: str) -> tuple[Device, ...]:
    check_choosing(model, space, where)
    try:
        return tuple(registry.EXECUTORS[model.executor.name].choose(options, model.wanted))
    except ValueError as error:
        key = "devices" if model.executor.name == "local" else "executor"
        raise ConfigError(where, key, str(error)) from None


def _known(name: str, plugins: Mapping[str, Any], where: str, key: str, what: str) -> str:
    if name not in plugins:
        raise ConfigError(where, key, f"unknown {what} '{name}'{did_you_mean(name, plugins)}")
    return name
