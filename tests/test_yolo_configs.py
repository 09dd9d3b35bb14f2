"""The ready configurations for YOLOv5 and YOLOv7: refused without a clone, run around the layout of their train.py."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests import driving
from tests.readers.samples import yolo_txt
from tuner import config
from tuner.errors import ConfigError
from tuner.record import NOT_CONTINUED

LOGS = driving.ROOT.parent / "shared" / "data" / "logs"
HYPS = {"yolov5": "data/hyps/hyp.scratch-low.yaml", "yolov7": "data/hyp.scratch.custom.yaml"}
LOG = {"yolov5": "results.csv", "yolov7": "results.txt"}
KEPT = {"warmup_bias_lr": 0.1, "iou_t": 0.2, "fliplr": 0.5}
SMALLER = ["devices=cpu", "jobs=2", "epochs=6", "sweep=2", "budget={epochs: 16}", "pausing={eta: 2, first: 2}"]


def path(name: str) -> Path:
    return driving.ROOT / "configs" / f"{name}.yaml"


def clone(name: str, base: Path) -> list[str]:
    """Make a folder as a clone of the repository ``name`` looks; return what points the configuration to it."""
    folder = base / name
    space = yaml.safe_load((driving.ROOT / "search_spaces" / f"{name}.yaml").read_text())
    hyp = {key: known["default"] for key, known in space.items() if key not in ("size", "batch", "optimizer")}
    (folder / HYPS[name]).parent.mkdir(parents=True)
    (folder / HYPS[name]).write_text(yaml.safe_dump({**hyp, **KEPT}))
    shutil.copy(Path(__file__).parent / "programs" / "yolo_layout.py", folder / "train.py")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return [f"trainer.cwd={folder}", f"results={base / 'results'}", "devices=cpu"]


@pytest.mark.parametrize("name", HYPS)
def test_without_a_clone_it_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    done = driving.tuner("run", path(name), "--set", f"trainer.cwd={tmp_path}/no", "--set", f"results={tmp_path}")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert f"trainer: cwd: expected a folder, but got '{tmp_path}/no'" in done.stderr


@pytest.mark.parametrize("name", HYPS)
def test_in_a_clone_without_its_environment_it_is_refused(name: str, tmp_path: Path) -> None:
    sets = clone(name, tmp_path)
    shutil.rmtree(tmp_path / name / ".venv")
    with pytest.raises(ConfigError, match="command: expected a program, but there is none at"):
        config.load(path(name), sets)


def epochs_logged(log: Path) -> list[int]:
    lines = log.read_text().splitlines()
    if log.suffix == ".txt":
        return [int(line.split("/")[0]) for line in lines]
    return [int(row[0]) for row in csv.reader(lines[1:])]


@pytest.mark.parametrize("name", HYPS)
def test_a_study_pauses_its_train_py_once_the_checkpoint_is_written(name: str, tmp_path: Path) -> None:
    records = driving.study(path(name), *clone(name, tmp_path), *SMALLER)
    continued = twice = 0
    for record in records:
        folder = tmp_path / "results" / name / "trials" / f"{record.number:04d}"
        logged = epochs_logged(folder / "run" / LOG[name])
        assert sorted(set(logged)) == list(range(record.epochs + (record.extra_epochs or 0)))
        twice += len(logged) - len(set(logged))
        continued += (folder / "output.txt").read_text().count("from epoch") - 1
        hyp = yaml.safe_load((folder / "hyp.yaml").read_text())
        assert {key: hyp[key] for key in KEPT} == KEPT
        assert {key: hyp[key] for key in record.params if key in hyp} == {
            key: value for key, value in record.params.items() if key not in ("size", "batch", "optimizer")
        }
    assert continued >= 2
    assert twice <= continued / 2  # each time where a stop comes before the checkpoint; never unless the driver lags
    assert any(r.ending is not None and r.ending.reason == NOT_CONTINUED for r in records)


def test_the_log_of_yolov7_is_judged_by_the_objective_of_its_config(tmp_path: Path) -> None:
    loaded = config.load(path("yolov7"), clone("yolov7", tmp_path))
    log = loaded.trainer.log(loaded.trial_folder(0)).path
    log.parent.mkdir(parents=True)
    log.write_bytes(yolo_txt())
    curve = loaded.read_log(0, loaded.model.epochs)
    assert curve.score is not None and curve.score.best() == (1, 0.5)


@pytest.mark.skipif(not (LOGS / "index.csv").is_file(), reason="the collection of real logs is not here")
def test_real_logs_of_yolov7_are_judged_by_the_objective_of_its_config(tmp_path: Path) -> None:
    loaded = config.load(path("yolov7"), clone("yolov7", tmp_path))
    log = loaded.trainer.log(loaded.trial_folder(0)).path
    log.parent.mkdir(parents=True)
    real = sorted((LOGS / "yolo_txt").iterdir())
    for file in real:
        shutil.copyfile(file, log)
        curve = loaded.read_log(0, None)
        assert curve.score is not None and len(curve.score), file.name
    assert len(real) >= 30
