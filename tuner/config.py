"""From a YAML file to everything a study needs, checked before anything is started."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, field_validator, model_validator
from pydantic.dataclasses import dataclass as checked_dataclass

from tuner import documents, registry, sampler, space_file
from tuner.curve import Curve
from tuner.documents import Document, Model
from tuner.errors import ConfigError, closest, did_you_mean
from tuner.executors.devices import Device, Wanted
from tuner.policy import Table, Treatment
from tuner.record import Action, Params, Record
from tuner.space import PRIOR_SHARE, Role, Space
from tuner.spec import Trainer, TrialSpec
from tuner.standings import Rules
from tuner.storage_url import URL, as_shown

CONFIG_FILE = "config.yaml"
STAGES = "stages"
INLINE = "space", "treatment"  # may be given as the path of a file of their own


class Objective(Model):
    """What the study is about."""

    metric: str = Field(description="name of a logged series, such as val/accuracy")
    direction: Literal["maximize", "minimize"] = Field("maximize", description="whether more of it is better, or less")


class Budget(Model):
    """How much may be spent; whatever is reached first ends the study."""

    trials: PositiveInt | None = Field(None, description="trials that are started, remedies included")
    epochs: PositiveInt | None = Field(None, description="over all trials")
    hours: PositiveFloat | None = Field(None, description="wall-clock time of the driver, over all its runs")
    trial_hours: PositiveFloat = Field(96.0, description="time limit of one trial")

    @model_validator(mode="after")
    def _bounded(self) -> Budget:
        if self.trials is None and self.epochs is None and self.hours is None:
            raise ValueError("expected at least one of trials, epochs, hours, but got none: such as {trials: 40}")
        return self


class Plugin(Model):
    """Something chosen by name, with options of its own."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    name: str = Field(description="which one")

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.__pydantic_extra__ or {})


class Row(Model):
    """One row of the treatment table."""

    action: Literal["continue", "stop", "prune"] = Field(
        "continue", description="let it train on; end it, its best epoch counts; end it as failed"
    )
    retry_with: list[str] = Field([], description="remedies to try on a copy of the trial, in this order at first")
    min_confidence: float = Field(0.0, ge=0, le=1, description="the row counts from this confidence on")
    min_severity: float = Field(0.0, ge=0, le=1, description="the row counts from this severity on")
    for_good: bool = Field(default=False, description="end the trial also where trials are paused")


class Remedies(Model):
    """How much of the search follows from diagnoses."""

    share: float = Field(default=0.3, ge=0, le=1, description="largest share of the trials that may be remedies")


class RateScaling(Model):
    """Let the learning rate follow the batch linearly: the space's rate is meant at this batch."""

    reference_batch: PositiveInt = Field(description="the batch size at which the learning rate of the space is meant")


class Pausing(Model):
    """Pause trials at rungs, and go on with the best of each: the more a trial promises, the further it trains."""

    eta: int = Field(default=4, ge=2, le=100, description="one in so many goes on from a rung")
    first: PositiveInt = Field(default=1, description="epochs of the first look; each further rung is eta times as far")
    start_cost: float = Field(default=0.0, ge=0, description="epochs that a start costs; a first look is 4 times that")


