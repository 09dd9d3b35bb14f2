"""The program as a process: killed, ended, asked for the test score, given nonsense."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

import tuner
from tuner.inside import parameters, torch_classifier, training
from tuner.record import Params
from tuner.spec import TrialSpec
from tuner.trainers.torch import TorchOptions, TorchTrainer

EPOCHS = 40
PARAMS: Params = {"model": "cnn-s", "batch": 16, "optimizer": "rmsprop", "lr": 0.003, "dropout": 0.3}
TRAINER = TorchTrainer(TorchOptions(train_size=200, device="cpu"), Path())
ROOT = Path(tuner.__file__).parents[1]


def command(folder: Path, *, params: Params = PARAMS, resume: bool = False) -> tuple[str, ...]:
    folder.mkdir(exist_ok=True)
    return TRAINER.command(TrialSpec(1, params, EPOCHS, 7, folder, "val/accuracy", True), resume=resume).argv


def start(folder: Path, *, resume: bool = False) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(folder, resume=resume), cwd=ROOT)


def train_here(folder: Path, *, resume: bool = False) -> None:
    path = Path(command(folder, resume=resume)[3])
    training.train(json.loads(path.read_text()), parameters.parse(PARAMS), resume=resume)


def wait_for_rows(process: subprocess.Popen[bytes], folder: Path, n: int) -> None:
    deadline = time.monotonic() + 60
    while len(log(folder)) < n:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def log(folder: Path) -> list[list[str]]:
    """Return the rows without the seconds, which differ from run to run."""
    file = folder / "log.csv"
    rows = [line.split(",") for line in file.read_text().splitlines()[1:]] if file.exists() else []
    return [[row[0], *row[2:]] for row in rows]


def test_a_run_killed_and_ended_half_way_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    killed = start(broken)
    train_here(whole)
    wait_for_rows(killed, broken, 3)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL

    ended = start(broken, resume=True)
    wait_for_rows(ended, broken, len(log(broken)) + 2)
    ended.terminate()
    assert ended.wait(timeout=20) == 143
    assert len(log(broken)) < EPOCHS

    train_here(broken, resume=True)
    assert [row[0] for row in log(broken)] == [str(epoch) for epoch in range(1, EPOCHS + 1)]
    assert log(broken) == log(whole)


def test_prints_the_test_score_of_the_best_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = command(tmp_path, params={"lr": 0.1})[3]
    spec = {**json.loads(Path(path).read_text()), "epochs": 10}
    training.train(spec, parameters.Parameters(lr=0.1), resume=False)
    assert torch_classifier.main([path, "--test"]) == 0
    assert 0.6 < json.loads(capsys.readouterr().out)["test_accuracy"] <= 1


def test_a_test_without_a_checkpoint_says_which_file_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert torch_classifier.main([command(tmp_path)[3], "--test"]) == 2
    assert "best.pt" in capsys.readouterr().err


def test_refuses_an_unknown_parameter_before_it_imports_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from tuner.inside.torch_classifier import main; main(sys.argv[1:]); print('torch' in sys.modules)"
    )
    argv = [TRAINER.command(_unknown(tmp_path), resume=False).argv[0], "-c", code, str(tmp_path / "spec.json")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "unknown parameter 'lrr', did you mean 'lr'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "False\n"


def _unknown(folder: Path) -> TrialSpec:
    return TrialSpec(1, {"lrr": 1}, EPOCHS, 7, folder, "val/accuracy", True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Expecting property name"),
        ("{}", "expected the keys cache, data, device"),
        (json.dumps(dict.fromkeys(torch_classifier.NEEDED, "map50")), "objective: expected one of epoch"),
    ],
)
def test_refuses_a_spec_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "spec.json"
    path.write_text(content)
    assert torch_classifier.main([str(path)]) == 2
    assert message in capsys.readouterr().err


def test_refuses_a_spec_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert torch_classifier.main([str(tmp_path / "spec.json")]) == 2
    assert "No such file" in capsys.readouterr().err
