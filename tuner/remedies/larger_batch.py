"""Take the next larger batch.

An answer to zig-zag: a batch that resembles the whole training set gives steadier gradients.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with the next larger batch; None at the edge of the space."""
    return space.step(params, Role.BATCH_SIZE, +1)
