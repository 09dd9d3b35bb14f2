"""The commands: what they print, their exit codes, and that bad input starts nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import yaml

from tests import driving

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "small"


def refused(*words: str | Path) -> str:
    """Return the one line with which the command line refuses."""
    done = driving.tuner(*words)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().split("\n")
    assert len(lines) == 1
    return lines[0]


def test_a_study_runs_and_names_its_best_parameters(write_config: Write, folder: Path) -> None:
    done = driving.tuner("run", write_config(), "--set", "budget.trials=4")
    assert done.returncode == 0, done.stderr
    assert f"best parameters: {folder / 'best.yaml'}" in done.stdout
    assert "trial 0 (baseline) started on cpu" in done.stdout
    best = yaml.safe_load((folder / "best.yaml").read_text())
    assert best == driving.plain_optuna(folder).best_params


def test_report_and_status_read_a_finished_study(write_config: Write, folder: Path) -> None:
    driving.study(write_config(), "budget.trials=8")
    text = driving.tuner("report", folder).stdout
    assert "nan since 1" in text and "best parameters:" in text
    data = json.loads(driving.tuner("report", folder, "--json").stdout)
    assert len(data["trials"]) == 8
    assert data["incumbent"]["score"] == max(t["score"] for t in data["trials"] if t["state"] == "complete")
    status = driving.tuner("status", folder).stdout
    assert "8 of 8" in status and f"it is finished. What it found: tuner report {folder}" in status


def test_status_shows_a_running_study_without_disturbing_it(write_config: Write, folder: Path) -> None:
    from tests.test_study import trainer

    process = driving.driver(write_config(trainer=trainer("--seconds 90")), "budget.trials=2")
    driving.wait_until(lambda: (folder / "trials" / "0001").exists())
    status = driving.tuner("status", folder)
    assert status.returncode == 0
    assert "2 running" in status.stdout and "no tuner works on it" not in status.stdout
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_study_in_which_every_trial_failed_exits_with_1_and_has_no_best(write_config: Write, folder: Path) -> None:
    trainer = {"name": "script", "command": ["{python}", "-S", "-c", "raise SystemExit('no data')"]}
    done = driving.tuner("run", write_config(trainer=trainer), "--set", "budget.trials=3")
    assert done.returncode == 1
    assert "no trial completed" in done.stderr
    assert not (folder / "best.yaml").exists()
    assert "crashed" in done.stdout and "no data" in done.stdout


def test_a_misspelt_key_starts_nothing(write_config: Write, folder: Path) -> None:
    assert "did you mean 'trials'?" in refused("run", write_config(), "--set", "budget.trails=3")
    assert not folder.exists()


def test_a_missing_config_is_one_line(tmp_path: Path) -> None:
    start = f"tuner: {tmp_path / 'digit.yaml'}: no such file"
    assert (
        refused("run", tmp_path / "digit.yaml")
        == f"{start}; tuner init writes a first configuration for what lies here"
    )
    (tmp_path / "digits.yaml").write_text("")
    assert refused("run", tmp_path / "digit.yaml") == f"{start}, did you mean 'digits.yaml'?"


def test_a_study_and_its_configuration_are_told_apart(write_config: Write, folder: Path) -> None:
    path = write_config()
    driving.study(path, "budget.trials=1")
    assert f"the study in it goes on with tuner resume {folder}" in refused("run", folder)
    assert f"started, and continued, with tuner run {path}" in refused("resume", path)
    assert "there are studies in it: small" in refused("report", folder.parent)
    assert f"did you mean {folder}?" in refused("report", folder.with_name("smal"))


@pytest.mark.parametrize("command", ["resume", "report", "status"])
def test_a_folder_that_is_no_study_is_refused(tmp_path: Path, command: str) -> None:
    assert "expected a study's folder" in refused(command, tmp_path)


def test_a_results_folder_that_cannot_be_written_is_refused(write_config: Write, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "expected a folder to write to" in refused("run", write_config(results=str(tmp_path / "file")))


def test_a_broken_storage_is_refused_and_left_alone(write_config: Write, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "study.db").write_bytes(b"these are not the bytes of a database" * 40)
    assert "expected an SQLite file, but got" in refused("run", write_config())
    assert (folder / "study.db").read_bytes().startswith(b"these are not")
    assert not (folder / "config.yaml").exists()


def test_a_database_of_something_else_is_refused_and_left_alone(write_config: Write, folder: Path) -> None:
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "study.db") as database:
        database.execute("create table customers (name text)")
    assert "expected an Optuna storage, but got" in refused("run", write_config())
    with sqlite3.connect(folder / "study.db") as database:
        assert database.execute("select name from sqlite_master").fetchall() == [("customers",)]


def test_a_study_that_somebody_else_made_is_refused(write_config: Write, folder: Path) -> None:
    folder.mkdir(parents=True)
    study = optuna.create_study(storage=f"sqlite:///{folder / 'study.db'}", study_name="small")
    study.enqueue_trial({"x": 1})
    assert "is an Optuna study that tuner did not make" in refused("run", write_config())


def test_help_names_every_command() -> None:
    text = driving.tuner("--help").stdout
    assert all(command in text for command in ("run", "resume", "report", "status"))


def test_a_renamed_folder_reports_its_own_study(write_config: Write, folder: Path) -> None:
    path = write_config()
    driving.study(path, "budget.trials=1")
    moved = folder.rename(folder.with_name("moved"))
    driving.study(path, "budget.trials=2")
    data = json.loads(driving.tuner("report", moved, "--json").stdout)
    assert len(data["trials"]) == 1


def test_reading_a_study_without_its_storage_makes_none(write_config: Write, folder: Path) -> None:
    driving.study(write_config(), "budget.trials=1")
    (folder / "study.db").unlink()
    assert "there is no such study" in refused("report", folder)
    assert not (folder / "study.db").exists()


def test_a_folder_in_the_place_of_a_file_is_named(write_config: Write, folder: Path) -> None:
    (folder / "driver.lock").mkdir(parents=True)
    assert "driver.lock: Is a directory" in refused("run", write_config())


def test_a_storage_that_is_not_there_is_named_without_its_password(write_config: Write) -> None:
    path = write_config(storage="postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in refused("run", path)


def test_a_changed_trainer_is_pointed_out(write_config: Write) -> None:
    from tests.test_study import trainer

    driving.study(write_config(), "budget.trials=1")
    done = driving.tuner("run", write_config(trainer=trainer("--seconds 0.01")), "--set", "budget.trials=2")
    assert "older and newer trials may not be comparable" in done.stdout
