from __future__ import annotations

import json
import os
from pathlib import Path

import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta
from optuna.artifacts.exceptions import ArtifactNotFound

from tests.driving import plain_optuna

pytest.importorskip("optuna_dashboard", reason="needs the extra: pip install tuner[dashboard]")

from tuner.dashboard import files
from tuner.dashboard.files import LARGEST_PICTURE, MOST_FILES, Files
from tuner.dashboard.mirror import Mirror


def test_the_files_of_a_trial_come_with_those_first_that_every_trial_has(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    for name in ("weights/best.pt", "zeta.txt", "results.csv", "spec.json", "alpha.txt"):
        (tmp_path / name).write_text("x")
    assert list(map(str, files.of(tmp_path))) == [
        "spec.json",
        "results.csv",
        "alpha.txt",
        "zeta.txt",
        "weights/best.pt",
    ]


def test_parts_hidden_files_large_pictures_and_what_lies_elsewhere_are_left_out(tmp_path: Path) -> None:
    trial = tmp_path / "trial"
    trial.mkdir()
    (tmp_path / "secret.txt").write_text("x")
    os.symlink(tmp_path / "secret.txt", trial / "link.txt")
    for name in (".hidden", "results.part", "lock", "small.png"):
        (trial / name).write_text("x")
    with open(trial / "large.png", "wb") as large:
        large.truncate(LARGEST_PICTURE + 1)
    assert list(map(str, files.of(trial))) == ["small.png"]
    assert files.of(tmp_path / "none") == []


def test_a_trial_with_very_many_files_shows_some(tmp_path: Path) -> None:
    for i in range(2 * MOST_FILES):
        (tmp_path / f"{i:03d}.txt").write_text("x")
    assert len(files.of(tmp_path)) == MOST_FILES


def test_a_file_is_read_where_it_lies_as_it_is_then(tmp_path: Path) -> None:
    store, path = Files(), tmp_path / "log.txt"
    path.write_text("one\n")
    [described] = store.attribute("study/0/log.txt", "log.txt", files.opener(path)).values()
    path.write_text("one\ntwo\n")
    with store.open_reader(json.loads(described)["artifact_id"]) as file:
        assert file.read() == b"one\ntwo\n"


def test_a_file_that_is_gone_and_one_that_never_was_are_not_found(tmp_path: Path) -> None:
    store = Files()
    store.attribute("gone", "gone", files.opener(tmp_path / "gone"))
    for name in ("gone", "never"):
        with pytest.raises(ArtifactNotFound):
            store.open_reader(store.named(name))


def test_the_names_of_artifacts_cannot_be_guessed() -> None:
    assert Files().named("digits/0/best.pt") != Files().named("digits/0/best.pt")


def test_optuna_lists_the_files_and_the_curve_of_every_trial(place: Path) -> None:
    mirror = Mirror(place)
    listed = {
        t.number: [meta.filename for meta in get_all_artifact_meta(t, storage=mirror)]
        for t in optuna.load_study(study_name="digits", storage=mirror).get_trials()
    }
    assert listed == {number: ["curve.png", "results.csv"] for number in range(5)}
    assert not any(get_all_artifact_meta(t, storage=None or mirror) == [] for t in mirror.get_all_trials(1))
    assert all("artifacts" not in key for t in plain_optuna(place, "digits").trials for key in t.system_attrs)


def test_the_curve_is_a_picture_that_is_drawn_when_it_is_opened(place: Path) -> None:
    mirror = Mirror(place)
    meta = get_all_artifact_meta(mirror.get_all_trials(1)[0], storage=mirror)[0]
    with mirror.files.open_reader(meta.artifact_id) as file:
        assert meta.mimetype == "image/png" and file.read(8) == b"\x89PNG\r\n\x1a\n"
