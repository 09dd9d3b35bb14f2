"""What a sampler sees of a race: trials at one rung, as if each had ended there."""

from __future__ import annotations

import copy
import math
from collections.abc import Container, Mapping, Sequence
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


class StudyView:
    """An Optuna study whose trials are those of ``lessons``, complete with the costs there; all else is the study's.

    Trials with an infinite cost failed: they are seen as they are. The storage keeps what is paused RUNNING, because a
    trial that was told cannot go on, and samplers leave out what runs.
    """

    def __init__(self, study: optuna.Study, lessons: Mapping[int, float]) -> None:
        self._study, self._lessons = study, lessons
        self._shown: list[FrozenTrial] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    @property
    def trials(self) -> list[FrozenTrial]:
        return self.get_trials()

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        shown = self._get_trials(deepcopy, states)
        return copy.deepcopy(shown) if deepcopy else shown

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        if self._shown is None:
            trials = self._study._get_trials(deepcopy=False, use_cache=use_cache)
            sign = -1.0 if self._study.direction is StudyDirection.MAXIMIZE else 1.0
            self._shown = [_shown(trials[n], sign * cost) for n, cost in sorted(self._lessons.items())]
        return [trial for trial in self._shown if states is None or trial.state in states]


def _shown(trial: FrozenTrial, value: float) -> FrozenTrial:
    if not math.isfinite(value):
        return trial
    shown = copy.copy(trial)
    shown.state, shown.values = TrialState.COMPLETE, [value]
    return shown


class Taught(BaseSampler):
    """Any sampler, learning from nothing but ``lessons``."""

    def __init__(self, inner: BaseSampler, lessons: Mapping[int, float]) -> None:
        self._inner, self._lessons = inner, lessons

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(self._view(study), trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._inner.sample_relative(self._view(study), trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner.sample_independent(self._view(study), trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._inner.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)

    def _view(self, study: optuna.Study) -> optuna.Study:
        return cast(optuna.Study, StudyView(study, self._lessons))
