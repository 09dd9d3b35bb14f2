"""Let the learning rate rise to its peak more slowly.

An answer to divergence: the first steps, taken from random weights, are the ones that throw a run off.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with a longer warm-up; None at the edge of the space."""
    return space.step(params, Role.WARMUP, +1)
