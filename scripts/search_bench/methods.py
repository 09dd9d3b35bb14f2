"""Every method by name: a line each."""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

import optuna

from scripts.search_bench import blind, outside
from scripts.search_bench.blind import bttackler_says, halving, pruned, random_draws, tpe_draws
from scripts.search_bench.trace import Spent, Trace
from tuner import racing, replay
from tuner.bank import Task
from tuner.documents import Document

Method = Callable[[Trace, int], None]


def tuner(trace: Trace, seed: int, policy: Document | None = None) -> None:
    """Run tuner's own loop with ``policy`` in place of its defaults."""
    config, task = replay.configure(trace.task, {**(policy or {}), "budget": {"epochs": trace.budget}})
    played = replay.play(config, task, seed=seed)
    trace.paid = list(played.trace)
    trace.stopped = set(played.stopped)
    trace.shipped = played.rows[played.best.number] if played.best else None


def ours(**policy: Any) -> Method:
    return functools.partial(tuner, policy=policy)


def without_trust(trace: Trace, seed: int) -> None:
    """Take early ranks at their word, whatever they foretold in the study so far."""
    with mock.patch.object(racing, "TOLD", math.inf):
        tuner(trace, seed)


NO_DIAGNOSIS: Document = {"treatment": {}, "remedies": {"share": 0.0}}

METHODS: Mapping[str, Method] = {
    "random": functools.partial(pruned, sampler=random_draws),
    "tpe": functools.partial(pruned, sampler=tpe_draws),
    "tpe_median": functools.partial(pruned, sampler=tpe_draws, pruner=blind.median),
    "tpe_sh3": functools.partial(pruned, sampler=tpe_draws, pruner=halving(3)),
    "tpe_sh4": functools.partial(pruned, sampler=tpe_draws, pruner=halving(4)),
    "tpe_hyperband": functools.partial(pruned, sampler=tpe_draws, pruner=blind.hyperband),
    "random_sh3": functools.partial(pruned, sampler=random_draws, pruner=halving(3)),
    "asha_random": functools.partial(blind.promotion_asha, sampler=random_draws),
    "asha_tpe": functools.partial(blind.promotion_asha, sampler=tpe_draws),
    "asha_random4": functools.partial(blind.promotion_asha, sampler=random_draws, eta=4),
    "asha_tpe4": functools.partial(blind.promotion_asha, sampler=tpe_draws, eta=4),
    "asha_usual": blind.promotion_asha_usual,
    "one_epoch": blind.one_epoch_top_k,
    "dehb": outside.dehb,
    "bttackler": functools.partial(pruned, sampler=tpe_draws, rule=bttackler_says),
    "tuner": ours(),
    # tuner with one part switched off, a line each
    "tuner-symptoms": ours(**NO_DIAGNOSIS),
    "tuner-remedies": ours(remedies={"share": 0.0}),
    "tuner-sweep": ours(sweep=0),
    "tuner-prior": ours(prior=0.0),
    "tuner-pausing": ours(pausing=None),
    "tuner-tpe": ours(sampler={"name": "RandomSampler"}),
    "tuner-trust": without_trust,
    # and with another setting of a part
    "tuner-eta3": ours(pausing={"eta": 3}),
}
OWN_ENOUGH = [name for name in METHODS if name != "dehb"]
"""What needs no package beyond tuner's own."""


def run(method: str, task: Task, seed: int, budget: int) -> dict[str, Any]:
    """Run one method once; ``seconds`` is processor time."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trace = Trace(task, budget)
    began = time.process_time()
    with contextlib.suppress(Spent):
        METHODS[method](trace, seed)
    seconds = time.process_time() - began
    return {"method": method, "seed": seed, "budget": budget, "seconds": round(seconds, 3), **trace.outcome()}
