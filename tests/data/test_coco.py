"""Reading the boxes of COCO."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data import sets
from tuner.data import coco
from tuner.data.boxes import Box
from tuner.errors import ConfigError

CATEGORIES = [{"id": 7, "name": "ship"}, {"id": 3, "name": "boat"}]


def instances(path: Path, first: int, count: int, **changes: Any) -> Path:
    """Write a JSON on ``count`` images from number ``first`` on, with a ship in each."""
    numbers = range(first, first + count)
    document = {
        "info": {"year": 2017},
        "categories": CATEGORIES,
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 40, "height": 30} for n in numbers],
        "annotations": [{"id": n, "image_id": n, "category_id": 7, "bbox": [10, 5, 10.5, 10]} for n in numbers],
        **changes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def images(folder: Path, count: int) -> Path:
    for number in range(count):
        sets.image(folder / f"{number}.jpg", number)
    return folder


def refused(places: Path, annotations: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        coco.read(places, annotations)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_boxes_are_read_and_classes_keep_their_order(tmp_path: Path) -> None:
    source, names = coco.read(images(tmp_path / "images", 2), instances(tmp_path / "all.json", 0, 2))
    assert names == ["boat", "ship"]
    assert source.pictures["0.jpg"].boxes == (Box("ship", 10, 5, 20.5, 15),)
    assert source.lists == {}


def test_crowds_are_skipped_and_counted(tmp_path: Path) -> None:
    crowd = {"image_id": 0, "category_id": 7, "bbox": [0, 0, 40, 30], "iscrowd": 1, "segmentation": {"counts": []}}
    path = instances(tmp_path / "all.json", 0, 2, annotations=[crowd])
    source, _ = coco.read(images(tmp_path / "images", 2), path)
    assert source.tally == {"crowd": 1}
    assert source.pictures["0.jpg"].boxes == ()


def test_a_folder_of_json_files_is_a_split(tmp_path: Path) -> None:
    instances(tmp_path / "annotations" / "instances_train2017.json", 0, 3)
    instances(tmp_path / "annotations" / "instances_val2017.json", 3, 2)
    (tmp_path / "annotations" / "captions_train2017.json").write_text("{}")
    images(tmp_path / "images" / "train2017", 3)
    for number in (3, 4):
        sets.image(tmp_path / "images" / "val2017" / f"{number}.jpg", number)
    source, _ = coco.read(tmp_path / "images", tmp_path / "annotations")
    assert source.lists == {"train": ["0.jpg", "1.jpg", "2.jpg"], "val": ["3.jpg", "4.jpg"]}


def test_images_that_are_not_there_are_said(tmp_path: Path) -> None:
    source, _ = coco.read(images(tmp_path / "images", 2), instances(tmp_path / "all.json", 0, 4))
    assert list(source.pictures) == ["0.jpg", "1.jpg"]
    assert source.remarks == ["all.json: 2 of 4 images are not there, such as 2.jpg"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": None}, "images: expected a list, but got nothing"),
        ({"categories": [{"id": 7}]}, "categories.0.name: expected a value, but the key is missing"),
        (
            {"annotations": [{"image_id": 9, "category_id": 7, "bbox": [0, 0, 9, 9]}]},
            "annotations.0.image_id: expected one that the file lists, but got 9",
        ),
        (
            {"annotations": [{"image_id": 0, "category_id": 1, "bbox": [0, 0, 9, 9]}]},
            "annotations.0.category_id: expected one that the file lists, but got 1",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = instances(tmp_path / "all.json", 0, 2, **changes)
    assert refused(images(tmp_path / "images", 2), path) == f"{path}: {said}"


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text("{")
    places = images(tmp_path / "images", 1)
    assert "all.json: expected JSON, but got: Expecting" in refused(places, tmp_path / "all.json")
    assert refused(places, tmp_path / "no.json").endswith("no.json: no such file")
    assert "expected a folder of images, but there is none" in refused(tmp_path / "no", tmp_path / "all.json")


def test_a_folder_without_a_file_for_train_is_refused(tmp_path: Path) -> None:
    instances(tmp_path / "annotations" / "val.json", 0, 1)
    assert "train: expected a JSON file with this word in its name" in refused(
        images(tmp_path / "images", 1), tmp_path / "annotations"
    )
