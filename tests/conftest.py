"""What the tests share: a small study around a training program that starts in milliseconds."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

# Studies commit to SQLite all the time; in memory that takes half the time.
if os.access("/dev/shm", os.W_OK):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")

PROGRAM = Path(__file__).parent / "programs" / "fake_training.py"

SMALL: dict[str, Any] = {
    "study": "small",
    "trainer": {
        "name": "script",
        "command": f"{{python}} -S -E {PROGRAM} --folder {{folder}} --epochs {{epochs}} --seed {{seed}} --lr {{lr}} "
        "--momentum {momentum} --size {size}",
        "resume": f"{{python}} -S -E {PROGRAM} --folder {{folder}} --epochs {{epochs}} --seed {{seed}} --lr {{lr}} "
        "--momentum {momentum} --size {size} --resume",
        "checkpoint": "last.json",
    },
    "space": {
        "lr": {"grid": [0.001, 10]},
        "momentum": {"linear": [0.0, 0.99]},
        "size": {"ordered": ["s", "m", "l"]},
    },
    "objective": {"metric": "val/accuracy", "direction": "maximize"},
    "epochs": 10,
    "baselines": [{"lr": 0.1, "size": "m"}],
    "budget": {"trials": 12},
    "devices": "cpu",
    "jobs": 2,
    "seed": 7,
    "pausing": False,
}


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the small study's YAML, with top-level keys replaced."""

    def write(**changes: Any) -> Path:
        document = {**copy.deepcopy(SMALL), "results": str(tmp_path / "results"), **changes}
        path = tmp_path / "study.yaml"
        path.write_text(yaml.safe_dump({k: v for k, v in document.items() if v is not None}, sort_keys=False))
        return path

    return write
