"""Raise the weight decay by one step (a factor of about three on a logarithmic range).

An answer to overfitting. Its effect cannot be read off a loss curve, so the score of the child decides.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with more weight decay; None at the edge of the space."""
    return space.step(params, Role.WEIGHT_DECAY, +1)
