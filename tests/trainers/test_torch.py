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

from tuner import space_file
from tuner.inside.parameters import KNOWN, LAST_FILE, Parameters
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


def test_continues_only_where_there_is_a_checkpoint(tmp_path: Path) -> None:
    assert not TRAINER.can_continue(tmp_path)
    (tmp_path / LAST_FILE).touch()
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
