"""Draw a task, a model and sound settings for a run of a part of the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scripts.curve_bank import data, models_random
from scripts.curve_bank.halves import ANY, FITS, RANDOM, SEQUENCE_MODELS, SLOW, Half, named
from scripts.curve_bank.training import Settings, Setup

BASE_RATES = {"adam": 3e-3, "momentum": 2e-2, "sgd": 1e-1}
SAMPLES, VALIDATED, EPOCHS = (30, 2000), (20, 500), (20, 300)
STEPS = 350
"""How many steps a random run takes at most: what is many epochs has few samples or large batches."""

PLAN = (30, 90)
FEW = (40, 140)
FEW_VALIDATED = (25, 80)
VALIDATED_USUALLY = (100, 200)


def chances(architectures: Sequence[str]) -> list[float]:
    """Weigh the models that are slow to train by a half."""
    weights = [0.5 if a in SLOW else 1.0 for a in architectures]
    return [w / sum(weights) for w in weights]


def fits(architecture: str, name: str) -> bool:
    return name.startswith(FITS.get(architecture, ("",)))


def sound(
    half: str,
    rng: np.random.Generator,
    *,
    data_sets: Sequence[str] | None = None,
    modes: Sequence[str] = ANY,
    optimizers: Sequence[str] = ("adam", "momentum", "sgd"),
    n_train: tuple[int, int] = (150, 400),
    n_val: tuple[int, int] | None = None,
    plan: tuple[int, int] = PLAN,
    only: Sequence[str] = (),
    may_be_small: bool = True,
    may_anneal: bool = True,
) -> Setup:
    """Draw a task, a model and sound settings.

    ``data_sets``, ``modes`` and ``only``, which names architectures, narrow the choice where they can; without
    ``may_anneal`` the rate stays where it is after a warm-up.
    """
    if half.startswith(RANDOM):
        validated = n_val or VALIDATED_USUALLY
        setup = sound_at_random(rng, modes=modes, optimizers=optimizers, n_train=n_train, n_val=validated, plan=plan)
        return replace(setup, half=half, all_scores=named(half).logs_vary)
    chosen = named(half)
    pairs = [(n, m) for n, ms in chosen.data.items() if not data_sets or n in data_sets for m in ms if m in modes]
    name, mode = pairs[rng.integers(len(pairs))]
    architectures = [a for a in chosen.rates if fits(a, name) and (not only or a in only)]
    architecture = str(rng.choice(architectures, p=chances(architectures)))
    optimizer = optimizers[int(rng.integers(len(optimizers)))]
    slow = architecture in SLOW
    if may_be_small and chosen.small and rng.random() < chosen.small:
        n_train = FEW
    if chosen.small_validation and rng.random() < chosen.small_validation:
        n_val = FEW_VALIDATED
    sizes = (int(rng.integers(*n_train)), validated_on(rng, chosen, n_val))
    task = data.draw(name, rng, *sizes, 400 if slow else 500)
    plan = (plan[0], (plan[0] + plan[1]) // 2) if slow else plan
    rows = stretched(rng, plan, chosen.lengths) if chosen.lengths else planned(rng, plan)
    rate = significant(chosen.rates[architecture][optimizer] * 2 ** rng.uniform(-0.7, 0.7))
    batch = int(rng.choice([32, 64] if slow else [16, 32, 64, 64]))
    while chosen.steps and rows * len(task.train) / batch > chosen.steps and batch < len(task.train) / 4:
        batch *= 2
    settings = Settings(
        rows=rows,
        rate=rate,
        batch=batch,
        optimizer=optimizer,
        clip=1.0 if architecture in (*SEQUENCE_MODELS, "gated_mlp") else 0.0,
    )
    width = int(rng.choice([16, 24, 32] if architecture == "transformer" else [24, 32, 48, 64]))
    setup = Setup(half, task, mode, architecture, width, int(rng.integers(1, 4)), settings, int(rng.integers(2**31)))
    setup = replace(setup, all_scores=chosen.logs_vary)
    return scheduled(setup, rng, chosen.schedules, may_anneal) if chosen.schedules else setup


def validated_on(rng: np.random.Generator, chosen: Half, n_val: tuple[int, int] | None) -> int:
    if n_val is None and chosen.validated:
        return spread(rng, chosen.validated, chosen.validated)
    return int(rng.integers(*(n_val or VALIDATED_USUALLY)))


def scheduled(setup: Setup, rng: np.random.Generator, schedules: Sequence[str], may_anneal: bool) -> Setup:
    """Draw a schedule; a warm-up is short and may precede every other but the one-cycle policy."""
    allowed = schedules if may_anneal else [s for s in schedules if s in ("constant", "warm-up")]
    kind = str(rng.choice(allowed))
    warm = kind == "warm-up" or (kind in ("cosine", "step") and rng.random() < 0.3)
    warm_up = max(2, int(setup.settings.rows * rng.uniform(0.02, 0.08))) if warm else 0
    return setup.but(schedule="constant" if kind == "warm-up" else kind, warm_up=warm_up)


def sound_at_random(
    rng: np.random.Generator,
    *,
    modes: Sequence[str],
    optimizers: Sequence[str],
    n_train: tuple[int, int],
    n_val: tuple[int, int],
    plan: tuple[int, int],
) -> Setup:
    """Draw everything, over two to three times the ranges that the named parts have."""
    size = spread(rng, (n_train[0] / 2, n_train[1] * 3), SAMPLES)
    task = data.draw_at_random(rng, size, spread(rng, (n_val[0] / 5, n_val[1] * 2), VALIDATED), 500)
    mode, optimizer = str(rng.choice(modes)), str(rng.choice(optimizers))
    scale = 1.0 if mode == "cls" or optimizer == "adam" else max(1.0, float(task.train.z.var()))
    batch = int(rng.choice([8, 16, 32, 32, 64, 128]))
    rows = spread(rng, (plan[0] / 2, plan[1] * 2.5), EPOCHS)
    while rows * len(task.train) / batch > STEPS:
        rows, batch = (rows, batch * 2) if batch < len(task.train) / 4 else (max(EPOCHS[0], rows // 2), batch)
        if rows == EPOCHS[0]:
            break
    settings = Settings(
        rows=rows,
        rate=significant(BASE_RATES[optimizer] * 2 ** rng.uniform(-1.5, 1.2) / scale),
        batch=batch,
        optimizer=optimizer,
        momentum=float(rng.choice([0.8, 0.9, 0.95])),
        schedule=str(rng.choice(["constant", "constant", "constant", "cosine", "step"])),
        warm_up=int(rng.choice([0, 0, 0, max(1, rows // 20)])),
        clip=float(rng.choice([0.0, 0.0, 1.0, 5.0])),
    )
    width = spread(rng, (8, 64), (8, 64))
    architecture, depth = models_random.name(rng, task), int(rng.integers(1, 5))
    return Setup(RANDOM, task, mode, architecture, width, depth, settings, int(rng.integers(2**31)))


def spread(rng: np.random.Generator, between: tuple[float, float], limits: tuple[int, int]) -> int:
    """Draw a number whose logarithm is uniform between two, kept within limits."""
    value = np.exp(rng.uniform(np.log(between[0]), np.log(between[1])))
    return round(float(np.clip(value, *limits)))


def planned(rng: np.random.Generator, plan: tuple[int, int]) -> int:
    """Draw a length; now and then one far beyond the usual."""
    rows = int(rng.integers(*plan))
    if rng.random() < 0.15:
        return round(rows * rng.uniform(0.75, 2.4))
    return rows // 10 * 10 if rng.random() < 0.6 else rows


def stretched(rng: np.random.Generator, plan: tuple[int, int], lengths: tuple[int, int]) -> int:
    """Draw a length within the wider limits, but three times the usual ones at most; what is long stays as it was."""
    if plan[1] > lengths[1] // 2:
        return planned(rng, plan)
    rows = spread(rng, (lengths[0], min(lengths[1], 3 * plan[1])), lengths)
    return round(rows, -1) if rows > 2 * lengths[0] and rng.random() < 0.6 else rows


def significant(value: float, digits: int = 3) -> float:
    return float(f"{value:.{digits}g}")
