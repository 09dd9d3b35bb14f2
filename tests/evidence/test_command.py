from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests import driving

Write = Callable[..., Path]


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
