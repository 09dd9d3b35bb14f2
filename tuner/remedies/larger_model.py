"""Take the next larger model.

An answer to a healthy run that has nothing left to learn, or that still improved at its end.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with the next larger model; None at the edge of the space."""
    return space.step(params, Role.MODEL_SIZE, +1)
