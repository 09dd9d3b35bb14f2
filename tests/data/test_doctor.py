"""What is said about data sets that have something wrong with them, and that nothing is said about sound ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests import driving
from tests.data import sets
from tuner.data.doctor import alike, copies, page
from tuner.data.doctor.dataset import DataSet, Sample
from tuner.data.doctor.examine import examine
from tuner.data.doctor.finding import Finding, Level
from tuner.data.doctor.looks import Looks, look
from tuner.data.doctor.splits import half_width
from tuner.errors import ConfigError


def scene(path: Path, seed: int, brightness: float = 1.0, size: tuple[int, int] = (96, 64)) -> Path:
    """Write a picture of soft blobs on noise, which unlike pure noise looks the same at another size."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(40, 160, (6, 8), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(coarse, np.float64) + random.normal(0, 8, (size[1], size[0]))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    ImageEnhance.Brightness(image).enhance(brightness).save(path, quality=95)
    return path


def scenes(folder: Path, train: int = 24, val: int = 20, brightness: float = 1.0, **changes: object) -> Path:
    """Write a sound set of pictures with two boxes each; those of val may be of another ``brightness``."""
    for split, count in (("train", train), ("val", val)):
        for number in range(count):
            place = folder / "images" / split / f"{number}.jpg"
            scene(place, 1000 * (split == "val") + number, brightness if split == "val" else 1.0)
            sets.label(folder, split, number, "0 0.3 0.3 0.2 0.2\n0 0.7 0.6 0.25 0.2\n")
    return sets.data_yaml(folder, **changes)


def findings(path: Path, task: str = "detect") -> dict[str, Finding]:
    return {one.name: one for one in examine(path, task).findings}


def grave(path: Path, task: str = "detect") -> set[str]:
    return {name for name, one in findings(path, task).items() if one.level is not Level.NOTE}


def test_nothing_grave_is_said_of_a_sound_set_but_how_small_it_is(tmp_path: Path) -> None:
    assert grave(scenes(tmp_path)) == {"val_small"}


def test_every_image_that_cannot_be_read_is_listed(tmp_path: Path) -> None:
    path = scenes(tmp_path)
    for number in (3, 5):
        broken = tmp_path / "images" / "train" / f"{number}.jpg"
        broken.write_bytes(broken.read_bytes()[:300])
    found = findings(path)["unreadable_images"]
    assert found.level is Level.MISTAKE
    assert [Path(group[0]).name for group in found.groups] == ["3.jpg", "5.jpg"]


def test_every_label_file_with_a_mistake_is_listed(tmp_path: Path) -> None:
    path = scenes(tmp_path)
    sets.label(tmp_path, "train", 1, "0 1.5 0.5 0.1 0.1\n")
    sets.label(tmp_path, "train", 2, "4 0.5 0.5 0.1 0.1\n")
    found = findings(path)["bad_labels"]
    assert (found.level, found.count) == (Level.MISTAKE, 2)
    assert "x: expected a share of the image from 0 to 1, but got 1.5" in found.text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("0 0.5 0.5 0.1 0\n", "flat_boxes"),
        ("0 0.5 0.5 0.1 0.1\n" * 2, "repeated_boxes"),
        ("0 0.5 0.5 0.005 0.1\n", "tiny_boxes"),
        ("0 0.5 0.5 0.99 0.98\n", "huge_boxes"),
    ],
)
def test_an_odd_box_is_found(tmp_path: Path, line: str, name: str) -> None:
    path = scenes(tmp_path)
    sets.label(tmp_path, "train", 7, line)
    found = findings(path)[name]
    assert (found.level, found.count) == (Level.WARNING, 1)
    assert found.groups[0][0].endswith("train/7.jpg")


def test_where_boxes_usually_fill_the_image_a_large_one_is_not_odd(tmp_path: Path) -> None:
    path = scenes(tmp_path)
    for split, count in (("train", 24), ("val", 20)):
        for number in range(count):
            sets.label(tmp_path, split, number, "0 0.5 0.5 0.97 0.98\n")
    assert "huge_boxes" not in findings(path)


def test_a_copy_in_another_split_is_a_warning_and_one_within_a_note(tmp_path: Path) -> None:
    path = scenes(tmp_path)
    image = (tmp_path / "images" / "train" / "4.jpg").read_bytes()
    (tmp_path / "images" / "val" / "copy.jpg").write_bytes(image)
    (tmp_path / "images" / "train" / "copy.jpg").write_bytes((tmp_path / "images" / "train" / "9.jpg").read_bytes())
    found = findings(path)
    assert "1 images of val have an exact copy in another split" in found["leaked_copies"].text
    assert found["copies"].count == 2 and found["copies"].level is Level.NOTE
    assert found["copies_labelled_otherwise"].count == 2  # the copies have no labels


