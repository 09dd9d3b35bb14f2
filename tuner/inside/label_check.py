"""Let weights say what they see in a data set: ``python -m tuner.inside.label_check WEIGHTS DATA OUT``.

Writes OUT/SPLIT.jsonl with the predictions for each split. WEIGHTS are the best.pt of a trial of the built-in
classifier (which has its spec.json beside it), or a file of Ultralytics. Exit codes: 0 done, 2 the weights do not fit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tuner import whole
from tuner.data import told
from tuner.data.doctor.dataset import DataSet, Sample
from tuner.data.doctor.opened import open_set
from tuner.errors import ConfigError, TunerError
from tuner.evidence import predictions
from tuner.inside import parameters
from tuner.inside.ultralytics_names import ENVIRONMENT
from tuner.spec import SPEC_FILE

Say = Callable[[Sequence[Sample]], Iterable[str]]
"""Samples, their classes numbered as the model numbers them, to the lines of a file of predictions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(prog="tuner.inside.label_check", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--task", default="detect")
    parser.add_argument("--images", type=Path)
    asked = parser.parse_args(arguments)
    try:
        data, _ = open_set(asked.data, asked.task, asked.images)
        names, say = _opened(asked.weights, data)
        for split, samples in data.splits.items():
            lines = say(list(_numbered(samples, data.names, names)))
            text = "\n".join([predictions.header(data.task, split, names), *lines])
            whole.write(asked.out / f"{split}.jsonl", text + "\n")
    except TunerError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _opened(weights: Path, data: DataSet) -> tuple[list[str], Say]:
    """Return the classes of the weights and what says what they see; raises ConfigError where they do not fit."""
    if not weights.is_file():
        raise ConfigError(str(weights), "", "expected a file of weights, but there is none")
    spec = _spec(weights)
    names, say = _of_ultralytics(weights, data.task) if spec is None else _of_torch(weights, spec, data.task)
    if unknown := sorted(set(data.names) - set(names)):
        problem = f"expected weights that know the classes of the data, but not {told.few(unknown)}: they know"
        raise ConfigError(str(weights), "", f"{problem} {told.few(names)}")
    return names, say


def _numbered(samples: Sequence[Sample], names: Sequence[str], known: Sequence[str]) -> Iterator[Sample]:
    """Yield the samples that can be read as far as their labels say, with the numbers of the model's classes."""
    number = [known.index(name) for name in names]
    for sample in samples:
        boxes = sample.objects.copy()
        boxes[:, 0] = [number[int(c)] for c in boxes[:, 0]]
        yield Sample(sample.path, boxes, sample.pixels)


def _spec(weights: Path) -> dict[str, Any] | None:
    """Return the spec of the trial of the built-in classifier that left the weights; None where none did."""
    try:
        spec: dict[str, Any] = json.loads((weights.parent / SPEC_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return spec if {"params", "image_size", "split_seed", "cache"} <= set(spec) else None


def _of_torch(weights: Path, spec: Mapping[str, Any], task: str) -> tuple[list[str], Say]:
    if task != "classify":
        raise ConfigError(str(weights), "", f"expected weights for the data's task, {task}, but got a classifier's")
    from tuner.inside import torch_predicting

    model = torch_predicting.of_weights(weights, spec, parameters.parse(spec["params"]))
    return list(model.names), model.lines


def _of_ultralytics(weights: Path, task: str) -> tuple[list[str], Say]:
    os.environ.update({**ENVIRONMENT, **os.environ})  # before the import that reads them
    try:
        from tuner.inside import ultralytics_predicting
    except ImportError as error:
        raise ConfigError(str(weights), "", f"expected Ultralytics to read these with, but: {error}") from None
    return ultralytics_predicting.of_weights(weights, task)


if __name__ == "__main__":
    sys.exit(main())
