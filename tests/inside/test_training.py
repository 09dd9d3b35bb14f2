"""Trainings of a second or less, killed at every awkward moment."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from tuner.inside import checkpoint, data, training
from tuner.inside.parameters import COLUMNS, parse
from tuner.trainers.torch import TorchOptions, TorchTrainer

EPOCHS = 5
PARAMS = {"model": "mlp-xs", "optimizer": "adam", "lr": 0.01, "dropout": 0.2, "batch": 32}


class Killed(BaseException):
    """Stands for the end of the process."""


def spec(folder: Path, **changes: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    options = TorchTrainer(TorchOptions(train_size=100, device="cpu"), folder)._settings(folder)
    base = {"epochs": EPOCHS, "seed": 1, "folder": str(folder), "objective": "val/accuracy", "higher_is_better": True}
    return {**options, **base, **changes}


def train(folder: Path, params: dict[str, Any] = PARAMS, *, resume: bool = False, **changes: Any) -> None:
    training.train(spec(folder, **changes), parse(params), resume=resume)


def rows(folder: Path) -> list[dict[str, float]]:
    """Return the log without the seconds, which differ from run to run."""
    header, *lines = (folder / "log.csv").read_text().splitlines()
    assert header == ",".join(COLUMNS)
    cells = [dict(zip(COLUMNS, map(float, line.split(",")), strict=True)) for line in lines]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in cells]


def weights(folder: Path, file: str = "last.pt") -> bytes:
    model = checkpoint.load(folder / file)["model"]
    return b"".join(value.numpy().tobytes() for value in model.values())


def assert_same_run(folder: Path, other: Path) -> None:
    assert rows(folder) == rows(other)
    assert weights(folder) == weights(other)
    assert weights(folder, "best.pt") == weights(other, "best.pt")


def test_a_run_paused_twice_is_the_run_that_never_was(uninterrupted: Path, tmp_path: Path) -> None:
    for until, rows_then in ((1, 1), (3, 3), (EPOCHS, EPOCHS)):
        train(tmp_path / "paused", until=until, resume=until > 1)
        assert len(rows(tmp_path / "paused")) == rows_then
    assert_same_run(tmp_path / "paused", uninterrupted)


@pytest.fixture
def uninterrupted(tmp_path: Path) -> Path:
    train(tmp_path / "uninterrupted")
    return tmp_path / "uninterrupted"


def test_logs_one_row_an_epoch_and_learns(uninterrupted: Path) -> None:
    logged = rows(uninterrupted)
    assert [row["epoch"] for row in logged] == [1, 2, 3, 4, 5]
    assert logged[-1]["train/loss"] < logged[0]["train/loss"]
    assert logged[-1]["val/accuracy"] > 0.3


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path: Path, uninterrupted: Path) -> None:
    train(tmp_path / "same")
    train(tmp_path / "other", seed=2)
    assert_same_run(tmp_path / "same", uninterrupted)
    assert rows(tmp_path / "other") != rows(uninterrupted)


@pytest.mark.parametrize("step", ["save", "append_log"])
@pytest.mark.parametrize("at", [1, 4])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_kill_around_any_write_changes_nothing(
    tmp_path: Path, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch, step: str, at: int, done: bool
) -> None:
    write, calls = getattr(checkpoint, step), []

    def killing(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) < at or done:
            write(*arguments)
        if len(calls) == at:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, step, killing)
        train(tmp_path / "killed")
    train(tmp_path / "killed", resume=True)
    assert_same_run(tmp_path / "killed", uninterrupted)


@pytest.mark.parametrize("damage", ["half", "doubled", "lost", "gone"])
def test_a_resume_repairs_the_log(
    tmp_path: Path, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    folder = tmp_path / "damaged"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training, "_better", _killed_at_call(4))
        train(folder)
    lines = (folder / "log.csv").read_text().splitlines(keepends=True)
    damaged = {"half": [*lines[:-1], lines[-1][:7]], "doubled": [*lines, lines[-1]], "lost": lines[:-1], "gone": []}
    (folder / "log.csv").write_text("".join(damaged[damage]))
    train(folder, resume=True)
    assert_same_run(folder, uninterrupted)


def _killed_at_call(n: int) -> Any:
    better, calls = training._better, []

    def killing(*arguments: Any, **named: Any) -> bool:
        calls.append(arguments)
        if len(calls) == n:
            raise Killed
        return better(*arguments, **named)

    return killing


def test_a_finished_run_resumes_into_nothing(uninterrupted: Path) -> None:
    before = (uninterrupted / "log.csv").read_bytes()
    train(uninterrupted, resume=True)
    assert (uninterrupted / "log.csv").read_bytes() == before


def test_a_fresh_start_forgets_what_lies_in_the_folder(tmp_path: Path, uninterrupted: Path) -> None:
    train(tmp_path / "again", seed=2)
    train(tmp_path / "again")
    assert_same_run(tmp_path / "again", uninterrupted)


def test_seconds_go_on_after_a_resume(uninterrupted: Path) -> None:
    (seconds_before, *_), *_ = [_seconds(uninterrupted)[-1:]]
    train(uninterrupted, resume=True, epochs=EPOCHS + 1)
    assert _seconds(uninterrupted)[-1] > seconds_before


def _seconds(folder: Path) -> list[float]:
    return [float(line.split(",")[1]) for line in (folder / "log.csv").read_text().splitlines()[1:]]


def test_divergence_is_logged_to_the_last_planned_epoch(tmp_path: Path) -> None:
    runs = []
    for seed in range(4):  # which of them gets to NaN may differ from machine to machine
        train(tmp_path / str(seed), {"lr": 10, "model": "mlp-m", "momentum": 0, "batch": 8}, epochs=3, seed=seed)
        runs.append([row["train/loss"] for row in rows(tmp_path / str(seed))])
    assert [len(losses) for losses in runs] == [3] * 4
    assert any(math.isnan(losses[-1]) for losses in runs)
    assert all(losses[-1] > 2 or math.isnan(losses[-1]) for losses in runs)


def test_clipped_gradients_bound_every_step_and_tame_a_rate_that_is_too_high(tmp_path: Path) -> None:
    high = {"lr": 3, "model": "mlp-s", "momentum": 0, "weight_decay": 0, "batch": 100}  # one step an epoch
    for limit in (0, 0.01):
        train(tmp_path / str(limit), {**high, "grad_clip": limit, "schedule": "constant"})
    start = torch.cat([p.detach().reshape(-1) for p in _untrained(high).parameters()])
    free, clipped = (torch.frombuffer(bytearray(weights(tmp_path / str(c))), dtype=torch.float32) for c in (0, 0.01))
    assert float((clipped - start).norm()) <= EPOCHS * 3 * 0.01 * 1.001 < float((free - start).norm())
    assert rows(tmp_path / "0.01")[-1]["train/loss"] < rows(tmp_path / "0")[-1]["train/loss"]


def _untrained(params: dict[str, Any]) -> torch.nn.Module:
    settings = spec(Path(), **TorchTrainer(TorchOptions(), Path())._settings(Path()))
    return training._start(settings, parse(params), data.load(settings), torch.device("cpu")).model


@pytest.mark.parametrize("more", [{"grad_clip": 0.1}, {"warmup_epochs": 3}])
def test_a_resume_with_clipping_or_in_the_warm_up_goes_on_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, float]
) -> None:
    params = {**PARAMS, **more}
    train(tmp_path / "whole", params)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training, "_better", _killed_at_call(3))
        train(tmp_path / "killed", params)
    train(tmp_path / "killed", params, resume=True)
    assert_same_run(tmp_path / "killed", tmp_path / "whole")


def test_a_run_without_a_finite_objective_leaves_no_best(tmp_path: Path) -> None:
    train(tmp_path / "high", {"lr": 1e30}, epochs=1, objective="val/loss", higher_is_better=False)
    assert not (tmp_path / "high" / "best.pt").exists()
    assert (tmp_path / "high" / "last.pt").exists()


@pytest.mark.parametrize(("objective", "higher"), [("val/accuracy", True), ("val/loss", False)])
def test_the_best_checkpoint_is_that_of_the_best_epoch(tmp_path: Path, objective: str, higher: bool) -> None:
    folder = tmp_path / "best"
    train(folder, {**PARAMS, "lr": 0.1}, objective=objective, higher_is_better=higher, label_noise=0.3)
    values = [row[objective] for row in rows(folder)]
    best = checkpoint.load(folder / "best.pt")
    assert best["value"] == pytest.approx((max if higher else min)(values), rel=1e-6)
    assert best["epoch"] == values.index((max if higher else min)(values)) + 1


def test_the_test_part_scores_the_best_checkpoint(uninterrupted: Path) -> None:
    scores = training.test(spec(uninterrupted), parse(PARAMS))
    assert set(scores) == {"test_accuracy", "test_balanced_accuracy", "test_f1", "test_loss"}
    assert 0.3 < scores["test_accuracy"] <= 1


def test_the_checkpoint_holds_plain_values_and_tensors_only(uninterrupted: Path) -> None:
    content = torch.load(uninterrupted / "last.pt", weights_only=True)
    assert content["epoch"] == len(content["rows"]) == EPOCHS
