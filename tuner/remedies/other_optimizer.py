"""Take another optimizer: the next one in the list of the space, starting over at its end.

An answer to a run that does not learn or diverges although its rate is moderate.
"""

from __future__ import annotations

from tuner.record import Params
from tuner.space import Choice, Role, Space


def changes(params: Params, space: Space) -> Params | None:
    """Return ``params`` with the next optimizer, its own parameters at their defaults; None where there is no other."""
    for name in space.playing(Role.OPTIMIZER, params):
        parameter = space.parameters[name]
        if isinstance(parameter, Choice) and len(parameter.options) > 1:
            i = parameter.options.index(params[name]) + 1
            return space.complete({**params, name: parameter.options[i % len(parameter.options)]})
    return None
