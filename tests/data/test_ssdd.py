"""SSDD: its official split, its copies; the real one where it is at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import driving
from tests.data import sets
from tuner.data import ssdd, yolo
from tuner.data.source import split
from tuner.errors import ConfigError

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ssdd"


def test_numbers_that_end_in_1_or_9_are_for_the_test(tmp_path: Path) -> None:
    source = ssdd.read(sets.voc(tmp_path, range(1, 31)))
    splits, _ = split(source, val_share=0.2, test_share=0.0, seed=0)
    assert [int(p.stem) for p in splits["test"]] == [1, 9, 11, 19, 21, 29]
    assert (len(splits["train"]), len(splits["val"])) == (19, 5)
    assert source.remarks == ["SSDD has 1160 images, and here are 30"]


def test_a_set_without_numbers_for_names_is_refused(tmp_path: Path) -> None:
    root = sets.voc(tmp_path, [1, 2]) / "VOCdevkit" / "VOC2007"
    (root / "JPEGImages" / "000002.jpg").rename(root / "JPEGImages" / "boat.jpg")
    (root / "Annotations" / "000002.xml").rename(root / "Annotations" / "boat.xml")
    with pytest.raises(ConfigError, match=r"expected numbers for names, as in SSDD, but got boat\.jpg"):
        ssdd.read(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="SSDD is not here")
def test_the_real_ssdd_is_prepared_as_published(tmp_path: Path) -> None:
    dest = tmp_path / "ssdd"
    done = driving.tuner("data", "ssdd", REAL, dest)
    assert done.returncode == 0, done.stderr
    report = json.loads((dest / "prepared.json").read_text())
    splits = {name: (part["images"], part["boxes"]) for name, part in report["splits"].items()}
    assert splits["test"] == (232, 533)
    assert tuple(map(sum, zip(splits["train"], splits["val"], strict=True))) == (928, 2007)
    assert splits["val"][0] == 186
    assert (report["boxes_dropped"], report["boxes_clipped"]) == ({}, 0)
    copies = report["copies"]
    assert (copies["groups"], copies["images"], len(copies["of_test_in_train_or_val"])) == (22, 47, 10)
    assert copies["of_val_in_train"] == []
    assert "10 of 232 test images have an exact copy in train or val: 000001.jpg" in done.stdout
    found = yolo.check(dest / "data.yaml")
    assert {name: (part.images, part.objects) for name, part in found.splits.items()} == splits
    assert found.remarks == ()
