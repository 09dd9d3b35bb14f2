"""tuner: a hyperparameter search that reads training curves, stops the sick ones, says why, and tries the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuner.pruner import DiagnosisPruner

__all__ = ["DiagnosisPruner"]


def __getattr__(name: str) -> Any:
    # Lazy, because Optuna takes half a second that a trial's process need not pay.
    if name == "DiagnosisPruner":
        from tuner.pruner import DiagnosisPruner

        return DiagnosisPruner
    raise AttributeError(f"module 'tuner' has no attribute '{name}'")
