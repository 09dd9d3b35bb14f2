"""Hundreds of real logs, where they are at hand: each is read by the reader of its format, and twins agree."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from tuner import logs
from tuner.curve import Curve
from tuner.registry import READERS
from tuner.spec import LogError

LOGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "logs"

pytestmark = pytest.mark.skipif(not (LOGS / "index.csv").is_file(), reason="the collection of real logs is not here")

FORMATS = {
    "d2_txt": {"detectron2_txt"},
    "detectron2": {"detectron2"},
    "detr": {"detr"},
    "generic_csv": {"csv"},
    "generic_json": {"json", "keras_json"},
    "hf": {"hf"},
    "keras_csv": {"keras_csv"},
    "keras_json": {"keras_json"},
    "lightning": {"lightning"},
    "mmdet": {"mmdet_json"},
    "mmdet_txt": {"mmdet_txt"},
    "paddle": {"paddle"},
    "tfevents": {"tensorboard"},
    "ultralytics": {"ultralytics"},
    "yolo_txt": {"yolo_txt"},
    "yolov5_csv": {"yolov5"},
}
LEAST_SHARE_OF_TWINS = 0.9
"""The rest are other runs of the same folder, event files cut short, and a fork that mixed up its tags."""


def index() -> list[dict[str, str]]:
    with (LOGS / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def curves(row: dict[str, str]) -> list[Curve]:
    path = LOGS / row["file"]
    return READERS[logs.recognise(path)].read_all(path)


@pytest.mark.parametrize("name", FORMATS)
def test_every_log_of_a_format_is_read_by_its_reader(name: str) -> None:
    rows = [row for row in index() if row["format"] == name]
    assert rows
    assert {logs.recognise(LOGS / row["file"]) for row in rows} <= FORMATS[name]
    assert [row["file"] for row in rows if not all(curve.length for curve in curves(row))] == []


def test_everything_else_is_refused_in_one_line() -> None:
    for row in index():
        if row["format"] not in FORMATS:
            with pytest.raises(LogError) as error:
                curves(row)
            assert len(str(error.value).splitlines()) == 1


def test_a_run_in_two_formats_has_one_series_of_scores() -> None:
    folders = defaultdict(list)
    for row in index():
        if row["format"] in {"tfevents", "ultralytics", "yolov5_csv", "yolo_txt", "detectron2"}:
            folders[row["repo"], str(PurePosixPath(row["path"]).parent)].append(row)
    pairs = [(a, b) for rows in folders.values() for a in rows for b in rows if a["format"] < b["format"]]
    alike = sum(any(same(x, y) for x in curves(a) for y in curves(b)) for a, b in pairs)
    assert alike >= LEAST_SHARE_OF_TWINS * len(pairs)


def same(a: Curve, b: Curve) -> bool:
    """Tell whether two curves have the same scores, as far as text gives their digits."""
    x, y = a.score or a.train_loss, b.score or b.train_loss
    if x is None or y is None or len(x) != len(y):
        return False
    scale = max(1.0, float(np.nanmax(np.abs(x.values))))
    return np.allclose(x.values, y.values, rtol=2e-3, atol=1e-3 * scale, equal_nan=True)
