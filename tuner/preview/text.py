"""A plan in words: a few lines for each study or stage."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from tuner import words
from tuner.checks import Check
from tuner.disk import GIGABYTE, nearest
from tuner.executors.devices import Device
from tuner.preview.plan import Plan
from tuner.record import Action, Origin
from tuner.sampler import first_draws
from tuner.space import Choice, Levels, Parameter, Range
from tuner.storage_url import without_password

NAMED = 8
"""How many values of a parameter are listed."""
ACTIONS = {Action.PRUNE: "prune", Action.STOP: "stop"}


def lines(plans: Sequence[Plan], found: Sequence[Sequence[Check]], width: int | None = None) -> Iterator[str]:
    """Yield what would run, with what looks wrong about each; ``width`` is where lines are folded.

    Of a later stage it is said what is not as in the stage before it.
    """
    before: list[tuple[str, str]] = []
    for i, (plan, doubts) in enumerate(zip(plans, found, strict=True), 1):
        if plan.stage:
            yield f"stage {i} of {len(plans)}: {plan.stage}"
        rows = list(_rows(plan))
        for name, text in rows:
            if (name, text) not in before:
                yield from _folded(f"  {name:<9}", text, width)
        for doubt in doubts:
            yield from _folded("  ! ", doubt.text, width)
        before = rows
    hours = [plan.hours for plan in plans]
    if len(plans) > 1 and None not in hours:
        yield f"all stages: about {words.duration(3600 * sum(h or 0.0 for h in hours))}"


def _folded(head: str, text: str, width: int | None) -> list[str]:
    if width is None:
        return [head + text]
    return textwrap.wrap(text, max(40, width), initial_indent=head, subsequent_indent=" " * (len(head) + 2))


def _rows(plan: Plan) -> Iterator[tuple[str, str]]:
    model = plan.config.model
    verb = "maximise" if plan.config.higher_is_better else "minimise"
    rows = [
        ("study", f"{model.study}: {verb} {model.objective.metric}; {_standing(plan)}"),
        ("trainer", model.trainer.name + (f": {plan.about.model}" if plan.about.model else "")),
        ("data", plan.about.data),
        ("packages", ", ".join(f"{name} {version}" for name, version in plan.about.packages.items())),
        *(_space(plan) if plan.top is None else []),
        ("opening", _opening(plan)),
        ("then", _then(plan)),
        ("budget", _budget(plan)),
        ("race", _race(plan)),
        ("symptoms", _treatment(plan)),
        ("devices", _devices(plan)),
        ("time", _time(plan)),
        ("results", _results(plan)),
    ]
    yield from ((name, text) for name, text in rows if text)


def _standing(plan: Plan) -> str:
    if not plan.exists:
        return "a new study"
    ended = sum(r.finished for r in plan.records)
    return f"goes on with {words.count(len(plan.records), 'trial')}, {ended} of them ended"


def _space(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "space", words.count(plan.dimensions, "dimension")
    first = plan.config.baselines[0] if plan.config.baselines else plan.config.space.complete({})
    has_priors = _has_priors(plan)
    for name, parameter in plan.config.space.parameters.items():
        start = f"; starts from {words.value(first[name])}" if name in first else ""
        likely = parameter.likely() if has_priors else parameter
        usual = f"; usually {ranged(likely).removeprefix('logarithmic, ')}" if likely != parameter else ""
        role = f"; {words.plain(parameter.role).replace('_', ' ')}" if parameter.role else ""
        when = " and ".join(f"{parent} {_few(values)}" for parent, values in parameter.when.items())
        yield "", f"{name}: {ranged(parameter)}{usual}{start}{role}{f'; when {when}' if when else ''}"


def ranged(parameter: Parameter) -> str:
    """Return the values that a parameter can have."""
    if isinstance(parameter, Range):
        scale = "logarithmic, " if parameter.log else ""
        return f"{scale}{words.value(parameter.low)} to {words.value(parameter.high)}"
    if isinstance(parameter, Levels):
        return _few(parameter.values)
    return _few(parameter.options) if isinstance(parameter, Choice) else ""


def _few(values: Sequence[object]) -> str:
    shown = [words.value(v) if isinstance(v, str | int | float) else str(v) for v in values]
    return " ".join(shown if len(shown) <= NAMED else [*shown[:3], "…", *shown[-2:]])


def _opening(plan: Plan) -> str:
    if plan.top is not None:
        seeds = words.count(plan.config.model.seeds, "seed")
        return f"the best {plan.top} of the stage before, each with {seeds}; nothing is searched"
    baselines = [p for p in plan.opening if p.origin is Origin.BASELINE]
    sweep = [p for p in plan.opening if p.origin is Origin.SWEEP]
    parts = [words.count(len(baselines), "baseline")] if baselines else []
    if sweep:
        centre = baselines[0].params if baselines else plan.config.space.complete({})
        moved = [{k: v for k, v in (p.params or {}).items() if (centre or {}).get(k) != v} for p in sweep]
        name = next((name for move in moved for name in move), "")
        parts.append(f"sweep of {name}: {_few([v for move in moved for v in move.values()])}")
    return "; ".join(parts)


def _then(plan: Plan) -> str:
    if plan.top is not None:
        return ""
    model = plan.config.model
    share = model.remedies.share
    remedies = f", with remedies for up to {share:.0%} of the trials" if share and plan.config.treatment else ""
    first = f"{model.prior:.0%} of the first draws from what is usual, then " if _has_priors(plan) else ""
    return f"{first}{model.sampler.name}{remedies}"


def _has_priors(plan: Plan) -> bool:
    model, space = plan.config.model, plan.config.space
    learns = first_draws(model.sampler.name, model.sampler.options) > 0
    return learns and model.prior > 0 and any(p.likely() != p for p in space.parameters.values())


def _budget(plan: Plan) -> str:
    budget = plan.config.model.budget
    trials = plan.expected.trials if plan.top is not None else budget.trials
    parts = [words.count(trials, "trial")] if trials else []
    parts += [words.count(budget.epochs, "epoch")] if budget.epochs else []
    parts += [f"{budget.hours:g} h"] if budget.hours else []
    epochs, expected = words.count(plan.config.model.epochs, "epoch"), plan.expected
    text = f"{' or '.join(parts)}; a trial has {epochs}"
    if expected.trials is None or expected.epochs is None:
        return f"{text}; how many trials that is depends on how long an epoch takes"
    return f"{text}: about {words.count(expected.trials, 'trial')}, {expected.epochs} epochs if none is stopped"


def _race(plan: Plan) -> str:
    rules, rungs = plan.config.racing, plan.expected.rungs
    if rules is None:
        scheduler = plan.config.model.scheduler
        return f"{scheduler.name} ends trials" if scheduler else "no pausing: every trial trains to its end"
    trials = plan.expected.trials
    come = [f"{rung.epochs}" + (f" ({max(1, round(trials * rung.share))} trials)" if trials else "") for rung in rungs]
    return f"paused after {', '.join(come[:-1]) or 'no'} epochs, one in {rules.eta} goes on; to the end {come[-1]}"


def _treatment(plan: Plan) -> str:
    if not plan.config.treatment:
        return "none is treated: the plain sampler"
    parts = []
    for action, verb in ACTIONS.items():
        names = [words.plain(name) for name, row in plan.config.treatment.items() if row.action is action]
        parts += [f"{verb} {', '.join(names)}"] if names else []
    watched = sum(row.action is Action.CONTINUE for row in plan.config.treatment.values())
    return "; ".join([*parts, *([f"watch {watched} others"] if watched else [])])


def _devices(plan: Plan) -> str:
    slots = [str(slot) for slot in plan.config.slots]
    each = [f"{name} × {slots.count(name)}" if slots.count(name) > 1 else name for name in dict.fromkeys(slots)]
    none = " (no GPU was found)" if plan.config.model.devices == "auto" and plan.config.slots[0] == Device() else ""
    return f"{', '.join(each)}{none}: {words.count(len(slots), 'trial')} at a time"


def _time(plan: Plan) -> str:
    if plan.speed is None:
        return "unknown until the first epochs are done: --time trains two of them to find out"
    epoch = f"{plan.speed.epoch:.2g} s an epoch"
    start = f", {plan.speed.start:.2g} s a start" if plan.speed.start else ""
    beside = (
        "; side by side trials may be slower" if "alone" in plan.speed.source and len(plan.config.slots) > 1 else ""
    )
    hours = f"; about {words.duration(3600 * plan.hours)} for the whole budget" if plan.hours is not None else ""
    return f"{epoch}{start} ({plan.speed.source}){hours}{beside}"


def _results(plan: Plan) -> str:
    folder, here = plan.config.folder, Path.cwd()
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    free = shutil.disk_usage(nearest(folder)).free / GIGABYTE
    storage = plan.config.model.storage
    kept = f", trials in {without_password(storage)}" if storage else ""
    return f"{shown}{kept}; {free:.0f} GB free"
