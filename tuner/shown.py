"""Let a sampler learn from trials that wait or go on: it is shown them as pruned, as if the study ended now."""

from __future__ import annotations

import copy
from collections.abc import Container, Sequence
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState


class StudyView:
    """An Optuna study in which every trial of the race that has a score is pruned; all else is that of the study.

    The storage keeps it RUNNING, because a trial that was told cannot go on, and samplers leave out what runs.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    @property
    def trials(self) -> list[FrozenTrial]:
        return self.get_trials()

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        return self._get_trials(deepcopy, states)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        shown = [_shown(trial) for trial in self._study._get_trials(deepcopy, None, use_cache)]
        return [trial for trial in shown if states is None or trial.state in states]


def _shown(trial: FrozenTrial) -> FrozenTrial:
    if trial.state is not TrialState.RUNNING or "race" not in trial.user_attrs or not trial.intermediate_values:
        return trial
    shown = copy.copy(trial)
    shown.state = TrialState.PRUNED
    return shown


class WithPaused(BaseSampler):
    """Any sampler, learning from what is paused as well."""

    def __init__(self, inner: BaseSampler) -> None:
        self._inner = inner

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(_view(study), trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._inner.sample_relative(_view(study), trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner.sample_independent(_view(study), trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._inner.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)


def _view(study: optuna.Study) -> optuna.Study:
    return cast(optuna.Study, StudyView(study))
