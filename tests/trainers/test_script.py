"""Any command line as a trainer: the files that it gets, what it continues from, and when it may be stopped."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuner import config, space_file
from tuner.errors import ConfigError
from tuner.source import LogSource
from tuner.spec import SPEC_FILE, TrialSpec
from tuner.trainers.script import ScriptOptions, ScriptTrainer

Write = Callable[..., Path]
SPACE = {"lr": {"grid": [0.001, 10]}, "batch": {"ordered": [4, 8]}}
HYP = {"hyp.yaml": {"from": "hyps/low.yaml"}}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a folder with a file of settings in it."""
    (tmp_path / "hyps").mkdir()
    (tmp_path / "hyps" / "low.yaml").write_text("lr: 0.01  # as it comes\nmosaic: 1.0\nanchors: [1, 2]\n")
    return tmp_path


def trainer(base: Path, command: str = "train --batch {batch} --hyp {folder}/hyp.yaml", **more: Any) -> ScriptTrainer:
    options = {"command": command, "resume": "train --resume {checkpoint}", "files": HYP, **more}
    return ScriptTrainer(ScriptOptions.model_validate(options), base)


def spec(folder: Path, **params: Any) -> TrialSpec:
    folder.mkdir(exist_ok=True)
    return TrialSpec(3, params or {"lr": 0.3, "batch": 8}, 10, 0, folder, "score", True)


def complaint(trainer: ScriptTrainer, **space: Any) -> str:
    with pytest.raises(ValueError) as caught:
        trainer.check(space_file.build(space or SPACE, "space"))
    return str(caught.value)


def archive(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("weights", "0" * 1000)
    return path.read_bytes()


def test_a_file_has_the_values_of_the_trial_and_else_those_it_comes_from(base: Path) -> None:
    command = trainer(base).command(spec(base / "trial"), resume=False)
    assert command.argv == ("train", "--batch", "8", "--hyp", f"{base}/trial/hyp.yaml")
    assert yaml.safe_load((base / "trial" / "hyp.yaml").read_text()) == {"lr": 0.3, "mosaic": 1.0, "anchors": [1, 2]}


def test_a_parameter_that_does_not_apply_leaves_the_value_of_the_file(base: Path) -> None:
    trainer(base).command(spec(base / "trial", batch=8), resume=False)
    assert yaml.safe_load((base / "trial" / "hyp.yaml").read_text())["lr"] == 0.01


def test_a_trial_that_is_continued_keeps_its_files(base: Path) -> None:
    found, trial = trainer(base), spec(base / "trial")
    found.command(trial, resume=False)
    (base / "hyps" / "low.yaml").write_text("lr: 1\nmosaic: 0.0\n")
    archive(base / "trial" / "last.pt")
    found.command(trial, resume=True)
    assert yaml.safe_load((base / "trial" / "hyp.yaml").read_text())["mosaic"] == 1.0


def test_files_are_looked_for_in_the_working_directory(base: Path) -> None:
    inside = trainer(base, cwd="hyps", files={"hyp.yaml": {"from": "low.yaml"}})
    inside.check(space_file.build(SPACE, "space"))


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"hyp.yaml": {"from": "no.yaml"}}, "files.hyp.yaml.from: expected a file, but there is none at"),
        ({"../hyp.yaml": {"from": "hyps/low.yaml"}}, "expected a new file inside the trial's folder, but got '../hyp"),
        ({SPEC_FILE: {"from": "hyps/low.yaml"}}, "files: expected a new file inside the trial's folder"),
        ({"hyp.yaml": {"from": "nested.yaml"}}, "expected a flat mapping, but 'optimizer' of"),
        ({"hyp.yaml": {"from": "other.yaml"}}, "expected a parameter of the space among the keys, but got"),
    ],
)
def test_a_file_that_cannot_be_made_is_refused(base: Path, files: Any, problem: str) -> None:
    (base / "nested.yaml").write_text("optimizer: {lr: 1}\n")
    (base / "other.yaml").write_text("rate: 1\n")
    assert problem in complaint(trainer(base, files=files))


