"""Sick on what was not trained on: overfitting, a foreign or a tiny validation set, noisy labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from scripts.curve_bank.causes.healthy import regularised, with_label_noise
from scripts.curve_bank.drawing import significant, sound
from scripts.curve_bank.found import Evidence, Found, require
from scripts.curve_bank.samples import ALPHABET, Part, Task
from scripts.curve_bank.training import Run, evaluate, train
from scripts.curve_bank.verify import CALMER, HIGH, around, end, finite, jitter, lowest, smoothed

OVERFITTING = ("few samples", "label noise", "few samples, rate twice as high", "large model")
NOISY = ("tiny validation set", "a small draw each epoch")
VAL_LOSS = frozenset({"val_loss"})


def overfitting(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Train a large model on few samples or on wrong labels for too long."""
    few = (40, 150) if "few" in cause else (150, 400)
    modes = ("cls",) if cause == "label noise" else ("cls", "box")
    setup = sound(half, rng, modes=modes, n_train=few, plan=(40, 110))
    setup = replace(setup, width=setup.width * (3 if cause == "large model" else 2))
    if "twice" in cause:
        setup = setup.but(rate=2 * setup.settings.rate)
    if cause == "label noise":
        setup = replace(setup, task=with_label_noise(setup, rng, rng.uniform(0.15, 0.5)))
    run = train(setup)
    require(finite(run), "not finite")
    loss, score = run.test["loss"], run.test[run.score]
    turn, low = lowest(loss)
    require(low > 0, "nothing was left to learn")
    rise = end(loss) / low
    require(rise >= 1.1, "no earlier checkpoint is better")
    require(end(run.train["loss"]) < 0.9 * run.train["loss"][turn], "the train loss does not fall")
    gain = end(score) - float(smoothed(score, 5)[turn])
    require(gain <= 0.01, "the score still climbs")
    evidence = Evidence("last over lowest test loss", rise, 1.1)
    return Found("overfitting", run, cause, evidence, onset=turn + 1, show=VAL_LOSS)


