"""Made-up ships: the same for the same seed, with boxes around what is bright."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tuner.data import ships


def test_a_picture_depends_on_its_number_and_the_seed_alone() -> None:
    few, many = ships.read(3, 64, seed=5), ships.read(6, 64, seed=5)
    assert [p.digest for p in few.pictures.values()] == [p.digest for p in many.pictures.values()][:3]
    assert {p.digest for p in ships.read(6, 64, seed=6).pictures.values()}.isdisjoint(
        p.digest for p in many.pictures.values()
    )


def test_the_file_holds_the_pixels_that_the_boxes_were_made_with() -> None:
    picture = ships.read(1, 64, seed=0).pictures["000000"]
    assert callable(picture.content)
    pixels, boxes = ships.picture(64, 0, 0)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture.content()))), pixels)
    assert picture.boxes == boxes


@pytest.mark.parametrize("size", [48, 160])
def test_boxes_lie_in_the_image_apart_from_each_other_and_hold_what_is_bright(size: int) -> None:
    inside, outside, boxed = [], [], 0
    for number in range(40):
        pixels, boxes = ships.picture(size, 3, number)
        held = np.zeros((size, size), dtype=int)
        for box in boxes:
            assert 0 <= box.left < box.right <= size and 0 <= box.top < box.bottom <= size
            assert max(box.width, box.height) <= size / 2
            held[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] += 1
        assert held.max() <= 1
        inside += list(pixels[held == 1])
        outside += list(pixels[held == 0])
        boxed += len(boxes)
    assert boxed > 40
    assert np.mean(inside) > 2 * np.mean(outside)


def test_some_images_are_empty_some_hold_many_ships_of_many_sizes_and_headings() -> None:
    every = [ships.picture(160, 0, number)[1] for number in range(150)]
    counts = [len(boxes) for boxes in every]
    assert min(counts) == 0 and max(counts) >= 5
    sides = [max(box.width, box.height) for boxes in every for box in boxes]
    assert max(sides) > 4 * min(sides)
    shapes = [box.width / box.height for boxes in every for box in boxes]
    assert min(shapes) < 0.5 and max(shapes) > 2
