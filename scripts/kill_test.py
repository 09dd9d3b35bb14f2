"""Kill the driver of one study at random moments, resume it each time, and check that nothing was lost.

    python scripts/kill_test.py --kills 20
    python scripts/kill_test.py --kills 20 --config configs/digits.yaml --set budget.trials=24

Checked after every kill: no process of the study is left. Checked at the end: exactly the planned trials, none RUNNING,
every epoch that had been logged at any kill is still there with the values it had, none twice, and the trials that were
interrupted went on from their checkpoint. Exit code 0 where all of it holds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
from optuna.trial import TrialState

ROOT = Path(__file__).resolve().parents[1]
ORPHAN_SECONDS = 15.0  # a guard ends its trial politely first: the default grace is 5 s

Rows = dict[int, str]


def main() -> int:
    args = parse_arguments()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="kill_test_") as scratch:
        folder = Path(scratch) / "results" / "killed"
        command = [
            sys.executable,
            "-m",
            "tuner",
            "run",
            str(args.config),
            "--set",
            "study=killed",
            "--set",
            f"results={folder.parent}",
            *(x for s in args.set for x in ("--set", s)),
        ]
        seen: dict[str, Rows] = {}
        problems: list[str] = []
        kills = kill_often(command, folder, rng, args, seen, problems)
        if kills < args.kills:
            problems.append(f"the study was over after {kills} kills: give it more trials or a smaller --longest")
        problems += judge(command, folder, seen, args.kills)
    print("\n".join(f"PROBLEM: {p}" for p in problems) or "nothing lost, nothing doubled, no orphan")
    return 1 if problems else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "digits.yaml")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--shortest", type=float, default=0.5, help="seconds before a kill, at least")
    parser.add_argument("--longest", type=float, default=12.0, help="seconds before a kill, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def kill_often(
    command: list[str],
    folder: Path,
    rng: random.Random,
    args: argparse.Namespace,
    seen: dict[str, Rows],
    problems: list[str],
) -> int:
    """Start and kill the driver ``args.kills`` times; return how many kills met a living driver."""
    for kill in range(args.kills):
        driver = start(command)
        wait = rng.uniform(args.shortest, args.longest)
        try:
            driver.wait(wait)
            return kill
        except subprocess.TimeoutExpired:
            os.kill(driver.pid, signal.SIGKILL)
            driver.wait()
        began = time.monotonic()
        orphans = processes_of(folder)
        while orphans and time.monotonic() - began < ORPHAN_SECONDS:
            time.sleep(0.05)
            orphans = processes_of(folder)
        if orphans:
            problems.append(f"kill {kill + 1}: processes {orphans} outlived their driver")
        problems += compare(folder, seen, f"kill {kill + 1}")
        rows = sum(len(r) for r in seen.values())
        print(
            f"kill {kill + 1:2d} after {wait:5.1f} s: {len(seen)} trials, {rows} epochs logged, "
            f"last process gone after {time.monotonic() - began:.1f} s",
            flush=True,
        )
    return args.kills


def start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def processes_of(folder: Path) -> list[int]:
    """Return the processes that name the study's folder on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder / "trials").encode() in words:
                found.append(int(entry.name))
    return found


def logs(folder: Path) -> dict[str, Rows]:
    """Return the complete rows of every trial's log, by epoch; a doubled epoch raises ValueError."""
    found: dict[str, Rows] = {}
    for log in sorted(folder.glob("trials/*/*.csv")):
        rows: Rows = {}
        *complete, _ = log.read_text().split("\n")
        for line in complete[1:]:
            epoch = int(line.split(",")[0])
            if epoch in rows:
                raise ValueError(f"trial {log.parent.name}: epoch {epoch} is there twice")
            rows[epoch] = line
        found[log.parent.name] = rows
    return found


def compare(folder: Path, seen: dict[str, Rows], when: str) -> list[str]:
    """Return what of ``seen`` is gone or changed, and remember what is there now."""
    try:
        now = logs(folder)
    except ValueError as error:
        return [f"{when}: {error}"]
    problems = []
    for trial, rows in seen.items():
        for epoch, line in rows.items():
            if now.get(trial, {}).get(epoch) != line:
                problems.append(f"{when}: trial {trial} lost or changed epoch {epoch}")
    seen.update(now)
    return problems


def judge(command: list[str], folder: Path, seen: dict[str, Rows], kills: int) -> list[str]:
    """Let the study run to its end and return everything that is not as it should be."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    problems = [] if done.returncode == 0 else [f"the last run ended with {done.returncode}: {done.stderr[-300:]}"]
    problems += compare(folder, seen, "the end")
    study = optuna.load_study(study_name="killed", storage=f"sqlite:///{folder / 'study.db'}")
    states = [t.state for t in study.trials]
    report = json.loads(
        subprocess.run(
            [sys.executable, "-m", "tuner", "report", str(folder), "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    planned = json.loads(
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys, json; from pathlib import Path; from tuner import config; "
                "print(config.load(Path(sys.argv[1])).model.budget.trials)",
                str(folder / "config.yaml"),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    if len(states) != planned:
        problems.append(f"expected {planned} trials, but got {len(states)}")
    unfinished = [t.number for t in study.trials if not t.state.is_finished()]
    failed = [t.number for t in study.trials if t.state is TrialState.FAIL]
    if unfinished or failed:
        problems.append(f"trials {unfinished} were left unfinished, trials {failed} failed")
    for trial in report["trials"]:
        rows = seen.get(f"{trial['number']:04d}", {})
        if sorted(rows) != list(range(1, len(rows) + 1)):
            problems.append(f"trial {trial['number']}: its epochs have holes: {sorted(rows)}")
        if trial["epochs"] + trial["extra_epochs"] != len(rows):
            problems.append(f"trial {trial['number']}: {len(rows)} epochs logged, {trial['epochs']} stored")
    # Each start that continued says so in the trial's own output.
    continued = sum((log / "output.txt").read_text().count("continues after epoch") for log in folder.glob("trials/*"))
    epochs = sum(len(r) for r in seen.values())
    print(f"{len(states)} trials, {epochs} epochs, {kills} kills, {continued} continuations from a checkpoint")
    if not continued:
        problems.append("no trial continued from its checkpoint")
    return problems


if __name__ == "__main__":
    sys.exit(main())
