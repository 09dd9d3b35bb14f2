"""Sick in what is measured: a loss that is not about the score, a loss that must not be negative."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scripts.curve_bank.causes.generalising import noisy_everywhere
from scripts.curve_bank.drawing import significant, sound
from scripts.curve_bank.found import Evidence, Found, require
from scripts.curve_bank.training import Objective, Setup, evaluate, standard, train
from scripts.curve_bank.verify import FALLEN, RESTS, STEADY, around, end, finite, moved

STALLED = ("shrinking regulariser", "easy output dominates", "loss unrelated to the metric")
STALLED_BY_LABELS = "class labels shuffled"
"""The numbers are learnt and make up the loss; the classes, which the metric counts, say nothing."""

NEGATIVE = (
    "kl_div of probabilities",
    "nll_loss of probabilities",
    "targets outside 0 … 1",
    "dice with targets up to 4",
)


def metric_stalled(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Let the losses fall by something that the metric does not measure."""
    objective: Objective | None
    if cause == "shrinking regulariser":
        setup = sound(half, rng, modes=("cls",), optimizers=("momentum", "sgd"), n_train=(100, 350), plan=(30, 90))
        setup = replace(setup, init_scale=float(rng.uniform(1.0, 2.0))).but(clip=0.0)
        objective, score = regularised_objective(setup, rng), "accuracy"
    elif cause == STALLED_BY_LABELS:
        setup = sound(half, rng, modes=("both",), n_train=(150, 400), plan=(30, 90))
        setup = setup.but(rate=significant(setup.settings.rate * 10 ** rng.uniform(-1.2, -0.3)))
        setup = replace(setup, task=noisy_everywhere(setup.task, rng, 1.0), width=max(8, setup.width // 2))
        objective, score = standard(setup, weight=float(rng.uniform(1, 4))), "accuracy"
    else:
        setup = sound(half, rng, modes=("both",), n_train=(150, 400), plan=(30, 90))
        setup = setup.but(rate=significant(setup.settings.rate * 10 ** rng.uniform(-1.0, 0.0)))
        objective, score = beside_the_point(setup, rng, cause), "accuracy"
    run = train(setup, objective=objective, measure=objective)
    require(finite(run), "not finite")
    change, spread = moved(run.test[score])
    require(abs(change) <= RESTS, "the metric moves")
    require(spread <= STEADY, "the metric is not flat")
    for history in (run.train["loss"], run.val["loss"], run.test["loss"]):
        require(end(history) <= FALLEN * around(history, 0.4), "a loss does not fall")
    evidence = Evidence(f"change of the test {score} over the last 60 % while the losses fell >= 15 %", change, RESTS)
    show = frozenset({"val_loss", "metric"})
    lost = True if cause != "shrinking regulariser" else None
    return Found("metric_stalled", run, cause, evidence, show=show, score=score, components=False, loses=lost)


def regularised_objective(setup: Setup, rng: np.random.Generator) -> Objective:
    """Add a penalty on the weights that halves a few times over the run."""
    s, base = setup.settings, standard(setup)
    steps = s.rows * len(setup.task.train) / s.batch
    rate = s.rate * (10 if s.optimizer == "momentum" else 1)
    strength = float(rng.uniform(0.3, 1.5)) / (rate * steps)

    def objective(out: Tensor, y: Tensor, z: Tensor, model: nn.Module) -> dict[str, Tensor]:
        penalty = torch.stack([(p**2).sum() for p in model.parameters() if p.ndim > 1]).sum()
        return {**base(out, y, z, model), "penalty": strength * penalty}

    return objective


def beside_the_point(setup: Setup, rng: np.random.Generator, cause: str) -> Objective:
    """Weigh the numbers far above the classes, or leave the classes out."""
    base = standard(setup, weight=float(rng.uniform(3, 30)))
    share = 0.0 if "unrelated" in cause else 0.001

    def objective(out: Tensor, y: Tensor, z: Tensor, model: nn.Module) -> dict[str, Tensor]:
        parts = base(out, y, z, model)
        return {"box": parts["box"], "cls": share * parts["cls"]}

    return objective


def negative_loss(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Give a loss the wrong arguments; verify that cross-entropy is positive where the loss is below 0."""
    setup = sound(half, rng, modes=("cls",), plan=(30, 90))
    objective = misused(setup, cause)
    run = train(setup, objective=objective, measure=objective)
    require(finite(run), "not finite")
    proper = replace(run, measure=standard(setup))
    cross_entropy = evaluate(proper, setup.task.test)["loss"]
    value = end(run.test["loss"])
    require(value < -0.01 and cross_entropy > 0, "the loss is not negative")
    onset = int(np.argmax(np.array(run.train["loss"]) < 0)) + 1
    evidence = Evidence("test loss at the end, of a loss that must be positive", value, 0.0)
    return Found("negative_loss", run, cause, evidence, onset=onset)


def misused(setup: Setup, cause: str) -> Objective:
    classes = setup.task.classes

    def objective(out: Tensor, y: Tensor, z: Tensor, model: nn.Module) -> dict[str, Tensor]:
        logits, p = out[:, :classes], out[:, :classes].softmax(dim=1)
        target = F.one_hot(y, classes).float()
        if "kl_div" in cause:
            smooth = 0.9 * target + 0.1 / classes
            return {"cls": F.kl_div(p, smooth, reduction="batchmean")}
        if "nll_loss" in cause:
            return {"cls": F.nll_loss(p, y)}
        if "outside" in cause:
            return {"cls": F.binary_cross_entropy_with_logits(logits, 2.0 * target)}
        return {"cls": 1 - (2 * (p * 4 * target).sum() + 1) / (p.sum() + target.sum() + 1)}

    return objective
