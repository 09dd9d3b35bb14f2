"""Which options of a program a search can turn, and how far: around the defaults that its source names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tuner.init.draft import number, quoted
from tuner.init.program import Option, Program
from tuner.space import ROLE_OF, USUAL_NAMES, Role, log_grid

MORE_NAMES: Mapping[Role, tuple[str, ...]] = {
    Role.LEARNING_RATE: ("init_lr", "lr_init", "learningrate", "max_lr"),
    Role.BATCH_SIZE: ("train_batch_size", "per_device_train_batch_size", "batchsize", "mini_batch_size"),
    Role.WEIGHT_DECAY: ("weightdecay", "l2_reg"),
    Role.DROPOUT: ("drop", "drop_rate", "dropout_p"),
    Role.MODEL_SIZE: tuple(
        "hidden hidden_size hidden_dim hidden_units units channels base_channels filters num_filters d_model embed_dim "
        "layers num_layers n_layers arch backbone".split()
    ),
}
"""Names beside the usual ones of each role."""


def space(program: Program) -> dict[str, str]:
    """Return the definition of every option that a search can turn, in the order in which they matter."""
    found: dict[str, str] = {}
    for role, define in DEFINITIONS.items():
        option = program.option((*USUAL_NAMES[role], *MORE_NAMES.get(role, ())))
        if option is None or option.switch or option.positional or option.name in found:
            continue
        line = define(option, program)
        if line:
            named = "" if ROLE_OF.get(option.name) is role else f", role: {role}"
            found[option.name] = f"{{{line}{named}}}"
    return found


def _rate(option: Option, program: Program) -> str:
    default = _positive(option.default) or 0.01
    low, high = default / 100, min(default * 100, 10.0)
    levels = log_grid(low, high)
    nearest = min(levels, key=lambda level: abs(math.log(level / default)))
    return f"grid: [{number(levels[0])}, {number(levels[-1])}], default: {number(nearest)}"


def _batch(option: Option, program: Program) -> str:
    default = int(_positive(option.default) or 32)
    return _powers(default) if default >= 1 else ""


def _powers(default: int) -> str:
    values = sorted({max(1, default // 4), max(1, default // 2), default, default * 2, default * 4})
    return f"ordered: [{', '.join(map(str, values))}], default: {default}"


def _decay(option: Option, program: Program) -> str:
    default = _positive(option.default)
    if default is None:
        return "ordered: [0.0, 1.0e-5, 1.0e-4, 0.001, 0.01], default: 0.0"
    return f"log: [{number(min(1e-6, default))}, {number(max(0.1, default))}], default: {number(float(default))}"


def _share(high: float) -> Callable[[Option, Program], str]:
    def define(option: Option, program: Program) -> str:
        value = option.default if _is_number(option.default) else 0.0
        inside = f", default: {number(float(value))}" if 0 <= value <= high else ""
        return f"linear: [0.0, {number(high)}]{inside}"

    return define


def _choice(option: Option, program: Program) -> str:
    values = [v for v in (option.choices or program.compared.get(option.name, ())) if isinstance(v, str)]
    if len(values) < 2:
        return ""
    default = f", default: {quoted(option.default)}" if option.default in values else ""
    return f"choice: [{', '.join(map(quoted, values))}]{default}"


def _size(option: Option, program: Program) -> str:
    if option.choices or isinstance(option.default, str):
        return _choice(option, program)
    default = _positive(option.default)
    return _powers(int(default)) if default is not None and default == int(default) else ""


def _warmup(option: Option, program: Program) -> str:
    if not option.name.endswith("epochs") or not _is_number(option.default):
        return ""
    high = max(5, 2 * int(option.default))
    return f"linear: [0, {high}], int: true, default: {int(option.default)}" if option.kind != "float" else ""


DEFINITIONS: dict[Role, Callable[[Option, Program], str]] = {
    Role.LEARNING_RATE: _rate,
    Role.BATCH_SIZE: _batch,
    Role.MODEL_SIZE: _size,
    Role.WEIGHT_DECAY: _decay,
    Role.DROPOUT: _share(0.5),
    Role.OPTIMIZER: _choice,
    Role.MOMENTUM: _share(0.99),
    Role.WARMUP: _warmup,
}
"""What is searched, by its role; what else a program takes keeps the value that it has there."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _positive(value: Any) -> float | None:
    return value if _is_number(value) and value > 0 else None
