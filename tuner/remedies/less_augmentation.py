"""Lower the augmentation by one step, or switch it off.

An answer to a model that is shown images too distorted to learn from.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with less augmentation; None at the edge of the space."""
    return space.step(params, Role.AUGMENTATION, -1)
