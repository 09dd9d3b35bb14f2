"""What the study remembers of a trial: one typed view of an Optuna trial and its user attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Optuna takes half a second, which a command that needs no study need not pay
    import optuna
    from optuna.trial import FrozenTrial, TrialState

ParamValue = float | int | str | bool
Params = dict[str, ParamValue]


class Action(StrEnum):
    """What is done with a trial (docs/decisions.md, "STOP is not PRUNE")."""

    CONTINUE = "continue"
    FINISH = "finish"
    """All planned epochs are there: told COMPLETE with the best score."""
    STOP = "stop"
    """Enough is known: told COMPLETE with the best score so far."""
    PRUNE = "prune"
    """It failed: told PRUNED, with a constraint that names the reason."""
    FAIL = "fail"
    """It broke, and its parameters are not to blame: told FAIL."""


NOT_CONTINUED = "not_continued"
"""Why a paused trial ended: it lost against its peers, and did not fail."""


class Origin(StrEnum):
    """Who proposed the parameters of a trial."""

    BASELINE = "baseline"
    SWEEP = "sweep"
    SAMPLER = "sampler"
    REMEDY = "remedy"
    RETRY = "retry"


@dataclass(frozen=True)
class Ending:
    """Why a trial ended.

    ``reason`` is the name of a symptom, or ``finished``, ``budget``, ``pruner``, ``time_limit``, ``crashed``,
    ``killed``, ``hung``, ``no_log``, ``unreadable_log``, ``out_of_memory``, ``disk_full``, ``not_continued``. ``epoch``
    is the last epoch that was considered and ``since_epoch`` where the symptom began, both as numbered in the log.
    """

    action: Action
    reason: str
    text: str
    epoch: int | None = None
    since_epoch: int | None = None
    confidence: float | None = None
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    rule_version: str | None = None


@dataclass(frozen=True)
class Prescription:
    """The remedy that an ending calls for, as it will be tried: ``params`` differ in one move from the trial's."""

    remedy: str
    params: Params
    symptom: str | None = None


@dataclass(frozen=True)
class Record:
    """One trial as stored. ``score`` is the best value of the objective up to the ending, at ``score_epoch``.

    ``epochs`` counts logged epochs up to the decision that ended the trial, ``extra_epochs`` those that were logged
    between the decision and the end of the process, ``lost_epochs`` those that a restart without a checkpoint trained
    again; ``seconds`` is wall-clock time over all its processes, ``started`` when the latest of them began and
    ``ended`` when the trial was told (seconds since 1970). ``metrics`` are all logged metrics at ``score_epoch``,
    ``facts`` what its trainer noted beside the curve. ``until`` is after how many epochs it is paused, ``paused``
    whether it waits, ``standing`` why it waits or goes on, in words; ``held`` the symptoms that it was held for,
    ``suspect`` what was seen where it still is. ``owner`` is the driver that trains it or trained it last, ``reported``
    of how many epochs the storage knows the score.
    """

    number: int
    state: TrialState
    params: Params
    origin: Origin = Origin.SAMPLER
    score: float | None = None
    score_epoch: int | None = None
    epochs: int = 0
    extra_epochs: int = 0
    lost_epochs: int = 0
    planned_epochs: int | None = None
    ending: Ending | None = None
    parent: int | None = None
    remedy: str | None = None
    prescription: Prescription | None = None
    seed: int | None = None
    retry: int = 0
    device: str | None = None
    seconds: float = 0.0
    started: float | None = None
    ended: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, ParamValue] = field(default_factory=dict)
    until: int | None = None
    paused: bool = False
    standing: str = ""
    held: tuple[str, ...] = ()
    suspect: str = ""
    owner: str | None = None
    reported: int = 0

    @property
    def trained_epochs(self) -> int:
        """All epochs that were paid for: those judged, those logged after the decision, those trained in vain."""
        return self.epochs + self.extra_epochs + self.lost_epochs

    @property
    def paid_so_far(self) -> int:
        """The epochs that one which has not ended has cost, as far as the storage knows."""
        return max(self.epochs, self.reported) + self.lost_epochs

    @property
    def finished(self) -> bool:
        return self.state.is_finished()


def usable_score(record: Record) -> float | None:
    """Return the score of a trial that completed; that of a failed one says how far it came, not how good it is."""
    good = record.state.name == "COMPLETE" and record.score is not None and math.isfinite(record.score)
    return record.score if good else None


