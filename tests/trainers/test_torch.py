"""The driver's side of the built-in classifier."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.inside.pictures import folders
from tuner import columns, space_file
from tuner.diagnosis import diagnose
from tuner.inside.parameters import COLUMNS, KNOWN, LAST_FILE, Parameters
from tuner.readers import csv
from tuner.registry import SYMPTOMS
from tuner.spec import Log, TrialSpec
from tuner.trainers.torch import TorchOptions, TorchTrainer

TRAINER = TorchTrainer(TorchOptions(train_size=100, label_noise=0.1), Path())


def spec(folder: Path) -> TrialSpec:
    return TrialSpec(3, {"lr": 0.1}, 5, 7, folder, "val/accuracy", True)


def test_driving_it_does_not_import_torch() -> None:
    code = "import sys, tuner.trainers.torch; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_writes_the_spec_that_the_program_reads(tmp_path: Path) -> None:
    command = TRAINER.command(spec(tmp_path), resume=False)
    assert command.argv == (sys.executable, "-m", "tuner.inside.torch_classifier", str(tmp_path / "spec.json"))
    written = json.loads((tmp_path / "spec.json").read_text())
    assert written["params"] == {"lr": 0.1}
    assert (written["train_size"], written["label_noise"], written["data"]) == (100, 0.1, "digits")


def test_continues_only_where_there_is_a_whole_checkpoint(tmp_path: Path) -> None:
    assert not TRAINER.can_continue(tmp_path)
    (tmp_path / LAST_FILE).touch()
    assert not TRAINER.can_continue(tmp_path)
    (tmp_path / LAST_FILE).write_bytes(b"x")
    assert TRAINER.can_continue(tmp_path)
    assert TRAINER.command(spec(tmp_path), resume=True).argv[-1] == "--resume"


def test_says_where_its_log_is(tmp_path: Path) -> None:
    assert TRAINER.log(tmp_path) == Log(tmp_path / "log.csv", "csv", {})


def test_accepts_the_parameters_it_knows() -> None:
    values = {**asdict(Parameters()), "epochs": 30}
    TRAINER.check(space_file.build({name: {"choice": [value]} for name, value in values.items()}, "space"))


def test_names_the_parameter_it_does_not_know() -> None:
    with pytest.raises(
        ValueError, match=r"unknown parameter 'weight_decy', did you mean 'weight_decay'\? \(known: lr,"
    ):
        TRAINER.check(space_file.build({"lr": {"grid": [0.1, 1]}, "weight_decy": {"log": [1e-3, 0.1]}}, "space"))


def test_names_a_value_of_the_space_that_no_trial_could_train_with() -> None:
    with pytest.raises(ValueError, match=r"model: expected one of mlp-xs, .* but got 'mlp-q'"):
        TRAINER.check(space_file.build({"model": {"ordered": ["mlp-s", "mlp-q"], "default": "mlp-s"}}, "space"))


@pytest.mark.parametrize(
    "options",
    [
        {"test_share": 0.9},
        {"image_size": 4},
        {"train_size": 0},
        {"label_noise": 1},
        {"val_share": 0.9},
        {"device": "gpu"},
        {"epochs": 3},
    ],
)
def test_refuses_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TorchOptions(**options)


def test_its_manual_names_every_option_and_parameter() -> None:
    manual = sys.modules[TorchTrainer.__module__].__doc__ or ""
    assert all(f"{name}:" in manual for name in TorchOptions.model_fields)
    assert all(f"`{name}`" in manual for name in KNOWN)


def checked(data: Path, space: dict[str, Any] | None = None, **options: Any) -> TorchTrainer:
    trainer = TorchTrainer(TorchOptions(data=data.name, **options), data.parent)
    trainer.check(space_file.build(space or {"lr": {"grid": [0.1, 1]}}, "space"))
    return trainer


def test_says_what_the_images_of_a_person_are(tmp_path: Path) -> None:
    trainer = checked(folders(tmp_path / "mine", (30, 15, 9)))
    about = trainer.about(space_file.build({"lr": {"grid": [0.1, 1]}}, "space"))
    assert about.data == "mine: 32 training, 11 validation, 11 test images, 3 classes (a, b, c)"
    assert (about.images, about.test, about.remarks) == (32, True, ())
    assert trainer.data_check() == (str(tmp_path / "mine"),)


def test_images_that_cannot_be_trained_on_are_refused_before_any_trial(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data: .*mine: expected a folder .* but there is nothing"):
        checked(tmp_path / "mine")
    with pytest.raises(ValueError, match="expected two classes or more"):
        checked(folders(tmp_path / "one", (9,)))


def test_a_set_without_test_images_is_not_tested(tmp_path: Path) -> None:
    folders(tmp_path / "mine" / "train", (9, 9))
    folders(tmp_path / "mine" / "val", (3, 3), first=50)
    trainer = checked(tmp_path / "mine")
    assert trainer.test(tmp_path) is None
    assert not trainer.about(space_file.build({"lr": {"grid": [0.1, 1]}}, "space")).test


def test_every_model_of_the_space_needs_its_weights_where_weights_are_named(tmp_path: Path) -> None:
    mine = folders(tmp_path / "mine", (9, 9))
    (tmp_path / "resnet18.pth").touch()
    space = {"model": {"ordered": ["resnet18", "resnet34"]}}
    with pytest.raises(ValueError, match=r"weights: expected a file for resnet34, but there is none at .*resnet34"):
        checked(mine, space, weights="{model}.pth")


def test_what_may_be_meant_otherwise_is_said(tmp_path: Path) -> None:
    mine = folders(tmp_path / "mine", (9, 9))
    space = {"model": {"ordered": ["cnn-s", "resnet18"]}, "head_epochs": {"ordered": [0, 5]}}
    remarks = checked(mine, space, image_size=32).remarks
    assert [remark.partition(":")[0] for remark in remarks] == ["image_size", "head_epochs"]


def test_classes_that_are_far_from_balanced_are_named_and_what_evens_them_out(tmp_path: Path) -> None:
    mine = folders(tmp_path / "mine", (60, 8))
    (remark,) = checked(mine, {}).remarks
    assert remark.startswith("data: 36 training images of 'a', 4 of 'b'") and "oversample" in remark
    (remark,) = checked(mine, {"oversample": {"ordered": [0, 1]}}).remarks
    assert remark.endswith("accuracy would hide that")
    assert checked(folders(tmp_path / "even", (20, 20)), {}).remarks == ()


def test_the_end_of_a_range_that_cannot_be_trained_with_is_named() -> None:
    with pytest.raises(ValueError, match="ema: expected 0 or more and below 1, but got 1"):
        TRAINER.check(space_file.build({"ema": {"linear": [0.0, 1.0], "default": 0.0}}, "space"))


def test_diagnoses_look_at_the_loss_that_the_images_cause(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    epochs = range(1, 31)
    learnt, shrunk = [2 * 0.5**e for e in epochs], [3 * 0.9**e for e in epochs]
    rows = [
        [e, e, 0.1, 0.5 + a, b, 0.5 + a + b, 0.6 + a, *3 * [0.8 - a / 4]]
        for e, a, b in zip(epochs, learnt, shrunk, strict=True)
    ]
    log.write_text("\n".join([",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]) + "\n")
    how: dict[str, Any] = {"objective": "val/accuracy", "higher_is_better": True, "planned_epochs": 30, "options": {}}
    curve = csv.read(log, **how)
    assert curve.train_loss is not None and curve.train_loss.name == "train/loss"
    verdict = diagnose(curve, SYMPTOMS).verdict
    assert verdict is not None and verdict.name == "converged"  # the total still falls by half in the last seven epochs
    assert [columns.find(name) for name in COLUMNS[3:]] == [
        "train_loss", "regulariser", "regularised_loss", "val_loss", "accuracy", "balanced_accuracy", "F1",
    ]  # fmt: skip
