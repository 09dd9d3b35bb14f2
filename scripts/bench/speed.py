"""Tables about time: one diagnosis, and the start of the command line."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from scripts.bench.sheets import Sheet
from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import diagnose
from tuner.registry import SYMPTOMS

EPOCHS, BLOCKS, RUNS, STARTS = 300, 10, 100, 5


def sheets(root: Path) -> list[Sheet]:
    sheet = Sheet("speed", "Speed", ["what", "ms"])
    blocks = [one_diagnosis(curve()) * 1000 for _ in range(BLOCKS)]
    sheet.add(f"one diagnosis of {EPOCHS} epochs of 10 series, medians of {RUNS}: the least of {BLOCKS}", min(blocks))
    sheet.add(
        "the same: the median of those medians, which others on the machine make longer", statistics.median(blocks)
    )
    seconds, why = start_up(root)
    sheet.add(f"tuner diagnose FILE, start to end, best of {STARTS}", None if seconds is None else seconds * 1000)
    sheet.note = why
    return [sheet]


def curve() -> Curve:
    """Return a detector's curve: three losses on both sides, four metrics."""
    rng, e = np.random.default_rng(0), np.arange(EPOCHS)
    epochs, series = e + 1, {}
    for name in ("box", "cls", "dfl"):
        for side, kind in (("train", Kind.TRAIN_LOSS), ("val", Kind.VAL_LOSS)):
            values = 0.5 + 2 * 0.98**e + 0.02 * rng.standard_normal(EPOCHS)
            series[f"{side}/{name}_loss"] = Series(f"{side}/{name}_loss", kind, epochs, values)
    for name in ("mAP50-95", "mAP50", "precision", "recall"):
        values = 0.7 - 0.6 * 0.97**e + 0.01 * rng.standard_normal(EPOCHS)
        series[f"metrics/{name}"] = Series(f"metrics/{name}", Kind.METRIC, epochs, values, True)
    return Curve(series, objective="metrics/mAP50-95", planned_epochs=EPOCHS)


def one_diagnosis(whole: Curve) -> float:
    """Return the median seconds of a diagnosis, nothing of it known before."""
    taken = []
    for i in range(RUNS + 20):
        fresh = whole.until(EPOCHS)  # a curve keeps what was computed from it
        began = time.perf_counter()
        diagnose(fresh, SYMPTOMS)
        if i >= 20:
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def start_up(root: Path) -> tuple[float | None, str]:
    """Return the seconds of the quickest start, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        path = Path(folder, "log.csv")
        path.write_text("epoch,train_loss,val_loss\n" + "".join(f"{i},{1 / i:.4f},{1 / i:.4f}\n" for i in range(1, 50)))
        taken = []
        for _ in range(STARTS):
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "tuner", "diagnose", str(path)],
                cwd=root,
                capture_output=True,
                text=True,
                check=False,
            )
            taken.append(time.perf_counter() - began)
            if "No such command" in done.stderr:
                return None, "tuner diagnose is not there."
            if done.returncode not in (0, 1):
                return None, f"tuner diagnose failed with exit code {done.returncode}."
    return min(taken), ""
