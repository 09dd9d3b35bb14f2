"""The tables of the page, as cells with what they are sorted by."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import yaml

from tuner import manual, words
from tuner.importance import ROUGH_BELOW
from tuner.record import Record
from tuner.report_html import said, untried, wording
from tuner.report_html.content import Content, outcome
from tuner.report_html.said import Say
from tuner.space import Range

DOTS = 100
"""Units from end to end of the strip that shows where a parameter was tried."""


@dataclass(frozen=True)
class Cell:
    """A cell: its text, and what it is sorted by where that is a number."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Column:
    """A column of the experiment table; ``group`` is ``reached`` or ``params``, or empty where it is always shown."""

    name: str
    group: str = ""
    number: bool = True


@dataclass(frozen=True)
class Row:
    """One trial of the experiment table."""

    number: int
    outcome: str
    best: bool
    origin: str
    why: str
    cells: tuple[Cell, ...]


def columns(content: Content, say: Say) -> list[Column]:
    """Return the columns between who proposed a trial and why it ended."""
    known = said.columns(say)
    reached = [Column(known.get(n, words.plain(n)), "reached") for n in _reached(content).values()]
    params = [Column(words.plain(n), "params") for n in content.config.space.parameters]
    return [Column(say("score")), *reached, *params]


def rows(content: Content, say: Say, language: str) -> list[Row]:
    """Return every trial, those without a score as well."""
    best = content.report.incumbent
    table = content.report.experiments
    values = {r.number: row for r, row in zip(table.trials, table.rows, strict=True)}
    return [
        Row(
            number=r.number,
            outcome=outcome(r),
            best=best is not None and best.number == r.number,
            origin=wording.origin(r, say, language),
            why=wording.why(content, r, say, language),
            cells=tuple(_cells(content, r, values.get(r.number, ()))),
        )
        for r in content.report.trials
    ]


def _reached(content: Content) -> dict[int, str]:
    """Return the columns of the experiment table by their place, without those that only repeat the score."""
    table = content.report.experiments
    same = [
        all(row[i] == r.score for r, row in zip(table.trials, table.rows, strict=True))
        for i in range(len(table.columns))
    ]
    return {i: name for i, name in enumerate(table.columns) if not same[i]}


def _cells(content: Content, record: Record, values: tuple[Any, ...]) -> list[Cell]:
    cells = [Cell(words.figure(record.score), record.score)]
    for i, name in _reached(content).items():
        value = values[i] if values else record.epochs if name == "epochs" else None
        cells.append(_cell(value))
    return [*cells, *(_cell(record.params.get(name)) for name in content.config.space.parameters)]


def _cell(value: Any) -> Cell:
    if value is None:
        return Cell("")
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return Cell(words.value(value), number)


@dataclass(frozen=True)
class Dimension:
    """A parameter of the space: its range in words, where it was tried (an SVG path over ``DOTS`` units), the best."""

    name: str
    scale: str
    condition: str
    dots: str
    best: str
    best_at: float | None


def dimensions(content: Content, say: Say) -> list[Dimension]:
    """Return the search space, a line for each parameter."""
    best = content.report.incumbent
    found = []
    for name, place in untried.places(content).items():
        at = sorted({round(place.of(r.params[name]) * DOTS, 1) for r in content.report.trials if name in r.params})
        chosen = best.params.get(name) if best else None
        shown = content.report.best_params.get(name, chosen) if best else None
        found.append(
            Dimension(
                name=words.plain(name),
                scale=_scale(place, say),
                condition=_condition(place.parameter.when, say),
                dots="".join(f"M{x:g} 0h.01" for x in at),
                best="" if shown is None else words.value(shown),
                best_at=None if chosen is None else round(place.of(chosen) * DOTS, 1),
            )
        )
    return found


def _scale(place: untried.Place, say: Say) -> str:
    if place.values:
        return " · ".join(words.value(v) for v in place.values)
    p = place.parameter
    assert isinstance(p, Range)
    ends = f"{words.value(p.low)} … {words.value(p.high)}"
    return f"{ends}{say(', logarithmic')}" if p.log else ends


def _condition(when: Any, say: Say) -> str:
    parts = (f"{words.plain(name)} = {' / '.join(words.value(v) for v in values)}" for name, values in when.items())
    text = ", ".join(parts)
    return say("where {condition}", condition=text) if text else ""


def remedies(content: Content, language: str) -> list[dict[str, Any]]:
    """Return what every remedy was worth, with the width of its bar in percent."""
    gains = [abs(w.mean_gain) for w in content.report.worth if w.mean_gain is not None]
    widest = max(gains, default=0.0) or 1.0
    return [
        {
            "name": manual.remedy(w.remedy, language),
            "pairs": len(w.pairs),
            "wins": w.wins,
            "gain": w.mean_gain,
            "width": 0.0 if w.mean_gain is None else round(100 * abs(w.mean_gain) / widest, 1),
            "rescued": w.rescued,
            "tried": w.tried_to_rescue,
            "broke": w.broke,
        }
        for w in content.report.worth
    ]


