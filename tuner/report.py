"""What a study found: incumbent, trials, worth of the remedies, importances, budget, and what to mind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.study import StudyDirection

from tuner import experiments, origin, whole, words
from tuner.checks import Bounds, Check, checks
from tuner.compared import Difference, differences
from tuner.experiments import Repeat, Table
from tuner.importance import Importances, importances
from tuner.record import Params, Record, incumbent
from tuner.tested import Scored
from tuner.worth import Worth, worth

BEST_FILE = "best.yaml"


@dataclass(frozen=True)
class Used:
    """The budget used: epochs up to the decisions, epochs logged after them, and hours summed over the trials."""

    trials: int
    epochs: int
    extra_epochs: int
    hours: float


@dataclass(frozen=True)
class Report:
    """One study, ready to be printed or written; ``trials`` are in the order of their numbers.

    ``settings`` are those of the incumbent in the words of the program that trained it, ``made_with`` the commands and
    versions of the study's drivers, as ``origin.now`` notes them.
    """

    study: str
    objective: str
    higher_is_better: bool
    incumbent: Record | None
    best_params: Params
    settings: Mapping[str, Any]
    trials: tuple[Record, ...]
    states: Mapping[str, int]
    worth: tuple[Worth, ...]
    importances: Importances
    used: Used
    checks: tuple[Check, ...]
    experiments: Table
    repeats: tuple[Repeat, ...]
    differences: tuple[Difference, ...]
    tested: tuple[Scored, ...]
    made_with: tuple[Mapping[str, Any], ...] = ()

    @property
    def direction(self) -> str:
        return "maximise" if self.higher_is_better else "minimise"


def build(
    study: optuna.Study,
    records: Sequence[Record],
    *,
    objective: str | None = None,
    bounds: Bounds | None = None,
    as_trained: Callable[[Params], Params] = dict,
    exported: Callable[[Record], Mapping[str, Any]] | None = None,
    tested: Sequence[Scored] = (),
    weigh: Callable[[optuna.Study], Importances] = importances,
) -> Report:
    """Return the report on ``study``; the objective is named as Optuna knows it where it is not given.

    ``as_trained`` turns the sampler's parameters into those that the trainer got, ``exported`` a trial into the
    settings of the program that trained it. ``weigh`` says what each hyperparameter accounts for, which takes seconds.
    """
    higher = study.direction is StudyDirection.MAXIMIZE
    best = incumbent(records, higher_is_better=higher)
    objective = objective or (study.metric_names or ["score"])[0]
    return Report(
        study=study.study_name,
        objective=objective,
        higher_is_better=higher,
        incumbent=best,
        best_params=as_trained(best.params) if best else {},
        settings=(exported(best) if exported else as_trained(best.params)) if best else {},
        trials=tuple(records),
        states=dict(Counter(r.state.name.lower() for r in records)),
        worth=worth(records, higher_is_better=higher),
        importances=weigh(study),
        used=used(records),
        checks=checks(records, best, bounds or {}),
        experiments=experiments.table(records, objective),
        repeats=tuple(experiments.repeated(records)),
        differences=tuple(differences(records, higher_is_better=higher)),
        tested=tuple(tested),
        made_with=tuple(origin.noted(study.user_attrs.get(origin.KEY))),
    )


def used(records: Sequence[Record]) -> Used:
    return Used(
        trials=len(records),
        epochs=sum(r.epochs for r in records),
        extra_epochs=sum(r.extra_epochs for r in records),
        hours=sum(r.seconds for r in records) / 3600,
    )


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as strict JSON data: what is not a finite number becomes null."""
    data = {
        "study": report.study,
        "objective": report.objective,
        "direction": report.direction,
        "incumbent": _row(report.incumbent) if report.incumbent else None,
        "best_params": report.best_params,
        "settings": report.settings,
        "repeats": [asdict(repeat) for repeat in report.repeats],
        "differences": [asdict(one) | {"clear": one.clear} for one in report.differences],
        "tested": [asdict(tested) for tested in report.tested],
        "states": report.states,
        "budget": asdict(report.used),
        "checks": [asdict(check) for check in report.checks],
        "remedies": [asdict(w) | {"wins": w.wins, "mean_gain": w.mean_gain} for w in report.worth],
        "importances": asdict(report.importances),
        "trials": [_row(record) for record in report.trials],
    }
    strict: dict[str, Any] = _strict(data)
    return strict


def best_yaml(report: Report) -> str:
    """Return the best hyperparameters as YAML under a comment that says where they come from; empty without any."""
    best = report.incumbent
    if best is None:
        return ""
    lines = [
        f"study: {report.study}",
        f"{report.objective}: {words.score(best)} ({report.direction})",
        f"trial: {best.number}, {words.origin(best)}",
    ]
    lines += [] if best.seed is None else [f"seed: {best.seed}"]
    lines += [] if best.planned_epochs is None else [f"planned epochs: {best.planned_epochs}"]
    head = "".join(f"# {words.plain(line)}\n" for line in lines)
    return head + yaml.safe_dump(dict(report.settings), sort_keys=False, allow_unicode=True)


def write_best(report: Report, folder: Path) -> Path | None:
    """Write best.yaml into ``folder``; without a scored trial write nothing, and leave what is there."""
    text = best_yaml(report)
    if not text:
        return None
    path = folder / BEST_FILE
    whole.write(path, text)
    return path


def _row(record: Record) -> dict[str, Any]:
    row = asdict(record) | {"state": record.state.name.lower(), "origin": str(record.origin)}
    return row | {"why": words.why(record.ending) if record.finished else None, "text": words.sentence(record)}


def _strict(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _strict(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_strict(item) for item in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
