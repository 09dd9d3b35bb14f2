"""Kill nodes of a Ray cluster under a study, again and again, and check that nothing was lost.

    python scripts/ray_kills.py --kills 20
    python scripts/ray_kills.py --kills 20 --shared      # the nodes see the study's folder

The cluster is made of nodes on this machine, each with one core: the head, which stays, and another one that is killed
with SIGKILL at random moments and replaced. Checked after every kill: its trainings are gone, all that they started
too. Checked at the end: exactly the planned trials, each with the planned epochs in its log, none twice, with the
values that were seen at any kill. Exit code 0 where all of it holds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import optuna
import yaml
from kill_test import ROOT, Rows, compare, start

PROGRAM = ROOT / "tests" / "programs" / "fake_training.py"
EPOCHS = 40
# A node is declared dead after some 3 s instead of 15.
IMPATIENT = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 5}
SMALL = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
ORPHAN_SECONDS = 15.0


def main() -> int:
    args = parse_arguments()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as scratch:  # the paths of Ray's sockets must be short
        place = Path(scratch)
        (place / "nodes").mkdir()
        cluster = start_cluster(place)
        try:
            problems = kill_often(cluster, place, args)
        finally:
            cluster.shutdown()
    print("\n".join(f"PROBLEM: {p}" for p in problems) or "nothing lost, nothing doubled, no orphan")
    return 1 if problems else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--shared", action="store_true", help="the nodes see the study's folder")
    parser.add_argument("--shortest", type=float, default=2.0, help="seconds of training before a kill, at least")
    parser.add_argument("--longest", type=float, default=8.0, help="seconds of training before a kill, at most")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def start_cluster(place: Path) -> Any:
    from ray.cluster_utils import Cluster

    head = {**SMALL, "include_dashboard": False, "temp_dir": str(place / "ray"), "_system_config": IMPATIENT}
    return Cluster(initialize_head=True, head_node_args=head)


def new_node(cluster: Any) -> Any:
    for _ in range(5):
        with contextlib.suppress(Exception):  # what Ray raises where a node took more than 30 s on a busy machine
            return cluster.add_node(**SMALL)
    raise SystemExit("no node could be started")


def kill_often(cluster: Any, place: Path, args: argparse.Namespace) -> list[str]:
    """Kill a node so often; return what was not as it should be."""
    rng, folder, problems = random.Random(args.seed), place / "results" / "killed", list[str]()
    seen: dict[str, Rows] = {}
    driver = start([sys.executable, "-m", "tuner", "run", str(write(cluster, place, args))])
    kills = 0
    while kills < args.kills and driver.poll() is None:
        node = new_node(cluster)
        began = time.monotonic()
        while not on_node(node) and driver.poll() is None and time.monotonic() - began < 60:
            time.sleep(0.2)
        time.sleep(rng.uniform(args.shortest, args.longest))
        problems += compare(folder, seen, f"before kill {kills + 1}")
        mine = on_node(node)
        cluster.remove_node(node, allow_graceful=False)
        if not mine:
            continue  # nothing trained there: no kill worth counting
        kills += 1
        left = wait_until_gone(mine)
        problems += [f"kill {kills}: processes {left} outlived their node"] if left else []
        print(f"kill {kills:2d}: {len(seen)} trials, {sum(map(len, seen.values()))} epochs logged", flush=True)
    if driver.poll() is not None and kills < args.kills:
        problems.append(f"the study was over after {kills} kills: give it more --trials")
    if driver.wait(timeout=900):
        problems.append(f"the driver ended with {driver.returncode}")
    return problems + compare(folder, seen, "the end") + judge(folder, seen, args, kills)


def write(cluster: Any, place: Path, args: argparse.Namespace) -> Path:
    flags = "--folder {folder} --epochs {epochs} --seed {seed} --lr {lr} --seconds 0.4"
    flags += " --behaviour children --padding 3000000"
    carried = {"shared": False, "scratch": str(place / "nodes"), "carry_seconds": 2.0}
    document = {
        "study": "killed",
        "results": str(place / "results"),
        "executor": {"name": "ray", "address": cluster.address, **({} if args.shared else carried)},
        "trainer": {
            "name": "script",
            "command": f"{{python}} -S -E {PROGRAM} {flags}",
            "resume": f"{{python}} -S -E {PROGRAM} {flags} --resume",
            "checkpoint": "last.json",
        },
        "space": {"lr": {"grid": [0.001, 1]}},
        "objective": {"metric": "val/accuracy"},
        "epochs": EPOCHS,
        "budget": {"trials": args.trials},
        "treatment": {},
        "pausing": False,
    }
    path = place / "killed.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def on_node(node: Any) -> list[int]:
    """Return the trainings on ``node``, and what they started: they have the environment of its workers."""
    mark = f"RAY_RAYLET_PID={node.all_processes['raylet'][0].process.pid}".encode()
    found = []
    for entry in (entry for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        try:
            words, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in environment and (str(PROGRAM).encode() in words or b"time.sleep(300)" in words):
            found.append(int(entry.name))
    return found


def wait_until_gone(processes: list[int]) -> list[int]:
    """Return which of ``processes`` are still there after all the time they may take."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (left := [p for p in processes if Path(f"/proc/{p}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def judge(folder: Path, seen: dict[str, Rows], args: argparse.Namespace, kills: int) -> list[str]:
    """Return everything that is not as it should be at the end."""
    trials = optuna.load_study(study_name="killed", storage=f"sqlite:///{folder / 'study.db'}").trials
    states = [t.state.name for t in trials]
    problems = [] if states == ["COMPLETE"] * args.trials else [f"expected {args.trials} complete trials: {states}"]
    for name, rows in seen.items():
        if sorted(rows) != list(range(1, EPOCHS + 1)):
            problems.append(f"trial {name}: expected {EPOCHS} epochs, but got {sorted(rows)}")
    again = sum(t.user_attrs["process"].get("lost_epochs", 0) for t in trials)
    print(f"{len(trials)} trials, {EPOCHS * len(trials)} epochs, {kills} kills, {again} epochs trained again")
    left = list((folder.parent.parent / "nodes").iterdir())
    return problems + ([f"folders are left on the nodes: {left}"] if left else [])


if __name__ == "__main__":
    sys.exit(main())
