"""Clip the gradients: at the loosest limit of the space where they are not clipped yet, else one step tighter.

An answer to divergence and NaN: one gradient out of line can then no longer throw the weights away.
"""

from __future__ import annotations

from tuner.record import Params, ParamValue
from tuner.space import Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with the next tighter limit; None at the edge of the space."""
    ends = space.bounds()
    for name in space.playing(Role.GRADIENT_CLIP, params):
        if name in ends:
            here = params[name]
            tighter = space.parameters[name].step(here, -1) if _is_limit(here) else ends[name][-1]
            if tighter is not None and _is_limit(tighter):
                return space.complete({**params, name: tighter})
    return None


def _is_limit(value: ParamValue) -> bool:
    """Return False for 0, false and words such as ``none``, which stand for no clipping at all."""
    return bool(value) and not isinstance(value, str)
