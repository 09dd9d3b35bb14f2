"""Reading VOC data sets, and splitting what has no split."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data import sets
from tuner.data import pictures, voc
from tuner.data.boxes import CLIPPED, Box
from tuner.data.source import Source, draw, split
from tuner.errors import ConfigError


def refused(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        voc.read(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def boxes_of(folder: Path, *objects: sets.Object) -> tuple[tuple[Box, ...], dict[str, int]]:
    source = voc.read(sets.voc(folder, [1], objects=objects))
    return source.pictures["000001"].boxes, dict(+source.tally)


def annotate(folder: Path, number: int, text: str) -> Path:
    path = folder / "VOCdevkit" / "VOC2007" / "Annotations" / f"{number:06d}.xml"
    path.write_text(text)
    return path


def test_boxes_are_read_with_their_names(tmp_path: Path) -> None:
    boxes, tally = boxes_of(tmp_path, sets.SHIP, ("boat", 0, 0, 40, 30))
    assert boxes == (Box("ship", 10, 5, 20, 15), Box("boat", 0, 0, 40, 30))
    assert tally == {}


def test_labels_are_shares_of_the_image(tmp_path: Path) -> None:
    picture = voc.read(sets.voc(tmp_path, [1])).pictures["000001"]
    assert picture.labels(["boat", "ship"]) == "1 0.375000 0.333333 0.250000 0.333333\n"


@pytest.mark.parametrize(
    ("sides", "why"),
    [
        ((10, 5, 10, 15), "degenerate"),
        ((20, 5, 10, 15), "degenerate"),
        ((41, 5, 50, 15), "outside the image"),
        ((float("nan"), 5, 20, 15), "not finite"),
        ((10, 5, 20, 15), "there twice"),
    ],
)
def test_a_box_that_is_none_is_dropped_and_counted(
    tmp_path: Path, sides: tuple[float, float, float, float], why: str
) -> None:
    boxes, tally = boxes_of(tmp_path, sets.SHIP, ("ship", *sides))
    assert boxes == (Box(*sets.SHIP),)
    assert tally == {why: 1}


def test_a_box_that_sticks_out_is_clipped_and_counted(tmp_path: Path) -> None:
    boxes, tally = boxes_of(tmp_path, ("ship", -3, 5, 20, 99))
    assert boxes == (Box("ship", 0, 5, 20, 30),)
    assert tally == {CLIPPED: 1}


def test_difficult_objects_are_dropped_unless_asked_for(tmp_path: Path) -> None:
    sets.voc(tmp_path, [1])
    annotate(tmp_path, 1, sets.annotation([sets.SHIP], extra="<difficult>1</difficult>"))
    assert voc.read(tmp_path).tally == {"difficult": 1}
    assert len(voc.read(tmp_path, keep_difficult=True).pictures["000001"].boxes) == 1


def test_what_has_no_partner_is_left_out_and_said(tmp_path: Path) -> None:
    root = sets.voc(tmp_path, [1, 2, 3]) / "VOCdevkit" / "VOC2007"
    (root / "JPEGImages" / "000002.jpg").unlink()
    (root / "Annotations" / "000003.xml").unlink()
    source = voc.read(tmp_path)
    assert list(source.pictures) == ["000001"]
    assert source.remarks == [
        "1 images have no annotation and are left out, such as 000003",
        "1 annotations have no image and are left out, such as 000002",
    ]


def test_another_size_in_the_annotation_is_said(tmp_path: Path) -> None:
    sets.voc(tmp_path, [1, 2])
    annotate(tmp_path, 2, sets.annotation([sets.SHIP], size=(400, 300)))
    assert voc.read(tmp_path).remarks == ["1 annotations state another size than their image has, such as 000002"]


def test_a_folder_with_two_sets_asks_for_one(tmp_path: Path) -> None:
    sets.voc(tmp_path, [1])
    root = tmp_path / "VOCdevkit"
    for name in ("Annotations", "JPEGImages"):
        (root / "VOC2012" / name).mkdir(parents=True)
    assert "expected one VOC data set, but got 2: VOCdevkit/VOC2007, VOCdevkit/VOC2012" in refused(tmp_path)
    assert len(voc.read(root / "VOC2007").pictures) == 1


def test_a_folder_without_a_set_is_refused(tmp_path: Path) -> None:
    assert "expected the folders JPEGImages and Annotations in it" in refused(tmp_path)
    assert "expected a folder with a VOC data set, but got nothing" in refused(tmp_path / "no")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<annotation><object></annotation>", ":1: expected XML, but got: mismatched tag"),
        ('<?xml version="1.0" encoding="nonsense"?><a/>', ": expected XML, but got: unknown encoding"),
        ('<?xml version="1.0" encoding="gbk"?><a/>', ": expected XML, but got: multi-byte encodings"),
        ("<a><object><bndbox/></object></a>", ": object 1.name: expected the name of a class, but got nothing"),
        (
            "<a><object><name>ship</name><bndbox><xmin>a</xmin></bndbox></object></a>",
            ": object 1.xmin: expected a number, but got 'a'",
        ),
        (
            "<a><object><name>ship</name><bndbox></bndbox></object></a>",
            ": object 1.xmin: expected a number, but got nothing",
        ),
    ],
)
def test_a_bad_annotation_is_named(tmp_path: Path, text: str, said: str) -> None:
    sets.voc(tmp_path, [1, 2])
    path = annotate(tmp_path, 2, text)
    assert refused(tmp_path).startswith(f"{path}{said}")


def test_a_bad_image_is_named(tmp_path: Path) -> None:
    image = sets.voc(tmp_path, [1, 2]) / "VOCdevkit" / "VOC2007" / "JPEGImages" / "000001.jpg"
    image.write_bytes(image.read_bytes()[:300])
    assert refused(tmp_path).startswith(f"{image}: expected an image, but it cannot be read")


# Splits


def ids(source: Source, **options: float) -> dict[str, list[int]]:
    shares = {"val_share": 0.2, "test_share": 0.2, **options}
    found, _ = split(source, val_share=shares["val_share"], test_share=shares["test_share"], seed=0)
    return {name: [int(picture.stem) for picture in of_split] for name, of_split in found.items()}


def test_lists_that_are_a_split_are_taken(tmp_path: Path) -> None:
    sets.voc(tmp_path, range(1, 8))
    sets.lists(tmp_path, train=[1, 2, 3], val=[4], test=[5, 6])
    source = voc.read(tmp_path)
    assert ids(source) == {"train": [1, 2, 3], "val": [4], "test": [5, 6]}
    assert source.remarks == ["1 images are in no list and are left out, such as 000007"]


def test_what_the_lists_lack_is_drawn_from_train(tmp_path: Path) -> None:
    sets.voc(tmp_path, range(1, 14))
    sets.lists(tmp_path, train=range(1, 11), test=[11, 12, 13])
    found = ids(voc.read(tmp_path))
    assert found["test"] == [11, 12, 13]
    assert (len(found["train"]), len(found["val"])) == (8, 2)
    assert sorted(found["train"] + found["val"]) == list(range(1, 11))


@pytest.mark.parametrize(
    "lists", [{"train": range(1, 11), "val": [], "test": []}, {"train": range(1, 11), "val": [1, 2]}, {"val": [1, 2]}]
)
def test_lists_that_are_no_split_are_not_taken(tmp_path: Path, lists: dict[str, list[int]]) -> None:
    sets.voc(tmp_path, range(1, 11))
    sets.lists(tmp_path, **lists)
    found = ids(voc.read(tmp_path))
    assert [len(found[name]) for name in ("train", "val", "test")] == [6, 2, 2]


def test_no_test_share_leaves_no_test_split(tmp_path: Path) -> None:
    assert set(ids(voc.read(sets.voc(tmp_path, range(1, 11))), test_share=0.0)) == {"train", "val"}


def test_byte_identical_images_are_drawn_together_whatever_the_seed(tmp_path: Path) -> None:
    copies = {11: 1, 12: 1, 13: 2, 14: 3}
    source = voc.read(sets.voc(tmp_path, range(1, 15), copies=copies))
    groups = pictures.copies((p.name, p.digest) for p in source.pictures.values())
    assert [len(group) for group in groups] == [3, 2, 2]
    draws = set()
    for seed in range(30):
        stay, drawn = draw([*source.pictures.values()], 0.4, str(seed), "here")
        assert len(drawn) == 6 and len(stay) == 8
        assert {p.digest for p in stay}.isdisjoint(p.digest for p in drawn)
        draws.add(tuple(p.name for p in drawn))
    assert len(draws) > 20


def test_too_few_images_to_draw_from_are_refused(tmp_path: Path) -> None:
    source = voc.read(sets.voc(tmp_path, [1, 2]))
    with pytest.raises(ConfigError, match=r"val: expected enough images to draw a share of 0\.2 from, but got 2"):
        split(source, val_share=0.2, test_share=0, seed=0)
