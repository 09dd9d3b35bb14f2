"""A real driver on a real pseudo-terminal: what reaches a person's eyes, whatever the terminal can do."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import driving
from tests.terminal import Terminal

Write = Callable[..., Path]


def typed(folder: Path, *words: str | Path, columns: int = 80, rows: int = 24, **env: str) -> str:
    """Return all that the command line writes to a terminal of that size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "LC_ALL")}
    command = [sys.executable, "-m", "tuner", *map(str, words)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**known, "PYTHONPATH": str(driving.ROOT), "TERM": "xterm-256color", **env},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    read = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # how Linux says that nobody is left on the other side
            break
        if not part:
            break
        read += part
    os.close(master)
    assert process.wait(timeout=60) == 0, read.decode()
    return read.decode()


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_a_study_ends_with_its_last_picture_and_no_line_was_wider_than_the_terminal(
    write_config: Write, tmp_path: Path, columns: int
) -> None:
    said = typed(tmp_path, "run", write_config(), "--set", "budget.trials=3", columns=columns)
    terminal = Terminal()
    terminal.feed(said.replace("\r\n", "\n"))
    pictures = [line for line in terminal.lines if line.startswith("small") and "done" in line]
    assert pictures == ["small  maximise val/accuracy  3 trials done"]
    assert "\x1b[?25l" not in said
    drawn = [line for line in terminal.lines if not line.startswith(("best parameters: ", "report: "))]  # long paths
    assert max(map(len, drawn)) <= columns


def test_without_colours_the_picture_is_the_same(write_config: Write, tmp_path: Path) -> None:
    said = typed(tmp_path, "run", write_config(), "--set", "budget.trials=3", NO_COLOR="1")
    assert "\x1b[2K" in said and "━" in said
    assert "\x1b[32m" not in said and "\x1b[36m" not in said


def test_a_terminal_of_ascii_gets_bars_of_ascii(write_config: Write, tmp_path: Path) -> None:
    said = typed(tmp_path, "run", write_config(), "--set", "budget.trials=3", LC_ALL="C")
    assert said.isascii()
    assert "trials 3 of 3 | epochs" in said and "====" in said


def test_a_dumb_terminal_gets_plain_lines(write_config: Write, tmp_path: Path) -> None:
    said = typed(tmp_path, "run", write_config(), "--set", "budget.trials=3", TERM="dumb")
    assert "\x1b" not in said
    assert "trial 2 (sweep) started on cpu" in said


def test_a_quiet_run_says_only_where_the_result_is(write_config: Write, tmp_path: Path) -> None:
    said = typed(tmp_path, "run", write_config(), "--set", "budget.trials=3", "--quiet")
    first, second = said.strip().splitlines()
    assert first.startswith("best parameters: ") and second.startswith("report: ")
