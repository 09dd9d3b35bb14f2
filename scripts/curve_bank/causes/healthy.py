"""Healthy runs: converged, still improving, fine-tuning, too early to say."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scripts.curve_bank.drawing import significant, sound
from scripts.curve_bank.found import Evidence, Found, RejectedError, require
from scripts.curve_bank.samples import Task
from scripts.curve_bank.training import Objective, Run, Setup, advance, go_on, start, train
from scripts.curve_bank.verify import around, end, finite, jitter, lowest, nearly_learnt

CONVERGED = (
    "plain",
    "cosine_tail",
    "warm_up",
    "step",
    "close_mosaic",
    "single_class",
    "isolated_nan_cell",
    "resumed",
    "val_loss_rises_score_climbs",
)
IMPROVING = (
    "plain",
    "warm_up",
    "plain",
    "single_class",
    "resumed",
    "isolated_nan_cell",
    "close_mosaic",
    "val_loss_rises_score_climbs",
)
PRETRAINED = ("half of the data", "noisy inputs", "half of the data, small batch")
CUT = ("sound", "rate too high", "rate too low", "few samples", "labels shuffled", "warm_up")


def converged(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Train soundly until flat; verify by training half as long again."""
    if cause == "val_loss_rises_score_climbs":
        return score_climbs(half, rng, "converged")
    modes = ("both",) if cause == "single_class" else ("cls", "box", "both")
    setup = sound(half, rng, modes=modes, n_train=(250, 500), plan=(30, 90))
    setup = regularised(setup, rng)
    if cause not in ("plain", "step") and rng.random() < 0.7:
        setup = setup.but(schedule=str(rng.choice(["cosine", "step"])))
    run, extra = run_variant(setup, rng, cause)
    require(finite(run), "not finite")
    test, train_loss = run.test["loss"], run.train["loss"]
    require(end(test) <= 1.03 * lowest(test)[1], "the last checkpoint is not the best")
    require(around(test, 0.1, 1) > 1.05 * end(test), "flat from the start")
    require(around(test, 0.55) <= 1.3 * end(test), "flat only because the rate fell")
    if cause != "close_mosaic":
        require(around(train_loss, 0.8) < 1.15 * end(train_loss), "the train loss is not flat")
    gain, fallen = continued(run)
    require(gain < 0.02, "continuing gains too much")
    require(not begins_flat(run), "it begins with a plateau")
    require(fallen > 0.3, "it learnt little")
    evidence = Evidence("share of the test loss that 50 % more training takes off", gain, 0.02)
    return Found("converged", run, f"sound settings, {cause}", evidence, **extra)


def still_improving(half: str, rng: np.random.Generator, cause: str) -> Found:
    """End the plan while the model still learns; verify by training half as long again."""
    if cause == "val_loss_rises_score_climbs":
        return score_climbs(half, rng, "still_improving")
    modes = ("both",) if cause == "single_class" else ("cls", "box", "both")
    setup = sound(half, rng, modes=modes, n_train=(250, 500), plan=(30, 90), may_anneal=False)
    setup = setup.but(rate=significant(setup.settings.rate * 10 ** rng.uniform(-1.5, -0.5)))
    run, extra = run_variant(setup, rng, cause)
    require(finite(run), "not finite")
    test = run.test["loss"]
    require(end(test) <= 1.02 * lowest(test)[1], "the last checkpoint is not the best")
    gain, _ = continued(run)
    require(gain >= 0.05, "continuing gains too little")
    require(not begins_flat(run), "it begins with a plateau")
    require(nearly_learnt(run, gain), "it has only begun to learn")
    evidence = Evidence("share of the test loss that 50 % more training takes off", gain, 0.05)
    return Found("still_improving", run, f"the plan ends early, {cause}", evidence, **extra)


