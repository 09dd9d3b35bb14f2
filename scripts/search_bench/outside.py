"""A search by others, as its own package does it: DEHB (Awad et al. 2021, arXiv 2105.09821; ``pip install dehb``).

Its evolution and its brackets of Hyperband choose, in the unit cube, a configuration and how many epochs it trains. A
configuration that it promotes goes on from where it was, which is kinder than what it does by itself; one that it makes
anew is moved to the nearest unused one, as everybody's is.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from typing import Any

from scripts.search_bench.trace import Spent, Trace
from tuner.bank import Unused
from tuner.errors import StudyError
from tuner.record import Params, ParamValue
from tuner.space import Choice, Levels, Range, Space

ETA = 3  # its default


def dehb(trace: Trace, seed: int) -> None:
    """Run DEHB with its defaults, the first look one epoch, the last a whole training; raises StudyError without it."""
    task, unused = trace.task, Unused(trace.task)
    rows: dict[int, int] = {}
    done: dict[int, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        search = _search(len(task.space.parameters), task.epochs, seed, folder)
        while True:
            job = search.ask()
            number = int(job["config_id"])
            if number not in rows:
                if not unused:
                    raise Spent
                rows[number] = unused.take(params(job["config"], task.space))
            row = rows[number]
            costs = done.setdefault(row, [])
            for epoch in range(len(costs), min(round(job["fidelity"]), int(task.lengths[row]))):
                costs.append(trace.pay(row, epoch))
            best = min((c for c in costs if math.isfinite(c)), default=1e12)
            search.tell(job, {"fitness": best, "cost": job["fidelity"]})


def _search(dimensions: int, epochs: int, seed: int, folder: str) -> Any:
    try:
        from dehb import DEHB
        from loguru import logger
    except ImportError:
        raise StudyError("dehb: expected the package in this environment, but got none: pip install dehb") from None
    logger.remove()
    return DEHB(
        f=None,
        cs=None,
        configspace=False,
        dimensions=dimensions,
        min_fidelity=1,
        max_fidelity=epochs,
        eta=ETA,
        seed=seed,
        n_workers=1,
        output_path=folder,
        save_freq=None,
        log_level="ERROR",
    )


def params(vector: Sequence[float], space: Space) -> Params:
    """Return what a point of the unit cube stands for; options have equal shares of their side."""
    drawn = {n: _value(p, float(x)) for (n, p), x in zip(space.parameters.items(), vector, strict=True)}
    active: Params = {}
    for name, value in drawn.items():
        if space.is_active(name, active):
            active[name] = value
    return active


def _value(parameter: Range | Levels | Choice | Any, x: float) -> ParamValue:
    if isinstance(parameter, Range):
        return parameter.at(x)
    values: Sequence[ParamValue] = parameter.values if isinstance(parameter, Levels) else parameter.options
    return values[min(int(x * len(values)), len(values) - 1)]
