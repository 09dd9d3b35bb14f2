"""The first draws, before there is anything to learn from: mostly where good values of a role usually lie.

What a person knows before the first trial (momentum is near 0.9, a weight decay of 1 far too much) is worth more than
many trials; that it may be wrong here is what the other draws are for. Priors beside random draws: PriorBand (Mallik et
al. 2023, arXiv 2306.12370). Where the regions come from: ``PRIORS`` in space.py. What it is worth: results/search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from tuner.space import Space


class Likely(BaseSampler):
    """Random draws of the likely part of every parameter."""

    def __init__(self, space: Space, seed: int) -> None:
        self._random, self._space = RandomSampler(seed), space

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        likely = self._space.parameters[param_name].likely()
        return self._random.sample_independent(study, trial, param_name, likely.distribution())

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        return None