def test_an_image_saved_anew_smaller_and_brighter_is_known_again(tmp_path: Path) -> None:
    path = scenes(tmp_path)
    with Image.open(tmp_path / "images" / "train" / "4.jpg") as image:
        again = ImageEnhance.Brightness(image.resize((72, 48))).enhance(1.15)
    again.save(tmp_path / "images" / "val" / "again.jpg", quality=70)
    found = findings(path)["leaked_look_alikes"]
    assert [Path(file).name for file in found.groups[0]] == ["4.jpg", "again.jpg"]


def test_look_alikes_are_those_that_comparing_each_with_each_finds(tmp_path: Path) -> None:
    paths = [scene(tmp_path / f"{i}.jpg", i % 20, 1 + i / 200, (96, 64) if i < 30 else (80, 60)) for i in range(40)]
    looks = look([Sample(str(path)) for path in paths])
    alike_ones = {tuple(pair) for pair in alike.pairs(looks).tolist()}
    assert {(i, i + 20) for i in range(20)} >= alike_ones
    assert len(alike_ones) >= 18


def test_validation_images_from_elsewhere_are_a_shift(tmp_path: Path) -> None:
    found = findings(scenes(tmp_path, brightness=1.5))["shift"]
    assert "val differs from train" in found.text and "brightness" in found.text


def test_classes_that_are_rare_absent_or_unscored_are_named(tmp_path: Path) -> None:
    path = scenes(tmp_path, names=["ship", "buoy", "whale"])
    sets.label(tmp_path, "train", 0, "1 0.5 0.5 0.2 0.2\n")
    found = findings(path)
    assert "'ship' has 46 objects, 'buoy' 1: 46 times as many" in found["class_balance"].text
    assert "1 of 3 classes have no object: whale" in found["absent_class"].text
    assert "val: 1 classes of train have no object: buoy" in found["unscored_class"].text


def test_five_times_as_many_is_balanced(tmp_path: Path) -> None:
    path = scenes(tmp_path, names=["ship", "buoy"])
    for number in range(4):
        sets.label(tmp_path, "train", number, "1 0.5 0.5 0.2 0.2\n1 0.2 0.5 0.2 0.2\n")
    assert "class_balance" not in findings(path)


def test_the_size_of_the_validation_set_says_how_well_scores_are_known(tmp_path: Path) -> None:
    assert (
        "val has 40 objects: a score near 0.9 is known to about ±0.093" in findings(scenes(tmp_path))["val_small"].text
    )
    assert half_width(400) == pytest.approx(0.0294, abs=1e-4)


def test_images_listed_for_two_splits_are_a_warning(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, val="images/train")
    assert "train and val have 3 image files in common" in findings(path)["same_files"].text


def test_labels_that_are_elsewhere_are_a_mistake(tmp_path: Path) -> None:
    path = scenes(tmp_path)
    (tmp_path / "labels").rename(tmp_path / "annotations")
    assert findings(path)["no_labels"].level is Level.MISTAKE


def test_a_voc_set_without_a_split_has_no_validation_set(tmp_path: Path) -> None:
    for number in range(3):
        scene(tmp_path / "JPEGImages" / f"{number}.jpg", number)
        place = tmp_path / "Annotations" / f"{number}.xml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(sets.annotation([sets.SHIP], (96, 64)))
    found = findings(tmp_path)
    assert "there is no validation set: all only" in found["no_validation"].text


def test_arrays_and_folders_of_classes_are_data_sets_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x, y = random.random((60, 12, 12)), np.array([0] * 50 + [1] * 10)
    np.savez(tmp_path / "set.npz", x_train=x[10:], y_train=y[10:], x_val=x[:20], y_val=y[:20])
    found = findings(tmp_path / "set.npz")
    assert "10 images of val have an exact copy in another split" in found["leaked_copies"].text
    assert "val: 1 classes of train have no object: 1" in found["unscored_class"].text
    folder = sets.classes(tmp_path / "folders", {"train": ["cat", "dog"], "val": ["cat"]})
    assert findings(folder)["bad_classes"].level is Level.MISTAKE


