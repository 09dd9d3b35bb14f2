"""Lower the weight decay by one step (a factor of about three on a logarithmic range).

An answer to losses that fall only because the regulariser shrinks, and to a model held too tightly to learn.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with less weight decay; None at the edge of the space."""
    return space.step(params, Role.WEIGHT_DECAY, -1)
