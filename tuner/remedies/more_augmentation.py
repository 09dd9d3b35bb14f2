"""Raise the augmentation by one step, or switch it on.

An answer to overfitting: images that look different each time cannot be learned by heart.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with more augmentation; None at the edge of the space."""
    return space.step(params, Role.AUGMENTATION, +1)
