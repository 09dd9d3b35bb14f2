"""Take the next smaller model.

The first answer to overfitting: a model too large for the data learns it by heart.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with the next smaller model; None at the edge of the space."""
    return space.step(params, Role.MODEL_SIZE, -1)
