"""Trials as jobs: on this machine through submitit's local executor, where the same files say how each ended.

What Slurm itself does (queue, cancellation, time limits, a driver that is a job) is proven by scripts/slurm_proof.py.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from tests import driving
from tests.conftest import SMALL
from tuner import config
from tuner.errors import ConfigError
from tuner.executors import slurm
from tuner.executors.slurm import Queue, SlurmTrial, Submitted

Write = Callable[..., Path]

EPOCHS = 7


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "small"


@pytest.fixture
def study(write_config: Write, folder: Path) -> Iterator[Callable[..., Path]]:
    """Return a function that writes a study whose trials are jobs on this machine; none of them stays."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'tuner[slurm]'")

    def write(*flags: str, **changes: Any) -> Path:
        trainer = {key: f"{SMALL['trainer'][key]} {' '.join(flags)}" for key in ("command", "resume")}
        return write_config(
            executor={"name": "slurm", "cluster": "local"},
            trainer={**SMALL["trainer"], **trainer},
            **{"jobs": 2, "budget": {"trials": 2}, "epochs": EPOCHS, **changes},
        )

    yield write
    for process in driving.processes_of(folder):
        os.kill(process, signal.SIGKILL)


def epochs(folder: Path, number: int) -> list[int]:
    return [int(row.split(",")[0]) for row in driving.rows(folder, number)]


def trained(folder: Path) -> int:
    return sum(len(epochs(folder, number)) for number in range(2))


@pytest.mark.slurm
@pytest.mark.parametrize(
    ("end", "pausing"), [(signal.SIGKILL, False), (signal.SIGTERM, {"eta": 2, "first": EPOCHS - 1})]
)
def test_trials_train_on_without_their_driver_and_the_next_one_takes_them_up(
    study: Any, folder: Path, end: signal.Signals, pausing: Any
) -> None:
    path = study("--seconds", "1.0", "--until", "{until}", pausing=pausing)
    driver = driving.driver(path)
    driving.wait_until(lambda: trained(folder) >= 2, 60)
    os.kill(driver.pid, end)
    driver.wait(timeout=20)  # its output stays open: jobs on this machine have it, too
    before = trained(folder)
    driving.wait_until(lambda: trained(folder) >= before + 2)
    done = driving.tuner("run", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is taken up again") == 2
    trained_to = [EPOCHS - 1 if state is TrialState.PRUNED else EPOCHS for state in driving.states(folder)]
    assert [epochs(folder, n) for n in (0, 1)] == [list(range(1, last + 1)) for last in trained_to]
    assert EPOCHS in trained_to
    outputs = [(folder / "trials" / f"{n:04d}" / "output.txt").read_text() for n in (0, 1)]
    assert bool(pausing) == any("continues" in output for output in outputs)


@pytest.mark.slurm
def test_ctrl_c_ends_the_jobs_and_the_next_driver_continues_them(study: Any, folder: Path) -> None:
    path = study("--seconds", "0.3")
    driver = driving.driver(path)
    driving.wait_until(lambda: trained(folder) >= 3, 60)
    os.kill(driver.pid, signal.SIGINT)
    driver.communicate(timeout=30)
    assert driving.processes_of(folder) == []
    assert driving.tuner("run", path).returncode == 0
    assert [epochs(folder, n) for n in (0, 1)] == [list(range(1, EPOCHS + 1))] * 2


@pytest.mark.slurm
def test_a_trial_whose_job_is_cancelled_goes_on_in_another_one(study: Any, folder: Path) -> None:
    driver = driving.driver(study("--seconds", "0.3", budget={"trials": 1}, jobs=1))
    driving.wait_until(lambda: len(epochs(folder, 0)) >= 2, 60)
    job = driving_job(folder)
    os.kill(job.process, signal.SIGTERM)  # as Slurm does at a time limit or for scancel
    output, errors = driver.communicate(timeout=60)
    assert driver.returncode == 0, errors
    assert "trial 0 goes on elsewhere, from its last checkpoint" in output
    assert f"its job {job.name} was ended by Slurm with SIGTERM" in " ".join(output.split())
    assert epochs(folder, 0) == list(range(1, EPOCHS + 1))


def driving_job(folder: Path) -> Submitted:
    return Submitted(**json.loads((folder / "trials" / "0000" / slurm.JOB).read_text()))


class Away(Queue):
    """A queue that knows what it is told; there is no Slurm here to ask."""

    def __init__(self) -> None:
        super().__init__("slurm")
        self.told = ""

    def state(self, submitted: Submitted) -> str:
        return self.told


def test_what_waits_in_the_queue_is_neither_training_nor_lost(tmp_path: Path) -> None:
    queue = Away()
    trial = SlurmTrial(Submitted("small-0000-a", "a", "slurm"), tmp_path, tmp_path / "log.csv", queue)
    queue.told = "PENDING"
    assert (trial.poll(), trial.queued, trial.lost) == (None, True, "")
    queue.told = "RUNNING"
    assert (trial.poll(), trial.queued) == (None, False)


def test_a_job_whose_node_failed_is_lost_once_its_last_word_had_time_to_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, now = Away(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    trial = SlurmTrial(Submitted("small-0000-a", "a", "slurm"), tmp_path, tmp_path / "log.csv", queue)
    queue.told = ""
    assert trial.poll() is None
    now[0] += slurm.VISIBLE_SECONDS + 1
    assert trial.poll() == slurm.LOST
    assert trial.lost == "its job small-0000-a is gone (not in the queue any more)"
    queue.told = "NODE_FAIL"
    failed = SlurmTrial(Submitted("small-0001-b", "b", "slurm"), tmp_path, tmp_path / "log.csv", queue)
    assert failed.poll() == slurm.LOST
    assert failed.lost == "its job small-0001-b is gone (node_fail)"


def test_the_word_of_an_earlier_job_is_not_that_of_this_one(tmp_path: Path) -> None:
    queue = Away()
    queue.told = "RUNNING"
    (tmp_path / "ran.json").write_text('{"key": "a", "code": 0, "ended_by": "", "log_size": 0}')
    assert SlurmTrial(Submitted("s-a", "a", "slurm"), tmp_path, tmp_path / "log.csv", queue).poll() == 0
    assert SlurmTrial(Submitted("s-b", "b", "slurm"), tmp_path, tmp_path / "log.csv", queue).poll() is None


def test_where_nothing_can_be_submitted_one_line_says_so(write_config: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'tuner[slurm]'")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match=r"executor: expected a machine that submits to Slurm.* no sbatch"):
        config.load(write_config(executor="slurm"))


def test_without_submitit_one_line_says_what_to_install(write_config: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ConfigError, match=r"executor: expected submitit .* pip install 'tuner\[slurm\]'"):
        config.load(write_config(executor="slurm"))
