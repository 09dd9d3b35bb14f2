"""What ``tuner replay`` does: find the recorded trainings, play every policy on them, and show them side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner import bank_files, bank_study, documents, record, replay, replay_text, sampler
from tuner.bank import Task
from tuner.documents import Document
from tuner.errors import ConfigError, StudyError
from tuner.reading import config_of
from tuner.record import Action, Record, incumbent
from tuner.replay import Played
from tuner.replay_text import Comparison, Result


@dataclass(frozen=True)
class Asked:
    """Whose trainings are to be replayed (a study's, or those of a bank's task), with which settings, how often.

    ``others`` are files with settings, ``sets`` overrides for all of them; ``keep`` is the file for the Optuna studies.
    """

    study: Path | None = None
    bank: Path | None = None
    task: str | None = None
    objective: str | None = None
    others: Sequence[Path] = ()
    sets: Sequence[str] = ()
    seeds: int = 1
    keep: Path | None = None


@dataclass(frozen=True)
class Policy:
    """Settings under a name; ``where`` is how errors name them, ``base`` where their relative paths start."""

    name: str
    document: Document
    where: str
    base: Path = Path()


def run(asked: Asked, *, as_json: bool) -> None:
    """Play the own and all other settings on what was asked for, and print the comparison."""
    if asked.keep is not None and asked.keep.exists():
        expected = "expected a new file for the replayed studies, but there is one already; name another with --keep"
        raise StudyError(f"{asked.keep}: {expected}")
    found = compare(asked)
    if as_json:
        print(json.dumps(replay_text.to_json(found), indent=2, allow_nan=False))
    else:
        replay_text.show(found)


def compare(asked: Asked) -> Comparison:
    """Return what every policy made of the trainings; raises ConfigError and StudyError."""
    if asked.study is not None and asked.bank is None:
        return _on_study(asked, asked.study)
    if asked.bank is not None and asked.study is None:
        return _on_bank(asked, asked.bank)
    got = "both" if asked.study else "neither"
    raise ConfigError(
        "replay", "", f"expected a study's folder or --bank DIR, but got {got}; tuner replay --help has examples"
    )


def _on_study(asked: Asked, folder: Path) -> Comparison:
    config = config_of(folder, reading=True)
    records = record.read_all(sampler.load_study(config.storage, config.model.study))
    task = bank_study.load(config, records)
    own = Policy("its own settings", config.document, str(folder))
    policies = [own, *_others(asked, under=config.document)]
    results = {"as it ran": [_as_it_ran(task, records)], **_play(asked, task, policies)}
    return Comparison(task, results, bank_study.cut_short(records))


def _on_bank(asked: Asked, folder: Path) -> Comparison:
    names = bank_files.tasks(folder)
    if asked.task is None and len(names) > 1:
        raise ConfigError(str(folder), "--task", f"expected one of {', '.join(names)}, but got none")
    given = {"objective": asked.objective} if asked.objective else {}
    task = bank_files.load(folder, asked.task or names[0], given)
    policies = [Policy("tuner's defaults", {}, str(folder)), *_others(asked, under={})]
    return Comparison(task, _play(asked, task, policies))


def _others(asked: Asked, under: Document) -> list[Policy]:
    """Return the settings in the files that were named, what they leave open taken from ``under``."""
    policies = []
    for path in asked.others:
        document = documents.load(path)
        name = path.name if [p.name for p in asked.others].count(path.name) == 1 else str(path)
        base = path.parent / str(document.get("base") or "")
        policies.append(Policy(name, {**under, **document}, str(path), base))
    return policies


def _play(asked: Asked, task: Task, policies: Sequence[Policy]) -> dict[str, list[Result]]:
    storage = f"sqlite:///{asked.keep}" if asked.keep else None
    results: dict[str, list[Result]] = {}
    for policy in policies:
        config, reached = replay.configure(task, policy.document, asked.sets, base=policy.base, where=policy.where)
        seeds = range(config.model.seed, config.model.seed + asked.seeds)
        played = (replay.play(config, reached, seed=s, storage=storage, prefix=policy.name) for s in seeds)
        results[policy.name] = [_result(p, task) for p in played]
    return results


def _result(played: Played, task: Task) -> Result:
    """Return a search as a line; its regret is against all of ``task``, of which its space may reach a part."""
    best = played.best.score if played.best else None
    return Result(
        seed=played.seed,
        epochs=len(played.trace),
        trials=len(played.records),
        best=best,
        regret=_regret(best, task),
        stopped=len(played.stopped),
        false_kills=played.false_kills,
        hours=played.hours,
    )


def _regret(score: float | None, task: Task) -> float:
    return task.regret(math.nan if score is None else -score if task.higher_is_better else score)


def _as_it_ran(task: Task, records: Sequence[Record]) -> Result:
    best = incumbent(records, higher_is_better=task.higher_is_better)
    score = best.score if best else None
    ended = [r.ending for r in records if r.ending is not None]
    return Result(
        seed=None,
        epochs=sum(r.trained_epochs for r in records),
        trials=len(records),
        best=score,
        regret=_regret(score, task),
        stopped=sum(e.action in (Action.STOP, Action.PRUNE) and e.reason != "budget" for e in ended),
        false_kills=None,  # how the stopped ones would have gone on is not known
        hours=sum(r.seconds for r in records) / 3600,
    )
