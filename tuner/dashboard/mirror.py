"""What optuna-dashboard takes for its storage: the studies of a folder as they are now, with what tuner says on them.

Notes and plots lie in this process alone. Nothing else can be written, and nothing ever reaches the study's storage.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any, NoReturn

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from tuner.dashboard.files import Files
from tuner.dashboard.followed import TRIALS_EACH, Followed
from tuner.errors import TunerError
from tuner.reading import config_of, studies_of

LEAST_SECONDS = 2.0
"""The page asks every 2 to 10 seconds; several pages that are open do not have the study read more often."""
SHARE = 0.1
"""The most of the time that reading may take: the processors are there for training."""


def _refused(*_: Any, **__: Any) -> NoReturn:
    raise TunerError("a mirror of a study cannot be written to")


class Mirror(BaseStorage):
    """The studies of ``folder``, read again where somebody asks for them and the last look is some time ago.

    Raises TunerError where there is nothing to be read at first; later, what was read last remains.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.files = Files()
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._studies: dict[int, Followed] = {}
        self._complaint = ""
        self._refresh()
        self._next = clock() + LEAST_SECONDS

    def _refresh(self) -> None:
        known = {followed.folder: followed for followed in self._studies.values()}
        for folder in studies_of(self._folder):
            followed = known.get(folder)
            if followed is None or followed.replaced:  # a stage may begin while the page is open, and a study anew
                study_id = followed.study_id if followed else len(self._studies) + 1
                followed = Followed(folder, config_of(folder, reading=True), study_id, self.files)
            self._studies[followed.study_id] = followed
            followed.look(self)

    def get_all_studies(self) -> list[FrozenStudy]:
        with self._lock:
            if self._clock() >= self._next:
                self._look_again()
        return [study.frozen() for study in list(self._studies.values())]

    def _look_again(self) -> None:
        began = self._clock()
        try:
            self._refresh()
            complaint = ""
        except (TunerError, StorageInternalError, OSError) as error:
            complaint = f"{error.__cause__ or error}".splitlines()[0]
        if complaint and complaint != self._complaint:
            print(f"tuner: cannot read the study now, and shows what was read last: {complaint}", file=sys.stderr)
        self._complaint, now = complaint, self._clock()
        self._next = now + max(LEAST_SECONDS, (now - began) / SHARE)

    def get_study_id_from_name(self, study_name: str) -> int:
        for study_id, study in self._studies.items():
            if study.name == study_name:
                return study_id
        raise KeyError(study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._studies[study_id].name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return [self._studies[study_id].direction]

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return dict(self._studies[study_id].user_attrs)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return dict(self._studies[study_id].said)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Keep a part of a note or a plot, in memory."""
        self._studies[study_id].said[key] = value

    def get_trial(self, trial_id: int) -> FrozenTrial:
        study_id, number = divmod(trial_id, TRIALS_EACH)
        return self._studies[study_id].trials[number]

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        # None of them is ever changed: a trial that goes on is replaced, so that no copies are needed.
        return [t for t in self._studies[study_id].trials if states is None or t.state in states]

    create_new_study = delete_study = set_study_user_attr = _refused
    create_new_trial = set_trial_param = set_trial_state_values = set_trial_intermediate_value = _refused
    set_trial_user_attr = set_trial_system_attr = _refused
