"""Labels that look wrong to a trained model: its program looks at the images, the evidence says where it disagrees."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tuner.data.doctor.finding import Finding, Level
from tuner.errors import ConfigError, TunerError
from tuner.evidence import predictions
from tuner.evidence.collected import Evidence, collect

PROGRAM = "tuner.inside.label_check"
ADVICE = "look at each; in images that the weights were trained on, fewer are found"


def look(data: Path, weights: Path, task: str, images: Path | None) -> dict[str, Evidence]:
    """Return what the weights say of every split that has labels; raises TunerError where they do not fit the data."""
    options = ["--task", task, *(["--images", str(images)] if images else [])]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", PROGRAM, str(weights), str(data), folder, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            if done.returncode == 2:
                raise TunerError(said)
            raise ConfigError(str(weights), "", f"expected predictions, but its program ended with: {said[:300]}")
        found = {path.stem: predictions.read(path) for path in sorted(Path(folder).glob("*.jsonl"))}
    return {
        split: collect(f"{data}, {split}", of_split)
        for split, of_split in found.items()
        if any(len(image.truth) for image in of_split.images)
    }


def check(found: Mapping[str, Evidence]) -> Iterator[Finding]:
    """Yield a finding for each split with labels that look wrong, all of them listed."""
    for split, evidence in found.items():
        doubts = evidence.doubtful
        labels = sum(len(image.truth) for image in evidence.predictions.images)
        if doubts:
            what = "labels" if evidence.predictions.classifies else "labels, or places without one,"
            text = f"{split}: {len(doubts)} of {labels:,} {what} look wrong to the weights"
            groups = tuple((evidence.predictions.images[one.image].image,) for one in doubts)
            notes = tuple(evidence.text(one) for one in doubts)
            yield Finding("doubtful_labels", Level.WARNING, text, ADVICE, groups, len(doubts), notes)
        else:
            yield Finding("doubtful_labels", Level.NOTE, f"{split}: no label looks wrong to the weights")
