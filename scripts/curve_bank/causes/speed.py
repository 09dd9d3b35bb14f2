"""Sick in what is learnt when: nothing, too little too soon, late, slowly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from scripts.curve_bank.causes.healthy import with_label_noise
from scripts.curve_bank.drawing import significant, sound
from scripts.curve_bank.found import Evidence, Found, RejectedError, require
from scripts.curve_bank.halves import named
from scripts.curve_bank.models import build
from scripts.curve_bank.training import Hook, Run, Setup, advance, go_on, start, train
from scripts.curve_bank.verify import (
    FAR_FALLEN,
    STRAIGHT,
    around,
    at_chance,
    begins_late,
    end,
    finite,
    lowest,
    plateau,
    variation,
)

PREMATURE = ("rate collapses", "strong weight decay", "early step decay", "full batch, early step decay", "bottleneck")
NOT_LEARNING = ("labels shuffled", "inputs zeroed", "rate 1e-8", "optimizer without the weights", "dead units")
STUCK = ("rate far too high", "rate far too high, large initial weights", "rate far too high, small batch")
STUCK_CLIPPED = ("rate far too high, clipped", "rate far too high, clipped, sound targets")
"""Steps of a fixed length that are too long: whatever the batch says, the next one is as far from the valley."""

SLOW_START = ("tiny initial weights", "long warm-up", "rate grows from almost 0")


def premature_convergence(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Let learning end within a few epochs; verify by a sound peer that gets clearly lower."""
    peer_setup = sound(half, rng, n_train=(150, 450), plan=(50, 110))
    run = train(hurried(peer_setup, rng, cause))
    require(finite(run), "not finite")
    test = run.test["loss"]
    rows = len(test)
    early = float(np.mean(test[rows // 10 : rows // 10 + 2]))
    change = abs(end(test) / early - 1)
    require(change <= 0.03, "it moves after a tenth of the plan")
    require(max(test[rows // 10 :]) - min(test[rows // 10 :]) <= 0.15 * end(test), "it is not flat")
    require(test[0] >= 1.1 * end(test), "nothing after the first epoch")
    require(end(test) <= 0.93 * run.initial["loss"], "it learnt too little")
    peer = train(peer_setup)
    require(finite(peer) and end(peer.test["loss"]) <= 0.8 * end(test), "a sound peer is not clearly better")
    ratio = end(peer.test["loss"]) / end(test)
    return Found(
        "premature_convergence", run, cause, Evidence("test loss of a sound peer over its own", ratio, 0.8), peer=peer
    )


def hurried(setup: Setup, rng: np.random.Generator, cause: str) -> Setup:
    if cause == "strong weight decay":
        adam = setup.settings.optimizer == "adam"
        return setup.but(weight_decay=significant(rng.uniform(5, 40) if adam else rng.uniform(0.03, 0.2)))
    if cause == "bottleneck":
        return replace(setup, width=2, depth=int(rng.integers(2, 4))).but(rate=2 * setup.settings.rate)
    if cause == "rate collapses":
        return setup.but(schedule="exponential", decay=significant(rng.uniform(0.3, 0.65), 2))
    batch = len(setup.task.train) if "full" in cause else setup.settings.batch
    factor = 3.0 if "full" in cause else 1.0
    # The step falls so early that the rest of the plan is trained with next to nothing.
    rate = significant(factor * setup.settings.rate)
    return setup.but(schedule="exponential", decay=significant(rng.uniform(0.4, 0.7), 2), batch=batch, rate=rate)


def not_learning(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Break what is learnt from or what learns; verify that train and test stay at chance."""
    setup = sound(half, rng, modes=("cls", "box"), plan=(30, 100))
    run = train(broken(setup, rng, cause), model=dead(setup) if cause == "dead units" else None, hook=frozen(cause))
    require(finite(run), "not finite")
    require(at_chance(run, run.setup.task.test), "the test set is above chance")
    require(at_chance(run, run.setup.task.train), "the train set is above chance")
    require(end(run.test["loss"]) <= 1.2 * lowest(run.test["loss"])[1], "it overfits")
    value = run.test[run.score][-1]
    evidence = Evidence(f"test {run.score} at the end, at chance (binomial) on train and test", value, value)
    return Found("not_learning", run, cause, evidence, loses=True)


def broken(setup: Setup, rng: np.random.Generator, cause: str) -> Setup:
    part = setup.task.train
    if cause == "labels shuffled":
        order = torch.from_numpy(rng.permutation(len(part)))
        task = with_label_noise(setup, rng, 1.0).with_parts(train=replace(part, y=part.y[order], z=part.z[order]))
        decay = 3.0 if setup.settings.optimizer == "adam" else 0.05
        return replace(setup, task=task, width=8, depth=1).but(weight_decay=decay, rate=setup.settings.rate / 3)
    if cause == "inputs zeroed":
        train_part, val, test = (replace(p, x=torch.zeros_like(p.x)) for p in setup.task.parts)
        return replace(setup, task=setup.task.with_parts(train_part, val, test))
    return setup.but(rate=1e-8) if cause == "rate 1e-8" else setup


def frozen(cause: str) -> Hook | None:
    """Return a hook that gives the optimizer a copy of the weights instead of the weights."""

    def hook(run: Run) -> None:
        if run.row == 0:
            for group in run.optimizer.param_groups:
                group["params"] = [p.detach().clone() for p in group["params"]]

    return hook if cause == "optimizer without the weights" else None


def dead(setup: Setup) -> nn.Module:
    """Return a model whose last layer sees nothing but zeros, and whose biases are not trained."""
    torch.manual_seed(setup.seed)
    model = build(setup.architecture, setup.task, setup.width, setup.depth)
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    last.register_forward_pre_hook(lambda module, inputs: (torch.relu(inputs[0] - 50.0),))
    return model


def stuck_after_first_epoch(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Choose a rate so large that the loss bounces; verify by going on with a thirtieth of it."""
    part = named(half)
    clipped = cause in STUCK_CLIPPED
    setup = sound(
        half,
        rng,
        data_sets=part.stuck_data or None,
        optimizers=("sgd",) if part.stuck_data else ("adam", "momentum", "sgd"),
        n_train=(120, 240) if clipped else part.stuck_samples,
        plan=(30, 60),
        only=part.unstable,
        may_be_small=False,
        may_anneal=False,
    )
    harder = setup if "sound targets" in cause else hard_to_fit(setup, rng, part.stuck_widths)
    setup = replace(harder, init_scale=float(rng.uniform(1.3, 3.0)))
    if clipped:
        setup = setup.but(batch=8, clip=significant(rng.uniform(0.1, 0.6)), optimizer="sgd")
    else:
        setup = setup.but(batch=8 if "small" in cause else 16, clip=float(rng.choice([0.0, 0.0, 1.0])))
    run = train(raised(setup, drops_and_stays))
    require(finite(run), "not finite")
    test, fitted = run.test["loss"], run.train["loss"]
    third = len(test) // 3
    early, late = float(np.median(test[2:third])), float(np.median(test[-third:]))
    require(late <= 0.9 * run.initial["loss"], "no better than untrained")
    require(abs(late / early - 1) <= 0.15, "it goes on falling or rises")
    require(fitted[0] >= 1.1 * float(np.mean(fitted[2:])), "no drop at the start")
    require(abs(float(np.mean(fitted[-third:])) / float(np.mean(fitted[2:third])) - 1) <= 0.15, "train is not constant")
    require(variation(fitted[-15:]) <= 0.15, "it oscillates")
    later = go_on(run, 15, run.rates[-1] / 30)
    ratio = end(later.train["loss"]) / float(np.mean(fitted[-5:]))
    require(ratio <= 0.8, "a lower rate does not help")
    evidence = Evidence("train loss after 15 rows with rate / 30 over that before", ratio, 0.8)
    return Found("stuck_after_first_epoch", run, cause, evidence, peer=later)


def hard_to_fit(setup: Setup, rng: np.random.Generator, widths: Sequence[int] = (8, 12)) -> Setup:
    """Take a narrow model and noisy targets, or else the samples are learnt by heart while the loss bounces."""
    noisy = setup.task.with_parts(train=with_label_noise(setup, rng, float(rng.uniform(0.1, 0.4))).train)
    z = noisy.train.z + rng.uniform(0.4, 0.9) * torch.from_numpy(rng.normal(size=noisy.train.z.shape)).float()
    return replace(setup, task=noisy.with_parts(train=replace(noisy.train, z=z)), width=int(rng.choice(widths)))


def raised(setup: Setup, fits: Callable[[Run], bool], rows: int = 9, step: float = 1.7) -> Setup:
    """Return the setup with the lowest rate at which the first rows look as wanted."""
    for i in range(8):
        tried = setup.but(rate=significant(setup.settings.rate * 4 * step**i))
        run = advance(start(tried), 1)
        if finite(run) and fits(advance(run, rows - 1)):
            return tried
    raise RejectedError("no rate does it")


def drops_and_stays(run: Run) -> bool:
    test, fitted = run.test["loss"], run.train["loss"]
    if not finite(run) or fitted[0] < 1.12 * np.mean(fitted[2:]):
        return False
    return bool(
        np.median(test[2:]) <= 0.85 * run.initial["loss"] and np.mean(fitted[5:]) >= 0.92 * np.mean(fitted[2:5])
    )


def slow_start(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Begin on a flat stretch; verify by the same run with sound weights or no warm-up."""
    plain = sound(half, rng, optimizers=("momentum", "sgd", "adam"), n_train=(150, 400), plan=(30, 90))
    setup = delayed(plain, rng, cause)
    if cause == "tiny initial weights":
        plain = replace(plain, depth=setup.depth)
    run = train(setup)
    require(finite(run), "not finite")
    test, rows = run.test["loss"], len(run.test["loss"])
    wait = plateau(test)
    require(begins_late(test), "no flat stretch of 10 to 50 %")
    require(end(test) <= 0.8 * test[0] and end(test) <= 1.1 * lowest(test)[1], "it does not fall after it")
    peer = advance(start(plain), rows)
    require(finite(peer), "the peer is not finite")
    target = test[1] - 0.1 * (test[1] - end(test))
    peer_wait = int(np.argmax(np.array(peer.test["loss"]) < target)) if min(peer.test["loss"]) < target else rows
    require(peer_wait <= wait / 3, "a sound peer waits as well")
    evidence = Evidence(
        "rows before a tenth of the fall is done, of a sound peer over its own", peer_wait / wait, 1 / 3
    )
    return Found("slow_start", run, cause, evidence, peer=peer)


def delayed(setup: Setup, rng: np.random.Generator, cause: str) -> Setup:
    rows = setup.settings.rows
    if cause == "tiny initial weights":
        slower = setup.settings.rate * 10 ** rng.uniform(-0.6, 0.0)
        scale = float(10 ** rng.uniform(-1.7, -0.5))
        return replace(setup, init_scale=scale, depth=int(rng.integers(2, 5))).but(rate=significant(slower))
    warm_up, power = (rng.uniform(0.3, 0.8), rng.uniform(2, 4)) if cause == "long warm-up" else (1.0, rng.uniform(3, 7))
    return setup.but(warm_up=int(warm_up * rows), warm_up_power=significant(power, 2))


def slow_convergence(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Train with a rate far too low; verify that 10 or 30 times it gets there within a quarter of the epochs."""
    searched = named(half).searched
    setup = sound(half, rng, n_train=(120, 350), plan=(30, 90), may_anneal=searched)
    setup = setup.but(rate=significant(setup.settings.rate / float(cause.removeprefix("rate / "))))
    run = train(setup)
    require(finite(run), "not finite")
    test, first = run.test["loss"], run.initial["loss"]
    fall = 1 - end(test) / first
    require(0.05 <= fall <= FAR_FALLEN, "it fell too little or too much")
    middle = around(test, half_way(run.rates) if searched else 0.5)
    share = (first - middle) / (first - end(test))
    require(0.3 <= share <= STRAIGHT, "the line is bent")
    quarter = max(3, setup.settings.rows // 4)
    reached = [min(quarter_run(setup, factor, quarter).train["loss"]) for factor in (10, 30)]
    ratio = float(np.nanmin(reached)) / end(run.train["loss"])
    require(ratio <= 1.0, "a higher rate is not faster")
    evidence = Evidence("train loss with 10 or 30 times the rate after a quarter of the rows over its own", ratio, 1.0)
    return Found("slow_convergence", run, cause, evidence, loses=True)


def half_way(rates: Sequence[float]) -> float:
    """Return the share of the rows after which half of all steps, weighed by their length, are done."""
    done = np.cumsum(rates)
    return float(np.searchsorted(done, done[-1] / 2)) / len(done)


def quarter_run(setup: Setup, factor: float, rows: int) -> Run:
    return advance(start(setup.but(rate=setup.settings.rate * factor)), rows)
