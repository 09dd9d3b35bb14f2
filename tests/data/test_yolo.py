"""A data set in the YOLO layout: read as Ultralytics reads it, and refused in one line where it would go wrong."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data import sets
from tuner.data import labels, yolo
from tuner.data.data_yaml import resolved
from tuner.data.yolo import Split
from tuner.errors import ConfigError


def refused(path: Path, task: str = "detect") -> str:
    with pytest.raises(ConfigError) as caught:
        yolo.check(path, task)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_sound_set_is_counted(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, n_train=4, n_val=2)
    sets.label(tmp_path, "train", 0, "")
    (tmp_path / "labels" / "train" / "1.txt").unlink()
    found = yolo.check(path)
    assert found.names == ("ship",)
    assert found.splits == {"train": Split(4, 2, background=2), "val": Split(2, 2)}
    assert found.remarks == (
        "train: 1 of 4 images have no label file and count as background",
        "train: 1 of 4 images have an empty label file: background",
    )


def test_the_test_split_is_checked_where_there_is_one(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, test="images/test")
    assert f"data.yaml: test: expected a folder of images or a .txt list, but there is no {tmp_path}" in refused(path)
    sets.image(tmp_path / "images" / "test" / "9.png")
    assert yolo.check(path).splits["test"] == Split(1, 0, background=1)


# Where things are


def test_without_path_the_folder_of_the_data_yaml_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sets.yolo(tmp_path / "set", path=None)
    monkeypatch.chdir(tmp_path)
    assert yolo.check(path.relative_to(tmp_path)).splits["train"].images == 3


def test_a_relative_path_starts_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sets.yolo(tmp_path / "set", path="set")
    monkeypatch.chdir(tmp_path)
    assert resolved(path)["train"] == str(tmp_path / "set" / "images" / "train")


def test_a_relative_path_may_be_in_the_datasets_folder_of_ultralytics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sets.yolo(tmp_path / "datasets" / "set", path="set")
    settings = tmp_path / "config" / "Ultralytics" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"datasets_dir": str(tmp_path / "datasets")}))
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert resolved(path)["val"] == str(tmp_path / "datasets" / "set" / "images" / "val")


def test_a_path_meant_from_the_data_yaml_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sets.yolo(tmp_path / "set", path=".")
    sets.data_yaml(tmp_path / "set", path="images")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "leave `path` out to mean the folder of this file" in refused(path)


def test_parent_folders_of_roboflow_mean_the_own_folder(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path / "set", path=None, train="../images/train", val="../images/val")
    assert resolved(path)["train"] == str(tmp_path / "set" / "images" / "train")


def test_a_split_may_be_several_folders_and_lists(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, train=["images/train", "more.txt"])
    sets.image(tmp_path / "other" / "images" / "x.png")
    sets.image(tmp_path / "other" / "images" / "deep" / ".hidden.png")
    (tmp_path / "more.txt").write_text("./other/images/x.png\n")
    assert yolo.check(path).splits["train"] == Split(4, 3, background=1)


def test_validation_is_another_word_for_val(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, val=None, validation="images/val")
    assert yolo.check(path).splits["val"].images == 2


def test_the_last_folder_named_images_becomes_labels() -> None:
    assert labels.of_image(os.path.join("/a/images/b/images/c", "d.e.jpg")) == "/a/images/b/labels/c/d.e.txt"


def test_a_resolved_data_yaml_keeps_what_else_is_in_it(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, names={0: "ship"}, download="nothing", kpt_shape=[4, 3])
    found = resolved(path)
    assert (found["names"], found["nc"]) == (["ship"], 1)
    assert (found["download"], found["kpt_shape"]) == ("nothing", [4, 3])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train": None}, "train: expected a folder or a list of images, but the key is missing"),
        ({"val": None}, "val: expected a folder or a list of images, but the key is missing"),
        ({"train": 3}, "train: expected a folder or a list of images, but got 3"),
        ({"val": "images/vall"}, "images/vall, did you mean 'val'?"),
        ({"val": "val.txt"}, "val: expected a list of images, but there is no "),
        ({"path": "/no/such/place"}, "path: expected a folder, but there is no /no/such/place"),
        ({"path": 7}, "path: expected a folder, but got 7"),
        ({"names": None}, "names: expected a list of class names, but the key is missing"),
        ({"names": []}, "names: expected a list of class names, but got []"),
        ({"names": {1: "ship"}}, "names: expected class numbers 0 to 0, but got 1"),
        ({"nc": 2}, "names: expected 2 names (nc: 2), but got 1"),
        ({"nc": "two"}, "nc: expected the number of classes, but got 'two'"),
    ],
)
def test_a_mistake_in_the_data_yaml_is_named(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    message = refused(sets.yolo(tmp_path, **changes))
    assert message.startswith(f"{tmp_path / 'data.yaml'}: ")
    assert said in message


def test_a_data_yaml_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "no.yaml") == f"{tmp_path / 'no.yaml'}: no such file"


def test_an_unknown_task_is_refused(tmp_path: Path) -> None:
    assert "task: expected one of detect, segment" in refused(sets.yolo(tmp_path), "track")


# Images


def test_a_split_without_images_is_refused(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, n_val=0)
    assert f"val: expected images, but there are none in {tmp_path / 'images' / 'val'}" in refused(path)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _text(path: Path) -> None:
    path.write_text("no image")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _tiny(path: Path) -> None:
    sets.image(path, size=(30, 9))


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.png")


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "tif", "webp"])
@pytest.mark.parametrize("damage", [_cut, _text, _empty, _tiny, _dangling])
def test_a_damaged_image_is_named(tmp_path: Path, ending: str, damage: Callable[[Path], None]) -> None:
    path = sets.yolo(tmp_path)
    bad = sets.image(tmp_path / "images" / "train" / f"7.{ending}")
    yolo.check(path)
    damage(bad)
    assert refused(path).startswith(f"{bad}: expected an image")


def test_further_bad_images_are_counted(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, n_train=5)
    for number in (1, 2, 4):
        _text(tmp_path / "images" / "train" / f"{number}.png")
    message = refused(path)
    assert message.startswith(f"{tmp_path / 'images' / 'train' / '1.png'}: expected an image")
    assert message.endswith("; and 2 more images with mistakes")


def test_a_jpeg_with_something_behind_its_end_is_an_image(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path)
    image = sets.image(tmp_path / "images" / "train" / "7.jpg")
    image.write_bytes(image.read_bytes() + b"camera data")
    assert yolo.check(path).splits["train"].images == 4


def test_a_listed_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, train="train.txt")
    (tmp_path / "train.txt").write_text("./images/train/0.png\n./images/train/99.png\n")
    assert refused(path) == f"{tmp_path / 'images/train/99.png'}: expected an image, but there is no such file"


def test_a_list_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, train="train.txt")
    (tmp_path / "train.txt").write_bytes(b"\xff\xfe./images")
    assert refused(path) == f"{tmp_path / 'train.txt'}: expected a list of images in UTF-8, but got something else"


# Labels

POLYGON = "0 0.1 0.1 0.9 0.1 0.5 0.9\n"
CORNERS = "0 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n"
POSE = "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 0\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 0.5 0.5 0.2\n", "1: expected 5 columns (class, x, y, width, height), but got 4 columns"),
        ("0 0.5 0.5 0.2 0.2 0.9\n", "1: expected 5 columns (class, x, y, width, height), but got 6 columns"),
        ("\n0 0.5 0.5 0.2 1.2\n", "2: height: expected a share of the image from 0 to 1, but got 1.2"),
        ("0 -0.5 0.5 0.2 0.2\n", "1: x: expected a share of the image from 0 to 1, but got -0.5"),
        ("0 320 240 64 48\n", "1: x: expected a share of the image from 0 to 1, but got 320"),
        ("0 nan 0.5 0.2 0.2\n", "1: x: expected a share of the image from 0 to 1, but got nan"),
        ("0 0.5 0.5 -0.001 0.2\n", "1: size: expected no negative width or height, but got -0.001 and 0.2"),
        ("1 0.5 0.5 0.2 0.2\n", "1: class: expected a whole number from 0 to 0, but got 1"),
        ("0.5 0.5 0.5 0.2 0.2\n", "1: class: expected a whole number from 0 to 0, but got 0.5"),
        ("0 10 10 90 10 50 90\n", "1: x: expected a share of the image from 0 to 1, but got 50"),
        ("0 0.1 nan 0.9 0.1 0.5 0.9\n", "1: point: expected a share of the image from 0 to 1, but got nan"),
        ("ship 0.5 0.5 0.2 0.2\n", "1: expected numbers, but got 'ship 0.5 0.5 0.2 0.2'"),
        (sets.BOX_LINE + POLYGON, "2: expected columns as in the lines before (boxes or polygons, not both)"),
    ],
)
def test_a_bad_label_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = sets.yolo(tmp_path)
    bad = sets.label(tmp_path, "val", 1, text)
    assert refused(path).startswith(f"{bad}:{said}")


def test_a_label_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path)
    bad = tmp_path / "labels" / "train" / "0.txt"
    bad.write_bytes(b"\xff\xfe0\x00")
    assert refused(path) == f"{bad}: expected text in UTF-8, but got something else"


def test_a_value_a_hair_outside_is_taken_as_ultralytics_does(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path)
    sets.label(tmp_path, "val", 1, "0 1.005 0.5 0.2 0.2\n")
    assert yolo.check(path).splits["val"].objects == 2


def test_a_point_of_a_polygon_may_lie_outside_as_long_as_the_box_around_it_fits(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, n_val=1)
    sets.label(tmp_path, "val", 0, "0 -0.03 0.1 0.9 0.1 0.5 0.9\n")
    assert yolo.check(path).splits["val"].objects == 1


def test_a_keypoint_outside_or_negative_is_refused_and_its_visibility_is_no_share(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, n_train=1, n_val=1, kpt_shape=[2, 3])
    sets.label(tmp_path, "train", 0, POSE)
    for line in (POSE.replace("0.6 0.6", "0.6 1.6"), POSE.replace("0.6 0.6 0", "0.6 0.6 -1")):
        bad = sets.label(tmp_path, "val", 0, line)
        assert refused(path, "pose").startswith(f"{bad}:1: keypoint 2: expected a share of the image")


@pytest.mark.parametrize(
    ("task", "line", "changes"),
    [
        ("detect", POLYGON, {}),
        ("detect", POSE, {"kpt_shape": [2, 3]}),
        ("segment", POLYGON, {}),
        ("obb", CORNERS, {}),
        ("pose", POSE, {"kpt_shape": [2, 3]}),
    ],
)
def test_each_task_has_its_labels(tmp_path: Path, task: str, line: str, changes: dict[str, object]) -> None:
    path = sets.yolo(tmp_path, n_train=1, n_val=1, **changes)
    for split in ("train", "val"):
        sets.label(tmp_path, split, 0, line)
    assert yolo.check(path, task).splits == {"train": Split(1, 1), "val": Split(1, 1)}


@pytest.mark.parametrize(
    ("task", "changes", "said"),
    [
        ("segment", {}, "expected a class and at least 3 points (7 columns, 9, 11 …), but got 5 columns"),
        ("obb", {}, "expected 9 columns (class and four corners), but got 5 columns"),
        ("pose", {}, "kpt_shape: expected [keypoints, 2 or 3] such as [17, 3], but got nothing"),
        ("pose", {"kpt_shape": [17, 4]}, "kpt_shape: expected [keypoints, 2 or 3] such as [17, 3], but got [17, 4]"),
        ("pose", {"kpt_shape": [2, 3]}, "expected 11 columns (class, box, keypoints), but got 5 columns"),
    ],
)
def test_the_labels_of_boxes_do_for_no_other_task(
    tmp_path: Path, task: str, changes: dict[str, object], said: str
) -> None:
    assert said in refused(sets.yolo(tmp_path, **changes), task)


def test_images_whose_labels_are_elsewhere_are_refused(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path)
    (tmp_path / "labels").rename(tmp_path / "annotations")
    message = refused(path)
    assert "train: expected labels, but none of the 3 images has any" in message
    assert str(tmp_path / "labels" / "train" / "0.txt") in message


def test_oddities_are_remarks(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, val="images/train")
    sets.label(tmp_path, "train", 0, sets.BOX_LINE + sets.BOX_LINE + "0 0.5 0.5 0 0.1\n")
    remarks = yolo.check(path).remarks
    assert "train: 1 objects stand twice in their label file; Ultralytics drops the second" in remarks
    assert "train: 1 boxes have no area" in remarks
    assert "train and val have 3 images in common: the score is too good" in remarks


def test_a_thousand_images_take_a_second_or_two(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path, n_train=1000)
    started = time.process_time()
    yolo.check(path)
    assert time.process_time() - started < 3


# Folders of classes


def test_folders_of_classes_are_counted(tmp_path: Path) -> None:
    found = yolo.check(sets.classes(tmp_path, {"train": ["cat", "dog"], "valid": ["cat", "dog"]}), "classify")
    assert found.names == ("cat", "dog")
    assert found.splits == {"train": Split(2, 2), "val": Split(2, 2)}


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ({"val": ["cat"]}, "train: expected a folder with one folder of images a class, but there is none"),
        ({"train": ["cat"]}, "val: expected a folder with one folder of images a class, but there is none"),
        ({"train": ["cat"], "val": ["cat", "dog"]}, "val: expected the classes of train/, but got 'dog' beyond them"),
        ({"train": ["cat", "dog"], "val": ["cat"]}, "val: expected the classes of train/, but 'dog' is missing"),
    ],
)
def test_folders_that_do_not_fit_are_refused(tmp_path: Path, splits: dict[str, list[str]], said: str) -> None:
    assert said in refused(sets.classes(tmp_path, splits), "classify")


def test_empty_and_damaged_folders_of_classes_are_refused(tmp_path: Path) -> None:
    sets.classes(tmp_path, {"train": ["cat"], "val": ["cat"]})
    image = tmp_path / "val" / "cat" / "0.png"
    _text(image)
    assert refused(tmp_path, "classify").startswith(f"{image}: expected an image, but it cannot be read")
    image.unlink()
    assert "expected images in its folders, but there are none" in refused(tmp_path, "classify")
    assert "expected a folder with train/ and val/ in it, but got nothing" in refused(tmp_path / "no", "classify")
