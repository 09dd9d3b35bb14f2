r"""Compare a study with Ultralytics' own ``model.tune`` at the same number of training epochs, on real training.

    python scripts/compare_tune.py configs/ssdd.yaml --epochs-budget 300 --seeds 3 --json results/tune/ssdd.json \
        --set stages=null --set trainer.images=200

Both train the model, data, image size and planned epochs of the configuration. ``tune`` is Ultralytics' genetic
search as people call it: its own space, its own defaults first, every iteration trained to its end. ``tuner`` is the
study that the configuration describes, its space included; what ``--set`` changes is changed for both, as far as it is
about the training. An iteration of ``tune`` costs its planned epochs; a study is charged every epoch that was trained.

Shown is the best score that a setting reached (the best epoch counts, for both) after a quarter, half and all of the
epochs, each seed on its own, then the mean difference with its 95 % interval of Student's t. What the JSON file
already holds is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.ablation import SHARES, call, score_at
from scripts.outcomes import Outcome, interval, markdown, read, write
from tuner import config, record, sampler
from tuner.config import StudyConfig
from tuner.record import Origin, Record

ROOT = Path(__file__).resolve().parents[1]
METHODS = ("tune", "tuner")
PEER = """
import json, sys
from ultralytics import YOLO
asked = json.load(open(sys.argv[1]))
YOLO(asked["model"], task=asked["task"]).tune(**asked["arguments"])
"""


def main() -> int:
    args = parse_arguments()
    settings = {"config": args.config.name, "epochs_budget": args.epochs_budget, "set": args.set}
    outcomes = read(args.json, settings)
    done = {(o["method"], o["seed"]) for o in outcomes}
    with tempfile.TemporaryDirectory(prefix="tune_", dir=args.scratch) as scratch:
        for seed in range(args.seeds):
            for method in (m for m in METHODS if (m, seed) not in done):
                began = time.monotonic()
                run = by_tune if method == "tune" else by_tuner
                found = run(args, seed, Path(scratch) / f"{method}-{seed}")
                seconds = round(time.monotonic() - began, 1)
                outcomes.append({"method": method, "seed": seed, "seconds": seconds, **found})
                write(args.json, settings, outcomes)
                print(f"{method} with seed {seed}: {found['scores']} in {seconds:.0f} s", flush=True)
    print(f"\n{table(outcomes)}")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="a study whose trainer is ultralytics")
    parser.add_argument("--seeds", type=int, default=3, help="how many; they are numbered from 0")
    parser.add_argument("--epochs-budget", type=int, default=300, help="of one search, over all its trainings")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for both alike")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where the outcomes are kept")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="where the trainings lie meanwhile")
    return parser.parse_args()


def by_tuner(args: argparse.Namespace, seed: int, folder: Path) -> Outcome:
    own = (f"budget={{epochs: {args.epochs_budget}}}", f"study={folder.name}", f"results={folder.parent}")
    sets = (*args.set, *own, f"seed={seed}", "jobs=1")
    words = [word for assignment in sets for word in ("--set", assignment)]
    call([sys.executable, "-m", "tuner", "run", str(args.config.resolve()), "--quiet", *words])
    study = config.load(folder / config.CONFIG_FILE)
    records = record.read_all(sampler.load_study(study.storage, study.model.study))
    return {
        "scores": {f"{share:.0%}": score_at(study, records, share * args.epochs_budget) for share in SHARES},
        "trainings": len(records),
        "epochs": sum(r.trained_epochs for r in records),
        "remedies": sum(r.origin is Origin.REMEDY for r in records),
    }


def by_tune(args: argparse.Namespace, seed: int, folder: Path) -> Outcome:
    study = config.load(args.config, [*args.set, f"results={folder.parent}", f"study={folder.name}", f"seed={seed}"])
    folder.mkdir(parents=True)
    (folder / "ask.json").write_text(json.dumps(asked(study, seed, folder, args.epochs_budget)))
    done = subprocess.run(
        [sys.executable, "-c", PEER, "ask.json"],
        cwd=folder,
        env={**os.environ, "YOLO_AUTOINSTALL": "False", "YOLO_OFFLINE": "True", **study.slots[0].environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"model.tune: exit code {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    lines = [json.loads(line) for line in (folder / "tune" / "tune_results.ndjson").read_text().splitlines()]
    best = [score_of(line, study.model.objective.metric) for line in lines]
    planned = study.model.epochs
    within = {f"{s:.0%}": max(best[: int(s * args.epochs_budget) // planned], default=None) for s in SHARES}
    return {"scores": within, "trainings": len(best), "epochs": len(best) * planned, "remedies": 0}


def asked(study: StudyConfig, seed: int, folder: Path, budget: int) -> dict[str, Any]:
    """Return what the peer is called with: the study's training at its defaults, and how many of them."""
    params = study.space.complete({})
    trial = Record(0, TrialState.COMPLETE, params, seed=seed, planned_epochs=study.model.epochs)
    settings = dict(study.exported(trial))
    # What the study searches is the peer's own affair: its space, its defaults. The batch is no part of its space.
    left = {"model", "task", *study.space.parameters} - {"batch"}
    arguments = {name: value for name, value in settings.items() if name not in left}
    own = {
        "iterations": budget // study.model.epochs,
        "seed": seed,
        "device": "cpu" if study.slots[0].gpu is None else 0,
    }
    return {
        "model": settings["model"],
        "task": settings["task"],
        "arguments": {**arguments, **own, "project": str(folder), "name": "tune", "exist_ok": True, "plots": False},
    }


def score_of(line: dict[str, Any], metric: str) -> float:
    """Return what the best epoch of one iteration reached; 0 where its training failed."""
    return max((float(metrics.get(metric, 0.0)) for metrics in line["datasets"].values()), default=0.0)


def table(outcomes: Sequence[Outcome]) -> str:
    shares = [f"{share:.0%}" for share in SHARES]
    lines = [
        [o["method"], str(o["seed"]), *(figure(o["scores"][s]) for s in shares), str(o["trainings"]), str(o["epochs"])]
        for o in sorted(outcomes, key=lambda o: (o["seed"], o["method"]))
    ]
    by_seed = {(o["method"], o["seed"]): o["scores"] for o in outcomes}
    pairs = [(by_seed["tuner", s], by_seed["tune", s]) for m, s in by_seed if m == "tune" and ("tuner", s) in by_seed]
    gaps = [interval([a[s] - b[s] for a, b in pairs if a[s] is not None and b[s] is not None]) for s in shares]
    heads = ["method", "seed", *(f"best at {s}" for s in shares), "trainings", "epochs"]
    return markdown(heads, [*lines, ["tuner − tune", "", *gaps, "", ""]])


def figure(score: float | None) -> str:
    return "-" if score is None else f"{score:.4f}"


if __name__ == "__main__":
    sys.exit(main())
