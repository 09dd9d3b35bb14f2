"""The driver of a study: killed, or one too many."""

from __future__ import annotations

import random
import time
from pathlib import Path

from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Problem, Tormented, ended, finish, kill, look, start, trained, write

REAL = {"name": "torch", "data": "digits", "train_size": 600, "val_share": 0.4}
RATES = {"lr": {"grid": [0.001, 0.3], "role": "learning_rate"}}


def real(place: Path, name: str, **changes: object) -> Tormented:
    """Write the configuration of a study that trains the built-in classifier."""
    return write(place, name, trainer=REAL, space=RATES, **{"epochs": 60, **changes})


def killed(place: Path, times: int) -> Outcome:
    """Kill the driver while it opens the study, asks, starts or reads trials, and start it again."""
    study = real(place, "driver-killed", budget={"trials": max(4, times // 2)}, epochs=200)
    rng = random.Random(0)
    for i in range(times):
        driver = start(study)
        if i % 4 == 3:
            time.sleep(rng.uniform(0.3, 4))
        else:
            trained(study, 1, driver)
            time.sleep(rng.uniform(0, 1))
        if driver.poll() is not None:
            raise Problem(f"the study was over after {i} kills")
        kill(study, driver)
        look(study)
    return finish(study, times, r"trial \d+ continues from its last checkpoint")


def doubled(place: Path, times: int) -> Outcome:
    """Start more drivers on an SQLite study that has one."""
    study = write(place, "two-drivers", "--seconds 0.3", epochs=60)
    first = start(study)
    trained(study, 2, first)
    for driver in [start(study) for _ in range(times)]:
        ended(study, driver, code=2, seconds=60)
    look(study)
    return finish(study, times, "another tuner", drivers=[first])
