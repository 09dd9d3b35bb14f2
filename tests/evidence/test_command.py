from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import driving

Write = Callable[..., Path]
MODELS = driving.ROOT / "configs" / "models"
SHIPS = """
study: ships
trainer:
  {name: ultralytics, data: ships/data.yaml, model: tiny-yolo.yaml, weights: ., pretrained: false, imgsz: 64}
space: {lr0: {grid: [0.001, 10], default: 0.01}, batch: {ordered: [8]}}
objective: {metric: metrics/mAP50-95(B), direction: maximize}
epochs: 1
sweep: 0
budget: {trials: 1}
devices: cpu
data_check: false
"""


def test_a_trainer_that_cannot_predict_is_told_in_one_line(write_config: Write, tmp_path: Path) -> None:
    path = write_config(budget={"trials": 1})
    driving.study(path)
    done = driving.tuner("evidence", tmp_path / "results" / "small")
    assert done.returncode == 2
    assert "expected a trainer that can predict (torch, ultralytics), but got 'script'" in done.stderr


def test_a_trial_that_is_not_there_is_refused(write_config: Write, tmp_path: Path) -> None:
    path = write_config(budget={"trials": 1})
    driving.study(path)
    done = driving.tuner("evidence", tmp_path / "results" / "small", "7")
    assert done.returncode == 2 and "expected a trial from 0 to 0, but got 7" in done.stderr


def test_a_real_classifier_is_counted_class_by_class_with_a_picture_of_each_error(tmp_path: Path) -> None:
    sets = ["study=d", "budget.trials=1", "epochs=4", "sweep=0", "jobs=1", f"results={tmp_path}"]
    words = [word for assignment in sets for word in ("--set", assignment)]
    run = driving.tuner("run", driving.ROOT / "configs" / "digits.yaml", "-q", *words, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "What it gets right and wrong" in (tmp_path / "d" / "report.html").read_text()
    done = driving.tuner("evidence", tmp_path / "d", "--split", "test", "--json", timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["task"], found["split"], len(found["classes"])) == ("classify", "test", 10)
    assert sum(c["labels"] for c in found["classes"]) == found["images"] == 449
    right = sum(found["confusion"][i][i] for i in range(10))
    assert right + len(found["errors"]) == 449
    assert all(Path(error["image"]).is_file() for error in found["errors"])


@pytest.mark.xdist_group("ultralytics")
def test_a_real_detector_shows_what_it_finds_and_what_not(tmp_path: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
    made = driving.tuner("data", "synthetic-ships", "ships", "--images", "12", "--size", "64", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    shutil.copy(MODELS / "tiny-yolo.yaml", tmp_path)
    (tmp_path / "ships.yaml").write_text(SHIPS)
    run = driving.tuner("run", "ships.yaml", "-q", cwd=tmp_path, timeout=240)
    assert run.returncode == 0, run.stderr
    folder = tmp_path / "results" / "ships"
    text = (folder / "report.html").read_text()
    assert 'href="trials/0000/evidence/evidence.html"' in text  # the best is looked at as soon as the study is done
    done = driving.tuner("evidence", "results/ships", "--json", cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["task"], found["split"], found["images"]) == ("detect", "val", 2)
    (ship,) = found["classes"]
    assert ship["name"] == "ship" and ship["labels"] > 0
    assert all(line in text for line in found["said"])
    wrong = driving.tuner("evidence", "results/ships", "--split", "all", cwd=tmp_path, timeout=120)
    assert wrong.returncode == 2
    assert "split: expected one of train, val, test, but got 'all'" in wrong.stderr
