"""A node of a Ray cluster, killed in mid-epoch; the cluster is made of nodes on this machine, and nothing is shared."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import ORPHAN_SECONDS, Driver, Problem, Tormented, finish, look, start, write
from tests.conftest import PROGRAM

# A node is declared dead after some 3 s instead of 15.
IMPATIENT = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 5}
SMALL = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
FLAGS = "--seconds 0.3 --behaviour children --padding 3000000"  # too large to come back with every row


def killed(place: Path, times: int) -> Outcome:
    """Kill (SIGKILL) a node that trains, and replace it: its processes must be gone, its trial goes on elsewhere."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with cluster() as nodes:
        scratch = place / "nodes"
        scratch.mkdir()
        ray = {"name": "ray", "address": nodes.address, "shared": False, "scratch": str(scratch), "carry_seconds": 2.0}
        trials = 6 + times * 3 // 2
        study = write(place, "ray-node-killed", FLAGS, executor=ray, epochs=25, budget={"trials": trials})
        driver = start(study)
        _kill_nodes(study, driver, nodes, times)
        _new_node(nodes)  # so that a slot that leaked would show
        outcome = finish(study, times, "goes on elsewhere", drivers=[driver], busy=lambda: len(_folders(scratch)))
        if any(scratch.iterdir()) or _folders(scratch):
            raise Problem(f"left on the nodes: {list(scratch.iterdir())}, processes of {_folders(scratch)}")
        return outcome


@contextmanager
def cluster() -> Iterator[Any]:
    """Yield a cluster of one node, which stays."""
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as sockets:  # their paths must be short
        head = {**SMALL, "include_dashboard": False, "temp_dir": f"{sockets}/ray", "_system_config": IMPATIENT}
        Path("/tmp/ray").mkdir(exist_ok=True)  # where Ray notes the address, wherever its other files are
        made = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield made
        finally:
            made.shutdown()


def _new_node(nodes: Any) -> Any:
    for _ in range(5):
        with contextlib.suppress(Exception):  # what Ray raises where a node took more than 30 s on a busy machine
            return nodes.add_node(**SMALL)
    raise Problem("no node could be started")


def _kill_nodes(study: Tormented, driver: Driver, nodes: Any, times: int) -> None:
    rng, kills = random.Random(0), 0
    while kills < times:
        if driver.poll() is not None:
            raise Problem(f"the study was over after {kills} kills")
        node, began = _new_node(nodes), time.monotonic()
        while not _trainings(node) and driver.poll() is None and time.monotonic() - began < 60:
            time.sleep(0.2)
        time.sleep(rng.uniform(0.5, 4))
        look(study)
        mine = _trainings(node)
        nodes.remove_node(node, allow_graceful=False)
        kills += bool(mine)  # where nothing trained it is no kill worth counting
        study.orphans += len(_left(mine))


def _trainings(node: Any) -> list[int]:
    """Return the trainings on a node, and what they started: they have the environment of its workers."""
    mark = f"RAY_RAYLET_PID={node.all_processes['raylet'][0].process.pid}".encode()
    found = []
    for entry in (entry for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            words, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes().split(b"\0")
            if mark in environment and (str(PROGRAM).encode() in words or b"time.sleep(300)" in words):
                found.append(int(entry.name))
    return found


def _folders(scratch: Path) -> set[str]:
    """Return the folders on the nodes in which a program trains."""
    found = set()
    for entry in (entry for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            found |= {word for before, word in pairwise(words) if before == "--folder"}
    return {folder for folder in found if folder.startswith(str(scratch))}


def _left(processes: list[int]) -> list[int]:
    """Return which of ``processes`` are still there after all the time they may take."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (left := [p for p in processes if Path(f"/proc/{p}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
