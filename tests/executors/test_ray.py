"""Trials on a cluster of Ray: real nodes on this machine, a node and a driver killed while trials train."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
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
from tuner.executors import ray as ray_executor
from tuner.executors.devices import Wanted
from tuner.executors.ray import RayExecutor, RayOptions
from tuner.spec import Command, Log, TrialSpec

Write = Callable[..., Path]

EPOCHS = 8
# A node is declared dead after some 3 s instead of 15.
IMPATIENT = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 5}


def trainer(*flags: str) -> dict[str, Any]:
    more = " " + " ".join(flags)
    return {
        **SMALL["trainer"],
        "command": SMALL["trainer"]["command"] + more,
        "resume": SMALL["trainer"]["resume"] + more,
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Start a cluster of two nodes with one core each; the second says that it has a GPU."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'tuner[ray]'")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.makedirs("/tmp/ray", exist_ok=True)  # where Ray notes the address, wherever its other files are
    place = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # the paths of its sockets must be short
    small = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    cluster = Cluster(
        initialize_head=True,
        head_node_args={**small, "include_dashboard": False, "temp_dir": place, "_system_config": IMPATIENT},
    )
    cluster.second = cluster.add_node(**small, num_gpus=1)
    yield cluster
    cluster.shutdown()
    shutil.rmtree(place, ignore_errors=True)


def trainings() -> dict[str, int]:
    """Return the trainings that run somewhere outside a study's folder, by the names of their trials."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if b"--seconds" in words and b"--folder" in words and b"-I" not in words:
            found[words[words.index(b"--folder") + 1].decode()] = int(entry.name)
    return found


def epochs(folder: Path, number: int) -> list[int]:
    return [int(row.split(",")[0]) for row in driving.rows(folder, number)]


@pytest.mark.ray
def test_a_trial_whose_node_is_killed_goes_on_on_another_one_and_its_files_with_it(
    cluster: Any, write_config: Write, tmp_path: Path
) -> None:
    """Nothing is shared: what is known of a trial is what was carried back."""
    folder, scratch = tmp_path / "results" / "small", tmp_path / "scratch"
    scratch.mkdir()
    executor = {"name": "ray", "address": cluster.address, "shared": False, "scratch": str(scratch), "carry_seconds": 1}
    path = write_config(
        executor=executor,
        jobs=None,
        budget={"trials": 2},
        epochs=EPOCHS,
        trainer=trainer("--seconds", "0.5", "--behaviour", "children", "--padding", "3000000"),
    )
    process = driving.driver(path)
    try:
        driving.wait_until(lambda: len(epochs(folder, 0)) >= 2 and len(epochs(folder, 1)) >= 2, 60)
        assert len([t for t in trainings() if t.startswith(str(scratch))]) == 2
        assert driving.processes_of(folder) == []
        before = {n: driving.rows(folder, n) for n in (0, 1)}
        cluster.remove_node(cluster.second, allow_graceful=False)
        output, errors = process.communicate(timeout=90)
    finally:
        cluster.second = cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=100 * 2**20)
        process.kill()
    assert process.returncode == 0, errors
    assert output.count("goes on elsewhere, from its last checkpoint") == 1
    assert "node has died" in output
    trials = driving.plain_optuna(folder).trials
    assert [t.state for t in trials] == [TrialState.COMPLETE] * 2
    assert sorted(t.user_attrs["origin"].get("retry", 0) for t in trials) == [0, 1]
    for number in range(2):
        assert epochs(folder, number) == list(range(1, EPOCHS + 1))
        assert not [p.name for p in (folder / "trials" / f"{number:04d}").glob(".*")]
    for number, rows in before.items():
        assert driving.rows(folder, number)[: len(rows)] == rows
    driving.wait_until(lambda: not [t for t in trainings() if t.startswith(str(scratch))])
    driving.wait_until(lambda: not list(scratch.iterdir()))


