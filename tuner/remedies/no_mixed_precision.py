"""Switch mixed precision off.

An answer to NaN: half-precision numbers overflow above 65504.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with mixed precision off, or one step less of it; None where it is off already."""
    return space.step(params, Role.MIXED_PRECISION, -1)