def generalization_gap(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Validate on data of a foreign distribution, with the model kept from growing over-confident."""
    setup = sound(half, rng, modes=("cls", "box"), n_train=(200, 450))
    setup = regularised(setup, rng)
    setup = setup.but(rate=significant(setup.settings.rate * 10 ** rng.uniform(-1.0, 0.0)))
    setup = setup.but(smoothing=float(rng.choice([0.0, 0.1, 0.2])))
    setup = setup.but(schedule=str(rng.choice(["constant", "cosine", "cosine"])))
    own, strength = setup.task.test, float(rng.uniform(0.3, 1.0))
    kinds = ["reversed", "shifted"] if setup.task.is_text else ["inverted", "mirrored", "scaled"]
    kind = "labelled otherwise" if rng.random() < 0.5 else str(rng.choice(kinds))
    task = setup.task.with_parts(val=foreign(setup.task.val, kind, strength), test=foreign(own, kind, strength))
    run = train(replace(setup, task=task))
    require(finite(run), "not finite")
    loss, train_loss = run.test["loss"], run.train["loss"]
    before, after, at_home = around(loss, 1 / 3), end(loss), evaluate(run, own)["loss"]
    change = after / before - 1
    require(at_home <= 0.7 * after, "no gap")
    require(-0.05 <= change <= 0.1, "the foreign loss does not hover")
    require(lowest(loss)[1] >= 0.88 * after, "the foreign loss was lower before")
    require(end(train_loss) <= 0.9 * around(train_loss, 1 / 3), "the train loss does not fall")
    evidence = Evidence(f"change of the foreign ({kind}) test loss over the last two thirds", change, 0.1)
    return Found("generalization_gap", run, f"validation {kind} by {strength:.1f}", evidence, show=VAL_LOSS)


def foreign(part: Part, kind: str, strength: float) -> Part:
    """Return the part with its labels or its inputs changed.

    Numbers are inverted, mirrored or scaled; characters are reversed or shifted.
    """
    x, generator = part.x, torch.Generator().manual_seed(len(part))
    if kind == "labelled otherwise":
        other = torch.rand(len(part), generator=generator) < 0.7 * strength
        offset = 1.5 * strength * torch.randn(part.z.shape, generator=generator)
        return replace(part, y=torch.where(other, part.y.roll(1), part.y), z=part.z + offset)
    if kind == "reversed":
        moved = x.flip(1)
    elif kind == "shifted":
        moved = (x + 1) % len(ALPHABET)
    elif kind == "inverted":
        moved = -x
    elif kind == "mirrored":
        moved = x.flip(-1)
    else:
        moved = 0.2 * x - 1.0
    if x.is_floating_point():
        return replace(part, x=(1 - strength) * x + strength * moved)
    return replace(part, x=torch.where(torch.rand(x.shape, generator=generator) < strength, moved, x))


def noisy_validation(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Validate on a handful of samples, the same each epoch or drawn anew."""
    setup = regularised(sound(half, rng, n_train=(200, 450), n_val=(150, 300)), rng)
    few = int(rng.integers(8, 41))
    if cause == "tiny validation set":
        few = min(few, 16)
        factor = float(rng.uniform(1.0, 3.0))
        setup = setup.but(rate=significant(setup.settings.rate * factor))
        setup = replace(setup, task=setup.task.with_parts(val=setup.task.val.take(torch.arange(few))))
    else:
        setup = setup.but(val_draw=few)
    run = train(setup)
    require(finite(run), "not finite")
    late = slice(len(run.val["loss"]) * 2 // 5, None)
    val, test, fitted = (h["loss"][late] for h in (run.val, run.test, run.train))
    ratio = jitter(val) / (jitter(test) + 1e-12)
    require(ratio >= CALMER, "the test loss jumps as well")
    require(jitter(fitted) <= jitter(val) / CALMER, "the train loss jumps as well")
    require(jitter(val) >= HIGH * float(np.mean(val)), "the jumps are small")
    require(end(run.test["loss"]) <= 1.15 * lowest(run.test["loss"])[1], "it overfits")
    evidence = Evidence("jitter of the val loss over that of the loss on a large test set", ratio, CALMER)
    return Found("noisy_validation", run, f"{cause}, {few} samples", evidence, show=VAL_LOSS)


def class_loss_rising(half: str, rng: np.random.Generator, cause: str) -> Found:
    """Train two heads with wrong class labels: the classification overfits, the regression learns."""
    setup = sound(half, rng, modes=("both",), optimizers=("adam", "momentum"), n_train=(80, 300), plan=(40, 100))
    share = float(rng.uniform(0.15, 0.5))
    setup = setup.but(rate=significant(1.5 * setup.settings.rate), batch=16)
    setup = replace(setup, width=setup.width * 3, task=noisy_everywhere(setup.task, rng, share))
    run = train(setup)
    require(finite(run), "not finite")
    cls, box = run.test["cls"], run.test["box"]
    turn, low = lowest(cls)
    require(low > 0, "nothing was left to learn")
    rise = end(cls) / low
    require(rise >= 1.15, "the classification loss does not rise")
    require(end(box) <= 1.05 * lowest(box)[1], "the box loss rises as well")
    require(end(box) <= 0.6 * box[0], "the box loss does not fall")
    require(box_falls(run, turn), "the box loss does not fall on")
    evidence = Evidence("last over lowest classification loss on the test set", rise, 1.15)
    cause = f"label noise, {share:.2f} of the classes"
    found = Found("class_loss_rising", run, cause, evidence, onset=turn + 1, show=VAL_LOSS, components=True)
    return replace(found, score="r2")


def box_falls(run: Run, turn: int) -> bool:
    return end(run.test["box"]) <= 0.95 * float(smoothed(run.test["box"])[turn])


def noisy_everywhere(task: Task, rng: np.random.Generator, share: float) -> Task:
    """Return the task with a share of all labels, also those of val and test, drawn anew."""

    def noisy(part: Part) -> Part:
        wrong = torch.from_numpy(rng.random(len(part)) < share)
        return replace(part, y=torch.where(wrong, torch.from_numpy(rng.integers(task.classes, size=len(part))), part.y))

    return task.with_parts(train=noisy(task.train), val=noisy(task.val), test=noisy(task.test))
