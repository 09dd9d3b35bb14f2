"""Real trainings by Ultralytics, of a tiny detector on made-up ships, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import driving
from tuner import facts
from tuner.diagnosis import diagnose
from tuner.evidence import predictions
from tuner.readers import ultralytics as reader
from tuner.registry import SYMPTOMS
from tuner.spec import SPEC_FILE, TrialSpec, evidence_file
from tuner.trainers.ultralytics import UltralyticsOptions, UltralyticsTrainer

pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
pytestmark = pytest.mark.xdist_group("ultralytics")  # they share the first training

MODELS = driving.ROOT / "configs" / "models"
EPOCHS = 3


def trainer(data: Path) -> UltralyticsTrainer:
    options = UltralyticsOptions(
        data=str(data),
        model="tiny-yolo.yaml",
        weights=str(MODELS),
        pretrained=False,
        imgsz=64,
        plots=False,
        threads=1,
    )
    return UltralyticsTrainer(options, data.parent)


def spec(folder: Path, **changes: Any) -> TrialSpec:
    place = folder / "trials" / "0000"
    place.mkdir(parents=True, exist_ok=True)
    known = TrialSpec(0, {"lr0": 0.01, "batch": 8}, EPOCHS, 1, place, "metrics/mAP50-95(B)", True)
    return replace(known, **changes)


def start(data: Path, given: TrialSpec, *, resume: bool = False) -> subprocess.Popen[str]:
    command = trainer(data).command(given, resume=resume)
    env = {**os.environ, **command.env, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(driving.ROOT)}
    return subprocess.Popen(
        command.argv, cwd=command.cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(data: Path, given: TrialSpec, *, resume: bool = False) -> str:
    process = start(data, given, resume=resume)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output[-3000:]
    return output


def epochs(folder: Path) -> list[int]:
    return [int(e) for e in reader.read_all(folder / "run" / "results.csv")[0].epochs]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ships") / "set"
    made = driving.tuner(
        "data", "synthetic-ships", folder, "--images", "20", "--size", "64", "--val-share", "0.3", "--test-share", "0.2"
    )
    assert made.returncode == 0, made.stderr
    return folder / "data.yaml"


@pytest.fixture(scope="module")
def paused(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a trial that was paused after the first of its epochs."""
    given = spec(tmp_path_factory.mktemp("paused"), until=1)
    assert "paused after epoch 1" in run(data, given)
    return given.folder


@pytest.fixture
def copied(paused: Path, tmp_path: Path) -> Path:
    shutil.copytree(paused.parent, tmp_path / "trials")
    return tmp_path


def test_a_paused_trial_keeps_its_log_its_checkpoint_and_what_is_good_to_know(paused: Path) -> None:
    assert epochs(paused) == [1]
    known = facts.read(paused)
    assert known["batch"] == 8
    assert known["optimizer"] == "SGD"
    assert known["train_images"] == 11
    assert 100_000 < float(known["parameters"]) < 200_000
    assert float(known["gflops"]) > 0


