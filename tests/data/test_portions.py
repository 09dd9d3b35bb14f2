"""Sets for classification, dealt out: every class on every side, copies on one, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests import driving
from tests.inside.pictures import folders, picture
from tuner.data import portions
from tuner.data.doctor import classified
from tuner.data.portions import Portions
from tuner.errors import ConfigError

COUNTS = (40, 20, 5)


def read(path: Path, val: float = 0.2, test: float = 0.2, seed: int = 20) -> Portions:
    found = portions.read(path, val_share=val, test_share=test, seed=seed)
    portions.check_images(found)
    return found


def files(found: Portions, part: str) -> set[str]:
    return {found.samples[i].path for i in found.parts[part]}


def test_every_class_has_its_share_in_every_part_and_no_image_is_lost(tmp_path: Path) -> None:
    found = read(folders(tmp_path, COUNTS))
    assert {part: dict(sorted(found.counts(part).items())) for part in found.parts} == {
        "test": {0: 8, 1: 4, 2: 1},
        "val": {0: 8, 1: 4, 2: 1},
        "train": {0: 24, 1: 12, 2: 3},
    }
    assert len(files(found, "train") | files(found, "val") | files(found, "test")) == sum(COUNTS)


def test_the_same_seed_draws_the_same_parts_and_another_seed_others(tmp_path: Path) -> None:
    root = folders(tmp_path, COUNTS)
    assert read(root).parts == read(root).parts
    assert files(read(root, seed=1), "val") != files(read(root), "val")


def test_a_set_that_lies_elsewhere_is_dealt_out_in_the_same_way(tmp_path: Path) -> None:
    """On another machine, or moved between two halves of a study, what was validated on is not trained on."""
    here = read(folders(tmp_path / "here", COUNTS))
    there = read(folders(tmp_path / "a" / "longer" / "way", COUNTS))
    assert here.parts == there.parts


def test_identical_images_are_on_one_side(tmp_path: Path) -> None:
    root = folders(tmp_path, (20, 20))
    for i in range(0, 20, 2):
        shutil.copy(root / "a" / f"{i}.png", root / "a" / f"{i}-copy.png")
        shutil.copy(root / "b" / f"{i}.png", root / "a" / f"{i}-wrong.png")  # with another label, too
    found = read(root)
    part_of = {found.samples[i].path: part for part in found.parts for i in found.parts[part]}
    for i in range(0, 20, 2):
        assert part_of[str(root / "a" / f"{i}.png")] == part_of[str(root / "a" / f"{i}-copy.png")]
        assert part_of[str(root / "b" / f"{i}.png")] == part_of[str(root / "a" / f"{i}-wrong.png")]
    assert all(found.counts(part)[number] for part in found.parts for number in (0, 1))


def test_splits_that_the_set_has_stay_as_they_are_and_what_lacks_is_drawn(tmp_path: Path) -> None:
    folders(tmp_path / "train", (20, 10), first=0)
    assert {part: len(places) for part, places in read(tmp_path).parts.items()} == {"val": 6, "test": 6, "train": 18}
    folders(tmp_path / "test", (3, 3), first=500)
    assert {part: len(places) for part, places in read(tmp_path).parts.items()} == {"val": 6, "test": 6, "train": 24}
    found = read(tmp_path)
    assert all("test" in file for file in files(found, "test"))
    folders(tmp_path / "val", (2, 2), first=700)
    assert {part: len(places) for part, places in read(tmp_path).parts.items()} == {"val": 4, "test": 6, "train": 30}


@pytest.mark.parametrize(("mark", "name"), [("\t", "list.txt"), (",", "list.csv"), (" ", "list.txt")])
def test_a_list_says_what_its_images_show(tmp_path: Path, mark: str, name: str) -> None:
    folders(tmp_path / "my images", (9, 9))
    lines = [f"my images/{kind}/{i}.png{mark}{'10' if kind == 'a' else '9'}" for kind in "ab" for i in range(9)]
    path = tmp_path / name
    path.write_text("\n".join([f"path{mark}label", "# a remark", *lines]) + "\n\n")
    found = read(path)
    assert found.names == ("9", "10")
    of_file = {found.samples[i].path: found.names[found.labels[i]] for i in range(18)}
    assert of_file[str(tmp_path / "my images" / "a" / "3.png")] == "10"


def test_data_check_knows_a_list_and_folders_without_splits(tmp_path: Path) -> None:
    root = folders(tmp_path, (9, 9))
    for path in (root, list_of(root)):
        opened = classified.opened(path)
        assert opened is not None
        assert (opened[0].names, [len(samples) for samples in opened[0].splits.values()]) == (("a", "b"), [18])
    done = driving.tuner("data", "check", root)
    assert "classify, 2 classes (a, b)" in done.stdout and "the set is not split" in done.stdout
    # That nothing is split is no trouble, since the trainer does it; that two images of a class would validate is.
    assert done.returncode == 1 and "a fifth to validate on has 2 of 'a', 2 of 'b'" in done.stdout


def list_of(root: Path) -> Path:
    path = root / "list.txt"
    path.write_text("".join(f"{file.relative_to(root)} {file.parent.name}\n" for file in sorted(root.glob("*/*.png"))))
    return path


def test_arrays_are_dealt_out_as_well(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.savez(tmp_path / "set.npz", x_train=random.random((30, 9, 9)), y_train=[0, 1, 1] * 10)
    found = read(tmp_path / "set.npz")
    counts = {part: dict(sorted(found.counts(part).items())) for part in ("test", "val", "train")}
    assert counts == {"test": {0: 2, 1: 4}, "val": {0: 2, 1: 4}, "train": {0: 6, 1: 12}}


def broken(root: Path) -> None:
    whole = (root / "b" / "1.png").read_bytes()
    (root / "b" / "1.png").write_bytes(whole[: len(whole) // 2])


def emptied(root: Path) -> None:
    for file in (root / "b").iterdir():
        file.unlink()


def test_what_cannot_be_trained_on_is_one_line(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "but there is nothing" in said(tmp_path / "nowhere")
    assert "expected two classes or more, but got one class only (a)" in said(folders(tmp_path / "one", (5,)))
    few = folders(tmp_path / "few", (9, 2))
    assert "one for each of test, val, train; but 'b' has 2" in said(few)
    shutil.copy(few / "b" / "0.png", few / "b" / "copy.png")
    assert "but 'b' has 2 that differ" in said(few)
    damaged = folders(tmp_path / "damaged", (9, 9))
    broken(damaged)
    assert "b/1.png: expected an image, but it cannot be read" in said(damaged)
    emptied(damaged)
    assert "expected images of every class, but all has none of 'b'" in said(damaged)
    (tmp_path / "bare").mkdir()
    assert "but found no such set" in said(tmp_path / "bare")
    picture(0, 0).save(tmp_path / "x.png")
    (tmp_path / "list.txt").write_text("x.png a\ny.png b\nz.png b\n")
    assert "but there is no" in said(tmp_path / "list.txt")
    assert "and 1 more images" in said(tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("x.png\n")
    assert "list.txt:1: expected an image and its class" in said(tmp_path / "list.txt")
    np.savez(tmp_path / "set.npz", x_train=np.zeros((9, 4, 4, 2)), y_train=[0, 1, 2] * 3)
    assert "'0' has 1 that differ" in said(tmp_path / "set.npz")
    np.savez(tmp_path / "set.npz", x_train=np.random.default_rng(0).random((9, 4, 4, 2)), y_train=[0, 1, 2] * 3)
    assert "expected (height, width), (height, width, 1)" in said(tmp_path / "set.npz")
