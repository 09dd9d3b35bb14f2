"""Searches that see one number an epoch: Optuna's samplers and pruners, promotion ASHA, one epoch for all.

Each draws from the same space and gets the same nearest unused configuration as tuner does. What stops trials by a rule
on the whole curve (BTTackler) is here too, since it searches as plain TPE does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from scripts.bench.peers import bttackler
from scripts.search_bench.trace import Spent, Trace
from tuner.bank import Task, Unused
from tuner.likely import Likely
from tuner.placed import Placed
from tuner.sampler import Snapped
from tuner.space import PRIOR_SHARE, Space

MakeSampler = Callable[[int], BaseSampler]
MakePruner = Callable[[Task], BasePruner]
StopRule = Callable[[Task, int, int], bool]


def random_draws(seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


def tpe_draws(seed: int) -> BaseSampler:
    return TPESampler(seed=seed)


class Usual(Likely):
    """Random draws, three of four of them from where good values of a role usually lie, to the end."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._plain, self._seed = RandomSampler(seed=seed), seed

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        usual = np.random.default_rng([self._seed, trial.number]).random() < PRIOR_SHARE
        draw = super().sample_independent if usual else self._plain.sample_independent
        return draw(study, trial, param_name, param_distribution)


class Draws:
    """An Optuna study on a task, and the configurations it has not had yet."""

    def __init__(self, task: Task, sampler: BaseSampler, pruner: BasePruner | None = None) -> None:
        self.task, self.unused = task, Unused(task)
        self.study = optuna.create_study(
            sampler=Placed(Snapped(sampler, task.space), task.space, self.unused.place),
            pruner=pruner or NopPruner(),
            study_name="replay",
        )

    def ask(self) -> tuple[optuna.Trial, int]:
        """Return a new trial and its configuration; raises Spent where none is left."""
        if not self.unused:
            raise Spent
        trial = self.study.ask()
        return trial, self.unused.take(self.task.space.suggest(trial))


def pruned(
    trace: Trace,
    seed: int,
    sampler: MakeSampler,
    pruner: MakePruner = lambda task: NopPruner(),
    rule: StopRule | None = None,
) -> None:
    """Train one trial after the other until the pruner or the rule stops it."""
    draws = Draws(trace.task, sampler(seed), pruner(trace.task))
    while True:
        trial, row = draws.ask()
        best, cut = math.inf, False
        for epoch in range(int(trace.task.lengths[row])):
            cost = trace.pay(row, epoch)
            best = min(best, cost) if math.isfinite(cost) else best
            trial.report(cost, epoch + 1)
            last = epoch + 1 == trace.task.lengths[row]
            by_rule = rule is not None and rule(trace.task, row, epoch)
            if not last and (by_rule or trial.should_prune()):
                cut = True
                trace.stopped.add(row)
                break
        if cut and rule is None:
            draws.study.tell(trial, state=TrialState.PRUNED)
        elif math.isfinite(best):
            draws.study.tell(trial, best)
        else:
            draws.study.tell(trial, state=TrialState.FAIL)


def bttackler_says(task: Task, row: int, epoch: int) -> bool:
    """Return whether BTTackler would end the training there; what it ends counts with what it had."""
    curve = task.curves[row]
    return bttackler(curve.until(int(curve.epochs[epoch]))).sick


def promotion_asha(trace: Trace, seed: int, sampler: MakeSampler, eta: int = 3) -> None:
    """Asynchronous successive halving with promotion (Li et al., 2020), one worker, rungs at 1, eta, eta² … epochs.

    The best 1 / eta of a rung go on from where they were paused; where none may, a new configuration starts.
    """
    draws = Draws(trace.task, sampler(seed))
    frozen: dict[int, FrozenTrial] = {}
    rungs: list[dict[int, float]] = [{}]
    while True:
        row, rung = _promotable(rungs, eta, trace.task)
        if row is None:
            trial, row = draws.ask()
            frozen[row] = _train(trace, draws, trial, row)
        else:
            _train_on(trace, frozen[row], row, eta ** (rung - 1), eta**rung)
            if rung == len(rungs):
                rungs.append({})
        values = [v for v in frozen[row].intermediate_values.values() if math.isfinite(v)]
        rungs[rung][row] = min(values, default=math.inf)


def promotion_asha_usual(trace: Trace, seed: int) -> None:
    """Do the same with random draws that know what is usual: what tuner's first draws are worth without the rest."""
    promotion_asha(trace, seed, lambda seed: Usual(trace.task.space, seed))


def _promotable(rungs: list[dict[int, float]], eta: int, task: Task) -> tuple[int | None, int]:
    """Return the configuration to promote and the rung it goes to, the highest rung first."""
    for k in range(len(rungs) - 1, -1, -1):
        higher = rungs[k + 1] if k + 1 < len(rungs) else {}
        ranked = sorted(rungs[k], key=lambda row: rungs[k][row])[: len(rungs[k]) // eta]
        for row in ranked:
            if row not in higher and eta**k < task.lengths[row] and math.isfinite(rungs[k][row]):
                return row, k + 1
    return None, 0


def _train(trace: Trace, draws: Draws, trial: optuna.Trial, row: int) -> FrozenTrial:
    """Train the first epoch and leave the trial in the study as PRUNED: TPE learns from what is paused as well."""
    cost = trace.pay(row, 0)
    trial.report(cost, 1)
    draws.study.tell(trial, state=TrialState.PRUNED)
    return draws.study.get_trials(deepcopy=False)[trial.number]


def _train_on(trace: Trace, frozen: FrozenTrial, row: int, start: int, end: int) -> None:
    """Train from where it was paused, and let the trial in the study know, in place: told trials take no reports."""
    length = int(trace.task.lengths[row])
    for epoch in range(start, min(end, length)):
        frozen.intermediate_values[epoch + 1] = trace.pay(row, epoch)
    values = [v for v in frozen.intermediate_values.values() if math.isfinite(v)]
    if end >= length and values:
        frozen.values, frozen.state = [min(values)], TrialState.COMPLETE


def one_epoch_top_k(trace: Trace, seed: int) -> None:
    """Train as many as half the budget allows for one epoch each, then the best of them to the end, one by one.

    Egele et al. (arXiv 2307.15422). How the budget is parted is our choice.
    """
    rows = np.random.default_rng(seed).permutation(len(trace.task.curves))[: max(1, trace.budget // 2)]
    first = {int(row): trace.pay(int(row), 0) for row in rows}
    ranked = sorted(first, key=lambda row: (not math.isfinite(first[row]), first[row]))
    trained: set[int] = set()
    try:
        for row in ranked:
            for epoch in range(1, int(trace.task.lengths[row])):
                trace.pay(row, epoch)
            trained.add(row)
    finally:
        trace.stopped |= {row for row in ranked[len(trained) + 1 :] if trace.task.lengths[row] > 1}


def halving(eta: int) -> MakePruner:
    return lambda task: SuccessiveHalvingPruner(min_resource=1, reduction_factor=eta)


def hyperband(task: Task) -> BasePruner:
    return HyperbandPruner(min_resource=1, max_resource=task.epochs, reduction_factor=3)


def median(task: Task) -> BasePruner:
    return MedianPruner()
