"""Every command in the README and the pages is run as it stands there, or says why it is not; what it names exists."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from tests import driving, test_yolo_configs
from tests.data import sets
from tests.data.test_coco import images, instances
from tests.docs_blocks import KINDS, MARKS, PAGES, ROOT, Block, blocks, inline_commands, prose
from tests.inside.pictures import folders
from tuner import config, config_model, documents, space_file, stages
from tuner.cli import app

BLOCKS = [block for page in PAGES for block in blocks(page)]
LINES = [(str(block), line) for block in BLOCKS for line in block.commands]
INLINE = [(page.name, line) for page in PAGES for line in inline_commands(page)]
RUN = [page for page in PAGES if any(block.runs for block in blocks(page)) and not page.stem.endswith(".zh")]
LOOKS_LIKE_A_COMMAND = re.compile(
    r"^ *(\$ |tuner [a-z]+( |$)|\./(setup|check)|(python3?|pip|git|yolo|sphinx-build) [a-z-])"
)
MEANT_FOR_A_SHELL = re.compile(r"[|<>&;$*?`~]")
BEFORE_THE_COMMAND = {"./setup", "nohup", "srun"}
AFTER_THE_COMMAND = {"|", ">", "2>&1", "&", "&&", ";"}
SMALLEST = {
    "study": "x",
    "trainer": {"name": "ultralytics", "data": "data.yaml", "model": "yolov8n"},
    "space": {"lr": {"grid": [0.001, 10]}},
    "objective": {"metric": "val/accuracy"},
    "epochs": 3,
    "budget": {"trials": 1},
}


def words_after_tuner(line: str) -> list[str] | None:
    """Return what is given to tuner in a line of a shell; None where it does not call it."""
    words = shlex.split(line, comments=True)
    while words and (words[0] in BEFORE_THE_COMMAND or words[0].startswith("--") or "=" in words[0]):
        words = words[1:]
    if words[:1] != ["tuner"]:
        return None
    return words[1 : next((i for i, word in enumerate(words) if word in AFTER_THE_COMMAND), len(words))]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that ``words`` name, and what is given to it."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"no such command: {' '.join(words)}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def run(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a page in ``place``, where tuner and python are those of this test."""
    words = shlex.split(line, comments=True)
    if words[0] == "tuner" and not MEANT_FOR_A_SHELL.search(line):
        return driving.tuner(*words[1:], cwd=place, timeout=300)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{place / '.bin'}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-c", line], cwd=place, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with what of the repository a reader has before them."""
    place = tmp_path / "tuner"
    for part in ("configs", "search_spaces", "docs/examples"):
        shutil.copytree(ROOT / part, place / part)
    for name, words in {"tuner": "-m tuner", "python": ""}.items():
        program = place / ".bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        program.chmod(0o755)
    return place


def with_data_sets(place: Path) -> None:
    sets.voc(place / "SSDD", range(1, 31))
    sets.voc(place / "my_voc", range(1, 31))
    images(place / "my_coco" / "images", 12)
    instances(place / "my_coco" / "annotations" / "train.json", 0, 12)
    sets.classes(place / "my_folders", {"train": ["a", "b"], "val": ["a", "b"]})


def with_clones(place: Path) -> None:
    for name in test_yolo_configs.HYPS:
        test_yolo_configs.clone(name, place.parent)


def with_images(place: Path) -> None:
    folders(place / "my_images", (60, 30, 9))


PRESUPPOSED: dict[str, Callable[[Path], None]] = {
    "classify.md": with_images,
    "data.md": with_data_sets,
    "yolov5.md": with_clones,
}
"""What a page takes for granted beside the repository: tiny data sets, programs with the layout of the clones."""


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_what_a_page_tells_to_run_works(page: Path, place: Path) -> None:
    PRESUPPOSED.get(page.name, lambda _: None)(place)
    printed = ""
    for block in blocks(page):
        if block.runs:
            printed = ran(block, place)
        elif "printed" in block.marks:
            assert block.text.split() == printed.split(), f"{block}: it prints\n{printed}"


def ran(block: Block, place: Path) -> str:
    """Run a block and return what it printed."""
    lines = block.commands if block.kind == "sh" else [f"python -c {shlex.quote(block.text)}"]
    done = [run(line, place) for line in lines]
    expected = [0] * (len(lines) - 1) + [int(block.marks.get("exit code", 0))]
    for line, ended, code in zip(lines, done, expected, strict=True):
        assert ended.returncode == code, f"{block}: {line}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
    return "".join(ended.stdout for ended in done)


def test_a_translation_tells_to_run_what_another_page_does() -> None:
    told = {page: {line for block in blocks(page) if block.runs for line in block.commands} for page in PAGES}
    run = {line for page in RUN for line in told[page]}
    assert {line for page in set(PAGES) - set(RUN) for line in told[page]} <= run


def test_pages_have_commands() -> None:
    assert len(RUN) >= 6 and len(LINES) > 30 and len(INLINE) > 20


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_says_what_it_holds_and_why_it_is_not_run(block: Block) -> None:
    assert block.kind in KINDS
    assert set(block.marks) <= MARKS
    assert block.marks.get("not run", "a reason"), "expected a reason: <!-- not run: REASON -->"
    if block.kind == "text":
        assert not [line for line in block.text.splitlines() if LOOKS_LIKE_A_COMMAND.match(line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_command_hides_in_the_text(page: Path) -> None:
    indented = [line for line in prose(page).splitlines() if line.startswith("    ")]
    assert not [line for line in indented if LOOKS_LIKE_A_COMMAND.match(line)]


@pytest.mark.parametrize(("where", "line"), LINES)
def test_a_command_can_be_given_like_that(where: str, line: str) -> None:
    words = words_after_tuner(line)
    if words is not None:
        command, rest = command_of(words)
        assert not hasattr(command, "commands"), "expected one of its commands"
        command.make_context(command.name, rest)


@pytest.mark.parametrize(("page", "line"), INLINE)
def test_a_command_in_the_text_exists_with_its_options(page: str, line: str) -> None:
    words = words_after_tuner(line.replace("'", "").replace("…", ""))
    if words and words[0].islower():  # not COMMAND, which stands for any
        command, rest = command_of(words)
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        assert {word for word in rest if word.startswith("-")} <= known


@pytest.mark.parametrize(("where", "line"), [*LINES, *INLINE])
def test_a_file_of_the_repository_in_a_command_is_there(where: str, line: str) -> None:
    named = re.findall(r"(?<![\w/.])(?:configs|search_spaces|scripts|docs)/[\w./-]+\w", line)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind == "yaml"], ids=str)
def test_a_configuration_that_is_shown_is_one(block: Block, tmp_path: Path) -> None:
    shown = yaml.safe_load(block.text)
    if not set(shown) <= {*config_model.ConfigModel.model_fields, config.STAGES}:
        space_file.build(shown, "space")
        return
    document = {**SMALLEST, **{key: value for key, value in shown.items() if key != config.STAGES}}
    for own in shown.get(config.STAGES, {"": {}}).values():
        stage = documents.check(stages.StageModel, own, "stage")
        whole = stages.laid_over(document, dict(stage.__pydantic_extra__ or {}))
        config.of(whole, tmp_path, "page", reading=True)


def test_what_is_where_names_files_that_are_there() -> None:
    (listed,) = [block.text for block in blocks(ROOT / "docs" / "house.md")]
    names = re.findall(r"[\w*/]+\.(?:py|yaml)\b", listed)
    assert len(names) > 40
    assert [n for n in names if not any(any((ROOT / part).glob(n)) for part in (".", "tuner", "docs"))] == []
