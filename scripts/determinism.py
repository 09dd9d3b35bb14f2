"""Run the same study three times, once of them killed and resumed again and again, and compare what came out.

    python scripts/determinism.py --trials 10 --kills 4

The same config, seed and ``jobs: 1`` must give the same parameters and scores in the same order. Exit code 0 where they
do.
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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SAME = ("number", "params", "origin", "parent", "remedy", "seed", "score", "score_epoch", "epochs", "state")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "digits.yaml")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="determinism_") as scratch:
        results = Path(scratch)
        first = outcome(run(args, results, "first"), results)
        second = outcome(run(args, results, "second"), results)
        interrupted(args, results, "killed", random.Random(args.seed))
        killed = outcome(run(args, results, "killed"), results)
    print(f"{'trial':>5} {'score':>22} {'epochs':>6}  same again  same after {args.kills} kills")
    for a, b, c in zip(first, second, killed, strict=True):
        print(f"{a['number']:5} {a['score']!s:>22} {a['epochs']:6}  {a == b!s:10}  {a == c}")
    return 0 if first == second == killed else 1


def command(args: argparse.Namespace, results: Path, study: str) -> list[str]:
    sets = [f"study={study}", f"results={results}", f"budget.trials={args.trials}", "jobs=1"]
    return [sys.executable, "-m", "tuner", "run", str(args.config), "-q", *(w for s in sets for w in ("--set", s))]


def run(args: argparse.Namespace, results: Path, study: str) -> str:
    subprocess.run(command(args, results, study), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return study


def interrupted(args: argparse.Namespace, results: Path, study: str, rng: random.Random) -> None:
    for _ in range(args.kills):
        driver = subprocess.Popen(command(args, results, study), cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            driver.wait(rng.uniform(3, 15))
        except subprocess.TimeoutExpired:
            os.kill(driver.pid, signal.SIGKILL)
            driver.wait()


def outcome(study: str, results: Path) -> list[dict[str, Any]]:
    report = [sys.executable, "-m", "tuner", "report", str(results / study), "--json"]
    trials = json.loads(subprocess.run(report, cwd=ROOT, check=True, capture_output=True).stdout)["trials"]
    return [{key: trial[key] for key in SAME} for trial in trials]


if __name__ == "__main__":
    sys.exit(main())
