"""What is known to be too large for a device: a batch that ran out of memory is not tried again.

A batch that did not fit with one model fits with no larger one, and with no larger images. What the space gives no
order, such as families of models, stands for itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tuner.record import Params, ParamValue, Record
from tuner.space import Choice, Parameter, Role, Space

OUT_OF_MEMORY = "out_of_memory"
REMEDIES = ("smaller_batch", "smaller_model")
"""What may follow on a trial that did not fit, in this order."""
GROWS = (Role.MODEL_SIZE, Role.IMAGE_SIZE)


def too_large(records: Sequence[Record]) -> list[Params]:
    """Return the parameters of all trials that ran out of memory."""
    return [r.params for r in records if r.ending is not None and r.ending.reason == OUT_OF_MEMORY]


def bound(failed: Sequence[Params], space: Space) -> Callable[[Params], Params] | None:
    """Return what lowers a batch to the largest that may fit, where ``failed`` did not; None where all may.

    Parameters for which not even the smallest batch of the space may fit are returned as they are.
    """
    failed = [params for params in failed if space.playing(Role.BATCH_SIZE, params)]
    if not failed:
        return None

    def fitting(params: Params) -> Params:
        names = space.playing(Role.BATCH_SIZE, params)
        if not names:
            return params
        known = [f for f in failed if names[0] in f and _as_large(params, f, space)]
        limit = min((float(f[names[0]]) for f in known), default=math.inf)
        while float(params[names[0]]) >= limit:
            smaller = space.step(params, Role.BATCH_SIZE, -1)
            if smaller is None:
                break
            params = smaller
        return params

    return fitting


def _as_large(params: Params, failed: Params, space: Space) -> bool:
    """Return whether a training with ``params`` takes at least the memory of ``failed``, the batch aside."""
    return params.keys() >= failed.keys() & space.parameters.keys() and all(
        _no_smaller(space.parameters[name], params[name], failed[name]) for name in failed if name in space.parameters
    )


def _no_smaller(parameter: Parameter, value: ParamValue, failed: ParamValue) -> bool:
    if parameter.role in GROWS:
        scale = parameter.scale if isinstance(parameter, Choice) else ()
        return scale.index(value) >= scale.index(failed) if scale else _number_or_same(value, failed)
    # A choice that no role explains may be another network; all else weighs little beside weights and images.
    return value == failed or parameter.role is not None or not isinstance(parameter, Choice)


def _number_or_same(value: ParamValue, failed: ParamValue) -> bool:
    numbers = not isinstance(value, str) and not isinstance(failed, str)
    return float(value) >= float(failed) if numbers else value == failed
