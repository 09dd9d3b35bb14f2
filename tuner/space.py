"""What may vary and how far: parameters, their roles, conditional parts, and one step up or down.

A parameter is one of

    lr:        {grid: [0.001, 10]}                the 1-3-10 log grid between two powers or threes of ten
    wd:        {log: [1.0e-6, 0.1]}               a logarithmic range (`int: true` for whole numbers)
    dropout:   {linear: [0.0, 0.6]}               a linear range
    optimizer: {choice: [sgd, adam]}              options without an order, or a switch: [false, true]
    model:     {ordered: [s, m, l]}               options from small to large
    momentum:  {linear: [0, 0.99], when: {optimizer: [sgd]}}

and may name its ``role`` (what it means to a remedy), its ``default`` (used where a trial leaves it open) and its
``prior`` (where good values usually lie).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tuner.record import Params, ParamValue

if TYPE_CHECKING:  # imported where a study needs it: Optuna takes half a second
    import optuna
    from optuna.distributions import BaseDistribution


class Role(StrEnum):
    """What a parameter means to a remedy, whatever its name."""

    LEARNING_RATE = "learning_rate"
    BATCH_SIZE = "batch_size"
    WEIGHT_DECAY = "weight_decay"
    L1_PENALTY = "l1_penalty"
    EPSILON = "epsilon"
    MODEL_SIZE = "model_size"
    IMAGE_SIZE = "image_size"
    DROPOUT = "dropout"
    AUGMENTATION = "augmentation"
    OPTIMIZER = "optimizer"
    MOMENTUM = "momentum"
    WARMUP = "warmup"
    EPOCHS = "epochs"
    LOSS_WEIGHT = "loss_weight"
    CLASS_LOSS_WEIGHT = "class_loss_weight"
    GRADIENT_CLIP = "gradient_clip"
    MIXED_PRECISION = "mixed_precision"
    SHUFFLE = "shuffle"
    PRETRAINED = "pretrained"


USUAL_NAMES: Mapping[Role, tuple[str, ...]] = {
    Role.LEARNING_RATE: ("lr", "lr0", "learning_rate", "base_lr", "eta"),
    Role.BATCH_SIZE: ("batch", "batch_size", "bs"),
    Role.WEIGHT_DECAY: ("weight_decay", "wd", "decay", "l2"),
    Role.L1_PENALTY: ("l1", "l1_penalty", "l1_reg"),
    Role.EPSILON: ("epsilon", "eps", "adam_epsilon"),
    Role.MODEL_SIZE: ("model", "model_size", "size", "width", "depth"),
    Role.IMAGE_SIZE: ("imgsz", "img_size", "image_size", "input_size", "resolution"),
    Role.DROPOUT: ("dropout", "dropout_rate", "max_dropout"),
    Role.AUGMENTATION: ("augmentation", "augment", "mosaic", "mixup", "degrees", "hsv_h", "hsv_s", "hsv_v"),
    Role.OPTIMIZER: ("optimizer", "optim", "opt"),
    Role.MOMENTUM: ("momentum", "beta1", "beta2"),
    Role.WARMUP: ("warmup", "warmup_epochs", "warmup_steps", "warmup_ratio"),
    Role.EPOCHS: ("epochs",),
    Role.LOSS_WEIGHT: ("box", "dfl", "obj"),
    Role.CLASS_LOSS_WEIGHT: ("cls", "cls_weight", "cls_loss_weight"),
    Role.GRADIENT_CLIP: ("grad_clip", "clip_grad", "clip_grad_norm", "max_grad_norm", "max_norm", "clip"),
    Role.MIXED_PRECISION: ("amp", "fp16", "mixed_precision", "half"),
    Role.SHUFFLE: ("shuffle",),
    Role.PRETRAINED: ("pretrained", "weights_from"),
}
ROLE_OF: Mapping[str, Role] = {name: role for role, names in USUAL_NAMES.items() for name in names}

PRIORS: Mapping[Role, tuple[float, float]] = {
    Role.LEARNING_RATE: (1e-4, 1e-1),  # from Adam's usual lower end to SGD's usual upper end
    Role.WEIGHT_DECAY: (0.0, 1e-2),  # 5e-4 with SGD in most detectors, 1e-2 the default of torch's AdamW
    Role.L1_PENALTY: (0.0, 1e-2),
    Role.EPSILON: (0.0, 1e-3),  # 1e-8 the default of Adam, 1e-3 what mixed precision asks for
    Role.DROPOUT: (0.0, 0.5),  # 0.2 for inputs, 0.5 for hidden units (Srivastava et al. 2014)
    Role.MOMENTUM: (0.8, 1.0),  # 0.9 and 0.999 as a rule
}
"""Where good values usually lie, by role: around defaults of frameworks and papers. Those of the L1 penalty, of the
weight decay and of epsilon were first tried on two recurrent networks of TaskSet (docs/log.md)."""

PRIOR_SHARE = 0.75
"""Of the first draws. Half gave less (docs/log.md); with all of them nothing is left for a case that is otherwise."""

LOG_STEP = math.sqrt(10)  # about one step of the 1-3-10 grid
EVEN = 4.0  # of the gaps between levels, the widest over the narrowest: batch sizes 16, 32, 128 are still even
LINEAR_STEPS = 5  # a linear range is crossed in five steps


@dataclass(frozen=True)
class Parameter:
    """One dimension.

    ``when`` maps another parameter to the values under which this one exists, ``prior`` is (low, high) of where good
    values lie, if that is not what ``PRIORS`` says of its role.
    """

    name: str
    role: Role | None = None
    when: Mapping[str, tuple[ParamValue, ...]] = field(default_factory=dict)
    default: ParamValue | None = None
    prior: tuple[float, float] | None = None

    def distribution(self) -> BaseDistribution:
        """Return what Optuna samples from."""
        raise NotImplementedError

    def snap(self, value: ParamValue) -> ParamValue:
        """Return the allowed value nearest to a sampled one."""
        return value

    def contains(self, value: object) -> bool:
        raise NotImplementedError

    def step(self, value: ParamValue, steps: int) -> ParamValue | None:
        """Return the value ``steps`` further (negative: back), or None where the edge or a lack of order forbids it."""
        raise NotImplementedError

    def middle(self) -> ParamValue:
        """Return the value to start from where nobody named one."""
        raise NotImplementedError

    def likely(self) -> Parameter:
        """Return the part of it in which good values usually lie: itself, where nothing is known of that."""
        return self

    def _region(self) -> tuple[float, float]:
        known = self.prior or (PRIORS.get(self.role) if self.role else None)
        return known or (-math.inf, math.inf)

    def describe(self) -> dict[str, Any]:
        """Return the definition in the form of the YAML."""
        raise NotImplementedError


@dataclass(frozen=True)
class Range(Parameter):
    """A continuous or whole-number range."""

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    integer: bool = False

    def distribution(self) -> BaseDistribution:
        return _numbers(self.low, self.high, log=self.log, integer=self.integer)

    def contains(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.integer or value == int(value))

    def step(self, value: ParamValue, steps: int) -> ParamValue | None:
        here = float(value)
        there = here * LOG_STEP**steps if self.log else here + steps * (self.high - self.low) / LINEAR_STEPS
        if self.integer:
            there = math.floor(there) if steps < 0 else math.ceil(there)
        there = self._inside(float(f"{there:.6g}"))
        if there == here:
            return None
        return int(there) if self.integer else there

    def middle(self) -> ParamValue:
        mid = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        return round(mid) if self.integer else self._inside(float(f"{mid:.3g}"))

    def likely(self) -> Parameter:
        low, high = self._region()
        low, high = self._inside(low), self._inside(high)
        return replace(self, low=low, high=high) if low < high else self

    def at(self, share: float) -> ParamValue:
        """Return the value at a share of the way from the lowest (0) to the highest (1), on the range's own scale."""
        value = self.low * (self.high / self.low) ** share if self.log else self.low + share * (self.high - self.low)
        return round(value) if self.integer else self._inside(float(f"{value:.6g}"))

    def _inside(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def describe(self) -> dict[str, Any]:
        return {"log" if self.log else "linear": [self.low, self.high], **({"int": True} if self.integer else {})}


@dataclass(frozen=True)
class Levels(Parameter):
    """Numbers in increasing order: the 1-3-10 grid, or batch sizes.

    Optuna samples from a continuous range that reaches half a step beyond both ends, and ``snap`` takes the nearest
    level: so a sampler sees the order and the distances, every level has an equal share, and the study holds
    the values themselves. Levels that are spaced unevenly are drawn by name: in a range some would have no share.
    """

    values: tuple[float, ...] = ()

    @property
    def log(self) -> bool:
        return self.values[0] > 0 and self.values[-1] / self.values[0] >= 8

    @property
    def integer(self) -> bool:
        return all(isinstance(v, int) for v in self.values)

    @property
    def even(self) -> bool:
        """Whether no gap between two levels is more than ``EVEN`` times another, on the scale they have."""
        scaled = [math.log(v) for v in self.values] if self.log else self.values
        gaps = [b - a for a, b in pairwise(scaled)]
        return not gaps or max(gaps) <= EVEN * min(gaps)

    def distribution(self) -> BaseDistribution:
        if not self.even:
            from optuna.distributions import CategoricalDistribution

            return CategoricalDistribution(self.values)
        low, high = self._widened()
        if self.integer:
            low, high = max(1, math.floor(low)) if self.log else math.floor(low), math.ceil(high)
        return _numbers(low, high, log=self.log, integer=self.integer)

    def _widened(self) -> tuple[float, float]:
        first, last = self.values[:2], self.values[-2:]
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        if self.log:
            return first[0] * math.sqrt(first[0] / first[1]), last[1] * math.sqrt(last[1] / last[0])
        return first[0] - (first[1] - first[0]) / 2, last[1] + (last[1] - last[0]) / 2

    def snap(self, value: ParamValue) -> ParamValue:
        def distance(level: float) -> float:
            return abs(math.log(level / float(value))) if self.log else abs(level - float(value))

        return min(self.values, key=distance)

    def contains(self, value: object) -> bool:
        return not isinstance(value, bool) and value in self.values

    def step(self, value: ParamValue, steps: int) -> ParamValue | None:
        i = self.values.index(float(value)) + steps
        return self.values[i] if 0 <= i < len(self.values) else None

    def middle(self) -> ParamValue:
        return self.values[(len(self.values) - 1) // 2]

    def likely(self) -> Parameter:
        low, high = self._region()
        within = tuple(value for value in self.values if low <= value <= high)
        return replace(self, values=within) if within else self

    def describe(self) -> dict[str, Any]:
        return {"ordered": list(self.values)}


@dataclass(frozen=True)
class Choice(Parameter):
    """Options by name; with an order (small to large) or without."""

    options: tuple[ParamValue, ...] = ()
    ordered: bool = False

    @property
    def scale(self) -> tuple[ParamValue, ...]:
        """The options from small to large, off before on; empty where they have no order."""
        if all(isinstance(option, bool) for option in self.options):
            return tuple(sorted(self.options))
        return self.options if self.ordered else ()

    def distribution(self) -> BaseDistribution:
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.options)

    def contains(self, value: object) -> bool:
        return any(value == o and type(value) is type(o) for o in self.options)

    def step(self, value: ParamValue, steps: int) -> ParamValue | None:
        i = self.scale.index(value) + steps if self.scale else -1
        return self.scale[i] if 0 <= i < len(self.scale) else None

    def middle(self) -> ParamValue:
        return self.options[(len(self.options) - 1) // 2 if self.ordered else 0]

    def describe(self) -> dict[str, Any]:
        return {"ordered" if self.ordered else "choice": list(self.options)}


@dataclass(frozen=True)
class Space:
    """All parameters, every parent before the parameters that depend on it."""

    parameters: Mapping[str, Parameter]

    def is_active(self, name: str, params: Mapping[str, ParamValue]) -> bool:
        """Return whether ``name`` exists, given the values of the parameters it depends on."""
        return all(params.get(parent) in values for parent, values in self.parameters[name].when.items())

    def suggest(self, trial: optuna.Trial) -> Params:
        """Draw every active parameter from ``trial``; values it already has stay as they are."""
        params: Params = {}
        for name, parameter in self.parameters.items():
            if self.is_active(name, params):
                params[name] = _draw(trial, name, parameter.distribution())
        return params

    def complete(self, partial: Mapping[str, ParamValue]) -> Params:
        """Return ``partial`` with open parameters at their default and parameters that do not apply left out."""
        params: Params = {}
        for name in self.parameters:
            if self.is_active(name, params):
                params[name] = partial[name] if name in partial else self.default(name)
        return params

    def default(self, name: str) -> ParamValue:
        parameter = self.parameters[name]
        return parameter.likely().middle() if parameter.default is None else parameter.default

    def listed(self, name: str) -> tuple[ParamValue, ...]:
        """Return every value of a parameter whose values are counted; nothing for a range."""
        p = self.parameters[name]
        return p.values if isinstance(p, Levels) else p.options if isinstance(p, Choice) else ()

    def playing(self, role: Role, params: Mapping[str, ParamValue]) -> list[str]:
        """Return the parameters of ``params`` that play ``role``."""
        return [name for name, p in self.parameters.items() if p.role is role and name in params]

    def step(self, params: Params, role: Role, steps: int) -> Params | None:
        """Return ``params`` with the first parameter of ``role`` that can, moved by ``steps``; None where none can."""
        for name in self.playing(role, params):
            value = self.parameters[name].step(params[name], steps)
            if value is not None:
                return self.complete({**params, name: value})
        return None

    def sweep(self, role: Role, points: int, centre: Mapping[str, ParamValue]) -> list[tuple[str, ParamValue]]:
        """Return up to ``points`` values, from end to end, of the parameter that plays ``role`` in ``centre``."""
        name = next(iter(self.playing(role, centre)), None)
        if name is None or points < 1:
            return []
        parameter = self.parameters[name]
        if isinstance(parameter, Levels | Choice):
            values = parameter.values if isinstance(parameter, Levels) else parameter.options
            last = len(values) - 1
            picks = sorted({round(i * last / max(1, points - 1)) for i in range(points)})
            return [(name, values[i]) for i in picks]
        assert isinstance(parameter, Range)
        return [(name, parameter.at(i / max(1, points - 1))) for i in range(points)]

    def bounds(self) -> dict[str, Sequence[ParamValue]]:
        """Return (low, high) of every range, and all values of every parameter with levels or an order."""
        ends: dict[str, Sequence[ParamValue]] = {}
        for name, p in self.parameters.items():
            if isinstance(p, Range):
                ends[name] = (p.low, p.high)
            elif isinstance(p, Levels):
                ends[name] = list(p.values)
            elif isinstance(p, Choice) and p.scale:
                ends[name] = list(p.scale)
        return ends

    def describe(self) -> dict[str, Any]:
        """Return the definition as plain data; two spaces with the same description are the same space."""
        return {
            name: {**p.describe(), **({"when": {k: list(v) for k, v in p.when.items()}} if p.when else {})}
            for name, p in self.parameters.items()
        }

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """Return, in words, how this space differs from the description of another."""
        mine = json.loads(json.dumps(self.describe()))
        lines = [f"{name} is new" for name in mine if name not in other]
        lines += [f"{name} is gone" for name in other if name not in mine]
        return lines + [
            f"{name} was {other[name]}, is {mine[name]}" for name in mine if name in other and mine[name] != other[name]
        ]


def _numbers(low: float, high: float, *, log: bool, integer: bool) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    return IntDistribution(int(low), int(high), log=log) if integer else FloatDistribution(low, high, log=log)


def _draw(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> ParamValue:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    assert isinstance(distribution, CategoricalDistribution)
    chosen: ParamValue = trial.suggest_categorical(name, distribution.choices)  # type: ignore[assignment]
    return chosen


def log_grid(low: float, high: float) -> tuple[float, ...]:
    """Return the values 1, 3, 10, 30 … times a power of ten from ``low`` to ``high``, both included.

    Source: the notebook practice gathered in the project's list of rules (learning rate on a 1-3-10 grid).
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    values = [float(f"{m}e{e}") for e in range(first, last + 1) for m in (1, 3)]
    tolerance = 1 + 1e-9
    return tuple(v for v in values if low / tolerance <= v <= high * tolerance)


def in_order(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return the parameters with every parent before its children; raises ValueError on a circle."""
    placed: dict[str, Parameter] = {}
    waiting = dict(parameters)
    while waiting:
        ready = [name for name, p in waiting.items() if all(parent in placed for parent in p.when)]
        if not ready:
            raise ValueError(f"expected conditions without a circle, but got one among {', '.join(waiting)}")
        for name in ready:
            placed[name] = waiting.pop(name)
    return placed


def is_increasing(values: tuple[float, ...]) -> bool:
    return all(a < b for a, b in pairwise(values))
