from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import yaml
from optuna.trial import FrozenTrial, TrialState

from tests import driving
from tests.dashboard.conftest import Clock
from tests.driving import plain_optuna
from tests.report_html.pages import family, study_in
from tests.studies import DIVERGING, trial
from tuner import reading
from tuner.errors import ConfigError, TunerError

pytest.importorskip("optuna_dashboard", reason="needs the extra: pip install tuner[dashboard]")

from tuner.dashboard.followed import flat
from tuner.dashboard.mirror import LEAST_SECONDS, Mirror


def shown(mirror: Mirror, study_id: int = 1) -> list[FrozenTrial]:
    mirror.get_all_studies()  # what the page asks for first
    return mirror.get_all_trials(study_id)


def facts(one: FrozenTrial) -> list[object]:
    """Return what a mirror must not change of a trial."""
    values = [one.number, one.state, one.values, one.params, one.distributions, one.intermediate_values]
    known = {name: one.constraints[name] for name in one.constraints if not name.isdigit()}
    return [*values, one.datetime_start, one.datetime_complete, known]


def plain(place: Path) -> optuna.Study:
    return plain_optuna(place, "digits")


def test_every_trial_of_a_real_study_is_shown_as_its_storage_has_it(
    write_config: Callable[..., Path], tmp_path: Path
) -> None:
    driving.study(write_config())
    folder = tmp_path / "results" / "small"
    stored = plain_optuna(folder).get_trials()
    mirrored = shown(Mirror(folder))
    assert [facts(t) for t in mirrored] == [facts(t) for t in stored]
    assert len(stored) == 12 and any(t.intermediate_values for t in stored)
    assert {t.state for t in stored} >= {TrialState.COMPLETE, TrialState.PRUNED}


def test_a_failed_trial_is_infeasible_in_the_form_that_the_page_knows(tmp_path: Path) -> None:
    failed = trial(DIVERGING, 0.1)
    failed.set_constraint("diverging", 1.0)
    [mirrored] = shown(Mirror(study_in(tmp_path, [failed])))
    assert mirrored.system_attrs["constraints"] == [1.0] and mirrored.constraints["diverging"] == 1.0


def test_attributes_are_shown_one_by_one_without_sentences() -> None:
    kept = flat(trial(DIVERGING, 0.1, metrics={"val/recall": 0.7}, device="cpu").user_attrs | {"mine": {"a": [1]}})
    assert kept["reason"] == "diverging" and kept["since_epoch"] == 1 and kept["device"] == "cpu"
    assert kept["val/recall"] == 0.7 and kept["mine"] == {"a": [1]}
    assert not {"thresholds", "evidence", "metrics"} & kept.keys()
    assert max(len(str(value)) for value in kept.values()) <= 60


def test_a_trial_that_goes_on_and_ends_is_followed(tmp_path: Path, clock: Clock) -> None:
    place = study_in(tmp_path, family()[:2])
    mirror = Mirror(place, clock)
    study = plain(place)
    running = study.ask()
    running.report(0.3, 1)
    assert len(shown(mirror)) == 2, "looked again too soon"
    clock.now += LEAST_SECONDS
    assert shown(mirror)[2].intermediate_values == {1: 0.3}
    running.report(0.4, 2)
    study.tell(running, 0.4)
    clock.now += LEAST_SECONDS
    assert [facts(t) for t in shown(mirror)] == [facts(t) for t in study.get_trials()]


def test_looks_that_take_long_come_less_often(place: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror, looks = Mirror(place, clock), []

    def slow() -> None:
        looks.append(clock.now)
        clock.now += 3.0

    monkeypatch.setattr(mirror, "_refresh", slow)
    for clock.now in (2.0, 20.0, 34.0, 36.0):
        mirror.get_all_studies()
    assert looks == [2.0, 36.0]


def test_looking_again_and_again_leaves_the_storage_as_it_was(place: Path, clock: Clock) -> None:
    before = (place / "study.db").read_bytes()
    mirror = Mirror(place, clock)
    for _ in range(3):
        clock.now += LEAST_SECONDS
        shown(mirror)
    assert (place / "study.db").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["config.yaml", "study.db", "trials"]


def test_the_connection_that_is_read_through_cannot_write(place: Path) -> None:
    config = reading.config_of(place, reading=True)
    study = reading.sampler.load_study(config.storage, "digits")
    with pytest.raises(optuna.exceptions.StorageInternalError):
        study.set_user_attr("mine", 1)
    assert "mine" not in plain(place).user_attrs


def test_a_writer_is_not_held_up_by_an_open_mirror(place: Path) -> None:
    mirror = Mirror(place)
    with sqlite3.connect(place / "study.db", timeout=0) as writer:
        writer.execute("begin exclusive")
        writer.rollback()
    assert len(shown(mirror)) == len(family())


def test_nobody_can_write_to_a_mirror(place: Path) -> None:
    mirror = Mirror(place)
    study = optuna.load_study(study_name="digits", storage=mirror)
    for write in (study.ask, lambda: study.set_user_attr("a", 1), lambda: mirror.delete_study(1)):
        with pytest.raises(TunerError, match="cannot be written to"):
            write()


def test_a_study_whose_driver_was_killed_in_a_commit_is_shown_as_it_was_before(place: Path) -> None:
    """SQLite leaves a journal then, which the first to open the file must roll back."""
    code = (
        "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('pragma cache_size = 1');"
        "db.execute('delete from trials'); db.execute('create table junk (a)');"
        "db.executemany('insert into junk values (?)', [('x' * 1000,)] * 500); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(place / "study.db")], check=False)
    assert killed.returncode == -signal.SIGKILL and (place / "study.db-journal").stat().st_size
    assert len(shown(Mirror(place))) == len(family())


def test_what_was_read_last_remains_while_the_study_cannot_be_read(
    place: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = Mirror(place, clock)
    os.rename(place / "config.yaml", place / "away.yaml")
    for _ in range(2):
        clock.now += LEAST_SECONDS
        assert len(shown(mirror)) == len(family())
    assert capsys.readouterr().err.count("shows what was read last") == 1


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a study's folder with a config\.yaml"):
        Mirror(tmp_path)


def test_all_stages_are_studies_of_one_page_and_a_new_one_joins_them(tmp_path: Path, clock: Clock) -> None:
    whole = tmp_path / "staged"
    first = study_in(whole, family(), study="first")
    (whole / "config.yaml").write_text(yaml.safe_dump({"study": "staged", "stages": {"first": {}, "second": {}}}))
    mirror = Mirror(whole, clock)
    assert [study.study_name for study in mirror.get_all_studies()] == ["first"]
    shutil.move(study_in(tmp_path / "new", family()[:2], study="second"), whole)
    clock.now += LEAST_SECONDS
    studies = mirror.get_all_studies()
    assert [study.study_name for study in studies] == ["first", "second"]
    ids = [t._trial_id for study in studies for t in mirror.get_all_trials(study._study_id)]
    assert len(set(ids)) == len(family()) + 2 and first.is_dir()
    assert [mirror.get_trial(i)._trial_id for i in ids] == ids


def test_a_study_that_begins_anew_in_the_same_folder_is_shown_anew(tmp_path: Path, clock: Clock) -> None:
    place = study_in(tmp_path, family())
    mirror = Mirror(place, clock)
    shutil.rmtree(place)
    study_in(tmp_path, family()[:1])
    clock.now += LEAST_SECONDS
    assert len(shown(mirror)) == 1