def regularised(setup: Setup, rng: np.random.Generator) -> Setup:
    """Keep a run from overfitting."""
    adam = setup.settings.optimizer == "adam"
    return setup.but(
        weight_decay=significant(10 ** (rng.uniform(-1.5, 0.0) if adam else rng.uniform(-3.0, -1.7))),
        dropout=float(rng.choice([0.0, 0.0, 0.1, 0.2])),
        smoothing=float(rng.choice([0.0, 0.0, 0.1])),
    )


def run_variant(setup: Setup, rng: np.random.Generator, cause: str) -> tuple[Run, dict[str, Any]]:
    """Train a variant of a sound run; return it with what to say of it."""
    rows = setup.settings.rows
    extra: dict[str, Any] = {"variant": None if cause in ("plain", "step") else cause}
    if cause == "cosine_tail":
        setup = setup.but(schedule="cosine")
    elif cause == "step":
        setup = setup.but(schedule="step")
    elif cause == "warm_up":
        setup = setup.but(warm_up=max(3, int(rows * rng.uniform(0.04, 0.1))))
    elif cause == "close_mosaic":
        setup = setup.but(augment=significant(rng.uniform(0.4, 1.0)), close_augment=max(3, rows // 10))
    elif cause == "resumed":
        run, extra["given_up"] = resumed(setup, rng)
        return run, extra
    elif cause == "isolated_nan_cell":
        extra |= {"nan_cell": int(rng.integers(1, rows - 1)), "show": frozenset({"val_loss"})}
    objective = single_class(setup) if cause == "single_class" else None
    if objective:
        extra |= {"components": True}
    return train(setup, objective=objective, measure=objective), extra


def single_class(setup: Setup) -> Objective:
    """Return the objective of a detector with one class, whose classification loss is 0."""
    classes = setup.task.classes

    def objective(out: Tensor, y: Tensor, z: Tensor, model: nn.Module) -> dict[str, Tensor]:
        return {"box": nn.functional.mse_loss(out[:, classes:], z), "cls": out.sum() * 0.0}

    return objective


def resumed(setup: Setup, rng: np.random.Generator) -> tuple[Run, tuple[Run, int]]:
    """Interrupt a run and resume it from an earlier checkpoint."""
    rows = setup.settings.rows
    stopped = int(rng.integers(rows // 4, rows - 5))
    back = stopped - int(rng.integers(1, max(2, rows // 8)))
    run = advance(start(setup), back)
    given_up = advance(copy.deepcopy(run), stopped - back)
    return advance(run, rows - back), (given_up, back)


def begins_flat(run: Run) -> bool:
    """Tell whether hardly any of the fall of the test loss lies in the first eighth of the plan: a slow start."""
    test, first = run.test["loss"], run.initial["loss"]
    return first - around(test, 0.125, 1) < 0.1 * (first - end(test))


def continued(run: Run, rate: float | None = None) -> tuple[float, float]:
    """Return what half as much training again gains on the test loss (at the last rate, unless given), and before."""
    later = go_on(run, run.setup.settings.rows // 2, rate)
    before = end(run.test["loss"])
    return 1 - end(later.test["loss"]) / before, 1 - before / run.initial["loss"]


def score_climbs(half: str, rng: np.random.Generator, label: str) -> Found:
    """Let the loss of a classifier rise from over-confidence while its accuracy still climbs."""
    setup = sound(half, rng, modes=("cls",), n_train=(120, 350), plan=(30, 90))
    setup = replace(setup, width=setup.width * 2, task=with_label_noise(setup, rng, rng.uniform(0.0, 0.1)))
    run = train(setup)
    require(finite(run), "not finite")
    loss, score = run.test["loss"], run.test["accuracy"]
    turn, low = lowest(loss)
    require(low > 0, "nothing was left to learn")
    rise, climb = end(loss) / low, end(score) - float(np.mean(score[max(0, turn - 2) : turn + 3]))
    require(rise >= 1.1 and climb >= 0.01, "the loss does not rise or the accuracy does not climb")
    require(end(score) >= float(np.max(np.convolve(score, np.ones(5) / 5, "valid"))) - 0.01, "the accuracy falls again")
    later = go_on(run, setup.settings.rows // 2)
    gain = end(later.test["accuracy"]) - end(score)
    require(gain >= -0.015, "continuing loses accuracy")
    is_label = "still_improving" if gain >= 0.01 else "converged"
    require(is_label == label, f"it is {is_label}")
    evidence = Evidence("test accuracy at the end less that around the lowest test loss", climb, 0.01)
    show = frozenset({"val_loss", "metric"})
    variant = "val_loss_rises_score_climbs"
    cause = "over-confident classifier"
    return Found(label, run, cause, evidence, variant=variant, secondary=("overfitting",), onset=turn + 1, show=show)


def with_label_noise(setup: Setup, rng: np.random.Generator, share: float) -> Task:
    """Return the task with a share of the training labels drawn anew."""
    part = setup.task.train
    wrong = torch.from_numpy(rng.random(len(part)) < share)
    y = torch.where(wrong, torch.from_numpy(rng.integers(setup.task.classes, size=len(part))), part.y)
    return setup.task.with_parts(train=replace(part, y=y))


def fine_tuning(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Pretrain on half of the data or on noisy inputs, then go on with all of it at a low rate."""
    setup = sound(half, rng, n_train=(200, 450), plan=(30, 90))
    n = len(setup.task.train)
    first = setup.task.train.take(torch.arange(n // 2 if "half" in cause else n))
    pretraining = replace(setup, task=setup.task.with_parts(train=first)).but(rows=int(rng.integers(8, 25)))
    pretraining = pretraining.but(schedule="constant", warm_up=0)
    if cause == "noisy inputs":
        pretraining = pretraining.but(augment=significant(rng.uniform(0.6, 1.2)))
    before = train(pretraining)
    low = setup.but(rate=significant(setup.settings.rate * 10 ** rng.uniform(-1.6, -0.6)))
    if "small batch" in cause:
        low = low.but(batch=8)
    run = train(low, model=copy.deepcopy(before.model))
    require(finite(run), "not finite")
    test, scratch = run.test["loss"], before.initial["loss"]
    require(test[0] < 0.35 * scratch, "it does not start low")
    drop = float(np.mean(test[:2])) - end(test)
    require(drop > 3 * jitter(test) and drop > 0.08 * test[0], "it does not improve beyond the noise")
    require(end(test) <= 1.02 * lowest(test)[1], "the last checkpoint is not the best")
    evidence = Evidence("first test loss over that of an untrained model", test[0] / scratch, 0.35)
    return Found("fine_tuning", run, f"pretrained on {cause}, low rate", evidence)


def too_early(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Cut a sound or an unsound run at 1 … 8 % of its planned epochs."""
    setup = sound(half, rng, n_train=(40, 90) if cause == "few samples" else (150, 400), plan=(60, 300))
    rows = setup.settings.rows
    logged = min(9, max(1, int(rows * rng.uniform(0.01, 0.08))))
    rate = setup.settings.rate * {"rate too high": 20, "rate too low": 0.02}.get(cause, 1.0)
    setup = setup.but(rate=significant(rate), warm_up=int(0.05 * rows) if cause == "warm_up" else 0)
    if cause == "labels shuffled":
        setup = replace(setup, task=with_label_noise(setup, rng, 1.0))
    run = advance(start(setup), logged)
    if not run.train:
        raise RejectedError("nothing was logged")
    require(finite(run), "not finite")
    evidence = Evidence("share of the planned epochs that was logged", logged / rows, 0.08)
    require(logged / rows <= 0.085, "too much was logged")
    variant = "warm_up" if cause == "warm_up" else None
    return Found("too_early", run, f"cut, {cause}", evidence, variant=variant, rows=logged)
