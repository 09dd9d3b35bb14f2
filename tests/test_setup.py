"""./setup, driven with a stand-in for Python that installs nothing and writes down what it was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Answers the version checks, makes an "environment" that holds a copy of itself, and fails where it is told to.
PYTHON = """#!/usr/bin/env bash
case "$1 $2" in
    "-c import ensurepip"*) exit "${NO_ENSUREPIP:-0}" ;;
    "-c "*) exit "${TOO_OLD:-0}" ;;
    "-m venv") echo venv >>"$ASKED"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-I -m") echo pip >>"$ASKED"; exit "${BREAK_PIP:-0}" ;;
    *) echo "Python 3.11.0" ;;
esac
"""


@dataclass(frozen=True)
class Bench:
    """A folder with a stand-in Python, clones to set up, and a record of what Python was asked."""

    path: Path

    def clone(self, name: str = "clone") -> Path:
        (self.path / name).mkdir()
        for file in ("setup", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / file, self.path / name)
        return self.path / name

    def setup(self, clone: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name != "TUNER_VENV"}
        kept |= {"PYTHON": str(self.path / "python"), "ASKED": str(self.path / "asked")}
        argv = [str(clone / "setup"), *command]
        return subprocess.run(argv, cwd=self.path, env=kept | env, capture_output=True, text=True, check=False)

    def asked(self) -> list[str]:
        """Return what Python was asked to do since the last call."""
        log = self.path / "asked"
        asked = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return asked


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return Bench(tmp_path)


def test_the_first_run_makes_the_environment_and_the_second_does_nothing(bench: Bench) -> None:
    clone = bench.clone()
    assert bench.setup(clone).returncode == 0
    assert bench.asked() == ["venv", "pip"]
    again = bench.setup(clone)
    assert (again.returncode, again.stderr, bench.asked()) == (0, "", [])


def test_a_command_runs_in_the_environment_and_where_it_was_called(bench: Bench) -> None:
    shown = bench.setup(bench.clone(), "bash", "-c", "command -v python; pwd; exit 3")
    assert shown.stdout.split() == [str(bench.path / "clone/.venv/bin/python"), str(bench.path)]
    assert shown.returncode == 3


def test_an_install_that_broke_off_is_made_anew(bench: Bench) -> None:
    clone = bench.clone()
    assert bench.setup(clone, "true", BREAK_PIP="1").returncode == 1
    half_installed = clone / ".venv/half_installed"
    half_installed.touch()
    bench.asked()
    assert bench.setup(clone).returncode == 0
    assert bench.asked() == ["venv", "pip"]
    assert not half_installed.exists()


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_is_installed_into_the_environment_there_is(bench: Bench, file: str) -> None:
    clone = bench.clone()
    bench.setup(clone)
    bench.asked()
    with (clone / file).open("a") as text:
        text.write("# raised\n")
    assert bench.setup(clone).returncode == 0
    assert bench.asked() == ["pip"]


def test_a_shared_environment_is_pointed_at_the_clone_that_asks(bench: Bench) -> None:
    env = {"TUNER_VENV": str(bench.path / "shared")}
    one, other = bench.clone("one"), bench.clone("other")
    bench.setup(one, **env)
    bench.asked()
    assert bench.setup(other, **env).returncode == 0
    assert bench.asked() == ["pip"]
    bench.setup(other, **env)
    assert bench.asked() == []
    assert not (other / ".venv").exists()


def test_an_environment_that_moved_with_its_clone_is_made_anew(bench: Bench) -> None:
    clone = bench.clone()
    bench.setup(clone)
    bench.asked()
    assert bench.setup(clone.rename(bench.path / "moved")).returncode == 0
    assert bench.asked() == ["venv", "pip"]


def test_a_folder_that_setup_did_not_make_is_left_alone(bench: Bench) -> None:
    thesis = bench.path / "home/thesis.tex"
    thesis.parent.mkdir()
    thesis.touch()
    refused = bench.setup(bench.clone(), TUNER_VENV=str(thesis.parent))
    assert refused.returncode == 1
    assert "was not made by ./setup" in refused.stderr
    assert thesis.exists()
    assert bench.asked() == []


def test_a_python_that_is_too_old_is_refused(bench: Bench) -> None:
    refused = bench.setup(bench.clone(), "true", TOO_OLD="1")
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer" in refused.stderr
    assert bench.asked() == []


def test_a_python_without_ensurepip_is_refused_with_the_package_to_install(bench: Bench) -> None:
    refused = bench.setup(bench.clone(), "true", NO_ENSUREPIP="1")
    assert refused.returncode == 1
    assert "apt install python3-venv" in refused.stderr
    assert bench.asked() == []
