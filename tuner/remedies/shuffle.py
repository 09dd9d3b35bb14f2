"""Switch the shuffling of the training data on.

The answer to regular waves: data in the same order every epoch leave its pattern in the loss.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with shuffling on; None where it is on already."""
    return space.step(params, Role.SHUFFLE, +1)
