"""Every command of docs/data.md works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import driving
from tests.data import sets
from tests.data.test_coco import images, instances

PAGE = (driving.ROOT / "docs" / "data.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with the sets that the page speaks of, tiny ones."""
    sets.voc(tmp_path / "SSDD", range(1, 31))
    sets.voc(tmp_path / "my_voc", range(1, 31))
    images(tmp_path / "my_coco" / "images", 12)
    instances(tmp_path / "my_coco" / "annotations" / "train.json", 0, 12)
    sets.classes(tmp_path / "my_folders", {"train": ["a", "b"], "val": ["a", "b"]})
    return tmp_path


def test_every_command_and_the_example_of_the_page_work(place: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(driving.ROOT)}
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 10
    for command in commands:
        program, *words = command.split()
        assert program == "tuner"
        done = subprocess.run(
            [sys.executable, "-m", "tuner", *words], cwd=place, env=env, capture_output=True, text=True
        )
        # Tiny sets have too few images to score on, and a check says so by its exit code.
        assert done.returncode in ((0, 1) if words[1] == "check" else (0,)), (command, done.stderr)
    (example,) = blocks("python")
    subprocess.run([sys.executable, "-c", example], cwd=place, env=env, check=True)
    assert len((place / "data" / "ships-probe" / "train.txt").read_text().split()) == 100
