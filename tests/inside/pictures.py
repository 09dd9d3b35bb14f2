"""Small image sets that can be learnt: squares of a colour of their own in noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tuner.inside import parameters, training
from tuner.trainers.torch import TorchOptions, TorchTrainer

COLOURS = ((220, 60, 60), (60, 220, 60), (60, 60, 220))
SIDE = 20


def picture(seed: int, kind: int, *, grey: bool = False) -> Image.Image:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 120, (SIDE, SIDE + seed % 5, 3), dtype=np.uint8)
    row, column = random.integers(0, SIDE - 10, 2)
    pixels[row : row + 10, column : column + 10] = COLOURS[kind]
    image = Image.fromarray(pixels)
    return image.convert("L") if grey else image


def folders(root: Path, counts: Sequence[int], *, first: int = 0, grey: bool = False) -> Path:
    """Write ``counts`` pictures of each class into a folder with its name below ``root``."""
    for kind, count in enumerate(counts):
        place = root / "abc"[kind]
        place.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(first + 100 * kind + number, kind, grey=grey).save(place / f"{number}.png")
    return root


def trained(base: Path, epochs: int) -> dict[str, Any]:
    """Train the classifier on forty pictures of each class below ``base``, and return what the trial was told."""
    root = folders(base / "set", (40, 40, 40))
    trainer = TorchTrainer(TorchOptions(data=str(root), image_size=SIDE, test_share=0.0, device="cpu"), base)
    folder = base / "study" / "trials" / "0000"
    folder.mkdir(parents=True)
    spec = {
        **trainer._settings(folder.parent.parent),
        "params": {"model": "cnn-s", "optimizer": "adam", "lr": 0.01, "batch": 16},
        "epochs": epochs,
        "seed": 0,
        "folder": str(folder),
        "objective": "val/accuracy",
        "higher_is_better": True,
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    training.train(spec, parameters.parse(spec["params"]), resume=False)
    return spec
