"""A program is known from its source alone: its options with their defaults, its columns, its files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import PROGRAM
from tuner.errors import ConfigError
from tuner.init import program, script
from tuner.init.options import space

REGRESSION = PROGRAM.parent / "regression.py"
FOREIGN = "some_library_that_is_nowhere_installed"


def source(tmp_path: Path, *lines: str, name: str = "train.py") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def argument(*words: str) -> str:
    return f"parser.add_argument({', '.join(words)})"


def spaces(tmp_path: Path, *lines: str) -> dict[str, object]:
    """Return the search space of a program with these lines, as YAML reads it."""
    found = space(program.read(source(tmp_path, *lines)))
    return {name: yaml.safe_load(line) for name, line in found.items()}


def test_a_program_is_read_and_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    path = source(tmp_path, f"import {FOREIGN}", f"open({str(mark)!r}, 'w')", argument("'--lr'", "default=0.1"))
    assert [o.flag for o in program.read(path).options] == ["--lr"]
    assert not mark.exists()


def test_the_options_of_a_real_program_are_found_with_their_defaults() -> None:
    found = program.read(REGRESSION)
    defaults = {o.name: o.default for o in found.options}
    assert defaults["learning_rate"] == 0.01  # a constant of the module
    assert (defaults["batch_size"], defaults["epochs"], defaults["out_dir"]) == (16, 12, "runs")
    assert found.columns == ("epoch", "train_loss", "val_loss", "val_r2")
    assert found.compared["optimizer"] == ("momentum", "sgd")


def test_every_role_becomes_a_parameter_around_its_default(tmp_path: Path) -> None:
    found = spaces(
        tmp_path,
        argument("'--lr0'", "default=0.02"),
        argument("'--batch'", "default=8"),
        argument("'--width'", "type=int", "default=64"),
        argument("'--wd'", "default=0"),
        argument("'--optim'", "choices=['sgd', 'adam']", "default='adam'"),
        argument("'--momentum'", "default=0.9"),
        argument("'--warmup-epochs'", "type=int", "default=3"),
        argument("'--drop-rate'", "default=0.2"),
        argument("'--verbose'", "action='store_true'"),
    )
    assert found["lr0"] == {"grid": [0.0003, 1], "default": 0.03}
    assert found["batch"] == {"ordered": [2, 4, 8, 16, 32], "default": 8}
    assert found["width"] == {"ordered": [16, 32, 64, 128, 256], "default": 64}
    assert found["wd"] == {"ordered": [0.0, 1e-5, 1e-4, 0.001, 0.01], "default": 0.0}
    assert found["optim"] == {"choice": ["sgd", "adam"], "default": "adam"}
    assert found["momentum"] == {"linear": [0.0, 0.99], "default": 0.9}
    assert found["warmup_epochs"] == {"linear": [0, 6], "int": True, "default": 3}
    assert found["drop_rate"] == {"linear": [0.0, 0.5], "default": 0.2, "role": "dropout"}
    assert list(found)[:2] == ["lr0", "batch"] and "verbose" not in found


def test_options_of_click_are_options_too(tmp_path: Path) -> None:
    found = spaces(
        tmp_path,
        "@click.option('--lr', default=0.1)",
        "@click.option('--optimizer', type=click.Choice(['sgd', 'adam']), default='sgd')",
        "def main(lr, optimizer): ...",
    )
    assert found["lr"] == {"grid": [0.001, 10], "default": 0.1}
    assert found["optimizer"] == {"choice": ["sgd", "adam"], "default": "sgd"}


def test_an_optimizer_that_takes_nobody_knows_what_is_left_alone(tmp_path: Path) -> None:
    assert spaces(tmp_path, argument("'--optimizer'", "default='sgd'")) == {}


def test_options_in_a_module_beside_it_count(tmp_path: Path) -> None:
    source(tmp_path, argument("'--lr'", "default=0.1"), name="args.py")
    assert spaces(tmp_path, "from args import parser") == {"lr": {"grid": [0.001, 10], "default": 0.1}}


@pytest.mark.parametrize("text", [b"def train(:", b"\xff\xfe lr", b"x = 1\0", b"(" * 5000])
def test_a_file_that_is_no_program_is_refused_in_one_line(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match="expected a Python program, but got") as caught:
        program.read(path)
    assert "\n" not in str(caught.value)


COLUMNS = [
    ("writer.writerow(['epoch', 'loss', 'val_acc'])", "val_acc", "maximize"),
    ("print('epoch,train_loss,val_loss')", "val_loss", "minimize"),
    ("row = {'epoch': e, 'metrics/mAP50(B)': a, 'metrics/mAP50-95(B)': b}", "metrics/mAP50-95(B)", "maximize"),
    ("row = {'epoch': e, 'test_acc': a, 'val_acc': b}", "val_acc", "maximize"),
    ("row = {'epoch': e, 'train_loss': a, 'val_rmse': b}", "val_rmse", "minimize"),
]


@pytest.mark.parametrize(("line", "metric", "direction"), COLUMNS)
def test_the_objective_is_a_column_of_its_log(tmp_path: Path, line: str, metric: str, direction: str) -> None:
    draft = script.draft(source(tmp_path, line), tmp_path, [], 0)
    assert yaml.safe_load(draft.text)["objective"] == {"metric": metric, "direction": direction}


def command(tmp_path: Path, *lines: str) -> str:
    draft = script.draft(source(tmp_path, *lines), tmp_path, [], 0)
    return str(yaml.safe_load(draft.text)["trainer"]["command"])


def test_what_a_program_requires_and_nobody_knows_is_left_to_be_filled_in(tmp_path: Path) -> None:
    lines = [argument("'images'"), argument("'--classes'", "type=int", "required=True"), argument("'--lr'")]
    assert command(tmp_path, *lines).endswith("train.py --lr {lr} FILL_IN --classes FILL_IN")
    guessed = script.draft(tmp_path / "train.py", tmp_path, [], 0).guessed
    assert any("images, --classes: required" in line for line in guessed)


def test_its_log_is_sent_into_the_folder_of_the_trial(tmp_path: Path) -> None:
    assert "--out {folder}" in command(tmp_path, argument("'--out'", "default='x'"))
    assert "--csv {folder}/history.csv" in command(tmp_path, argument("'--csv'", "default='logs/history.csv'"))
    draft = script.draft(source(tmp_path, "pass"), tmp_path, [], 0)
    assert any("no option for the folder to write to" in line for line in draft.guessed)


def test_its_own_patience_never_ends_a_run(tmp_path: Path) -> None:
    assert "--patience {epochs}" in command(tmp_path, argument("'--patience'", "type=int", "default=10"))
    assert "--patience" not in command(tmp_path, argument("'--patience'", "type=int", "default=0"))


def test_a_data_set_beside_it_is_named_to_it(tmp_path: Path) -> None:
    path = source(tmp_path, argument("'--data'", "default='coco.yaml'"))
    data = tmp_path / "sets" / "data.yaml"
    draft = script.draft(path, tmp_path, [data], 0)
    assert "--data {base}/sets/data.yaml" in draft.text


def test_without_a_way_to_go_on_nothing_is_paused(tmp_path: Path) -> None:
    draft = script.draft(source(tmp_path, argument("'--lr'"), "save('best.pt')"), tmp_path, [], 0)
    document = yaml.safe_load(draft.text)
    assert document["pausing"] is False and "resume" not in document["trainer"]
    assert "trials" in document["budget"]


def test_it_goes_on_from_the_last_checkpoint_that_the_source_names(tmp_path: Path) -> None:
    path = source(tmp_path, argument("'--resume'", "default=''"), "save('best.pt')", "save('last.pth')")
    trainer = yaml.safe_load(script.draft(path, tmp_path, [], 0).text)["trainer"]
    assert trainer["checkpoint"] == "last.pth" and trainer["resume"].endswith("--resume {checkpoint}")


def test_the_environment_beside_it_is_used(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("")
    assert command(tmp_path, argument("'--lr'")).startswith(".venv/bin/python train.py")
