"""Small banks of made-up trainings: in memory, and as the three files of a task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuner import bank_space, space_file
from tuner.bank import Task
from tuner.curve import Curve, FloatArray
from tuner.record import Params

RATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
EPOCHS = 12


def losses(rate: float, width: int, epochs: int = EPOCHS) -> FloatArray:
    """Return the validation loss of a training: the best rate is 0.1, at 10 it is not a number from epoch 2 on."""
    distance = abs(np.log10(rate) + 1)
    floor = 0.1 + 0.15 * distance + 0.05 / width
    loss = floor + (2.3 - floor) * np.exp(-np.arange(1.0, epochs + 1) / (1 + distance))
    return np.where((rate >= 10) & (np.arange(epochs) >= 1), np.nan, loss)


def configurations() -> list[Params]:
    return [{"lr": rate, "width": width} for rate in RATES for width in (16, 32, 64, 128)]


def task(**changes: Any) -> Task:
    """Return 24 trainings in memory."""
    params = configurations()
    curves = [_curve(losses(float(p["lr"]), int(p["width"]))) for p in params]
    space = space_file.build(bank_space.derive(pd.DataFrame(params)), "space")
    known = {"name": "made-up", "space": space, "configurations": tuple(params), "curves": tuple(curves)}
    return Task(**{**known, "objective": "val_loss", "higher_is_better": False, "epochs": EPOCHS, **changes})


def _curve(values: FloatArray) -> Curve:
    return Curve.of(train_loss=0.9 * values, val_loss=values, objective="val_loss", planned_epochs=len(values))


def write(
    folder: Path,
    name: str = "mlp",
    *,
    table: pd.DataFrame | None = None,
    metrics: dict[str, Any] | None = None,
    meta: dict[str, Any] | None = None,
    **arrays: Any,
) -> Path:
    """Write a task into ``folder``; ``metrics`` maps names to arrays [configurations, steps]."""
    pytest.importorskip("pyarrow", reason="banks are Parquet: pip install tuner[replay]")
    params = configurations()
    if table is None:
        table = pd.DataFrame([{"config_id": i, **p} for i, p in enumerate(params)])
    if metrics is None:
        loss = np.array([losses(float(p["lr"]), int(p["width"])) for p in params])
        metrics = {"train_loss": 0.9 * loss, "val_loss": loss}
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / f"{name}.configs.parquet")
    curves = np.stack([np.asarray(m, dtype=np.float32) for m in metrics.values()], axis=-1)
    known = {"curves": curves, "metrics": np.array(list(metrics)), "fidelity": np.arange(1, curves.shape[1] + 1)}
    np.savez(folder / f"{name}.npz", **{**known, **arrays})
    (folder / f"{name}.meta.json").write_text(json.dumps(meta or {}))
    return folder
