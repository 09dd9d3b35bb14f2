"""What the benchmarks of planted mistakes share: a training, the predictions of its model, the cases one by one."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tuner import whole
from tuner.evidence import predictions
from tuner.evidence.predictions import Predictions
from tuner.spec import TrialSpec, evidence_file
from tuner.trainers.torch import TorchTrainer
from tuner.trainers.ultralytics import UltralyticsTrainer

RATES = (0.02, 0.05, 0.1)


def predicted(
    trainer: TorchTrainer | UltralyticsTrainer, folder: Path, params: Mapping[str, Any], epochs: int, seed: int
) -> Predictions:
    """Train in ``folder``, which must not be there, and return what is predicted for the validation part."""
    folder.mkdir(parents=True)
    objective = "val/accuracy" if isinstance(trainer, TorchTrainer) else "metrics/mAP50-95(B)"
    spec = TrialSpec(0, params, epochs, seed, folder, objective, True)
    for command in (trainer.command(spec, resume=False), trainer.predict(folder, "val")):
        env = {**os.environ, **command.env}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command.argv, cwd=command.cwd, env=env, check=True, **quiet)
    return predictions.read(evidence_file(folder))


def parser(description: str | None, seeds: int) -> argparse.ArgumentParser:
    """Return a parser of the options that both have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seeds", type=int, default=seeds)
    made.add_argument("--first", type=int, default=0, help="the first seed")
    made.add_argument("--rates", type=float, nargs="+", default=RATES)
    made.add_argument("--cleanlab", type=Path, help="a Python that has cleanlab")
    made.add_argument("--json", type=Path)
    return made


def report(
    asked: argparse.Namespace, outcomes: Callable[[float, int], list[Any]], table: Callable[[list[Any]], str]
) -> None:
    """Gather the outcomes, dataclasses, of every rate and seed; print their table, and write them where asked."""
    found: list[Any] = []
    for rate in asked.rates:
        for seed in range(asked.first, asked.first + asked.seeds):
            print(f"{rate:.0%}, seed {seed}", file=sys.stderr, flush=True)
            found += outcomes(rate, seed)
    print(table(found))
    if asked.json:
        whole.write(asked.json, json.dumps([asdict(one) for one in found], indent=1) + "\n")
