"""What a trainer would have logged of a run, as one JSON object; which series there are, and their names, vary."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from scripts.curve_bank.found import Found
from scripts.curve_bank.halves import named
from scripts.curve_bank.scores import LOWER_IS_BETTER, SAME, SHARES, of_mode
from scripts.curve_bank.training import Run
from scripts.curve_bank.verify import end

Row = dict[str, Any]

STYLES = (
    {"train": "train_loss", "val": "val_loss", "part": "{}_{}_loss", "metric": "val_{}", "rate": "lr"},
    {"train": "train/loss", "val": "val/loss", "part": "{}/{}_loss", "metric": "metrics/{}", "rate": "lr/pg0"},
    {"train": "loss", "val": "val_loss", "part": "{}_{}_loss", "metric": "val_{}", "rate": "learning_rate"},
)


def as_row(found: Found, identity: str, rng: np.random.Generator) -> Row:
    """Return the JSON object of a curve."""
    setup = found.run.setup
    epochs, series, objective = logged(found, rng)
    settings = {k: v for k, v in asdict(setup.settings).items() if k != "rows"}
    settings |= {"width": setup.width, "depth": setup.depth, "init_scale": round(setup.init_scale, 4)}
    settings |= {"task": setup.mode, "train_samples": len(setup.task.train), "val_samples": len(setup.task.val)}
    evidence = found.evidence
    return {
        "id": identity,
        "half": setup.half,
        "label": found.label,
        "secondary": list(found.secondary),
        "variant": found.variant,
        "cause": found.cause,
        "data": setup.task.name,
        "architecture": setup.architecture,
        "seed": setup.seed,
        "settings": settings,
        "planned_epochs": setup.settings.rows,
        "onset": found.onset,
        "ends_badly": ends_badly(found, objective),
        "verified": {"how": evidence.how, "value": number(evidence.value), "limit": number(evidence.limit)},
        "objective": objective,
        "epochs": epochs,
        "series": series,
    }


def logged(found: Found, rng: np.random.Generator) -> tuple[list[int], Row, str | None]:
    """Return the epochs, the series and the name of the objective."""
    style = STYLES[rng.integers(len(STYLES))]
    columns = losses(found, rng, style)
    scores = metrics(found, rng, style)
    has_val = "val_loss" in found.show or not scores or rng.random() < 0.85
    if not has_val:
        columns = {n: c for n, c in columns.items() if c[0] != "val_loss"}
    columns |= scores
    if rng.random() < 0.6:
        columns[style["rate"]] = ("learning_rate", False, "", "", 1.0)
    epochs: list[int] = []
    series: Row = {}
    for name, (kind, better, history, key, factor) in columns.items():
        epochs, values = joined(found, history, key)
        cells = [number(factor * v) for v in values]
        series[name] = {"kind": kind, "higher_is_better": better, "values": cells}
    if found.nan_cell is not None:
        name = next(n for n, c in columns.items() if c[0] == "val_loss")
        series[name]["values"][found.nan_cell % len(epochs)] = str(rng.choice(["nan", "inf"]))
    return epochs, series, objective_of(columns, rng)


Column = tuple[str, bool, str, str, float]


def losses(found: Found, rng: np.random.Generator, style: dict[str, str]) -> dict[str, Column]:
    """Return the columns of the losses: the total, the components, or both."""
    parts = [key for key in found.run.train if key != "loss"]
    if logs_vary(found) and len(parts) > 1:
        return varied_losses(found, rng, style, parts)
    split = len(parts) > 1 and (found.components if found.components is not None else rng.random() < 0.6)
    total = not split or rng.random() < 0.4
    columns: dict[str, Column] = {}
    for history in ("train", "val"):
        kind = f"{history}_loss"
        if total:
            columns[style[history]] = (kind, False, history, "loss", 1.0)
        for part in parts if split else ():
            columns[style["part"].format(history, part)] = (kind, False, history, part, 1.0)
    return columns


def logs_vary(found: Found) -> bool:
    return named(found.run.setup.half).logs_vary


def varied_losses(found: Found, rng: np.random.Generator, style: dict[str, str], parts: list[str]) -> dict[str, Column]:
    """Return the columns of the losses where those of training and validation need not be the same."""
    columns: dict[str, Column] = {}
    for history, likely in (("train", 0.6), ("val", 0.5)):
        split = found.components if found.components is not None else rng.random() < likely
        if not split or rng.random() < 0.5:
            columns[style[history]] = (f"{history}_loss", False, history, "loss", 1.0)
        for part in parts if split else ():
            columns[style["part"].format(history, part)] = (f"{history}_loss", False, history, part, 1.0)
    return columns


def varied_scores(found: Found, rng: np.random.Generator) -> list[str]:
    """Return the scores to log; where one was looked at to verify the effect, it or one that says the same."""
    setup = found.run.setup
    verified = found.score or (
        found.run.score if found.label == "overfitting" or "overfitting" in found.secondary else ""
    )
    if verified:
        return [str(rng.choice(SAME[verified]))]
    if "single" in (found.variant or ""):
        return list(of_mode("box", setup.task.name)[0])
    sets = of_mode(setup.mode, setup.task.name)
    return list(sets[rng.integers(len(sets))])


def metrics(found: Found, rng: np.random.Generator, style: dict[str, str]) -> dict[str, Column]:
    """Return the columns of the metrics: none, accuracy as a share or in per cent, R2, or both."""
    if "metric" not in found.show and rng.random() < 0.25:
        return {}
    names = [found.score or found.run.score]
    if found.run.setup.mode == "both" and found.score is None and "single" not in (found.variant or ""):
        names = [["r2"], ["accuracy"], ["r2", "accuracy"]][rng.integers(3)]
    if logs_vary(found):
        names = varied_scores(found, rng)
    factor = 100.0 if rng.random() < 0.3 else 1.0
    return {
        style["metric"].format(n): ("metric", n not in LOWER_IS_BETTER, "val", n, factor if n in SHARES else 1.0)
        for n in names
    }


def objective_of(columns: dict[str, Column], rng: np.random.Generator) -> str | None:
    """Return the first metric, else the only validation loss, now and then nothing."""
    scores = [n for n, c in columns.items() if c[0] == "metric"]
    if scores:
        return scores[0] if rng.random() < 0.9 else None
    vals = [n for n, c in columns.items() if c[0] == "val_loss"]
    return vals[0] if len(vals) == 1 else None


def joined(found: Found, history: str, key: str) -> tuple[list[int], list[float]]:
    """Return epochs and values as they were logged, the rows that were given up first."""

    def values(run: Run) -> list[float]:
        return getattr(run, history)[key] if history else run.rates

    rows = found.rows or len(found.run.rates)
    all_of = values(found.run)[:rows]
    epochs = list(range(1, len(all_of) + 1))
    if found.given_up is None:
        return epochs, all_of
    earlier, back = found.given_up
    lost = values(earlier)
    return [*range(1, len(lost) + 1), *epochs[back:]], [*lost, *all_of[back:]]


def ends_badly(found: Found, objective: str | None) -> bool:
    """Say whether the test set is 10 % of the loss or 3 points of the score worse than it could have been.

    It is held against the best checkpoint of the run and, where one was trained, a sound peer.
    """
    if found.loses is not None:
        return found.loses
    runs = [found.run] + ([found.peer] if found.peer else [])
    return is_lost(found, runs, score_of(objective))


def score_of(name: str | None) -> str:
    """Return which score the name of a series says, or ``loss``."""
    known = ("accuracy", "r2", "rmse", "mae", *SHARES)
    return next((k for k in known if name and name.endswith(k)), "loss")


def is_lost(found: Found, runs: list[Run], key: str) -> bool:
    last = end(found.run.test[key])
    if key == "loss":
        return last > best(found, runs, key, min) * 1.1 + 1e-9
    if key in LOWER_IS_BETTER:
        low = best(found, runs, key, min)
        return last > (low + 0.03 if key in SHARES else 1.05 * low)
    return last < best(found, runs, key, max) - 0.03


def best(found: Found, runs: list[Run], key: str, pick: Any) -> float:
    width = 3
    smooth = [np.convolve(r.test[key], np.ones(width) / width, "valid") for r in runs if len(r.test[key]) >= width]
    return float(pick([end(found.run.test[key]), *(float(pick(s)) for s in smooth)]))


def number(value: float) -> float | str:
    """Round to four significant digits; NaN and infinities become words, which JSON lacks."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return float(f"{value:.4g}")
