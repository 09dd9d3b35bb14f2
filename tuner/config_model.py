"""What may stand in a configuration file: its keys, their types and their defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, PositiveFloat, PositiveInt, field_validator, model_validator

from tuner.documents import Model
from tuner.executors.devices import Wanted
from tuner.space import PRIOR_SHARE
from tuner.storage_url import URL


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
