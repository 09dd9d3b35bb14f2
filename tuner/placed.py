"""Draw only what can be trained: a sampler whose draws are moved, as a whole, to parameters that exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tuner.record import Params
from tuner.space import Space

Place = Callable[[Params], Params]


class Placed(BaseSampler):
    """Any sampler, its draws moved by ``place`` before the trial holds them: so it learns from what was really run."""

    def __init__(self, inner: BaseSampler, space: Space, place: Place) -> None:
        self._inner, self._space, self._place = inner, space, place
        self._distributions = {name: p.distribution() for name, p in space.parameters.items()}

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(self._distributions)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if "fixed_params" in trial.system_attrs:
            return {}  # enqueued: every value is given
        shared = self._inner.infer_relative_search_space(study, trial)
        drawn: Params = dict(self._inner.sample_relative(study, trial, shared)) if shared else {}
        params: Params = {}
        for name, distribution in self._distributions.items():
            if self._space.is_active(name, params):
                known = name in drawn
                params[name] = drawn[name] if known else self._draw(study, trial, name, distribution)
        return self._place(params)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._draw(study, trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._inner.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)

    def _draw(self, study: optuna.Study, trial: FrozenTrial, name: str, distribution: BaseDistribution) -> Any:
        return self._inner.sample_independent(study, trial, name, distribution)
