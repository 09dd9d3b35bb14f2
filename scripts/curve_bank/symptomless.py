"""Say of a run that is to be healthy which symptom the test set shows all the same, by what verifies the sick ones."""

from __future__ import annotations

import numpy as np

from scripts.curve_bank.found import Found
from scripts.curve_bank.log import Row, is_lost, score_of
from scripts.curve_bank.training import Run
from scripts.curve_bank.verify import around, end, jitter, lowest, turns, variation


def symptom_of(found: Found, row: Row) -> str | None:
    """Return what speaks against calling the run healthy, or None."""
    run = found.run
    if validation_jumps(run):
        return "the validation jumps more than the test set"
    if zig_zags(run):
        return "it zig-zags"
    keys = [score_of(name) for name, series in row["series"].items() if series["kind"] == "metric"]
    if any(score_rests(run, key) for key in keys):
        return "a score rests while the losses fall"
    # A loss that rises while the score climbs is the variant of that name, and is verified by the score.
    if found.secondary:
        return None
    if any(is_lost(found, [run], key) for key in keys):
        return "an earlier checkpoint has a better score"
    return "a part of the loss rises" if part_rises(run) else None


def validation_jumps(run: Run) -> bool:
    late = slice(len(run.val["loss"]) * 2 // 5, None)
    val, test, fitted = (h["loss"][late] for h in (run.val, run.test, run.train))
    if len(val) < 4 or jitter(val) < 0.08 * float(np.mean(val)):
        return False
    return jitter(val) >= 3 * jitter(test) and jitter(fitted) <= jitter(val) / 3


def zig_zags(run: Run) -> bool:
    late = run.test["loss"][-15:]
    return len(late) >= 8 and variation(late) >= 0.2 and turns(late) >= 0.5


def score_rests(run: Run, key: str) -> bool:
    """Say whether losses fall by 15 % and more over the last 60 %, and a score from 0 to 1 stays where it was."""
    if key not in run.test or key in ("loss", "rmse", "mae"):
        return False
    score, late = run.test[key], len(run.test[key]) * 2 // 5
    if late < 4 or any(end(h["loss"]) > 0.85 * around(h["loss"], 0.4) for h in (run.train, run.val, run.test)):
        return False
    moved = float(np.mean(score[-late // 2 :])) - float(np.mean(score[late : late + max(3, late // 4)]))
    return abs(moved) <= 0.012 and float(np.std(score[late:])) <= 0.02


def part_rises(run: Run) -> bool:
    parts = [values for key, values in run.test.items() if key in run.train and key != "loss"]
    return any(end(values) > 1.1 * lowest(values)[1] + 1e-9 for values in parts)
