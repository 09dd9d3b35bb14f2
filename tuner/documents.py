"""YAML from outside: read safely, overridden from the command line, checked by a schema, refused in one line."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tuner import whole
from tuner.errors import ConfigError, closest, did_you_mean

Document = dict[str, Any]


class Model(BaseModel):
    """A part of a configuration: unknown keys are refused, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


M = TypeVar("M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number and refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        own = [k for k, _ in node.value if k.tag != "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(k, deep=True) for k in own]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"'{key}' stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 asks for a dot in a float, so `1e-3` would be a string; people write it all the time.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def parse(text: str, where: str) -> Any:
    """Return the YAML in ``text`` as plain data; raises ConfigError with the line of a mistake."""
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}" if mark else where
        raise ConfigError(place, "", f"expected YAML, but got: {error.problem}") from None
    except RecursionError:
        raise ConfigError(where, "", "expected YAML, but got a nesting without end") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError) as error:
        # PyYAML's constructors let the errors of a tag such as !!timestamp through as they are.
        raise ConfigError(where, "", f"expected YAML, but got: {' '.join(str(error).split())}") from None
    if "\0" in repr(data).replace("\\x00", "\0"):
        raise ConfigError(where, "", "expected text, but got one with a NUL character in it")
    return data


def load(path: Path) -> Document:
    """Return the mapping in the YAML file at ``path``; raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(str(path), "", "no such file") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), "", "expected text in UTF-8, but got something else") from None
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read ({error.strerror})") from None
    data = parse(text, str(path))
    if not isinstance(data, dict):
        raise ConfigError(str(path), "", f"expected a mapping of keys, but got {_shown(data)}")
    return data


def write(path: Path, document: Document) -> None:
    """Write ``document`` to ``path`` as YAML, whole or not at all."""
    whole.write(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def override(document: Document, assignment: str) -> None:
    """Set one ``dotted.key=value`` in ``document``, the value read as YAML; raises ConfigError."""
    key, sign, text = assignment.partition("=")
    if not sign or not key.strip():
        raise ConfigError("--set", assignment, "expected key=value, such as budget.trials=10")
    *parents, last = key.strip().split(".")
    here = document
    for depth, parent in enumerate(parents, 1):
        inner = here.get(parent)
        if inner is not None and not isinstance(inner, dict):
            raise ConfigError("--set", key, f"'{'.'.join(parents[:depth])}' is {_shown(inner)} and has no keys")
        here[parent] = here = dict(inner or {})
    here[last] = parse(text, f"--set {key}")


def check(model: type[M], data: Any, where: str, prefix: str = "") -> M:
    """Return ``data`` as ``model``; raises ConfigError for the first thing that does not fit."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = _as_misspelt(dict(error.errors(include_url=False)[0]), model)
        path = [prefix] if prefix else []
        path += _steps(data, first["loc"])
        raise ConfigError(where, ".".join(path), problem(first, model)) from None


def _as_misspelt(error: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return the error on a key that is missing as one on the unknown key that was meant for it, where there is one."""
    if error["type"] != "missing" or not isinstance(error["input"], Mapping):
        return error
    *place, missing = error["loc"]
    known = _keys_at(model, place)
    unknown = [key for key in error["input"] if isinstance(key, str) and key not in known]
    close = next((key for key in unknown if closest(key, known) == missing), None)
    return error if close is None else {**error, "type": "extra_forbidden", "loc": (*place, close)}


def _steps(data: Any, location: Sequence[Any]) -> list[str]:
    """Return the keys that lead to a mistake, without the names of types that pydantic puts between them."""
    steps: list[str] = []
    for part in location:
        inside = isinstance(data, Mapping) and part in data
        if inside or (isinstance(data, list | tuple) and isinstance(part, int) and part < len(data)):
            steps.append(str(part))
            data = data[part]
        elif isinstance(data, Mapping) and part == location[-1] and part != "[key]":
            steps.append(str(part))  # a key that is missing
    return steps


def problem(error: Mapping[str, Any], model: type[BaseModel] = BaseModel) -> str:
    """Return what was expected and what came, for one error of pydantic's."""
    kind, got, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(str(error['loc'][-1]), _keys_at(model, error['loc'][:-1]))}"
    if kind == "missing":
        wanted = _description(model, error["loc"])
        return f"expected a value, but the key is missing{f': {wanted}' if wanted else ''}"
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    expected = _EXPECTED.get(kind, "").format(**context) or _lower(str(error["msg"]))
    return f"expected {expected}, but got {_shown(got)}"


_EXPECTED = {
    **dict.fromkeys(["int_parsing", "int_type", "int_from_float", "int_parsing_size"], "a whole number"),
    **dict.fromkeys(["float_parsing", "float_type", "finite_number"], "a number"),
    **dict.fromkeys(["bool_parsing", "bool_type"], "true or false"),
    **dict.fromkeys(["dict_type", "model_type", "model_attributes_type", "mapping_type"], "a mapping of keys"),
    **dict.fromkeys(["list_type", "tuple_type"], "a list"),
    "string_type": "text",
    "string_pattern_mismatch": "letters, digits, '.', '_' or '-'",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "less_than": "a number below {lt}",
    "too_short": "at least {min_length} values",
    "too_long": "at most {max_length} values",
}


def _keys_at(model: type[BaseModel], path: Sequence[Any]) -> list[str]:
    """Return the keys that may stand at ``path`` inside ``model``."""
    for part in path:
        inner = model.model_fields.get(str(part))
        candidates = [inner.annotation, *getattr(inner.annotation, "__args__", ())] if inner else []
        models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not models:
            return []
        model = models[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _description(model: type[BaseModel], path: Sequence[Any]) -> str:
    """Return what the schema says of the key at ``path``; nothing where it says nothing."""
    inner = model
    for part in path[:-1]:
        found = inner.model_fields.get(str(part))
        annotation = found.annotation if found else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return ""
        inner = annotation
    field = inner.model_fields.get(str(path[-1]))
    return (field.description or "") if field else ""


def _lower(text: str) -> str:
    text = text.removeprefix("Input should be ")
    return text[:1].lower() + text[1:]


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
