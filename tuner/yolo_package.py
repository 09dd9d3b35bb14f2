"""What the installed Ultralytics knows, read from its files: it is AGPL-3.0, and only a trial's process imports it."""

from __future__ import annotations

import ast
import contextlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

OPTIMIZERS = ("SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSProp", "auto")
SIZE = re.compile(r"(\d+)([a-z])(?=[.-]|$)")
"""A size is one letter behind the number of the family: yolov8n, yolo11s-seg."""
HEAD = re.compile(r"(yolov[35](?:[a-z]6?|-tiny|-spp)?)u$")
"""Weights of YOLOv3 and v5 with the newer, anchor-free head end in u; the description of their model does not."""


def arguments() -> dict[str, Any]:
    """Return every argument of a training with its default; raises ValueError where the package is not installed."""
    found: dict[str, Any] = _load(_package() / "cfg" / "default.yaml")
    return found


def problem(name: str, value: object) -> str | None:
    """Return what Ultralytics would say against a value of one of its arguments, None where it takes it."""
    kinds = _kinds()
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in kinds.get("CFG_FRACTION_KEYS", ()) and not (number and 0 <= float(value) <= 1):  # type: ignore[arg-type]
        return f"expected a number from 0 to 1, but got {value!r}"
    if name in kinds.get("CFG_FLOAT_KEYS", ()) and not number:
        return f"expected a number, but got {value!r}"
    if name in kinds.get("CFG_INT_KEYS", ()) and type(value) is not int:
        return f"expected a whole number, but got {value!r}"
    if name in kinds.get("CFG_BOOL_KEYS", ()) and not isinstance(value, bool):
        return f"expected true or false, but got {value!r}"
    return None


@cache
def _kinds() -> dict[str, frozenset[str]]:
    """Return which arguments are of which kind, as the package's source lists them; nothing where it does not."""
    tree = ast.parse((_package() / "cfg" / "__init__.py").read_text(encoding="utf-8"))
    found: dict[str, frozenset[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            with contextlib.suppress(ValueError, IndexError, TypeError):
                found[node.targets[0].id] = frozenset(ast.literal_eval(node.value.args[0]))
    return found


def model_file(name: str, weights: Path, *, pretrained: bool) -> str:
    """Return what Ultralytics is to load for the model ``name``; raises ValueError where there is no such model.

    A ``.pt`` or ``.yaml`` is looked for in ``weights``, a ``.yaml`` also among those that Ultralytics ships. A bare
    name stands for its weights where ``pretrained`` is set, and else for an untrained model.
    """
    if name.endswith(".pt") or (pretrained and not name.endswith((".yaml", ".yml"))):
        return str(_weights(name.removesuffix(".pt"), weights))
    own = (weights / name).absolute()
    if name.endswith((".yaml", ".yml")) and own.is_file():
        return str(own)
    stem = HEAD.sub(r"\1", re.sub(r"\.ya?ml$", "", name))
    _check_shipped(stem)
    return f"{stem}.yaml"


def _weights(stem: str, weights: Path) -> Path:
    # Ultralytics itself reads yolov5n as yolov5nu: the older weights do not fit it.
    headed = f"{stem}u" if HEAD.fullmatch(f"{stem}u") and not HEAD.fullmatch(stem) else stem
    for candidate in dict.fromkeys((weights / f"{headed}.pt", weights / f"{stem}.pt")):
        if candidate.is_file():
            return candidate.absolute()
    raise ValueError(
        f"expected weights to start from, but there is no {weights.absolute() / headed}.pt: nothing is downloaded; "
        f"put the file there, name its folder with trainer.weights, or train from nothing with trainer.pretrained=false"
    )


def _check_shipped(stem: str) -> None:
    """Raise ValueError where Ultralytics ships no description of the model, or the model has no such size."""
    shipped = {path.stem: path for path in (_package() / "cfg" / "models").rglob("*.yaml")}
    if stem in shipped:
        return
    size = SIZE.search(stem)
    family = SIZE.sub(r"\1", stem, count=1)
    if size is None or family not in shipped:
        close = sorted(name for name in shipped if name[:5] == stem[:5])
        raise ValueError(
            f"expected a model of Ultralytics, such as {', '.join(close[:8] or ['yolo11n'])}, but got {stem}"
        )
    scales = _load(shipped[family]).get("scales") or {}
    if size[2] not in scales:
        raise ValueError(f"expected a size of {family} ({', '.join(scales) or 'it has none'}), but got {stem}")


@cache
def _package() -> Path:
    spec = find_spec("ultralytics")
    if spec is None or spec.origin is None:
        raise ValueError("expected Ultralytics to be installed, but it is not: pip install 'tuner[yolo]'")
    return Path(spec.origin).parent


@cache
def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
