"""What holds for the repository as a whole rather than for one module."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuner import registry

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tuner"

# Written so that this file does not match its own patterns.
MACHINE_PATH = re.compile(r"(?<![\w.~$}])[/](?:work|root|home/\w+|Users/\w+|tmp/dev)\b(?!\])")
REGISTRY_ADDRESS = re.compile(r"pypi\.org|pythonhosted\.org|download\.pytorch\.org|npmjs\.org|proxy\.golang\.org")

PLUGINS = {
    "symptoms": registry.SYMPTOMS,
    "remedies": registry.REMEDIES,
    "trainers": registry.TRAINERS,
    "readers": registry.READERS,
    "executors": registry.EXECUTORS,
}

# Modules that several plug-ins of a family share and that are none themselves.
SHARED = {
    "symptoms": {"guessing", "rising", "trend"},
    "readers": {
        "columns",
        "delimited",
        "events",
        "growing",
        "history",
        "mmdet",
        "periods",
        "phrases",
        "records",
        "run",
        "splice",
    }
    | {"table", "text", "yolo"},
    # replay is chosen by a command, and not by its name
    "executors": {"carried", "devices", "guard", "job", "node", "replay"},
}

HEAVY = {"torch", "torchvision", "ultralytics", "matplotlib", "sklearn"}


def text_files() -> Iterator[tuple[str, str]]:
    """Yield name and text of every file that is tracked or would be; pictures and the like have no text."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in sorted(set(filter(None, listed.split("\0")))):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content:
            yield name, content.decode(errors="replace")


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{i}: {line.strip()[:120]}"
        for name, text in text_files()
        for i, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def modules_of(family: str) -> set[str]:
    names = {path.stem for path in (PACKAGE / family).glob("*.py")}
    names |= {path.parent.name for path in (PACKAGE / family).glob("*/__init__.py")}
    return names - {"__init__"} - SHARED.get(family, set())


def imported_by(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_no_file_names_a_place_on_one_machine() -> None:
    assert found(MACHINE_PATH) == []


def test_no_file_names_the_address_of_a_package_registry() -> None:
    assert found(REGISTRY_ADDRESS) == []


@pytest.mark.parametrize("parts", [("work", "main"), ("root", ".cache"), ("home", "ada", "data"), ("Users", "ada")])
def test_the_search_knows_a_machine_path(parts: tuple[str, ...]) -> None:
    assert MACHINE_PATH.search("data: /" + "/".join(parts))


@pytest.mark.parametrize("host", ["files.{}hosted.org", "{}.python.org"])
def test_the_search_knows_a_registry_address_from_another(host: str) -> None:
    assert bool(REGISTRY_ADDRESS.search("https://" + host.format("python"))) is ("hosted" in host)


@pytest.mark.parametrize("line", ["see src/work/plan.py", "$HOME/work", "docs/root/x", "./work", "/tmp/plots"])
def test_the_search_leaves_other_paths_alone(line: str) -> None:
    assert not MACHINE_PATH.search(line)


@pytest.mark.parametrize("family", PLUGINS)
def test_every_plug_in_file_has_its_line_in_the_registry(family: str) -> None:
    assert modules_of(family) - PLUGINS[family].keys() == set()


@pytest.mark.parametrize("family", PLUGINS)
def test_every_name_in_the_registry_has_its_file(family: str) -> None:
    assert PLUGINS[family].keys() - modules_of(family) == set()


@pytest.mark.parametrize("family", SHARED)
def test_no_exempt_module_is_a_plug_in_or_gone(family: str) -> None:
    assert SHARED[family].isdisjoint(PLUGINS[family])
    assert SHARED[family] <= {path.stem for path in (PACKAGE / family).glob("*.py")}


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = "import sys, tuner.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    loaded = set(shown.stdout.split())
    assert "tuner" in loaded
    assert loaded & HEAVY == set()


def test_only_code_inside_a_trial_imports_ultralytics() -> None:
    importing = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "ultralytics" in imported_by(path)}
    assert {path for path in importing if path.parts[0] != "inside"} == set()
