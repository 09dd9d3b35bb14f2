"""Completion in the shell: configurations for CONFIG, studies for STUDY, and nothing that is neither."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import driving
from tuner import completion

START = "import sys; sys.argv[0] = 'tuner'; from tuner.cli import main; main()"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in (("ships.yaml", "study: a\ntrainer: {}\n"), ("data.yaml", "train: images\nval: images\n")):
        (tmp_path / name).write_text(text)
    for name in ("results/digits", "results/ssdd/probe", "results/ssdd"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "config.yaml").write_text("study: a\ntrainer: {}\n")
    (tmp_path / "results" / "other").mkdir()
    return tmp_path


def completed(words: str, cwd: Path) -> list[str]:
    """Return what bash is given for the last word of a command line."""
    env = {**os.environ, "PYTHONPATH": str(driving.ROOT), "_TUNER_COMPLETE": "complete_bash", "COMP_WORDS": words}
    env["COMP_CWORD"] = str(len(words.split(" ")) - 1)
    done = subprocess.run([sys.executable, "-c", START], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    return done.stdout.split()


def test_run_completes_to_configurations(project: Path) -> None:
    assert completed("tuner run ", project) == ["ships.yaml"]
    assert completed("tuner check sh", project) == ["ships.yaml"]
    assert completed("tuner run da", project) == []


def test_report_completes_to_studies(project: Path) -> None:
    assert completed("tuner report res", project) == ["results/digits", "results/ssdd"]
    assert completed("tuner resume results/s", project) == ["results/ssdd", "results/ssdd/probe"]


def test_a_word_with_the_signs_of_a_pattern_is_taken_literally(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a[1].yaml").write_text("trainer: {}\n")
    monkeypatch.chdir(tmp_path)
    assert completion.configs("a[1") == ["a[1].yaml"]
    assert completion.configs("[") == []


def test_the_shell_can_be_given_its_script() -> None:
    assert "--install-completion" in driving.tuner("--help").stdout
