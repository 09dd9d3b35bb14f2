"""Raise the dropout by one step.

An answer to overfitting.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with more dropout; None at the edge of the space."""
    return space.step(params, Role.DROPOUT, +1)
