"""One study that is followed by reading it: its trials as the dashboard shows them, and what is said on them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import NopPruner
from optuna.samplers import RandomSampler
from optuna.storages import BaseStorage
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial
from optuna_dashboard import save_note, save_plotly_graph_object

from tuner import record, report, sampler, tested
from tuner.config import StudyConfig
from tuner.dashboard import drawn, figures, files, notes
from tuner.dashboard.files import Files
from tuner.importance import Importances
from tuner.opening import driver_is_alive
from tuner.record import Record
from tuner.report_html import curves
from tuner.report_html.content import Content
from tuner.report_html.curves import Seen
from tuner.storage_url import SQLITE

TRIALS_EACH = 1_000_000
"""Trial ids are unique over all studies of a storage: the study's id times this, and the number of the trial."""
LONGEST_VALUE = 60
"""Characters; the page does not break the lines of an attribute, and a long one pushes the note out of the window."""
CURVE = "curve.png"
STUDY_FILES = ("report.html", "best.yaml", "config.yaml")


class Followed:
    """A study, its trials with their artifacts, and ``said``: the notes and plots as attributes of the dashboard."""

    def __init__(self, folder: Path, config: StudyConfig, study_id: int, store: Files) -> None:
        self.folder, self.study_id = folder, study_id
        self._config, self._store = config, store
        self._file = _file(config)
        self._study = sampler.load_study(config.storage, config.model.study)
        self.name, self.direction = self._study.study_name, self._study.direction
        self.user_attrs: dict[str, Any] = {}
        self.trials: list[FrozenTrial] = []
        self.said: dict[str, Any] = {}
        self._seen: dict[int, Seen] = {}
        self._notes: dict[int | None, str] = {}
        self._standing: list[Any] = []

    def frozen(self) -> FrozenStudy:
        """Return the study as a storage lists it."""
        return FrozenStudy(self.name, self.direction, dict(self.user_attrs), dict(self.said), self.study_id)

    @property
    def replaced(self) -> bool:
        """Whether another study was begun where this one was."""
        return _file(self._config) != self._file

    def look(self, mirror: BaseStorage) -> None:
        """Read what is new: what the storage keeps of finished trials is read once, and so are their logs."""
        trials = self._study.get_trials(deepcopy=False)
        records = [record.read(trial) for trial in trials]
        for r in records:
            if r.number not in self._seen or not r.finished or not self.trials[r.number].state.is_finished():
                self._seen[r.number] = curves.look(self._config, r)
        self.trials = [self._shown(trial, r) for trial, r in zip(trials, records, strict=True)]
        alive = driver_is_alive(self._config, self._study)
        standing = [alive, *((r.state, r.paused) for r in records)]
        moved = standing != self._standing
        if moved:
            self.user_attrs = dict(self._study.user_attrs)
        self._offer_files()
        self._say(mirror, records, alive, moved)
        self._standing = standing

    def _shown(self, trial: FrozenTrial, r: Record) -> FrozenTrial:
        """Return a trial under the mirror's id, with its artifacts; all else is as it was."""
        known = self.trials[trial.number] if trial.number < len(self.trials) else None
        if known is not None and known.state.is_finished():
            return known
        return FrozenTrial(
            number=trial.number,
            state=trial.state,
            value=None,
            values=trial.values,
            datetime_start=trial.datetime_start,
            datetime_complete=trial.datetime_complete,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs=flat(trial.user_attrs),
            system_attrs={**trial.system_attrs, **_constraints(trial), **self._artifacts(r)},
            intermediate_values=trial.intermediate_values,
            trial_id=self.study_id * TRIALS_EACH + trial.number,
        )

    def _artifacts(self, r: Record) -> dict[str, str]:
        folder, seen = self._config.trial_folder(r.number), self._seen[r.number]
        found: dict[str, str] = {}
        if seen.verdict is not None:
            found = self._store.attribute(self._named(r, CURVE), CURVE, drawn.curve(self._config, r, seen))
        for path in files.of(folder):
            found |= self._store.attribute(self._named(r, str(path)), str(path), files.opener(folder / path))
        return found

    def _offer_files(self) -> None:
        for name in STUDY_FILES:
            path = self._config.folder / name
            if path.is_file():
                self.said |= self._store.attribute(f"{self.name}/{name}", name, files.opener(path))

    def _named(self, r: Record, file: str) -> str:
        return f"{self.name}/{r.number}/{file}"

    def _say(self, mirror: BaseStorage, records: Sequence[Record], alive: bool, moved: bool) -> None:
        """Write notes and plots through the calls of optuna-dashboard where what they say has changed."""
        content = self._content(records, alive)
        study = optuna.Study(self.name, mirror, sampler=RandomSampler(), pruner=NopPruner())
        for r in records:
            if moved or not r.finished:
                body = notes.of_trial(content, r, self._links(r))
                if self._notes.get(r.number) != body:
                    save_note(optuna.Trial(study, self.trials[r.number]._trial_id), body)
                    self._notes[r.number] = body
        if moved:
            _name(study, content.report.objective)
            save_note(study, notes.of_study(content, self._links()))
            for name, figure in figures.of(content):
                save_plotly_graph_object(study, figure, graph_object_id=name)

    def _content(self, records: Sequence[Record], alive: bool) -> Content:
        config = self._config
        found = report.build(
            self._study,
            records,
            objective=config.model.objective.metric,
            bounds=config.space.bounds(),
            as_trained=config.scaled,
            exported=config.exported,
            tested=tested.read(config.folder),
            weigh=lambda _: Importances(),  # the dashboard has its own, and ours take seconds
        )
        return Content(config, found, self._seen, alive, datetime.now().astimezone())

    def _links(self, r: Record | None = None) -> notes.Links:
        trials = f"/dashboard/studies/{self.study_id}/trials"
        if r is None or self._seen[r.number].verdict is None:
            return notes.Links(trials)
        trial_id = self.trials[r.number]._trial_id
        curve = f"/artifacts/{self.study_id}/{trial_id}/{self._store.named(self._named(r, CURVE))}"
        # A picture that is addressed in another way is fetched again.
        return notes.Links(trials, f"{curve}?epochs={self._seen[r.number].curve.length}&{r.state.name}")


def _file(config: StudyConfig) -> int | None:
    """Return what tells the file of the storage from another of its name; None where it is no file."""
    path = Path(config.storage.removeprefix(SQLITE))
    return path.stat().st_ino if path.is_file() else None


def flat(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tuner keeps of a trial one by one: as columns of the page's table, and numbers as axes of its plots.

    Whole sentences and lists stand in the note; what others keep with a trial stays as it is.
    """
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        if name not in record.GROUPS:
            found[name] = value
            continue
        for key, one in {**value, **value.get("metrics", {})}.items():
            short = isinstance(one, str) and len(one) <= LONGEST_VALUE
            if short or isinstance(one, bool | int | float):
                found[key] = one
    return found


def _name(study: optuna.Study, objective: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names([objective])


def _constraints(trial: FrozenTrial) -> dict[str, list[float]]:
    """Return the constraints in the older of Optuna's two forms, the only one that the dashboard knows."""
    return {"constraints": list(trial.constraints.values())} if trial.constraints else {}
