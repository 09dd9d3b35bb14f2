"""A part of a data set for a stage of the search."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.data import sets
from tuner.data import yolo
from tuner.data.subset import subset
from tuner.errors import ConfigError


def drawn(path: Path, split: str = "train") -> set[str]:
    return set(Path(yaml.safe_load(path.read_text())[split]).read_text().split())


def test_a_draw_is_a_sound_data_set_of_that_many_training_images(tmp_path: Path) -> None:
    path = subset(sets.yolo(tmp_path / "set", n_train=9), tmp_path / "probe", images=4)
    found = yolo.check(path)
    assert (found.splits["train"].images, found.splits["train"].objects, found.splits["val"].images) == (4, 4, 2)


def test_the_same_seed_writes_the_same_bytes_and_another_draws_others(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path / "set", n_train=20)
    subset(path, tmp_path / "a", images=5, seed=1)
    before, written = sets.content(tmp_path / "a"), sets.times(tmp_path / "a")
    subset(path, tmp_path / "a", images=5, seed=1)
    assert sets.content(tmp_path / "a") == before
    assert sets.times(tmp_path / "a") == written
    assert drawn(subset(path, tmp_path / "b", images=5, seed=2)) != drawn(tmp_path / "a" / "data.yaml")


def test_a_small_draw_is_part_of_a_larger_one(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path / "set", n_train=20)
    small = drawn(subset(path, tmp_path / "small", images=3))
    large = drawn(subset(path, tmp_path / "large", fraction=0.5))
    assert small < large and len(large) == 10


def test_the_draw_does_not_depend_on_where_the_set_lies(tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "other"]
    draws = [subset(sets.yolo(place, n_train=20), place / "few", images=5) for place in places]
    one, other = ({Path(image).name for image in drawn(path)} for path in draws)
    assert one == other


def test_the_validation_images_are_limited_where_asked(tmp_path: Path) -> None:
    path = subset(sets.yolo(tmp_path / "set", n_val=8), tmp_path / "few", images=2, val_images=3)
    assert len(drawn(path, "val")) == 3


def test_a_number_beyond_all_images_keeps_them_all(tmp_path: Path) -> None:
    path = subset(sets.yolo(tmp_path / "set"), tmp_path / "all", images=3000)
    assert yaml.safe_load(path.read_text())["train"] == str(tmp_path / "set" / "images" / "train")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"images": 3, "fraction": 0.5}, "expected a number of images or a fraction, but got both"),
        ({"images": 0}, "train: expected to draw at least 1 image, but got 0"),
        ({"fraction": 0.0}, "fraction: expected a share above 0 and up to 1, but got 0.0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, asked: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        subset(sets.yolo(tmp_path / "set"), tmp_path / "few", **asked)  # type: ignore[arg-type]


def test_another_draw_in_the_same_place_is_refused(tmp_path: Path) -> None:
    path = sets.yolo(tmp_path / "set", n_train=20)
    before = drawn(subset(path, tmp_path / "few", images=5))
    with pytest.raises(ConfigError, match=r"expected an empty folder or this very data set, but train\.txt differs"):
        subset(path, tmp_path / "few", images=6)
    assert drawn(tmp_path / "few" / "data.yaml") == before