@pytest.mark.ray
def test_a_driver_that_is_killed_leaves_nothing_behind_and_the_next_one_goes_on(
    cluster: Any, write_config: Write, tmp_path: Path
) -> None:
    """The nodes share the folder, which is found out."""
    folder = tmp_path / "results" / "small"
    path = write_config(
        executor={"name": "ray", "address": cluster.address},
        jobs=None,
        budget={"trials": 2},
        epochs=EPOCHS,
        trainer=trainer("--seconds", "0.5"),
    )
    process = driving.driver(path)
    try:
        driving.wait_until(lambda: sum(len(epochs(folder, n)) for n in range(2)) >= 3, 60)
        assert driving.processes_of(folder)
    finally:
        driving.kill(process)
    before = {n: driving.rows(folder, n) for n in range(2)}
    driving.wait_until(lambda: driving.processes_of(folder) == [], 20)
    done = driving.tuner("run", path)
    assert done.returncode == 0, done.stderr
    assert "continues from its last checkpoint" in done.stdout
    trials = driving.plain_optuna(folder).trials
    assert len(trials) == 2 and all(t.state.is_finished() for t in trials)
    for number, rows in before.items():
        assert driving.rows(folder, number)[: len(rows)] == rows
        assert epochs(folder, number) == list(range(1, EPOCHS + 1))


@pytest.mark.ray
def test_a_paused_trial_goes_on_from_the_checkpoint_that_came_back(
    cluster: Any, write_config: Write, tmp_path: Path
) -> None:
    folder = tmp_path / "results" / "small"
    path = write_config(
        executor={"name": "ray", "address": cluster.address, "shared": False, "scratch": str(tmp_path)},
        jobs=None,
        budget={"trials": 2},
        epochs=4,
        pausing={"eta": 2, "first": 2},
        trainer=trainer("--seconds", "0.1", "--until", "{until}"),
    )
    done = driving.tuner("run", path)
    assert done.returncode == 0, done.stderr
    finished = [n for n in (0, 1) if epochs(folder, n) == [1, 2, 3, 4]]
    assert finished
    for number in finished:
        assert "continues after epoch 2" in (folder / "trials" / f"{number:04d}" / "output.txt").read_text()


@pytest.mark.ray
def test_two_trials_share_a_gpu_and_see_it_alone(cluster: Any, write_config: Write, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys, time\n"
        "print('sees', os.environ['CUDA_VISIBLE_DEVICES'], time.time(), flush=True)\n"
        "time.sleep(2)\n"
        "open(sys.argv[1] + '/results.csv', 'w').write('epoch,val/accuracy\\n1,0.5\\n')\nprint('until', time.time())\n"
    )
    path = write_config(
        executor={"name": "ray", "address": cluster.address, "gpus_per_trial": 0.5, "cpus_per_trial": 0.5},
        trainer={"name": "script", "command": f"{{python}} -S {program} {{folder}} {{lr}}"},
        space={"lr": {"grid": [0.001, 10]}},
        baselines=None,
        devices="auto",
        jobs=None,
        epochs=1,
        budget={"trials": 2},
    )
    done = driving.tuner("run", path)
    assert done.returncode == 0, done.stderr
    words = [(tmp_path / f"results/small/trials/{n:04d}/output.txt").read_text().split() for n in (0, 1)]
    assert [w[1] for w in words] == ["0", "0"]
    assert max(float(w[2]) for w in words) < min(float(w[4]) for w in words), "one after the other"