class ConfigModel(Model):
    """A configuration file."""

    study: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="name of the study and of its folder")
    trainer: Plugin = Field(description="what trains, with its name: script, ultralytics, torch")
    space: dict[str, Any] = Field(description="the search space, or the path of its file")
    objective: Objective = Field(description="what is searched for, such as {metric: val/accuracy}")
    epochs: PositiveInt = Field(description="planned epochs of every trial, unless the space has a parameter for it")
    budget: Budget = Field(description="how much may be spent, such as {trials: 40}")
    seed: int = Field(0, ge=0, description="of the draws; each trial trains with a seed made from it and its number")
    devices: Literal["auto", "cpu"] | list[int] = Field(
        "auto", description="auto: every GPU, or the CPU where there is none; cpu; or the numbers of some GPUs"
    )
    per_device: PositiveInt = Field(1, le=64, description="trials that share one GPU")
    jobs: PositiveInt | None = Field(None, le=1024, description="most trials at a time; on a CPU half its cores")
    executor: Plugin = Field(
        Plugin(name="local"), description="what starts the processes of trials, with its options: local, ray, slurm"
    )
    baselines: list[dict[str, Any]] = Field([], description="known-good parameters, tried first")
    seeds: PositiveInt = Field(1, le=100, description="train every baseline so many times, with different seeds")
    test: bool = Field(default=False, description="score the best once on the test split, at the end")
    sweep: int = Field(7, ge=0, le=99, description="points of the learning-rate sweep after the baselines; 0: none")
    sampler: Plugin = Field(
        Plugin(name="TPESampler"), description="a sampler of Optuna by its class name, with its arguments"
    )
    prior: float = Field(
        PRIOR_SHARE,
        ge=0,
        le=1,
        description="share of the first draws that keep to what is usual, until there is a lesson",
    )
    scheduler: Plugin | None = Field(None, description="an Optuna pruner beside or instead of the treatment table")
    pausing: Pausing | None = Field(
        Pausing(), description="pause trials and go on with the best; off: train each to its end"
    )
    treatment: dict[str, Row | None] = Field({}, description="the treatment table, or the path of its file")
    remedies: Remedies = Field(Remedies(), description="how much of the search follows from diagnoses")
    symptoms: dict[str, dict[str, Any]] = Field({}, description="thresholds that differ from the defaults")
    scale_rate_with_batch: RateScaling | None = Field(
        None, description="let the learning rate follow the batch linearly"
    )
    stall_minutes: PositiveFloat = Field(
        30.0,
        description="a trial without a new epoch for so long hangs",
    )
    grace_seconds: PositiveFloat = Field(5.0, description="time to end politely before force is used")
    max_retries: int = Field(2, ge=0, description="attempts in a row for a trial that is killed from outside")
    min_free_disk_gb: float = Field(
        1.0, ge=0, description="none starts and the greediest trial is stopped when less is left"
    )
    evidence: bool = Field(
        default=True,
        description="look at what the best (of the last stage) gets right and wrong, where its trainer can predict",
    )
    data_check: bool = Field(
        default=True, description="examine the data set beside the first trials, where it is known"
    )
    results: str = Field("results", description="folder of all studies; this one gets a folder of its name in it")
    storage: str | None = Field(None, description="URL of the Optuna storage; default: study.db in the study's folder")
    storage_minutes: float = Field(10.0, ge=0, description="how long is waited for a storage that does not answer")
    lease_seconds: float = Field(
        60.0, ge=2, description="a driver that is silent for so long loses its trials to the others on its study"
    )
    base: str | None = Field(None, description="folder that relative paths start from; default: that of this file")

    @field_validator("storage")
    @classmethod
    def _kept(cls, value: str | None) -> str | None:
        if value is not None and (value in ("sqlite://", "sqlite:///") or ":memory:" in value):
            raise ValueError(f"expected a storage that lasts, but got {value!r}, which is in memory")
        if value is not None and not URL.match(value):  # what it is instead may hold a password
            raise ValueError("expected a URL, such as postgresql://USER@HOST/DATABASE, but got something else")
        return value

    @field_validator("devices", mode="before")
    @classmethod
    def _some_devices(cls, value: Any) -> Any:
        numbers = isinstance(value, list) and value and all(type(v) is int and v >= 0 for v in value)
        if value not in ("auto", "cpu") and not (numbers and len(set(value)) == len(value)):
            raise ValueError(f"expected auto, cpu or a list of different GPU numbers, but got {value!r}")
        return value

    @field_validator("executor", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("pausing", mode="before")
    @classmethod
    def _off(cls, value: Any) -> Any:
        return None if value is False else value  # `off` is how YAML spells false

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.devices, self.per_device, self.jobs)

    @model_validator(mode="after")
    def _one_race(self) -> ConfigModel:
        if self.scheduler is not None and self.pausing is not None and "pausing" in self.model_fields_set:
            raise ValueError("expected scheduler or pausing, but got both: each of them ends trials by rank")
        return self

    @field_validator("treatment", mode="before")
    @classmethod
    def _no_rows(cls, value: Any) -> Any:
        return {} if value is None else value


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
