"""Run a study on recorded trainings: the loop, policy, sampler and storage of a real one, and no training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna

from tuner import config as configuration
from tuner import documents, sampler, space_file
from tuner.bank import Task, Unused
from tuner.config import StudyConfig
from tuner.config_model import Budget, ConfigModel
from tuner.documents import Document
from tuner.errors import ConfigError
from tuner.executors.devices import Device
from tuner.executors.replay import Recorded, ReplayExecutor
from tuner.live import QuietView
from tuner.record import NOT_CONTINUED, Action, Record, incumbent
from tuner.search import Proposal
from tuner.space import Space
from tuner.study import Study

TRAININGS, FEWEST_TRAININGS = 20, 5
"""Full trainings that a budget is worth by default, and where a table is small: twenty (the protocol of DyHPO, DPL and
ifBO) would nearly exhaust one of a few hundred configurations."""
CUT_SHORT = ("budget", NOT_CONTINUED)  # where nobody decided against the trial, or it might have gone on
NOTHING_HANGS = {"stall_minutes": math.inf, "min_free_disk_gb": 0.0}


@dataclass(frozen=True)
class Played:
    """A study that was replayed.

    ``trace`` holds (configuration, epoch from 0) in the order in which the epochs were paid for, ``rows`` the
    configuration of every trial.
    """

    task: Task
    seed: int
    records: Sequence[Record]
    trace: Sequence[tuple[int, int]]
    rows: dict[int, int]

    @cached_property
    def best(self) -> Record | None:
        return incumbent(self.records, higher_is_better=self.task.higher_is_better)

    @property
    def regret(self) -> float:
        """The share of what there was to gain that the best trial misses."""
        if self.best is None or self.best.score is None:
            return 1.0
        return self.task.regret(-self.best.score if self.task.higher_is_better else self.best.score)

    @property
    def hours(self) -> float | None:
        """The recorded time of all epochs that were paid for; None where no time was recorded."""
        seconds = self.task.seconds
        return sum(seconds[row] for row, _ in self.trace) / 3600 if seconds else None

    @property
    def stopped(self) -> list[int]:
        """The configurations that were ended for good before their recorded end."""
        ended = {r.number: r for r in self.records if r.ending and r.ending.action in (Action.STOP, Action.PRUNE)}
        rows = [(self.rows[n], r.epochs) for n, r in ended.items() if r.ending and r.ending.reason not in CUT_SHORT]
        return [row for row, epochs in rows if epochs < self.task.lengths[row]]

    @property
    def false_kills(self) -> int:
        """How many of them would have ended among the best tenth of all that is recorded."""
        return int(self.task.good()[self.stopped].sum()) if self.stopped else 0


def play(
    config: StudyConfig, task: Task, *, seed: int | None = None, storage: str | None = None, prefix: str = ""
) -> Played:
    """Run the study of ``config`` on ``task`` to its end, in memory or in the Optuna ``storage`` given.

    Its name there is that of the study and the seed, behind ``prefix``.
    """
    model = config.model if seed is None else config.model.model_copy(update={"seed": seed})
    config = replace(config, model=model)
    scheduler = model.scheduler
    pruner = sampler.make_scheduler(scheduler.name, scheduler.options) if scheduler else optuna.pruners.NopPruner()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=storage,
        study_name=f"{prefix} {model.study} {model.seed}".strip(),
        direction="maximize" if task.higher_is_better else "minimize",
        pruner=pruner,
    )
    executor = ReplayExecutor(task, config.slots)
    driver = Study(config, study, QuietView(), executor)
    driver.opening = _placed(driver.opening, task)
    records = driver.run()
    return Played(task, model.seed, records, executor.trace, executor.rows)


def _placed(opening: Sequence[Proposal], task: Task) -> list[Proposal]:
    """Return the opening with a recorded configuration of its own for each trial, as many as there are."""
    unused = Unused(task)
    return [replace(p, params=unused.move(p.params)) for p in opening[: len(unused)] if p.params is not None]


def configure(
    task: Task, policy: Document | None = None, sets: Sequence[str] = (), *, base: Path = Path(), where: str = "replay"
) -> tuple[StudyConfig, Task]:
    """Return the study that ``policy`` describes on ``task``, and the part of the task that its space reaches.

    ``policy`` may hold any key of a configuration file; what it leaves out is taken from the task. ``base`` is where
    its relative paths start. Raises ConfigError and StudyError.
    """
    own = document_of(task)
    document = configuration.assembled({**own, **(policy or {})}, sets, base, where)
    document = {k: v for k, v in document.items() if k not in ("storage", "scale_rate_with_batch")}
    model = documents.check(ConfigModel, document, where)
    _check_recorded(model, task, where)
    space = space_file.build(model.space, f"{where}: space")
    task = task.within(space)
    configuration.check_choosing(model, space, where)
    config = StudyConfig(
        model=model.model_copy(update={**NOTHING_HANGS, "budget": _budget(model, task, where)}),
        space=space,
        trainer=Recorded(),
        treatment=configuration.treatment(model.treatment, where),
        symptom_options=configuration.symptom_options(model.symptoms, where),
        baselines=configuration.baselines(model, space, where),
        slots=(Device(),) * (model.jobs or 1),
        folder=Path(),
        document=document,
    )
    return config, task


def document_of(task: Task) -> Document:
    """Return the configuration of a study on ``task`` with everything at its default."""
    return {
        "study": "".join(c if c.isalnum() or c in "._-" else "-" for c in f"replay-{task.name}"),
        "trainer": {"name": "replay"},
        "space": _described(task.space),
        "objective": {"metric": task.objective, "direction": "maximize" if task.higher_is_better else "minimize"},
        "epochs": task.epochs,
        "budget": {"epochs": default_budget(task)},
    }


def default_budget(task: Task) -> int:
    """Return the epochs of twenty full trainings, or of fewer where the table is small."""
    return min(TRAININGS, max(FEWEST_TRAININGS, len(task.configurations) // 50)) * task.epochs


def _described(space: Space) -> Document:
    described: dict[str, Any] = space.describe()
    return {
        name: {**described[name], **({"role": str(p.role)} if p.role else {})} for name, p in space.parameters.items()
    }


def _check_recorded(model: ConfigModel, task: Task, where: str) -> None:
    """Raise ConfigError where the policy asks for other trainings than those that were recorded."""
    if model.objective.metric != task.objective:
        raise ConfigError(
            where,
            "objective",
            f"expected {task.objective}, as recorded, but got {model.objective.metric}: leave it out",
        )
    if model.epochs != task.epochs:
        raise ConfigError(where, "epochs", f"expected {task.epochs}, as recorded, but got {model.epochs}: leave it out")


def _budget(model: ConfigModel, task: Task, where: str) -> Budget:
    """Return the budget without its hours where no time was recorded; raises ConfigError where nothing is left."""
    budget = model.budget
    if task.seconds or budget.hours is None:
        return budget
    if budget.trials is None and budget.epochs is None:
        raise ConfigError(where, "budget", "expected trials or epochs, as no time was recorded, but got hours alone")
    return budget.model_copy(update={"hours": None})
