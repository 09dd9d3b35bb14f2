"""What was found in the data set of a study reaches its report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from optuna.trial import TrialState

from tests.data import sets
from tuner import data_watch
from tuner.config import StudyConfig
from tuner.record import Action, Ending, Record


def study(data: Path | None, *, wanted: bool = True) -> StudyConfig:
    """Return what of a configuration is asked for here."""
    asked = (str(data),) if data else ()
    made = SimpleNamespace(trainer=SimpleNamespace(data_check=lambda: asked), model=SimpleNamespace(data_check=wanted))
    return cast(StudyConfig, made)


def ended(number: int, reason: str, **changes: Any) -> Record:
    return Record(number, TrialState.PRUNED, {}, ending=Ending(Action.PRUNE, reason, ""), **changes)


def examined(tmp_path: Path) -> Path:
    """Examine a set whose validation images are copies of its training images; return the folder of the study."""
    folder = tmp_path / "results" / "small"
    folder.mkdir(parents=True)
    process = data_watch.begin(study(sets.yolo(tmp_path / "set")), folder)
    assert process is not None
    process.wait()
    return folder


def test_warnings_are_told_and_notes_are_not(tmp_path: Path) -> None:
    folder = examined(tmp_path)
    found = data_watch.checks(folder, [ended(0, "diverging")])
    assert "data set: 2 images of val have an exact copy in another split: the score is too good" in [
        c.text for c in found
    ]
    assert all("byte-identical" not in c.text for c in found)
    assert data_watch.checks(folder / "search", []) == found  # a stage has those of the whole


def test_where_trials_learn_nothing_the_data_set_is_to_be_looked_at_first(tmp_path: Path) -> None:
    found = data_watch.checks(examined(tmp_path), [ended(0, "not_learning"), ended(1, "overfitting")])
    assert found[0].text.endswith("; look here first: 1 trial learnt nothing")
    assert found[0].data["trials"] == [0]


def test_it_is_done_once_and_only_where_it_is_wanted_and_known(tmp_path: Path) -> None:
    folder = examined(tmp_path)
    path = tmp_path / "set" / "data.yaml"
    assert data_watch.begin(study(path), folder) is None
    assert data_watch.begin(study(path, wanted=False), tmp_path) is None
    assert data_watch.begin(study(None), tmp_path) is None


def test_what_is_only_half_written_is_not_there_yet(tmp_path: Path) -> None:
    for text in ("", "{", "[]", json.dumps({"findings": [{"name": "copies"}]})):
        (tmp_path / data_watch.FILE).write_text(text)
        assert data_watch.checks(tmp_path, []) == ()


def test_a_study_without_a_known_data_set_runs_as_before(write_config: Callable[..., Path], tmp_path: Path) -> None:
    from tests import driving

    driving.study(write_config(budget={"trials": 1}))
    assert not list(tmp_path.rglob(data_watch.FILE))
