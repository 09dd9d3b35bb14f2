"""Plant wrong labels into the digits and count how many the list of doubtful labels names, beside cleanlab's.

    python -m scripts.bench_label_noise --seeds 5 --cleanlab ENV/bin/python --json OUT

For each rate and seed a share of all labels gets another class, in training and validation alike; the built-in
classifier trains on one part, with the seed's split, and predicts the other. A named label is right where it was
planted. ``--cleanlab`` is the interpreter of an environment of its own that has cleanlab (which is AGPL-3.0): it gets
the same probabilities (``find_label_issues``, its default filter).
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts import planted
from tuner.evidence import mistakes
from tuner.evidence.predictions import Predictions
from tuner.inside import data
from tuner.trainers.torch import TorchOptions, TorchTrainer

EPOCHS = 30
PARAMS = {"lr": 0.003, "batch": 64, "model": "cnn-s", "optimizer": "adam"}
"""A baseline of configs/digits.yaml."""
OTHER = """
import sys, numpy as np
from cleanlab.filter import find_label_issues
found = np.load(sys.argv[1])
issues = find_label_issues(found["labels"], found["chances"], return_indices_ranked_by="self_confidence", n_jobs=1)
print(*issues.tolist())
"""


@dataclass(frozen=True)
class Outcome:
    """How many labels were planted among the images looked at, how many were named, and how many of those rightly."""

    method: str
    rate: float
    seed: int
    planted: int
    named: int
    right: int


def planted_set(path: Path, rate: float, seed: int) -> NDArray[np.bool_]:
    """Write digits with wrong labels to ``path``, an .npz; return whether each image has one."""
    images, labels = data.digits()
    random = np.random.default_rng(seed)
    wrong = np.zeros(len(labels), bool)
    wrong[random.permutation(len(labels))[: round(rate * len(labels))]] = True
    told = np.where(wrong, (labels + random.integers(1, 10, len(labels))) % 10, labels)
    grey = (images[:, 0] / 16 * 255).astype(np.uint8)
    np.savez(path, x_train=grey, y_train=told)
    return wrong


def predicted(place: Path, set_path: Path, seed: int) -> Predictions:
    """Train on one part of the set and return what is predicted for the other."""
    trainer = TorchTrainer(TorchOptions(data=str(set_path), val_share=0.4, split_seed=seed, image_size=8), place)
    return planted.predicted(trainer, place / "trials" / "0000", PARAMS, EPOCHS, seed)


def by_cleanlab(python: Path, found: Predictions, place: Path) -> list[int]:
    chances = np.array([image.found[np.argsort(image.found[:, 0]), 1] for image in found.images], np.float64)
    labels = np.array([int(image.truth[0, 0]) for image in found.images])
    np.savez(place / "chances.npz", chances=chances / chances.sum(1, keepdims=True), labels=labels)
    command = [str(python), "-c", OTHER, str(place / "chances.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def outcomes(rate: float, seed: int, cleanlab: Path | None) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        wrong = planted_set(place / "set.npz", rate, seed)
        found = predicted(place, place / "set.npz", seed)
        rows = [int(Path(image.image).stem) for image in found.images]
        lists = {"tuner": [doubt.image for doubt in mistakes.doubtful_labels(found)]}
        if cleanlab:
            lists["cleanlab"] = by_cleanlab(cleanlab, found, place)
    there = {i for i, row in enumerate(rows) if wrong[row]}
    return [Outcome(name, rate, seed, len(there), len(named), len(there & set(named))) for name, named in lists.items()]


def table(found: list[Outcome]) -> str:
    lines = ["method     rate  planted  named  right  precision  recall  (recall by seed)"]
    for method in dict.fromkeys(one.method for one in found):
        for rate in dict.fromkeys(one.rate for one in found):
            part = [one for one in found if (one.method, one.rate) == (method, rate)]
            there, named, right = (sum(getattr(one, key) for one in part) for key in ("planted", "named", "right"))
            each = " ".join(f"{one.right / max(one.planted, 1):.2f}" for one in part)
            lines.append(
                f"{method:9}  {rate:4.0%}  {there:7}  {named:5}  {right:5}  {right / max(named, 1):9.2f}  "
                f"{right / max(there, 1):6.2f}  {each}"
            )
    return "\n".join(lines)


def main() -> None:
    asked = planted.parser(__doc__, seeds=5).parse_args()
    planted.report(asked, lambda rate, seed: outcomes(rate, seed, asked.cleanlab), table)


if __name__ == "__main__":
    main()
