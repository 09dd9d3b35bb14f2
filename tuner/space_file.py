"""A space as people write it: YAML in, ``Space`` out, every mistake named by its key."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from tuner.documents import Document, Model, check
from tuner.errors import ConfigError, did_you_mean
from tuner.record import ParamValue
from tuner.space import ROLE_OF, Choice, Levels, Parameter, Range, Role, Space, in_order, is_increasing, log_grid

Value = StrictBool | StrictInt | StrictFloat | StrictStr
Number = StrictInt | StrictFloat
LARGEST = 1e30
FORMS = ("grid", "log", "linear", "choice", "ordered")


class ParameterModel(Model):
    """One parameter of a space file."""

    grid: list[Number] | None = Field(None, description="[low, high]: the values 1, 3, 10, 30 … between two numbers")
    log: list[Number] | None = Field(None, description="[low, high]: a logarithmic range")
    linear: list[Number] | None = Field(None, description="[low, high]: a linear range")
    choice: list[Value] | None = Field(None, description="options without an order, or a switch: [false, true]")
    ordered: list[Value] | None = Field(None, description="options, or numbers, from small to large")
    int_: bool = Field(False, alias="int", description="whole numbers only; with log and linear")
    role: str | None = Field(None, description="what it means to a remedy; default: by its name")
    when: dict[str, list[Value] | Value] = Field(
        {}, description="other parameters with the values under which this one applies"
    )
    default: Value | None = Field(None, description="the value where a baseline leaves it open; default: the middle")
    prior: list[Number] | None = Field(
        None, description="[low, high] where good values usually lie; default: by its role"
    )

    @model_validator(mode="after")
    def _one_form(self) -> ParameterModel:
        forms = [f for f in FORMS if getattr(self, f) is not None]
        if len(forms) != 1:
            raise ValueError(f"expected exactly one of {', '.join(FORMS)}, but got {' and '.join(forms) or 'none'}")
        if any(v == [] for v in self.when.values()):
            raise ValueError("expected at least one value in 'when', but got an empty list")
        if self.int_ and forms[0] not in ("log", "linear"):
            raise ValueError(f"expected 'int' with log or linear only, but got it with {forms[0]}")
        return self


def build(document: Document, where: str) -> Space:
    """Return the space that ``document`` describes; raises ConfigError."""
    if not document:
        raise ConfigError(where, "", "expected at least one parameter, but got none")
    parameters = {name: _parameter(name, data, where) for name, data in document.items()}
    for name, parameter in parameters.items():
        _check_conditions(name, parameter, parameters, where)
    try:
        return Space(in_order(parameters))
    except ValueError as error:
        raise ConfigError(where, "when", str(error)) from None


def _parameter(name: Any, data: Any, where: str) -> Parameter:
    if not isinstance(name, str):
        raise ConfigError(where, str(name), f"expected a name, but got {name!r}")
    model = check(ParameterModel, data, where, prefix=name)
    common: dict[str, Any] = {"name": name, "role": _role(name, model.role, where), "when": _conditions(model)}
    form = next(f for f in FORMS if getattr(model, f) is not None)
    try:
        parameter = _of_form(form, getattr(model, form), model.int_, common)
    except ValueError as error:
        raise ConfigError(where, f"{name}.{form}", str(error)) from None
    return _with_default(_with_prior(parameter, model.prior, where), model.default, where)


def _role(name: str, role: str | None, where: str) -> Role | None:
    if role is None:
        return ROLE_OF.get(name)
    if role not in set(Role):
        raise ConfigError(where, f"{name}.role", f"unknown role '{role}'{did_you_mean(role, list(Role))}")
    return Role(role)


def _conditions(model: ParameterModel) -> dict[str, tuple[ParamValue, ...]]:
    return {k: tuple(v) if isinstance(v, list) else (v,) for k, v in model.when.items()}


def _of_form(form: str, values: list[Any], integer: bool, common: dict[str, Any]) -> Parameter:
    if form in ("choice", "ordered"):
        return _options(form, values, common)
    low, high = _ends(values, positive=form in ("grid", "log"))
    if form == "grid":
        levels = log_grid(low, high)
        if not levels:
            raise ValueError(f"expected a range that holds a value 1 or 3 times a power of ten, but got {values}")
        return Levels(**common, values=levels)
    if integer and (low != int(low) or high != int(high)):
        raise ValueError(f"expected whole numbers, but got {values}")
    return Range(**common, low=low, high=high, log=form == "log", integer=integer)


def _ends(values: list[Any], *, positive: bool) -> tuple[float, float]:
    if len(values) != 2:
        raise ValueError(f"expected [low, high], but got {values}")
    low, high = values
    if not all(math.isfinite(v) and abs(v) <= LARGEST and (v == 0 or abs(v) >= 1 / LARGEST) for v in values):
        raise ValueError(f"expected numbers between {1 / LARGEST:g} and {LARGEST:g} in size, but got {values}")
    if low >= high:
        raise ValueError(f"expected low < high, but got {values}")
    if positive and low <= 0:
        raise ValueError(f"expected a logarithmic range above 0, but got {values}")
    return low, high


def _options(form: str, values: list[Any], common: dict[str, Any]) -> Parameter:
    if not values:
        raise ValueError("expected at least one value, but got an empty list")
    if len({(type(v), v) for v in values}) < len(values):
        raise ValueError(f"expected every value once, but got {values}")
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if form == "ordered" and len(numbers) == len(values):
        if not is_increasing(tuple(numbers)):
            raise ValueError(f"expected values from small to large, but got {values}")
        return Levels(**common, values=tuple(numbers))
    return Choice(**common, options=tuple(values), ordered=form == "ordered")


def _with_prior(parameter: Parameter, prior: list[Any] | None, where: str) -> Parameter:
    if prior is None:
        return parameter
    if len(prior) != 2 or prior[0] >= prior[1] or not _meets(parameter, *prior):
        expected = f"expected [low, high] of numbers that {parameter.describe()} has values in, but got {prior}"
        raise ConfigError(where, f"{parameter.name}.prior", expected)
    return replace(parameter, prior=(prior[0], prior[1]))


def _meets(parameter: Parameter, low: float, high: float) -> bool:
    if isinstance(parameter, Range):
        return low < parameter.high and high > parameter.low
    return isinstance(parameter, Levels) and any(low <= value <= high for value in parameter.values)


def _with_default(parameter: Parameter, default: Any, where: str) -> Parameter:
    if default is None:
        return parameter
    if not parameter.contains(default):
        raise ConfigError(
            where, f"{parameter.name}.default", f"expected a value of {parameter.describe()}, but got {default!r}"
        )
    return replace(parameter, default=default)


def _check_conditions(name: str, parameter: Parameter, parameters: dict[str, Parameter], where: str) -> None:
    for parent, values in parameter.when.items():
        key = f"{name}.when.{parent}"
        if parent not in parameters:
            raise ConfigError(where, key, f"unknown parameter{did_you_mean(parent, parameters)}")
        for value in values:
            if not parameters[parent].contains(value):
                raise ConfigError(where, key, f"expected a value of {parameters[parent].describe()}, but got {value!r}")