def test_in_a_voc_set_every_file_that_cannot_be_read_is_listed_and_the_others_are_looked_at(tmp_path: Path) -> None:
    for number in range(6):
        scene(tmp_path / "JPEGImages" / f"{number}.jpg", number)
        place = tmp_path / "Annotations" / f"{number}.xml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(sets.annotation([sets.SHIP], (96, 64)))
    (tmp_path / "JPEGImages" / "1.jpg").write_bytes(b"")
    for number in (2, 3):
        (tmp_path / "Annotations" / f"{number}.xml").write_text("<annotation><object>")
    found = examine(tmp_path)
    named = {one.name: one.count for one in found.findings}
    assert (named["unreadable_images"], named["bad_labels"]) == (1, 2)
    assert len(found.data.splits["all"]) == 3


def test_a_set_of_which_nothing_can_be_read_is_told_as_such(tmp_path: Path) -> None:
    scene(tmp_path / "JPEGImages" / "0.jpg", 0).write_bytes(b"")
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "0.xml").write_text(sets.annotation([sets.SHIP], (96, 64)))
    assert {"unreadable_images", "no_images"} <= grave(tmp_path)


def test_labels_whose_image_is_gone_are_named(tmp_path: Path) -> None:
    path = scenes(tmp_path)
    (tmp_path / "images" / "train" / "3.jpg").unlink()
    found = findings(path)["no_image"]
    assert found.count == 1 and found.groups[0][0].endswith("labels/train/3.txt")


def test_what_weights_a_set_has_by_class_is_in_the_json(tmp_path: Path) -> None:
    folder = sets.classes(tmp_path / "folders", {"train": ["cat", "dog"], "val": ["cat", "dog"]})
    told = json.loads(driving.tuner("data", "check", folder, "--json").stdout)
    assert set(told["objects"]["train"]) == {"cat", "dog"} and sum(told["objects"]["val"].values()) > 0


def test_where_all_images_look_alike_the_pairs_are_bounded() -> None:
    """Frames of a fixed camera: of 3,000, each would pair with each, four and a half million times."""
    count = 3000
    random = np.random.default_rng(0)
    thumb = random.integers(40, 200, (16, 16), dtype=np.uint8)
    statistics = np.full((count, 6), 64, np.float32)
    digests = np.array([str(i) for i in range(count)], "S32")
    hashes = np.full(count, 0x5A5A5A5A5A5A5A, np.uint64)
    frames = Looks(np.arange(count), digests, hashes, np.tile(thumb, (count, 1, 1)), statistics, {})
    found = alike.pairs(frames)
    assert len(found) == alike.MOST * count
    samples = tuple(Sample(f"{i}.jpg", None) for i in range(count))
    (note,) = copies.check(DataSet("x", "detect", ("a",), {"train": samples}), frames)
    assert note.name == "self_similar"


@pytest.mark.parametrize("name", ["nothing.yaml", "file.txt", "empty", "broken.npz", "cut.npz"])
def test_what_is_no_data_set_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.npz").write_bytes(b"no zip")
    np.savez(tmp_path / "whole.npz", x_train=np.zeros((9, 8, 8)), y_train=np.zeros(9))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:900])
    with pytest.raises(ConfigError) as caught:
        examine(tmp_path / name)
    assert "expected" in str(caught.value) and "\n" not in str(caught.value)


def test_the_page_shows_the_pictures_and_no_text_from_outside_becomes_markup(tmp_path: Path) -> None:
    path = scenes(tmp_path, names=["<script>alert(1)</script>", "b"])
    (tmp_path / "images" / "val" / "copy.jpg").write_bytes((tmp_path / "images" / "train" / "4.jpg").read_bytes())
    page.write(examine(path), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert text.count("data:image/jpeg;base64,") >= 2
    assert "<script>" not in text and "http" not in text.replace("http-equiv", "")


def test_the_command_says_by_its_exit_code_how_grave_it_is(tmp_path: Path) -> None:
    path = scenes(tmp_path, val=150, train=400)
    done = driving.tuner("data", "check", path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 mistakes, 0 warnings, 2 notes"), done.stdout
    sets.label(tmp_path, "train", 0, "0 0.5 0.5 0.1 0\n")
    assert driving.tuner("data", "check", path).returncode == 1
    sets.label(tmp_path, "train", 1, "9 0.5 0.5 0.1 0.1\n")
    done = driving.tuner("data", "check", path, "--json")
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert [one["name"] for one in found["findings"]][:2] == ["bad_labels", "flat_boxes"]
    assert found["splits"][0] == {"split": "train", "images": 400, "objects": 797}
