"""What a training program says of itself in its source: its options, its columns, its files. It is never run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tuner.errors import ConfigError
from tuner.readers import columns

LARGEST = 2_000_000
"""Bytes of a source file that is still read; programs written by people are far smaller."""
DECLARE = {"add_argument", "option"}
"""The calls that declare an option: argparse's, and click's decorator."""


@dataclass(frozen=True)
class Option:
    """One option of the command line.

    ``flag`` is how it is written, ``names`` all its names with ``_`` for ``-``. ``default`` is None where there is
    none, or one that cannot be told; ``choices`` are what it takes, where that is said. A switch takes no value.
    """

    flag: str
    names: tuple[str, ...]
    default: Any = None
    kind: str = ""
    choices: tuple[Any, ...] = ()
    required: bool = False
    switch: bool = False

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def positional(self) -> bool:
        return not self.flag.startswith("-")


@dataclass(frozen=True)
class Program:
    """A program as its source tells: options, groups of names that stand together, all strings, all imports."""

    path: Path
    options: tuple[Option, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    strings: tuple[str, ...] = ()
    imports: frozenset[str] = frozenset()
    compared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def option(self, names: Sequence[str]) -> Option | None:
        """Return the option that is called by the first of ``names`` that any has."""
        return next((o for name in names for o in self.options if name in o.names), None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its log: the longest group of names that counts epochs; nothing where none does."""
        logs = [group for group in self.groups if columns.epoch_column(group, {}) and len(group) > 1]
        return max(logs, key=len, default=())


def read(path: Path) -> Program:
    """Return what the source at ``path`` says, with the modules beside it that it imports; raises ConfigError."""
    tree = _parsed(path)
    imports = _imports(tree)
    beside = [path.parent / f"{name}.py" for name in sorted(imports) if (path.parent / f"{name}.py").is_file()]
    trees = [tree, *(other for place in beside if (other := _quietly(place)) is not None)]
    constants = {name: value for part in trees for name, value in _constants(part)}
    options = [option for part in trees for option in _options(part, constants)]
    return Program(
        path,
        tuple({option.flag: option for option in reversed(options)}.values())[::-1],
        tuple(group for part in trees for group in _groups(part)),
        tuple(dict.fromkeys(text for part in trees for text in _strings(part))),
        imports,
        _compared(trees),
    )


def _parsed(path: Path) -> ast.Module:
    try:
        source = path.read_bytes()
        if len(source) > LARGEST:
            raise ValueError(f"{len(source)} bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an escape that is none, in somebody else's program
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(str(path), "", f"expected a Python program, but got: {error}") from None


def _quietly(path: Path) -> ast.Module | None:
    try:
        return _parsed(path)
    except (ConfigError, OSError):
        return None


def _imports(tree: ast.Module) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level <= 1:
            names.add(node.module.partition(".")[0])
    return frozenset(names)


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield the names that a module gives to plain values: a default may be one of them."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _literal(node.value, {})
            if value is not None:
                yield node.targets[0].id, value


def _literal(node: ast.expr | None, constants: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _options(tree: ast.Module, constants: Mapping[str, Any]) -> Iterator[Option]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in DECLARE:
            names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if names:
                yield _option(names, {k.arg: k.value for k in node.keywords if k.arg}, constants)


def _option(names: list[str], said: Mapping[str, ast.expr], constants: Mapping[str, Any]) -> Option:
    flag = next((name for name in names if name.startswith("--")), names[0]).partition("/")[0]
    default = _literal(said.get("default"), constants)
    choices = _literal(said.get("choices"), constants) or _choice(said.get("type"), constants) or ()
    kind = said.get("type")
    action = _literal(said.get("action"), constants)
    return Option(
        flag,
        tuple(dict.fromkeys(n.lstrip("-").replace("-", "_").lower() for n in [flag, *names])),
        default,
        kind.id if isinstance(kind, ast.Name) else "",
        tuple(choices) if isinstance(choices, list | tuple | set) else (),
        _literal(said.get("required"), constants) is True,
        str(action).startswith("store_") or bool(_literal(said.get("is_flag"), constants)),
    )


def _choice(node: ast.expr | None, constants: Mapping[str, Any]) -> Any:
    """Return what click's Choice([...]) lists."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Choice" and node.args:
        return _literal(node.args[0], constants)
    return None


def _groups(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Yield names that stand together: the items of lists and dictionaries, and the parts of a line of a table."""
    for node in ast.walk(tree):
        items: list[ast.expr | None] = []
        if isinstance(node, ast.List | ast.Tuple):
            items = list(node.elts)
        elif isinstance(node, ast.Dict):
            items = list(node.keys)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "," in node.value:
            parts = [part.strip() for part in node.value.split(",")]
            yield tuple(part for part in parts if re.fullmatch(r"[A-Za-z][\w/().:@ -]{0,60}", part))
        yield tuple(i.value for i in items if isinstance(i, ast.Constant) and isinstance(i.value, str))


def _strings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _compared(trees: Sequence[ast.Module]) -> dict[str, tuple[str, ...]]:
    """Return the words that a name or attribute is compared with: what an option without ``choices`` takes."""
    found: dict[str, list[str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if not isinstance(node, ast.Compare) or len(node.comparators) != 1:
            continue
        left = node.left.func.value if _is_method(node.left) else node.left  # type: ignore[attr-defined]
        name = left.attr if isinstance(left, ast.Attribute) else left.id if isinstance(left, ast.Name) else ""
        value = _literal(node.comparators[0], {})
        if isinstance(node.ops[0], ast.Eq) and isinstance(value, str) and name:
            found.setdefault(name.lower(), []).append(value)
    return {name: tuple(dict.fromkeys(values)) for name, values in found.items()}


def _is_method(node: ast.expr) -> bool:
    """Return whether a name is asked for something before it is compared, as in ``name.lower() == "sgd"``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args
