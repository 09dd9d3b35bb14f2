"""What ``tuner check`` does: say what would run and what looks wrong, without training and without making anything."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuner import config as configuration
from tuner import stages
from tuner.checks import Check
from tuner.consoles import open_console
from tuner.preview import plan as planning
from tuner.preview import speed, text
from tuner.preview.doubts import of_all
from tuner.preview.plan import Plan


def run(config: Path, sets: list[str], *, as_json: bool, time: bool) -> None:
    """Print what would run; raises whatever ``tuner run`` would raise before its first trial."""
    measure = speed.measured if time else speed.recorded
    staged = stages.load(config, sets)
    if staged:
        plans = planning.of_stages(staged, measure)
    else:
        plans = [planning.of(configuration.load(config, sets), measure=measure)]
    found = of_all(plans)
    if as_json:
        print(json.dumps(to_json(config, plans, found), indent=2, allow_nan=False))
        return
    console = open_console()
    for line in text.lines(plans, found, console.width if console.is_terminal else None):
        print(line)
    print(_verdict(config, sets, sum(map(len, found))))


def _verdict(config: Path, sets: list[str], count: int) -> str:
    words = shlex.join(["tuner", "run", str(config), *(word for s in sets for word in ("--set", s))])
    look = {0: "nothing looks wrong", 1: "one thing looks wrong (!)"}.get(count, f"{count} things look wrong (!)")
    return f"{config} would run: {look}. To start: {words}"


def to_json(path: Path, plans: Sequence[Plan], found: Sequence[Sequence[Check]]) -> dict[str, Any]:
    """Return everything as plain data."""
    studies = [_study(plan, doubts) for plan, doubts in zip(plans, found, strict=True)]
    return {"config": str(path), "warnings": sum(map(len, found)), "studies": studies}


def _study(plan: Plan, found: Sequence[Check]) -> dict[str, Any]:
    config, expected = plan.config, plan.expected
    model = config.model
    return {
        "study": model.study,
        "stage": plan.stage or None,
        "top": plan.top,
        "objective": model.objective.model_dump(),
        "trainer": {"name": model.trainer.name, "model": plan.about.model, "data": plan.about.data},
        "training_images": plan.about.images,
        "packages": dict(plan.about.packages),
        "space": config.space.describe(),
        "roles": {name: p.role for name, p in config.space.parameters.items() if p.role},
        "dimensions": plan.dimensions,
        "opening": [{"from": str(p.origin), "params": p.params} for p in plan.opening],
        "sampler": model.sampler.name,
        "epochs": model.epochs,
        "budget": model.budget.model_dump(),
        "expected": {"trials": expected.trials, "epochs": expected.epochs, "hours": plan.hours},
        "rungs": [{"epochs": rung.epochs, "share": rung.share} for rung in expected.rungs],
        "treatment": {name: str(row.action) for name, row in config.treatment.items()},
        "slots": [str(slot) for slot in config.slots],
        "seconds": None if plan.speed is None else {"epoch": plan.speed.epoch, "start": plan.speed.start},
        "timed_by": None if plan.speed is None else plan.speed.source,
        "folder": str(config.folder),
        "exists": plan.exists,
        "trials": len(plan.records),
        "warnings": [{"about": doubt.name, "text": doubt.text} for doubt in found],
    }
