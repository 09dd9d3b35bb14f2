"""One function per label: it trains with a cause injected and verifies the effect, or raises RejectedError."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scripts.curve_bank.causes import generalising, healthy, measures, speed, unstable
from scripts.curve_bank.found import Found

Recipe = Callable[[str, np.random.Generator, str], Found]


@dataclass(frozen=True)
class Label:
    """How curves of a label are made: candidates take turns with the causes."""

    recipe: Recipe
    causes: tuple[str, ...]
    healthy: bool = False


LABELS: dict[str, Label] = {
    "converged": Label(healthy.converged, healthy.CONVERGED, healthy=True),
    "still_improving": Label(healthy.still_improving, healthy.IMPROVING, healthy=True),
    "fine_tuning": Label(healthy.fine_tuning, healthy.PRETRAINED, healthy=True),
    "too_early": Label(healthy.too_early, healthy.CUT, healthy=True),
    "overfitting": Label(generalising.overfitting, generalising.OVERFITTING),
    "generalization_gap": Label(generalising.generalization_gap, ("foreign validation",)),
    "noisy_validation": Label(generalising.noisy_validation, generalising.NOISY),
    "class_loss_rising": Label(generalising.class_loss_rising, ("label noise",)),
    "premature_convergence": Label(speed.premature_convergence, speed.PREMATURE),
    "not_learning": Label(speed.not_learning, speed.NOT_LEARNING),
    "stuck_after_first_epoch": Label(speed.stuck_after_first_epoch, speed.STUCK),
    "slow_start": Label(speed.slow_start, speed.SLOW_START),
    "slow_convergence": Label(speed.slow_convergence, ("rate / 10", "rate / 30", "rate / 100", "rate / 300")),
    "diverging": Label(unstable.diverging, unstable.DIVERGING),
    "nan": Label(unstable.nan, unstable.NAN),
    "oscillating": Label(unstable.oscillating, unstable.OSCILLATING),
    "periodic": Label(unstable.periodic, unstable.PERIODIC),
    "metric_stalled": Label(measures.metric_stalled, measures.STALLED),
    "negative_loss": Label(measures.negative_loss, measures.NEGATIVE),
}
