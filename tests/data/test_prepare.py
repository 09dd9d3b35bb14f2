"""Preparing: nothing is overwritten, a second time changes nothing, a killed one goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests import driving
from tests.data import sets
from tuner.data import yolo
from tuner.data.yolo import Split

NUMBERS = range(1, 31)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return sets.voc(tmp_path / "source", NUMBERS, copies={11: 2, 3: 4})


def said(*words: str | Path) -> str:
    done = driving.tuner("data", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*words: str | Path) -> str:
    done = driving.tuner("data", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_ssdd_becomes_a_sound_set_and_says_what_was_found(source: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    text = said("ssdd", source, dest)
    assert yolo.check(dest / "data.yaml").splits == {"train": Split(19, 19), "val": Split(5, 5), "test": Split(6, 6)}
    assert "30 images, 30 boxes (ship), 0 images without a box" in text
    assert "4 images in 2 groups of byte-identical ones" in text
    assert "! 1 of 6 test images have an exact copy in train or val: 000011.jpg" in text
    assert f"62 files written to {dest}" in text
    data = yaml.safe_load((dest / "data.yaml").read_text())
    assert data["test"] == str(dest / "images" / "test") and (data["nc"], data["names"]) == (1, ["ship"])


def test_images_are_copies_so_that_mending_one_leaves_the_source_alone(source: Path, tmp_path: Path) -> None:
    said("ssdd", source, tmp_path / "dest")
    copy = next((tmp_path / "dest" / "images" / "test").iterdir())
    original = source / "VOCdevkit" / "VOC2007" / "JPEGImages" / copy.name
    assert copy.read_bytes() == original.read_bytes()
    assert copy.stat().st_nlink == 1 and not copy.is_symlink()


def test_a_second_time_changes_nothing_and_says_so(source: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    said("ssdd", source, dest)
    (dest / "labels" / "train.cache").write_bytes(b"left by a training")
    before = sets.times(dest)
    assert "holds all of this already: nothing was changed" in said("ssdd", source, dest)
    assert sets.times(dest) == before


def test_the_same_options_give_the_same_bytes_and_another_seed_another_split(source: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "set", tmp_path / "b" / "set"
    said("ssdd", source, one)
    said("ssdd", source, other)
    first, second = sets.content(one), sets.content(other)
    assert first.pop("data.yaml") != second.pop("data.yaml")  # it names its own folder
    assert first == second
    said("ssdd", source, tmp_path / "c", "--seed", "1")
    assert {name for name in sets.content(tmp_path / "c") if "val" in name} != {name for name in first if "val" in name}


def test_other_options_are_refused_and_change_nothing(source: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    said("ssdd", source, dest)
    before = sets.times(dest)
    message = refused("ssdd", source, dest, "--val-share", "0.3")
    told = "expected 0.2 as when this folder was prepared, but got 0.3: name another DEST"
    assert message == f"tuner: {dest}: val_share: {told}\n"
    assert "made_by: expected 'tuner data ssdd'" in refused("synthetic-ships", dest)
    assert sets.times(dest) == before


def test_a_folder_with_something_else_is_refused_and_left_alone(source: Path, tmp_path: Path) -> None:
    for name in ("thesis.tex", "figures/a.pdf"):
        (tmp_path / "dest" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dest" / name).write_text("mine")
    message = refused("ssdd", source, tmp_path / "dest")
    assert "expected an empty folder or this very data set, but figures/a.pdf is not of it, as 1 more" in message
    assert set(sets.content(tmp_path / "dest")) == {"thesis.tex", "figures/a.pdf"}
    assert "expected a folder to write to, but there is a file" in refused("ssdd", source, tmp_path / "dest/thesis.tex")


def test_a_changed_file_is_refused_and_left_alone(source: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    said("ssdd", source, dest)
    label = next((dest / "labels" / "val").iterdir())
    label.write_text("0 0.5 0.5 0.1 0.1\n")
    assert f"but labels/val/{label.name} differs" in refused("ssdd", source, dest)
    assert label.read_text() == "0 0.5 0.5 0.1 0.1\n"


def test_a_killed_preparation_goes_on_where_it_was(tmp_path: Path) -> None:
    dest, whole = tmp_path / "dest", tmp_path / "whole"
    words = ["data", "synthetic-ships", str(dest), "--images", "60", "--size", "160"]
    process = subprocess.Popen([sys.executable, "-m", "tuner", *words], cwd=driving.ROOT, stdout=subprocess.DEVNULL)
    driving.wait_until(lambda: len([*dest.rglob("*.png")]) > 5)
    process.kill()
    process.wait()
    done = len(sets.content(dest))
    assert 5 < done < 122
    assert not (dest / "data.yaml").exists()
    assert "files written" in said(*words[1:])
    said("synthetic-ships", whole, *words[3:])
    complete = sets.content(whole)
    kept = {name: data for name, data in sets.content(dest).items() if not name.endswith(".part")}
    assert kept.pop("data.yaml") != complete.pop("data.yaml")
    assert kept == complete


def test_only_the_named_classes_are_kept_in_their_order(tmp_path: Path) -> None:
    objects: list[sets.Object] = [sets.SHIP, ("boat", 20, 5, 30, 15), ("buoy", 1, 1, 3, 3)]
    source = sets.voc(tmp_path / "source", range(20), objects=objects)
    text = said("voc", source, tmp_path / "dest", "--names", "ship,boat")
    assert "20 dropped: 20 of a class that was not asked for" in text
    data = yaml.safe_load((tmp_path / "dest" / "data.yaml").read_text())
    assert data["names"] == ["ship", "boat"]
    label = next((tmp_path / "dest" / "labels" / "train").iterdir()).read_text()
    assert [line.split()[0] for line in label.splitlines()] == ["0", "1"]
    assert "--names: expected a class of the data set, but got 'shipp', did you mean 'ship'?" in refused(
        "voc", source, tmp_path / "other", "--names", "shipp"
    )


def test_a_set_without_boxes_is_refused(tmp_path: Path) -> None:
    source = sets.voc(tmp_path / "source", range(20), objects=[])
    dest = tmp_path / "dest"
    assert "train: expected images with boxes, but got 13 images and no box" in refused("voc", source, dest)
    assert not dest.exists()


def test_the_report_counts_what_was_dropped(tmp_path: Path) -> None:
    objects: list[sets.Object] = [sets.SHIP, ("ship", 5, 5, 5, 9), ("ship", 30, 20, 45, 28)]
    source = sets.voc(tmp_path / "source", range(20), objects=objects)
    assert "boxes   20 dropped: 20 degenerate; 20 clipped to the image" in said("voc", source, tmp_path / "dest")
    report = json.loads((tmp_path / "dest" / "prepared.json").read_text())
    assert (report["boxes_dropped"], report["boxes_clipped"]) == ({"degenerate": 20}, 20)
    assert report["boxes_per_image"] == [2, 2, 2]


def test_synthetic_ships_are_quick_and_sound(tmp_path: Path) -> None:
    started = time.monotonic()
    said("synthetic-ships", tmp_path / "dest", "--images", "24", "--size", "64")
    assert time.monotonic() - started < 20
    found = yolo.check(tmp_path / "dest" / "data.yaml")
    assert [part.images for part in found.splits.values()] == [15, 4, 5]
