"""Say which symptom the test set shows beside the label, by what verifies the sick ones."""

from __future__ import annotations

from collections.abc import Callable

from scripts.curve_bank.causes.healthy import continued
from scripts.curve_bank.found import Found
from scripts.curve_bank.log import Row, is_lost, score_of
from scripts.curve_bank.training import Run, evaluate
from scripts.curve_bank.verify import (
    CALMER,
    FALLEN,
    FAR_FALLEN,
    HIGH,
    RESTS,
    STEADY,
    STRAIGHT,
    around,
    at_chance,
    begins_late,
    end,
    guessing,
    jitter,
    lowest,
    moved,
    nearly_learnt,
    smoothed,
    turns,
    variation,
)

UNMISTAKABLE = frozenset({"too_early", "nan", "negative_loss", "diverging", "periodic"})
"""Labels that are facts, or that outweigh whatever else there is."""

NO_SHARES = frozenset({"loss", "rmse", "mae"})


def symptom_of(found: Found, row: Row) -> str | None:
    """Return what speaks against calling the run healthy, or None."""
    run = found.run
    if validation_jumps(run):
        return "the validation jumps more than the test set"
    if zig_zags(run):
        return "it zig-zags"
    if a_score_rests(run, row):
        return "a score rests while the losses fall"
    # A loss that rises while the score climbs is the variant of that name, and is verified by the score.
    if found.secondary:
        return None
    if any(is_lost(found, [run], key) for key in scores(row)):
        return "an earlier checkpoint has a better score"
    return "a part of the loss rises" if part_rises(run) else None


def another(found: Found, row: Row) -> str | None:
    """Return what speaks for another label than the one that was verified, or None."""
    if found.label in UNMISTAKABLE:
        return None
    if (reason := unclear(found)) is not None:
        return reason
    if found.label != "metric_stalled" and a_score_rests(found.run, row):
        return "also metric_stalled"
    ways = {label: shows for label, shows in SHOWS.items() if label != found.label and label not in found.secondary}
    return next((f"also {label}" for label, shows in ways.items() if shows(found.run)), None)


def unclear(found: Found) -> str | None:
    """Return how a run goes over into what is next to its label, or None."""
    run = found.run
    fine = found.label == "fine_tuning"
    if fine and run.test["loss"][0] > 0.5 * guessing(run):
        return "it begins where guessing is"
    if fine and end(run.test["loss"]) > 0.97 * around(run.test["loss"], 0.5):
        return "also converged"
    if found.label == "still_improving" and (begins_low(run) or straight(run)):
        return "also fine_tuning" if begins_low(run) else "also slow_convergence"
    if found.label == "slow_convergence" and nearly_learnt(run, continued(run, max(run.rates))[0]):
        return "also still_improving"
    if found.label == "generalization_gap" and end(run.test["loss"]) > 1.05 * lowest(run.test["loss"])[1]:
        return "also overfitting"
    if found.label == "generalization_gap" and end(run.train["loss"]) > 0.8 * end(run.val["loss"]):
        return "the logged losses are near each other"
    climbs = found.variant != "val_loss_rises_score_climbs" or climb_on_validation(found.run, found.onset) > 0
    return None if climbs else "the validation does not show that the score climbs"


def begins_low(run: Run) -> bool:
    return run.test["loss"][0] < 0.35 * run.initial["loss"] and run.test["loss"][0] <= 0.5 * guessing(run)


def straight(run: Run) -> bool:
    """Say whether the test loss fell by 60 % at most, and about as much in the second half as in the first."""
    first, last = run.initial["loss"], end(run.test["loss"])
    half = around(run.test["loss"], 0.5)
    return last >= (1 - FAR_FALLEN) * first and first - half <= STRAIGHT * (first - last)


def scores(row: Row) -> list[str]:
    return [score_of(name) for name, series in row["series"].items() if series["kind"] == "metric"]


def validation_jumps(run: Run) -> bool:
    late = slice(len(run.val["loss"]) * 2 // 5, None)
    val, test, fitted = (jitter(h["loss"][late]) for h in (run.val, run.test, run.train))
    level = sum(run.val["loss"][late]) / len(run.val["loss"][late])
    return len(run.val["loss"][late]) >= 4 and val >= HIGH * level and val >= CALMER * max(test, fitted)


def zig_zags(run: Run) -> bool:
    late = run.test["loss"][-15:]
    return len(late) >= 8 and variation(late) >= 0.2 and turns(late) >= 0.5


def a_score_rests(run: Run, row: Row) -> bool:
    """Say whether losses fall by 15 % and more over the last 60 %, and a score from 0 to 1 stays where it was."""
    if len(run.test["loss"]) < 10 or any(
        end(h["loss"]) > FALLEN * around(h["loss"], 0.4) for h in (run.train, run.val, run.test)
    ):
        return False
    known = [run.test[key] for key in scores(row) if key in run.test and key not in NO_SHARES]
    return any(abs(change) <= RESTS and spread <= STEADY for change, spread in map(moved, known))


def part_rises(run: Run) -> bool:
    parts = [values for key, values in run.test.items() if key in run.train and key != "loss"]
    return any(end(values) > 1.1 * lowest(values)[1] + 1e-9 for values in parts)


def learns_nothing(run: Run) -> bool:
    return at_chance(run, run.setup.task.test) and at_chance(run, run.setup.task.train)


def waits(run: Run) -> bool:
    test = run.test["loss"]
    return begins_late(test) and end(test) <= 0.8 * test[0]


def overfits(run: Run) -> bool:
    """Say whether an earlier checkpoint has a loss lower by a tenth, and no lower score."""
    loss, score, fitted = run.test["loss"], run.test[run.score], run.train["loss"]
    turn, low = lowest(loss)
    fits_on = end(fitted) < 0.9 * fitted[turn]
    return low > 0 and end(loss) >= 1.1 * low and fits_on and end(score) - float(smoothed(score, 5)[turn]) <= 0.01


def keeps_a_gap(run: Run) -> bool:
    """Say whether training falls on while the test loss stays where it is, far above that of the training samples."""
    loss, fitted = run.test["loss"], run.train["loss"]
    stays = -0.05 <= end(loss) / around(loss, 1 / 3) - 1 <= 0.1 and end(fitted) <= 0.9 * around(fitted, 1 / 3)
    return stays and evaluate(run, run.setup.task.train)["loss"] <= 0.7 * end(loss)


def climb_on_validation(run: Run, onset: int | None) -> float:
    """Return by how much the validated score ends above what it was when its loss was lowest."""
    score, turn = run.val[run.score], onset or 0
    return end(score) - sum(score[max(0, turn - 3) : turn + 2]) / len(score[max(0, turn - 3) : turn + 2])


SHOWS: dict[str, Callable[[Run], bool]] = {
    "noisy_validation": validation_jumps,
    "oscillating": zig_zags,
    "not_learning": learns_nothing,
    "slow_start": waits,
    "overfitting": overfits,
    "generalization_gap": keeps_a_gap,
}
"""What verifies a label, on any run."""
