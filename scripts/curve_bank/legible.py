"""Say whether the log of a run shows what its label says; what was verified on the test set alone nobody can read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scripts.curve_bank.found import Found
from scripts.curve_bank.log import Row
from scripts.curve_bank.shown import climb_on_validation, scores
from scripts.curve_bank.training import Run
from scripts.curve_bank.verify import end, lowest

LEVEL, RISEN, LOST = 0.9, 1.05, 2.0
"""What is left of a loss that is nearly horizontal, and by how much a loss has risen, and risen beyond doubt."""

RESTS = 1.1
"""How far above its lowest a validation loss may end that does not rise, on few samples."""

LATER = 0.25
"""The most that a loss that is constant after its first drop changes by, as a share of the drop."""

DRIFT = 1.0
"""The most that a loss without a trend drifts over its last 15 rows, in mean changes from row to row."""

KEPT_UP, LEFT = 2 / 3, 1 / 2
"""What validation gains at most where there is a gap, and at least where there is none, as a share of what train does.

Between them are healthy runs that keep a gap, and gaps that are small.
"""

CLIMBED = 0.05
"""By how much an accuracy climbs beyond what a few samples do by chance."""

SAYS_CHANCE = frozenset({"accuracy", "error", "f1", "r2"})
"""Scores whose value says that nothing was learnt; boxes overlap by chance, and a distance has a unit."""


def illegible(found: Found, row: Row) -> str | None:
    """Return what the log of a run does not show, or None."""
    reason, shows = SHOWN[found.label]
    return None if shows(found.run, row) else reason


def chance_shows(run: Run, row: Row) -> bool:
    """Say whether a score tells that nothing was learnt, or losses that are nearly horizontal."""
    level = all(end(history["loss"]) >= LEVEL * history["loss"][0] for history in (run.train, run.val))
    return level or score_tells(run, row)


def score_tells(run: Run, row: Row) -> bool:
    return not SAYS_CHANCE.isdisjoint(scores(row))


def rate_shows(run: Run, row: Row) -> bool:
    """Say whether the rate is constant or logged: what flattens with the rate looks like what has converged."""
    logged = any(series["kind"] == "learning_rate" for series in row["series"].values())
    return logged or min(run.rates[run.setup.settings.warm_up :]) == max(run.rates)


def stays(run: Run, row: Row) -> bool:
    """Say whether the train loss is constant after its first drop."""
    fitted = run.train["loss"]
    third = len(fitted) // 3
    early, late = float(np.mean(fitted[2:third])), float(np.mean(fitted[-third:]))
    return abs(late - early) <= LATER * (fitted[0] - early)


def no_trend(run: Run, row: Row) -> bool:
    """Say whether the train loss goes up and down without going anywhere."""
    late = run.train["loss"][-15:]
    drift = abs(float(np.median(late[-5:])) - float(np.median(late[:5])))
    return drift <= DRIFT * float(np.mean(np.abs(np.diff(late))))


def validation_rises(run: Run, row: Row) -> bool:
    return end(run.val["loss"]) >= RISEN * lowest(run.val["loss"])[1]


def box_rests(run: Run, row: Row) -> bool:
    """Say whether the loss of the boxes does not rise in validation either."""
    return end(run.val["box"]) <= RESTS * lowest(run.val["box"])[1]


def hovers(run: Run, row: Row) -> bool:
    """Say whether the validation loss neither rises nor follows the train loss down."""
    return not validation_rises(run, row) and kept_up(run) <= KEPT_UP


def follows(run: Run, row: Row) -> bool:
    """Say whether the validation loss follows the train loss down; where it rises, the score is what climbs."""
    if row["variant"] == "val_loss_rises_score_climbs":
        return climb_on_validation(run, row["onset"]) >= CLIMBED
    return kept_up(run) >= LEFT


def kept_up(run: Run) -> float:
    """Return what the validation loss gained on the higher of the two first losses, as a share of what train did."""
    fitted, checked = run.train["loss"], run.val["loss"]
    first = max(fitted[0], checked[0])
    return (first - end(checked)) / max(first - end(fitted), 1e-12)


def not_lost_yet(run: Run, row: Row) -> bool:
    """Say whether the rows that were logged are free of a loss far above the one before training."""
    logged = [run.train["loss"][: len(row["epochs"])], run.val["loss"][: len(row["epochs"])]]
    return all(max(values) <= LOST * max(run.initial["loss"], values[0]) for values in logged)


SHOWN: dict[str, tuple[str, Callable[[Run, Row], bool]]] = {
    "not_learning": ("only a score would tell that it is chance", chance_shows),
    "slow_convergence": ("its rate falls and is not logged", rate_shows),
    "diverging": ("only a score would tell that it is chance", score_tells),
    "stuck_after_first_epoch": ("it falls on after the first drop", stays),
    "oscillating": ("it has a trend", no_trend),
    "overfitting": ("validation does not rise", validation_rises),
    "generalization_gap": ("validation rises, or follows", hovers),
    "class_loss_rising": ("the box loss rises in validation", box_rests),
    "converged": ("validation does not follow", follows),
    "too_early": ("it diverges beyond doubt", not_lost_yet),
}
"""By the labels that can be asked for: what their logs do not show, and whether they do."""
