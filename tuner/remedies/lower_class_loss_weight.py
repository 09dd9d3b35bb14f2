"""Lower the weight of the classification loss by one step.

An answer to a classification loss that rises while the other components fall: noisy labels pull less.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with less weight on the classification loss; None at the edge of the space."""
    return space.step(params, Role.CLASS_LOSS_WEIGHT, -1)