@pytest.mark.ray
def test_a_stop_reaches_the_node_in_the_grace_period(cluster: Any, write_config: Write, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "small"
    path = write_config(
        executor={"name": "ray", "address": cluster.address},
        jobs=1,
        budget={"trials": 1, "trial_hours": 1 / 3600},
        trainer=trainer("--seconds", "0.2", "--behaviour", "stubborn"),
        grace_seconds=1.0,
        epochs=1000,
    )
    done = driving.tuner("run", path)
    assert done.returncode == 0, done.stderr
    assert driving.plain_optuna(folder).trials[0].user_attrs["ending"]["reason"] == "time_limit"
    assert driving.processes_of(folder) == []


@pytest.mark.ray
def test_the_next_trial_takes_the_place_of_the_last_one_and_what_nobody_takes_is_free_soon(
    cluster: Any, tmp_path: Path
) -> None:
    import ray

    options, wanted = RayOptions(address=cluster.address), Wanted("cpu", jobs=1)
    slots = RayExecutor.choose(options, wanted)
    try:
        executor, actors = RayExecutor(slots, 1.0, options, wanted, print), []
        for number in (0, 1):
            spec = TrialSpec(number, {}, 1, 0, tmp_path / f"{number:04d}", "val/loss", False)
            executor.open(spec, Log(spec.folder / "log.csv", "csv"))
            command = Command((sys.executable, "-S", "-c", "open('log.csv', 'w').write('1')"), cwd=spec.folder)
            trial = executor.start(command, spec.folder, slots[0])
            actors.append(trial._actor)
            driving.wait_until(lambda trial=trial: trial.poll() == 0)  # type: ignore[misc]
            assert (spec.folder / "log.csv").read_text() == "1"
        assert actors[0] is actors[1]

        def all_free() -> bool:
            executor.wait()
            return bool(ray.available_resources().get("CPU") == ray.cluster_resources()["CPU"])

        assert not all_free()
        driving.wait_until(all_free)
    finally:
        ray.shutdown()


@pytest.mark.ray
def test_an_address_where_nothing_answers_is_one_line(write_config: Write) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'tuner[ray]'")
    began = time.monotonic()
    done = driving.tuner("run", write_config(executor={"name": "ray", "address": "127.0.0.1:9"}))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "executor: expected a cluster of Ray at 127.0.0.1:9, but got: Connection refused" in done.stderr
    assert time.monotonic() - began < 20


def test_without_ray_one_line_says_what_to_install(write_config: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"executor: expected Ray .* pip install 'tuner\[ray\]'"):
        config.load(write_config(executor="ray"))


@pytest.mark.parametrize(
    ("executor", "problem"),
    [
        ({"name": "ray", "adress": "auto"}, r"executor\.adress: unknown key, did you mean 'address'\?"),
        ({"name": "ray", "gpus_per_trial": 1.5}, r"executor\.gpus_per_trial: expected a share of one GPU"),
        ({"name": "local", "address": "auto"}, r"executor\.address: unknown key"),
        ("rai", r"executor: unknown executor 'rai', did you mean 'ray'\?"),
    ],
)
def test_a_wrong_option_is_named(write_config: Write, executor: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        config.load(write_config(executor=executor))


@pytest.mark.parametrize(
    ("options", "wanted", "slots"),
    [
        ({}, Wanted(), 3),  # a GPU each
        ({}, Wanted(per_device=2), 6),
        ({"gpus_per_trial": 0.25, "cpus_per_trial": 2}, Wanted(), 6),  # 8 cores for 1 GPU, 4 cores for 2
        ({"gpus_per_trial": 2}, Wanted(), 1),
        ({"gpus_per_trial": 4}, Wanted(), 1),  # none: it waits for a node
        ({}, Wanted("cpu"), 13),
        ({}, Wanted("cpu", jobs=5), 5),
    ],
)
def test_as_many_trials_as_find_room_on_the_nodes(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], wanted: Wanted, slots: int
) -> None:
    nodes = [{"CPU": 8.0, "GPU": 1.0}, {"CPU": 4.0, "GPU": 2.0}, {"CPU": 1.0}]
    monkeypatch.setattr(ray_executor, "_nodes", lambda: nodes)
    assert ray_executor._room(RayOptions(**options), wanted) == slots


def test_gpus_are_not_named_one_by_one(write_config: Write) -> None:
    with pytest.raises(ConfigError, match=r"executor: expected devices: auto or cpu"):
        config.load(write_config(executor="ray", devices=[0, 1]))


def test_to_read_a_study_nothing_is_started(write_config: Write) -> None:
    path = str(write_config(executor="ray"))
    code = (
        "import sys; from pathlib import Path; from tuner import config; config.load(Path(sys.argv[1]), reading=True)"
    )
    subprocess.run([sys.executable, "-c", f"{code}; assert 'ray' not in sys.modules", path], check=True)