def test_a_file_that_is_no_mapping_is_named(base: Path) -> None:
    (base / "hyps" / "low.yaml").write_text("- lr\n")
    with pytest.raises(ConfigError, match=r"low.yaml: expected a mapping of keys, but got \['lr'\]"):
        trainer(base).check(space_file.build(SPACE, "space"))


def test_a_key_that_no_file_has_is_named(write_config: Write) -> None:
    files = {"hyp.yaml": {"form": "low.yaml"}}
    with pytest.raises(ConfigError, match=r"trainer.files.hyp.yaml.f\w+: "):
        config.load(write_config(trainer={"name": "script", "command": "t", "files": files}))


def test_a_parameter_that_would_change_nothing_is_refused(base: Path) -> None:
    moment = {"momentum": {"linear": [0, 1]}}
    assert complaint(trainer(base), **SPACE, **moment) == (
        "expected every parameter of the space in the command or a file, but 'momentum' is in none: "
        "write {momentum} where it belongs, or take it out of the space"
    )
    trainer(base, "train {batch} {folder}/spec.json").check(space_file.build({**SPACE, **moment}, "space"))
    trainer(base, "train {folder}", files={}).check(space_file.build({**SPACE, **moment}, "space"))


def test_a_parameter_that_switches_another_need_not_be_named(base: Path) -> None:
    switched = {"strong": {"choice": [False, True]}, "lr": {"grid": [0.001, 1], "when": {"strong": [True]}}}
    trainer(base, "train {folder}/hyp.yaml").check(space_file.build(switched, "space"))


def test_a_program_that_is_not_there_is_refused(base: Path) -> None:
    assert "command: expected a program, but there is none at" in complaint(trainer(base, ".venv/bin/python {batch}"))


def test_the_first_checkpoint_that_is_whole_is_continued_from(base: Path) -> None:
    found, folder = trainer(base, checkpoint=["last.pt", "best.pt"]), base / "trial"
    trial = spec(folder)
    assert not found.can_continue(folder)
    (folder / "last.pt").write_bytes(archive(folder / "best.pt")[:-30])
    assert found.can_continue(folder)
    assert found.command(trial, resume=True).argv == ("train", "--resume", f"{folder}/best.pt")
    archive(folder / "last.pt")
    assert found.command(trial, resume=True).argv == ("train", "--resume", f"{folder}/last.pt")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no end"])
def test_a_checkpoint_that_was_cut_short_is_none(base: Path, content: bytes) -> None:
    spec(base / "trial")
    (base / "trial" / "last.pt").write_bytes(content)
    assert not trainer(base).can_continue(base / "trial")


def test_a_row_is_saved_once_the_checkpoints_after_it_are_whole(base: Path) -> None:
    folder = base / "trial"
    late = trainer(base, checkpoint=["last.pt", "best.pt"], checkpoint_after_row=True)
    source = LogSource(spec(folder), late.log(folder))
    log, last, best = folder / "results.csv", folder / "last.pt", folder / "best.pt"
    whole = archive(last)
    log.write_text("epoch,score\n1,0.5\n")
    written = log.stat().st_mtime
    os.utime(last, (written - 1, written - 1))
    assert not source.saved()  # that of an earlier epoch
    last.write_bytes(whole[:-30])
    assert not source.saved()  # being written
    last.write_bytes(whole)
    assert source.saved()
    best.write_bytes(whole[:-30])
    assert not source.saved()
    os.utime(best, (written - 1, written - 1))
    assert source.saved()  # cut short long ago: nobody will mend it


def test_a_checkpoint_before_its_row_is_not_waited_for(base: Path) -> None:
    folder = base / "trial"
    assert LogSource(spec(folder), trainer(base).log(folder)).saved()