def signed(best: Record | None) -> str:
    """Return the %-format of a gain: with as many decimals as the best score is shown with."""
    decimals = len(words.figure(best.score if best else 0.5).partition(".")[2].partition("e")[0])
    return f"%+.{max(1, decimals)}f"


def importance_note(content: Content, say: Say, language: str) -> str:
    """Return what to mind about the importances; where there are none, why, as Optuna's side says it in English."""
    found = content.report.importances
    if language == "en" or not found.shares:
        return found.note
    completed = [r for r in content.report.trials if r.state.name == "COMPLETE"]
    varied = {name for name in content.config.space.parameters if len({r.params.get(name) for r in completed}) > 1}
    left_out = ", ".join(words.plain(name) for name in sorted(varied - set(found.shares)))
    notes = [say("rough: {n} completed trials only", n=len(completed))] if len(completed) < ROUGH_BELOW else []
    notes += [say("left out, not in every trial: {names}", names=left_out)] if left_out else []
    return say("; ").join(notes)


def facts(content: Content, say: Say) -> list[tuple[str, str]]:
    """Return what was searched, as names with values."""
    model, report = content.config.model, content.report
    trainer = ", ".join(f"{k} {v}" for k, v in _options(model.trainer.options).items())
    budget = model.budget
    limits = [] if budget.trials is None else [said.trials(budget.trials, say)]
    more = ((say("epochs"), budget.epochs), (say("hours"), budget.hours))
    limits += [f"{v:g} {name}" for name, v in more if v is not None]
    used = report.used
    spent = say(
        "{trials}, {epochs} epochs, {time} of training",
        trials=said.trials(used.trials, say),
        epochs=f"{used.epochs + used.extra_epochs:,}",
        time=words.duration(used.hours * 3600),
    )
    direction = say("maximise {name}") if report.higher_is_better else say("minimise {name}")
    return [
        (say("objective"), direction.format(name=words.plain(report.objective))),
        (say("budget"), say("{limits}; used: {spent}", limits=", ".join(limits), spent=spent)),
        (say("trainer"), words.plain(f"{model.trainer.name} ({trainer})" if trainer else model.trainer.name)),
        (say("schedule"), say("{n} epochs planned for every trial", n=model.epochs)),
        (say("sampler"), words.plain(model.sampler.name)),
    ]


def _options(options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if not isinstance(value, dict | list)}


def versions(content: Content, say: Say) -> list[tuple[str, str]]:
    """Return commands, commits and versions as the drivers of the study noted them, the latest first."""
    found: list[tuple[str, str]] = []
    for entry in reversed(content.report.made_with):
        packages = ", ".join(f"{k} {v}" for k, v in dict(entry.get("packages") or {}).items())
        system = f"Python {entry.get('python')}, {packages}, {entry.get('system')}"
        line = [(say("command"), entry.get("command")), (say("commit"), entry.get("commit")), (say("versions"), system)]
        found += [(name, words.plain(value)) for name, value in line if value and (name, value) not in found]
    return found


def seeds(content: Content, say: Say) -> str:
    """Return the seed of the study and that of its best trial."""
    best = content.report.incumbent
    seed = content.config.model.seed
    if best is None or best.seed is None:
        return say("{seed} for the study", seed=seed)
    return say("{seed} for the study, {own} for trial {n}", seed=seed, own=best.seed, n=best.number)


def settings(content: Content) -> str:
    """Return the best settings as best.yaml has them; empty where there are none."""
    if content.report.incumbent is None:
        return ""
    return yaml.safe_dump(dict(content.report.settings), sort_keys=False, allow_unicode=True)


def configuration(content: Content) -> str:
    """Return the whole configuration of the study."""
    return yaml.safe_dump(dict(content.config.document), sort_keys=False, allow_unicode=True)


def repeating(content: Content, number_of_seeds: int = 3) -> str:
    """Return the command that trains the best settings again with several seeds, as a study of its own."""
    best = content.report.incumbent
    if best is None:
        return ""
    flow = yaml.safe_dump([dict(best.params)], default_flow_style=True, sort_keys=False, width=10**6).strip()
    sets = {
        "study": f"{content.config.model.study}-again",
        "baselines": flow,
        "seeds": number_of_seeds,
        "budget": f"{{trials: {number_of_seeds}}}",
        "sweep": 0,
        "treatment": "{}",
        "pausing": "false",
    }
    config = str(content.config.folder / "config.yaml")
    return shlex.join(["tuner", "run", config, *(w for k, v in sets.items() for w in ("--set", f"{k}={v}"))])
