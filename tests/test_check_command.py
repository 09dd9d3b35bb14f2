"""``tuner check``: it says what would run, refuses what run refuses, and makes nothing."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import driving
from tests.conftest import SMALL
from tests.test_study import trainer
from tuner import config, opening
from tuner.preview import doubts, plan

Write = Callable[..., Path]
ENOUGH = "budget.trials=30"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "small"


def said(path: Path, *sets: str) -> list[str]:
    """Return what is doubted about the study at ``path``."""
    return [doubt.text for doubt in doubts.doubts(plan.of(config.load(path, sets)))]


def words_of(path: Path, *options: str) -> str:
    done = driving.tuner("check", path, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_it_ends_with_can_be_copied_to_a_shell(write_config: Write) -> None:
    path = write_config()
    last = words_of(path, "--set", ENOUGH, "--set", "baselines=[{lr: 1}, {lr: 3}]").splitlines()[-1]
    command = shlex.split(last.partition("To start: ")[2])
    assert command == ["tuner", "run", str(path), "--set", ENOUGH, "--set", "baselines=[{lr: 1}, {lr: 3}]"]


def test_it_says_what_would_run_and_makes_nothing(write_config: Write, folder: Path) -> None:
    path = write_config()
    text = words_of(path, "--set", ENOUGH)
    assert "small: maximise val/accuracy; a new study" in text
    assert "lr: 0.001 0.003 0.01 … 3 10; usually 0.001 0.003 0.01 0.03 0.1; starts from 0.1; learning rate" in text
    assert "1 baseline; sweep of lr: 0.001 0.003 0.03 0.3 3 10" in text
    assert "30 trials; a trial has 10 epochs: about 30 trials, 300 epochs if none is stopped" in text
    assert "cpu × 2: 2 trials at a time" in text
    assert "python 3" in text and "numpy" in text
    assert f"would run: nothing looks wrong. To start: tuner run {path} --set {ENOUGH}" in text
    assert sorted(path.parent.iterdir()) == [path]


def test_json_holds_it_all_for_programs(write_config: Write) -> None:
    data = json.loads(words_of(write_config(), "--json"))
    (study,) = data["studies"]
    assert data["warnings"] == len(study["warnings"]) == 1
    assert study["expected"] == {"trials": 12, "epochs": 120, "hours": None}
    assert study["dimensions"] == 3 and study["roles"]["lr"] == "learning_rate"
    assert len(study["opening"]) == 7 and study["exists"] is False


def test_a_study_that_exists_is_known_with_its_trials_and_its_speed(write_config: Write, folder: Path) -> None:
    path = write_config()
    driving.study(path, "budget.trials=3")
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    (study,) = json.loads(words_of(path, "--json"))["studies"]
    assert (study["exists"], study["trials"]) == (True, 3)
    assert study["seconds"]["epoch"] > 0 and "30 epochs of this study" in study["timed_by"]
    assert study["expected"]["hours"] > 0
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before


def test_the_speed_of_a_study_with_the_same_trainer_counts_for_another(write_config: Write) -> None:
    path = write_config()
    driving.study(path, "budget.trials=1")
    (study,) = json.loads(words_of(path, "--json", "--set", "study=other"))["studies"]
    assert study["exists"] is False and "small" in study["timed_by"]
    elsewhere = write_config(trainer=trainer("--seconds 1"))
    assert json.loads(words_of(elsewhere, "--json", "--set", "study=other"))["studies"][0]["seconds"] is None


def test_time_trains_two_epochs_in_a_scratch_folder(write_config: Write, folder: Path) -> None:
    path = write_config(trainer=trainer("--seconds 1.5"), budget={"trials": 30})
    (study,) = json.loads(words_of(path, "--json", "--time"))["studies"]
    assert study["seconds"]["epoch"] == pytest.approx(1.5, rel=0.35)
    assert "2 epochs" in study["timed_by"]
    assert study["expected"]["hours"] == pytest.approx(300 * 1.5 / 2 / 3600, rel=0.5)
    assert not folder.exists()


def test_time_tells_fast_epochs_from_the_start(write_config: Write) -> None:
    path = write_config(trainer=trainer("--seconds 0.1"), epochs=12)
    (study,) = json.loads(words_of(path, "--json", "--time"))["studies"]
    assert study["seconds"]["epoch"] == pytest.approx(0.1, abs=0.06)
    assert "12 epochs" in study["timed_by"]


def test_time_says_that_a_trial_would_not_even_train(write_config: Write) -> None:
    done = driving.tuner("check", write_config(trainer=trainer("--behaviour crash")), "--time")
    assert done.returncode == 2
    assert "--time: expected a trial that trains, but got: crashed" in done.stderr
    assert "the images are in the other folder" in done.stderr


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["budget.trails=3"]),
    ({"budget": None, "budgett": {"trials": 3}}, []),
    ({"trainer": {"name": "script", "command": "./nowhere {lr} {momentum} {size}"}}, []),
    ({"devices": [7]}, []),
    ({"sampler": {"name": "TPE"}}, []),
    ({"min_free_disk_gb": 1e9}, []),
    ({"stages": {"first": {"top": 3}}}, []),
]


@pytest.mark.parametrize(("changes", "sets"), REFUSED, ids=str)
def test_what_run_refuses_is_refused_in_the_same_line(
    write_config: Write, tmp_path: Path, changes: dict[str, Any], sets: list[str]
) -> None:
    path = write_config(**changes)
    options = [word for s in sets for word in ("--set", s)]
    checked = driving.tuner("check", path, *options)
    assert list(tmp_path.iterdir()) == [path]
    run = driving.tuner("run", path, *options)
    assert (checked.returncode, run.returncode) == (2, 2)
    assert checked.stderr == run.stderr and len(run.stderr.splitlines()) == 1
    assert checked.stdout == ""


def spoilt(how: str, folder: Path) -> None:
    """Put something into the way of the study in ``folder``."""
    if how == "file":
        folder.parent.write_text("")
        return
    folder.mkdir(parents=True)
    if how == "database":
        (folder / "study.db").write_bytes(b"these are not the bytes of a database" * 40)
    elif how == "lock":
        (folder / "driver.lock").mkdir()


@pytest.mark.parametrize("how", ["file", "database", "lock"])
def test_what_is_in_the_way_is_named_as_run_names_it(write_config: Write, folder: Path, how: str) -> None:
    spoilt(how, folder)
    path = write_config()
    checked, run = driving.tuner("check", path), driving.tuner("run", path)
    assert (checked.returncode, run.returncode) == (2, 2)
    assert checked.stderr == run.stderr


def test_another_space_in_the_same_folder_is_refused_as_run_refuses_it(write_config: Write) -> None:
    path = write_config()
    driving.study(path, "budget.trials=1")
    changed = ["--set", "space.momentum={linear: [0, 0.5]}"]
    checked, run = driving.tuner("check", path, *changed), driving.tuner("run", path, *changed)
    assert checked.returncode == 2 and checked.stderr == run.stderr
    assert "momentum was" in checked.stderr and "--set study=NAME" in checked.stderr


def test_a_driver_at_work_is_named(write_config: Write) -> None:
    path = write_config()
    loaded = config.load(path)
    from tuner.live import QuietView

    with opening.open_study(loaded, QuietView()):
        done = driving.tuner("check", path)
    assert done.returncode == 2 and "another tuner" in done.stderr and "tuner status" in done.stderr


def test_every_stage_is_told_and_what_is_as_before_is_not_told_again(write_config: Write) -> None:
    stages = {"search": {"budget": {"trials": 40}}, "full": {"top": 2, "seeds": 3}}
    text = words_of(write_config(stages=stages))
    assert text.index("stage 1 of 2: search") < text.index("stage 2 of 2: full")
    assert "the best 2 of the stage before, each with 3 seeds; nothing is searched" in text
    assert "9 trials" not in text and "about 6 trials, 60 epochs" in text
    assert text.count("packages") == 1


SCRIPT = SMALL["trainer"]["command"]
DOUBTS: list[tuple[dict[str, Any], str]] = [
    ({"budget": {"trials": 12}}, "budget: about 12 trials for 3 dimensions; 10 for each would be 30 trials"),
    ({"budget": {"trials": 5}}, "the opening (baselines and sweep) has 7 trials: nothing is left to search with"),
    ({"budget": {"epochs": 6}}, "budget.epochs: 6 are fewer than the 10 epochs of a trial"),
    ({"baselines": None}, "baselines: none; put there what you would train with today"),
    ({"pausing": {"first": 10}}, "the first look has 10 of 10 epochs, so that nothing is ever paused"),
    (
        {"pausing": {}, "trainer": {"name": "script", "command": SCRIPT}},
        "pausing: a paused trial cannot go on without `resume`",
    ),
    ({"trainer": trainer("--patience 20")}, "command: --patience 20 ends a run by another rule"),
    ({"trainer": trainer("--patience=20")}, "command: --patience 20 ends a run by another rule"),
    ({"trainer": trainer("--evolve")}, "--evolve is a search of its own"),
    ({"trainer": {"name": "script", "command": "t {lr} {momentum} {size} {epochs}"}}, "command: without {folder}"),
    ({"trainer": {"name": "script", "command": "t {lr} {momentum} {size} {folder}"}}, "command: without {epochs}"),
    ({"objective": {"metric": "val/accuracy", "direction": "minimize"}}, "minimize val/accuracy? of such a name more"),
    ({"objective": {"metric": "val/loss", "direction": "maximize"}}, "maximize val/loss? of such a name less"),
    (
        {"trainer": {**SMALL["trainer"], "log": {"file": "results.csv", "format": "yolov5"}}},
        "val/accuracy is not logged by this trainer",
    ),
    ({"jobs": 1000}, "1000 trials at a time on"),
]


@pytest.mark.parametrize(("changes", "doubt"), DOUBTS, ids=[doubt for _, doubt in DOUBTS])
def test_what_is_seldom_meant_is_doubted(write_config: Write, changes: dict[str, Any], doubt: str) -> None:
    assert any(doubt in text for text in said(write_config(**changes)))


@pytest.mark.parametrize(
    ("sets", "doubt"),
    [
        (["space.size={ordered: [s]}", "baselines=[]"], "space.size: one value only"),
        (["space.lr.role=momentum"], "space: no learning rate"),
    ],
)
def test_a_space_that_leaves_something_out_is_doubted(write_config: Write, sets: list[str], doubt: str) -> None:
    assert any(doubt in text for text in said(write_config(), *sets))


def test_patience_that_never_ends_a_run_is_not_doubted(write_config: Write) -> None:
    for flag in ("--patience 0", "--patience={epochs}"):
        assert said(write_config(trainer=trainer(flag)), ENOUGH) == []


def test_the_built_in_classifier_is_known_by_its_images(write_config: Write) -> None:
    torch = {"name": "torch", "train_size": 100}
    space = {"lr": {"grid": [0.01, 1]}, "batch": {"ordered": [64, 128]}}
    path = write_config(trainer=torch, space=space, baselines=[{}])
    found = said(path, ENOUGH)
    assert "space.batch: up to 128, but there are 100 training images: one step an epoch" in found


def test_a_change_of_what_is_trained_is_doubted(write_config: Write) -> None:
    driving.study(write_config(), "budget.trials=1")
    found = said(write_config(trainer=trainer("--seconds 0.01")), ENOUGH)
    assert len(found) == 1 and "older and newer trials may not be comparable" in found[0]


def test_a_network_file_system_is_known_by_its_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    assert doubts.file_system(tmp_path / "results" / "study.db", mounts) == "nfs4"
    assert doubts.file_system(Path("/etc"), mounts) == "ext4"
    assert "nfs4".startswith(doubts.NETWORK) and not "ext4".startswith(doubts.NETWORK)
