"""What a study would do, gathered without training anything and without making anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tuner import opening, record, search
from tuner.config import StudyConfig
from tuner.preview import race, speed
from tuner.preview.race import Expected
from tuner.preview.speed import Speed
from tuner.record import Record
from tuner.search import Proposal
from tuner.space import Choice, Levels, Parameter
from tuner.spec import About
from tuner.stages import Stage


@dataclass(frozen=True)
class Plan:
    """One study, or one stage of several, as it would run.

    ``records`` are the trials of an earlier run that it would continue, ``changes`` what is different since then.
    ``top`` says how many of the best of the stage before it trains, where it searches nothing itself.
    """

    config: StudyConfig
    about: About
    opening: tuple[Proposal, ...]
    expected: Expected
    speed: Speed | None
    records: tuple[Record, ...] = ()
    changes: tuple[str, ...] = ()
    exists: bool = False
    stage: str = ""
    top: int | None = None

    @property
    def dimensions(self) -> int:
        """How many parameters have more than one value."""
        return sum(not is_fixed(p) for p in self.config.space.parameters.values())

    @property
    def hours(self) -> float | None:
        """How long the whole budget takes, symptoms aside; None where it is not known."""
        if self.speed is None or self.expected.trials is None or self.expected.epochs is None:
            return None
        starts = self.expected.trials * self.expected.starts
        return self.speed.hours(self.expected.epochs, starts, len(self.config.slots))


Measure = Callable[[StudyConfig], Speed | None]


def of(config: StudyConfig, stage: Stage | None = None, measure: Measure = speed.recorded) -> Plan:
    """Return the plan of ``config``; raises StudyError where ``run`` would before its first trial."""
    earlier = opening.look(config)
    seconds = measure(config)
    top = stage.top if stage else None
    return Plan(
        config,
        config.trainer.about(config.space),
        tuple(search.openers(config.baselines, config.space, config.model.sweep, config.model.seeds))
        if not top
        else (),
        _expected(config, seconds, top),
        seconds,
        tuple(record.read_all(earlier.study)) if earlier else (),
        earlier.changes if earlier else (),
        earlier is not None,
        stage.name if stage else "",
        top,
    )


def of_stages(stages: list[Stage], measure: Measure = speed.recorded) -> list[Plan]:
    """Return the plan of every stage; what has the same trainer as an earlier stage is measured once."""
    known: dict[str, Speed | None] = {}

    def once(config: StudyConfig) -> Speed | None:
        key = repr(config.document.get("trainer"))
        if key not in known:
            known[key] = measure(config)
        return known[key]

    return [of(stage.known, stage, once) for stage in stages if stage.known is not None]


def is_fixed(parameter: Parameter) -> bool:
    """Return whether a parameter has one value only."""
    if isinstance(parameter, Levels):
        return len(parameter.values) == 1
    return isinstance(parameter, Choice) and len(parameter.options) == 1


def _expected(config: StudyConfig, seconds: Speed | None, top: int | None) -> Expected:
    model, budget = config.model, config.model.budget
    if top is not None:
        budget = budget.model_copy(update={"trials": top * model.seeds})
    by_time = None
    if seconds is not None and budget.hours is not None:
        steps = race.expected(model.epochs, config.racing, budget)
        each = seconds.epoch + seconds.start * steps.starts / steps.cost
        by_time = budget.hours * 3600 * len(config.slots) / each
    return race.expected(model.epochs, config.racing, budget, by_time)