def test_it_goes_on_where_it_was_and_is_tested_once_it_is_done(data: Path, copied: Path) -> None:
    output = run(data, spec(copied), resume=True)
    assert "Resuming training" in output
    folder = copied / "trials" / "0000"
    assert epochs(folder) == [1, 2, 3]
    tested = subprocess.run(
        (command := trainer(data).test(folder)).argv,
        cwd=command.cwd,
        env={**os.environ, **command.env, "PYTHONPATH": str(driving.ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    scores = json.loads(tested.stdout.splitlines()[-1])
    assert 0 <= scores["metrics/mAP50-95(B)"] <= 1


def test_the_best_weights_predict_every_image_of_a_split(data: Path, copied: Path) -> None:
    folder = spec(copied).folder
    command = trainer(data).predict(folder, "val")
    # The trial moved, and its specification says where it was.
    stored = json.loads((folder / SPEC_FILE).read_text())
    (folder / SPEC_FILE).write_text(json.dumps({**stored, "folder": str(folder)}))
    env = {**os.environ, **command.env, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(driving.ROOT)}
    subprocess.run(command.argv, cwd=command.cwd, env=env, check=True, capture_output=True, timeout=240)
    found = predictions.read(evidence_file(folder))
    assert (found.task, found.split, found.names) == ("detect", "val", ("ship",))
    assert len(found.images) == facts.read(folder)["val_images"]
    assert sum(len(image.truth) for image in found.images) > 0
    assert all(Path(image.image).is_file() for image in found.images)


def test_rows_that_the_checkpoint_does_not_know_are_trained_and_logged_again(data: Path, copied: Path) -> None:
    folder = copied / "trials" / "0000"
    log = folder / "run" / "results.csv"
    row = log.read_text().splitlines()[-1]
    log.write_text(log.read_text() + row.replace("1,", "2,", 1) + "\n" + row[:20])  # and half a row
    run(data, spec(copied, until=2), resume=True)
    rows = log.read_text().splitlines()
    assert [line.split(",")[0] for line in rows] == ["epoch", "1", "2"]
    assert len({line.count(",") for line in rows}) == 1


def test_a_polite_stop_ends_it_at_once_and_the_last_epoch_can_be_continued(data: Path, copied: Path) -> None:
    given = spec(copied, epochs=EPOCHS)
    process = start(data, given, resume=True)
    folder = copied / "trials" / "0000"
    driving.wait_until(lambda: process.poll() is not None or len(epochs(folder)) >= 2, 120)
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert process.returncode in (143, 0), output[-2000:]
    assert time.monotonic() - begin < 5
    assert not list(folder.rglob("*.part")) or (folder / "run" / "weights" / "last.pt").stat().st_size > 1000


def test_a_batch_that_does_not_fit_is_an_answer_and_not_halved_silently(data: Path, tmp_path: Path) -> None:
    code = (
        "import json, sys, torch; from tuner.inside import ultralytics_training as t\n"
        "from ultralytics.nn.tasks import DetectionModel\n"
        "true = DetectionModel.loss\n"
        "def loss(self, batch, preds=None):\n"
        "    if len(batch['img']) > 4: raise torch.OutOfMemoryError('CUDA out of memory.')\n"
        "    return true(self, batch, preds)\n"
        "DetectionModel.loss = loss\n"
        "t.train(json.load(open(sys.argv[1])), resume=False)"
    )
    given = spec(tmp_path)
    command = trainer(data).command(given, resume=False)
    env = {**os.environ, **command.env, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(driving.ROOT)}
    path = str(given.folder / "spec.json")
    done = subprocess.run([sys.executable, "-c", code, path], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "MemoryError: out of memory: batch 8 does not fit" in done.stderr


def test_a_trial_that_goes_on_keeps_the_largest_batch_that_was_found(tmp_path: Path) -> None:
    from tuner.inside.ultralytics_training import arguments

    (tmp_path / "facts.json").write_text('{"batch": 24}')
    asked = {"folder": str(tmp_path), "epochs": 3, "device": "cpu", "arguments": {"batch": "largest", "plots": False}}
    assert arguments(asked, resume=True)["batch"] == 24
    assert arguments(asked, resume=False)["batch"] == 16  # a CPU's memory says nothing


def test_a_loss_that_stays_nan_behind_the_log_is_logged_in_the_end(data: Path, tmp_path: Path) -> None:
    given = spec(tmp_path, params={"lr0": 1e38, "batch": 8, "warmup_epochs": 3.0}, epochs=6)
    process = start(data, given)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "NaN persisted" in output
    assert facts.read(given.folder)["nan_recoveries"] == 3
    curve = reader.read_all(given.folder / "run" / "results.csv")[0]
    assert curve.train_loss is not None
    assert np.isnan(curve.train_loss.values[-1])
    assert np.isfinite(curve.train_loss.values[:-1]).all()
    assert diagnose(curve, SYMPTOMS).symptoms[0].name == "nan"
