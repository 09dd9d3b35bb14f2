"""Where a classifier of Ultralytics looked: on the whole image, though it sees the square in its middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("ultralytics", reason='needs pip install "tuner[yolo]"')

from ultralytics import YOLO

from tuner import whole
from tuner.evidence import maps, predictions
from tuner.inside import ultralytics_looking as looking


def test_what_the_network_does_not_see_of_a_wide_image_speaks_for_nothing() -> None:
    placed = looking.of_whole(torch.ones(4, 4), width=200, height=100)
    assert placed.shape == (looking.GRID, looking.GRID)
    assert placed[:, 14:42].min() > 0.99 and placed[:, :14].max() == 0 and placed[:, 42:].max() == 0


def test_what_it_does_not_see_of_a_tall_image_neither() -> None:
    placed = looking.of_whole(torch.ones(4, 4), width=50, height=100)
    assert placed[14:42].min() > 0.99 and placed[:14].max() == 0 and placed[42:].max() == 0


def test_every_image_that_is_shown_gets_a_map_for_both_of_its_classes(tmp_path: Path) -> None:
    picture, weights, out = tmp_path / "a.png", tmp_path / "best.pt", tmp_path / "predictions.jsonl"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(picture)
    torch.manual_seed(0)
    model = YOLO("yolov8n-cls.yaml", task="classify")
    model.save(str(weights))
    classes = [str(n) for n in range(1000)]
    chances = [0.9, 0.1, *[0.0] * 998]
    lines = [predictions.header("classify", "val", classes), predictions.of_probabilities(str(picture), 1, chances)]
    whole.write(out, "\n".join(lines) + "\n")
    looking.explain(weights, 64, torch.device("cpu"), out)
    found = maps.read(maps.file(out))
    assert set(found) == {(0, 0), (0, 1)}
    assert all(m.shape == (looking.GRID, looking.GRID) for m in found.values())
    assert any(m.max() == 255 for m in found.values())
    assert not any(m[:, :7].any() or m[:, 49:].any() for m in found.values())  # a quarter of the width is cut off
