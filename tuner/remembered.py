"""A study's storage as its driver sees it: what it wrote itself is remembered, and only what others change is read.

Optuna reads every trial that has not ended anew whenever all are asked for. In a race most trials wait, so that reading
would soon cost more than all the rest. Here all is read once; after that a driver alone reads nothing any more, and one
of several asks which trials others have begun, taken, paused or ended, and reads those.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from optuna.distributions import BaseDistribution
from optuna.storages import RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState

TRIALS: Any = models.TrialModel.__table__
ATTRIBUTES: Any = models.TrialUserAttributeModel.__table__
TELLING = "race"
"""The attribute that changes whenever a trial that waits is taken, and whenever one is paused."""
UNFINISHED = (TrialState.RUNNING, TrialState.WAITING)


class Remembered(_CachedStorage):
    """``backend``, with all of its trials in memory; ``shared`` where other drivers may write to it too.

    A write that fails may have been done or not: all is read anew then.
    """

    def __init__(self, backend: RDBStorage, *, shared: bool) -> None:
        super().__init__(backend)
        self._shared = shared
        self._known: set[int] = set()
        """The studies of which every trial is in memory."""
        self._own: set[int] = set()
        """The trials that nobody else writes to, as far as is known."""

    def doubt(self) -> None:
        """Read everything anew the next time."""
        self._known.clear()
        self._own.clear()

    def catch_up(self, study_id: int) -> None:
        """Read what other drivers have changed."""
        self._read_trials_from_remote_storage(study_id)
        if not self._shared:
            return
        study = self._studies[study_id]
        known = {trial._trial_id: trial for trial in study.trials.values()}
        changed = self._changed(study_id, known)
        self._own -= changed
        if changed:
            latest = max(*known, *changed) if known else max(changed)
            self._add_trials_to_cache(study_id, self._backend._get_trials(study_id, None, changed, latest))

    def _changed(self, study_id: int, known: dict[int, FrozenTrial]) -> set[int]:
        """Return the trials that may be others than those that are ``known``."""
        told = sa.and_(ATTRIBUTES.c.trial_id == TRIALS.c.trial_id, ATTRIBUTES.c.key == TELLING)
        found = sa.select(TRIALS.c.trial_id, TRIALS.c.state, ATTRIBUTES.c.value_json)
        found = found.select_from(TRIALS.outerjoin(ATTRIBUTES, told)).where(
            TRIALS.c.study_id == study_id,
            sa.or_(TRIALS.c.state.in_(UNFINISHED), TRIALS.c.trial_id > max(known, default=-1)),
        )
        with self._backend.engine.connect() as database:
            rows = {trial_id: (state, race) for trial_id, state, race in database.execute(found)}
        ended = {
            trial_id for trial_id, trial in known.items() if not trial.state.is_finished() and trial_id not in rows
        }
        return ended | {
            trial_id for trial_id, row in rows.items() if self._differs(trial_id, known.get(trial_id), *row)
        }

    def _differs(self, trial_id: int, known: FrozenTrial | None, state: TrialState, told: str | None) -> bool:
        if known is None or known.state is not state:
            return True
        race = json.loads(told) if told else None
        if race != known.user_attrs.get(TELLING):
            return True
        return trial_id not in self._own and not (race or {}).get("paused")  # somebody else trains it

    # -- reading ----------------------------------------------------------------------------------------------------

    def _read_trials_from_remote_storage(self, study_id: int) -> None:
        if study_id not in self._known:
            super()._read_trials_from_remote_storage(study_id)
            self._known.add(study_id)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        known = self._remembered(trial_id)
        return super().get_trial(trial_id) if known is None else _changed(known)

    def _remembered(self, trial_id: int) -> FrozenTrial | None:
        study_id, number = self._trial_id_to_study_id_and_number.get(trial_id, (-1, -1))
        return self._studies[study_id].trials.get(number) if study_id in self._known else None

    # -- writing ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _written(self, trial_id: int) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.doubt()
            raise
        self._own.add(trial_id)

    def _take(self, trial_id: int, **changes: dict[Any, Any]) -> None:
        """Remember what was written; another object takes the place of the trial, so that none ever changes."""
        known = self._remembered(trial_id)
        if known is not None:
            study_id, number = self._trial_id_to_study_id_and_number[trial_id]
            self._studies[study_id].trials[number] = _changed(known, **changes)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        try:
            trial_id = super().create_new_trial(study_id, template_trial)
        except BaseException:
            self.doubt()
            raise
        self._own.add(trial_id)
        return trial_id

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        with self._written(trial_id):
            super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        value = distribution.to_external_repr(param_value_internal)
        self._take(trial_id, params={param_name: value}, distributions={param_name: distribution})

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        with self._written(trial_id):
            done = super().set_trial_state_values(trial_id, state, values)
            if self._remembered(trial_id) is not None:  # its times are the storage's
                study_id, _ = self._trial_id_to_study_id_and_number[trial_id]
                self._add_trials_to_cache(study_id, [self._backend.get_trial(trial_id)])
        return done

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        with self._written(trial_id):
            super().set_trial_intermediate_value(trial_id, step, intermediate_value)
        self._take(trial_id, intermediate_values={step: float(intermediate_value)})

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._written(trial_id):
            super().set_trial_user_attr(trial_id, key, value)
        self._take(trial_id, user_attrs={key: _stored(value)})

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._written(trial_id):
            super().set_trial_system_attr(trial_id, key, value)
        self._take(trial_id, system_attrs={key: _stored(value)})


def _changed(trial: FrozenTrial, **changes: dict[Any, Any]) -> FrozenTrial:
    """Return a copy of ``trial`` with dictionaries of its own, and ``changes`` in them."""
    other = copy.copy(trial)
    for name in ("params", "distributions", "user_attrs", "system_attrs", "intermediate_values"):
        setattr(other, name, {**getattr(trial, name), **changes.get(name, {})})
    return other


def _stored(value: Any) -> Any:
    """Return a value as it comes back from the storage."""
    return json.loads(json.dumps(value))