def incumbent(records: Sequence[Record], *, higher_is_better: bool) -> Record | None:
    """Return the trial to build on: the best that trained to its end or was stopped because enough was known.

    Where there is none, the best that completed at all, and else the best of what is or was paused; None without a
    finite score. The earliest wins a tie. Parameters that were trained with several seeds are judged by their mean.
    """
    completed = [r for r in records if usable_score(r) is not None]
    trained = [r for r in completed if r.ending is None or r.ending.reason != "budget"]
    pool = trained or completed or [r for r in records if _waited(r)]
    groups = repeats(pool)
    if not groups:
        return _best(pool, higher_is_better)
    sign = 1 if higher_is_better else -1
    return _best(max(groups, key=lambda group: sign * _mean(group)), higher_is_better)


def repeats(records: Sequence[Record]) -> list[list[Record]]:
    """Return what completed, baselines that differ in their seed alone together; nothing where there are none such."""
    groups: dict[object, list[Record]] = {}
    for r in (r for r in records if usable_score(r) is not None):
        same = frozenset(r.params.items()) if r.origin is Origin.BASELINE else r.number
        groups.setdefault(same, []).append(r)
    return list(groups.values()) if any(len(group) > 1 for group in groups.values()) else []


def _mean(group: Sequence[Record]) -> float:
    return sum(r.score or 0.0 for r in group) / len(group)


def best_seen(records: Sequence[Record], *, higher_is_better: bool) -> Record | None:
    """Return the trial with the best score, also where it is or was paused on its way."""
    return _best(scored(records), higher_is_better)


def scored(records: Sequence[Record]) -> list[Record]:
    """Return the trials whose score says how good they are: those that completed, and those paused on their way."""
    return [r for r in records if usable_score(r) is not None or _waited(r)]


def _waited(record: Record) -> bool:
    lost = record.ending is not None and record.ending.reason == NOT_CONTINUED
    return (record.paused or lost) and record.score is not None and math.isfinite(record.score)


def _best(records: Sequence[Record], higher_is_better: bool) -> Record | None:
    sign = -1 if higher_is_better else 1
    return min(records, key=lambda r: (sign * (r.score or 0.0), r.number)) if records else None


# How the fields of Record lie in a trial's user attributes: few objects, because every attribute is a transaction.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "origin": ("origin", "parent", "remedy", "seed", "retry"),
    "process": ("device", "started", "seconds", "planned_epochs", "lost_epochs", "owner"),
    "race": ("until", "paused", "standing", "held", "suspect"),
    "ending": ("score", "score_epoch", "epochs", "extra_epochs", "prescription", "metrics", "facts"),
}
ENDING_FIELDS = frozenset(f.name for f in fields(Ending))


def read(trial: FrozenTrial) -> Record:
    """Return the typed view of ``trial``; what is missing keeps its default."""
    known: dict[str, Any] = {}
    for group, names in GROUPS.items():
        stored = trial.user_attrs.get(group, {})
        known.update({name: stored[name] for name in names if name in stored})
    if "origin" in known:
        known["origin"] = Origin(known["origin"])
    if "held" in known:
        known["held"] = tuple(known["held"])
    if "prescription" in known:
        known["prescription"] = Prescription(**known["prescription"])
    ending = {k: v for k, v in trial.user_attrs.get("ending", {}).items() if k in ENDING_FIELDS}
    if ending:
        known["ending"] = Ending(**{**ending, "action": Action(ending["action"])})
    if trial.datetime_complete is not None:
        known["ended"] = trial.datetime_complete.timestamp()
    # For a pruned trial Optuna's value is the last one reported, not the best.
    known.setdefault("score", trial.value)
    reported = len(trial.intermediate_values)
    return Record(number=trial.number, state=trial.state, params=dict(trial.params), reported=reported, **known)


def read_all(study: optuna.Study) -> list[Record]:
    """Return the records of all trials in the order of their numbers."""
    return [read(t) for t in study.get_trials(deepcopy=False)]


def attributes(**values: Any) -> dict[str, dict[str, Any]]:
    """Return fields of Record as the user attributes that ``read`` understands; None means "not known"."""
    grouped: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name == "ending":
            grouped.setdefault("ending", {}).update(asdict(value))
            continue
        group = next(g for g, names in GROUPS.items() if name in names)
        grouped.setdefault(group, {})[name] = asdict(value) if isinstance(value, Prescription) else value
    return grouped
