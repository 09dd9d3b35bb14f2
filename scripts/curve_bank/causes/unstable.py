"""Sick by instability: diverging, NaN, oscillating, periodic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from scripts.curve_bank.causes.speed import hard_to_fit, raised
from scripts.curve_bank.drawing import significant, sound
from scripts.curve_bank.found import Evidence, Found, RejectedError, require
from scripts.curve_bank.training import Hook, Objective, Run, Setup, evaluate, go_on, train
from scripts.curve_bank.verify import at_chance, end, finite, guessing, lowest, turns, variation, wave

DIVERGING = (
    "gradient ascent from an epoch on",
    "rate jumps up at an epoch",
    "rate grows each epoch",
    "gradient ascent from the start",
)
AT_ONCE = "rate far too high from the first step"
NAN = ("rate jumps up", "log of 0 in half precision", "corrupt sample", "loss scale overflows", "exp overflows")
OSCILLATING = ("high rate and momentum", "tiny batches of few samples", "adam, high rate")
AT_THE_EDGE = ("full batches at the edge", "few batches at the edge")
"""Steps along the gradient of all samples at once, just too large for the steepest direction: a loss that bounces."""

PERIODIC = ("sorted by class", "sorted by input", "sorted by target", "sorted by class, high rate")


def diverging(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Turn the sign of the gradient, or let the rate jump or grow, from an epoch on."""
    if cause == AT_ONCE:
        return exploded(half, rng)
    setup = sound(half, rng, n_train=(120, 350), plan=(30, 90))
    k = 0 if "start" in cause else int(setup.settings.rows * rng.uniform(0.05, 0.7))
    if cause == "rate grows each epoch":
        k = 0
    run = train(setup, hook=pushed(rng, cause, k))
    require(finite(run), "not finite")
    test, fitted = run.test["loss"], run.train["loss"]
    low, low_train = min(lowest(test)[1], run.initial["loss"]), lowest(fitted)
    require(end(test) >= 1.3 * low, "the test loss does not rise")
    require(end(fitted) >= 1.3 * low_train[1], "the train loss does not rise")
    onset = k + 1 if k else low_train[0] + 1
    after = fitted[onset - 1 :]
    require(len(after) >= 6, "too few rows after the onset")
    require(np.mean(after[-len(after) // 3 :]) > np.mean(after[: len(after) // 3 + 1]), "it does not rise on")
    score = run.test[run.score]
    require(end(score) <= max(score) - 0.05 or max(score) < 0.1, "the metric is not lost")
    evidence = Evidence("last over lowest test loss", end(test) / low, 1.3)
    return Found("diverging", run, cause, evidence, onset=onset, loses=True)


def exploded(half: str, rng: np.random.Generator) -> Found:
    """Explode within the first epoch; verify that train and test are left at chance, and a sound rate learns."""
    peer_setup = sound(half, rng, modes=("cls",), n_train=(120, 350), plan=(30, 90))
    setup = peer_setup.but(rate=significant(peer_setup.settings.rate * 10 ** rng.uniform(1.0, 4.0)), clip=0.0)
    run = train(setup)
    require(finite(run), "not finite")
    guess, fitted = guessing(run), run.train["loss"]
    require(run.initial["loss"] <= 2 * guess, "it begins high")
    require(fitted[0] >= 4 * guess, "it does not explode")
    require(at_chance(run, setup.task.test) and at_chance(run, setup.task.train), "it is above chance")
    peer = train(peer_setup)
    require(finite(peer) and not at_chance(peer, setup.task.test), "a sound peer is at chance as well")
    evidence = Evidence("first train loss over that of guessing, train and test at chance", fitted[0] / guess, 4.0)
    return Found("diverging", run, AT_ONCE, evidence, onset=1, loses=True, peer=peer)


def pushed(rng: np.random.Generator, cause: str, k: int) -> Hook:
    factor = 10 ** rng.uniform(-2.0, -0.3) if "ascent" in cause else 10 ** rng.uniform(1.0, 2.5)
    growth = rng.uniform(1.05, 1.4)

    def hook(run: Run) -> None:
        if cause == "rate grows each epoch":
            run.factor = min(growth**run.row, 1e4)
        elif run.row >= k:
            run.factor = factor
            run.gradient_scale = -1.0 if "ascent" in cause else 1.0

    return hook


def nan(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Let a number overflow or a sample be corrupt; verify that the weights or the outputs are not finite."""
    modes = ("cls",) if cause in ("log of 0 in half precision", "exp overflows") else ("cls", "box", "both")
    optimizers = ("adam",) if cause == "loss scale overflows" else ("adam", "momentum", "sgd")
    setup = sound(half, rng, modes=modes, optimizers=optimizers, n_train=(120, 350), plan=(30, 90))
    k = int(setup.settings.rows * rng.uniform(0.04, 0.8))
    objective = overflowing(setup, cause)
    if objective:
        setup = setup.but(rate=significant(setup.settings.rate * 10 ** rng.uniform(0.3, 1.5)), clip=0.0)
    if cause == "rate jumps up":
        setup = setup.but(clip=0.0, optimizer="sgd")
    run = train(setup, hook=corrupting(cause, k), objective=objective, measure=objective)
    bad = ~np.isfinite(run.train["loss"])
    require(bool(bad.any()) and bool(bad[-1]), "the train loss stays finite")
    onset = int(np.argmax(bad))
    require(onset >= 1 and bool(bad[onset:].all()), "it is not finite from the start, or recovers")
    weights = all(bool(p.isfinite().all()) for p in run.model.parameters())
    require(not weights or not np.isfinite(evaluate(run, setup.task.test)["loss"]), "weights and outputs are finite")
    rows = min(setup.settings.rows, onset + int(rng.choice([3, 5, 10, 30, 1000])))
    evidence = Evidence("share of the rows after the first one that are not finite", 1.0, 1.0)
    return Found("nan", run, cause, evidence, onset=onset + 1, rows=rows, loses=True)


def overflowing(setup: Setup, cause: str) -> Objective | None:
    """Return a cross-entropy that overflows, or None."""
    classes = setup.task.classes

    def half_precision(out: Tensor, y: Tensor, z: Tensor, model: nn.Module) -> dict[str, Tensor]:
        p = out[:, :classes].softmax(dim=1).half().float()
        return {"cls": -p.gather(1, y[:, None]).log().mean()}

    def naive(out: Tensor, y: Tensor, z: Tensor, model: nn.Module) -> dict[str, Tensor]:
        e = (4.0 * out[:, :classes]).exp()
        return {"cls": -(e.gather(1, y[:, None])[:, 0] / e.sum(dim=1)).log().mean()}

    return {"log of 0 in half precision": half_precision, "exp overflows": naive}.get(cause)


def corrupting(cause: str, k: int) -> Hook | None:
    def hook(run: Run) -> None:
        if cause == "loss scale overflows":
            run.gradient_scale = 2.0 ** min(127.0, run.row * 126 / max(k, 2))
        elif run.row == k and cause == "rate jumps up":
            run.factor = 1e5
        elif run.row == k and cause == "corrupt sample":
            corrupt(run)

    return hook if cause in ("rate jumps up", "corrupt sample", "loss scale overflows") else None


def corrupt(run: Run) -> None:
    """Put a NaN into one training sample: its input, or its target where the input is text."""
    part = run.setup.task.train
    name = "x" if part.x.is_floating_point() else "z"
    if name == "z" and run.setup.mode == "cls":
        raise RejectedError("neither input nor target can be NaN")
    values = getattr(part, name).clone()
    values[0] = torch.nan
    run.setup = replace(run.setup, task=run.setup.task.with_parts(train=replace(part, **{name: values})))


def oscillating(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Take steps too large for what a batch can say; verify by going on with a tenth of the rate."""
    if cause in AT_THE_EDGE:
        return bounces(at_the_edge(half, rng, cause), cause, step=1.4)
    optimizer = "adam" if "adam" in cause else "momentum"
    setup = sound(half, rng, optimizers=(optimizer,), n_train=(24, 90), plan=(30, 80), may_anneal=False)
    setup = replace(hard_to_fit(setup, rng), width=setup.width)
    batch = 4 if "tiny" in cause else int(rng.choice([8, 16]))
    if batch < 8:
        setup = replace(
            setup, task=setup.task.with_parts(train=setup.task.train.take(torch.arange(min(40, len(setup.task.train)))))
        )
    return bounces(setup.but(batch=batch, momentum=0.95, clip=float(rng.choice([0.0, 1.0, 2.0]))), cause)


def at_the_edge(half: str, rng: np.random.Generator, cause: str) -> Setup:
    setup = sound(
        half, rng, modes=("box", "both"), optimizers=("sgd",), n_train=(60, 250), plan=(30, 80), may_anneal=False
    )
    if rng.random() < 0.5:
        setup = replace(hard_to_fit(setup, rng), width=setup.width)
    batch = -(-len(setup.task.train) // (1 if "full" in cause else int(rng.integers(2, 5))))
    return setup.but(batch=batch, clip=float(rng.choice([0.5, 1.0, 2.0])))


def bounces(setup: Setup, cause: str, step: float = 1.7) -> Found:
    """Train with the lowest rate at which the losses zig-zag; verify by going on with a tenth of it."""
    run = train(raised(setup, zig_zags, rows=16, step=step))
    require(finite(run), "not finite")
    test, fitted = run.test["loss"][-15:], run.train["loss"][-15:]
    require(variation(test) >= 0.2 and turns(test) >= 0.5, "no zig-zag on the test set")
    require(steady(run.test["loss"]) and steady(run.train["loss"]), "it drifts")
    require(variation(fitted) >= 0.15 and turns(fitted) >= 0.4, "no zig-zag of the train loss")
    require(end(run.test["loss"]) <= 3 * run.initial["loss"], "it diverges")
    later = go_on(run, 20, run.rates[-1] / 10)
    ratio = variation(later.test["loss"][-15:]) / variation(test)
    require(ratio <= 1 / 3, "a lower rate does not calm it")
    evidence = Evidence("variation of the test loss with a tenth of the rate over its own", ratio, 1 / 3)
    return Found("oscillating", run, cause, evidence, peer=later)


def zig_zags(run: Run) -> bool:
    """Say whether the test loss jumps up and down at a level no worse than that of the untrained model."""
    if not finite(run):
        return False
    test, fitted = run.test["loss"][4:], run.train["loss"][4:]
    calm = variation(test) < 0.28 or turns(test) < 0.5 or variation(fitted) < 0.18
    return not calm and float(np.median(test)) <= 1.5 * run.initial["loss"]


def steady(values: list[float]) -> bool:
    """Say whether the last third is at the level of the middle one."""
    third = len(values) // 3
    return float(np.median(values[-third:])) <= 1.4 * float(np.median(values[third : 2 * third]))


def periodic(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Log several rows a pass over sorted data; verify by the same run with the data shuffled."""
    chunks = int(rng.integers(3, 26))
    passes = int(rng.integers(5, 25))
    order = cause.split(",")[0].removeprefix("sorted by ")
    modes = ("cls", "both") if order == "class" else ("box", "both") if order == "target" else ("cls", "box", "both")
    setup = sound(half, rng, modes=modes, n_train=(200, 450))
    setup = setup.but(rows=max(40, min(150, chunks * passes)), chunks=chunks, order=order, batch=16)
    setup = setup.but(rate=significant(setup.settings.rate * (3 if "high" in cause else 1)))
    require(setup.settings.rows >= 4 * chunks, "fewer than four periods")
    run = train(setup)
    shuffled = train(setup.but(order="shuffled"))
    require(finite(run) and finite(shuffled), "not finite")
    power, share = wave(run.train["loss"], chunks)
    ratio = wave(shuffled.train["loss"], chunks)[0] / power
    require(share >= 0.35, "no clear wave")
    require(ratio <= 1 / 3, "the wave is there when shuffled")
    late = slice(len(run.train["loss"]) // 2, None)
    require(variation(run.train["loss"][late]) >= 0.05, "the wave is tiny")
    evidence = Evidence(f"power at a period of {chunks} rows when shuffled over its own", ratio, 1 / 3)
    return Found("periodic", run, f"{cause}, {chunks} rows a pass", evidence, peer=shuffled)
