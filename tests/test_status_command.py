"""``tuner status --watch`` beside real drivers: what it says, when it ends, and that it only reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import driving
from tests.test_stages import STAGES
from tests.test_study import trainer

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "small"


class Watch:
    """``tuner status --watch`` in a process of its own, and the lines that it has printed so far."""

    def __init__(self, folder: Path) -> None:
        words = ["status", "--watch", "--every", "0.2", str(folder)]
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "tuner", *words],
            cwd=driving.ROOT,
            env={**os.environ, "PYTHONPATH": str(driving.ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def saw(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def wait_for(self, text: str) -> None:
        driving.wait_until(lambda: self.saw(text))

    def ended(self) -> int:
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=10)
        return code


@pytest.fixture
def watch(folder: Path) -> Iterator[Callable[[], Watch]]:
    started: list[Watch] = []

    def start() -> Watch:
        started.append(Watch(folder))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file of a study with the time of its last change."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_a_finished_study_is_shown_once_and_nothing_of_it_is_touched(
    write_config: Write, folder: Path, watch: Callable[[], Watch]
) -> None:
    driving.study(write_config(), "budget.trials=4")
    before = contents(folder)
    watched = watch()
    assert watched.ended() == 0
    assert watched.saw("4 trials of small ended before")
    assert watched.saw(f"it is finished. What it found: tuner report {folder}")
    assert contents(folder) == before


def test_a_watch_sees_the_driver_die_and_another_go_on_and_ends_with_the_study(
    write_config: Write, folder: Path, watch: Callable[[], Watch]
) -> None:
    process = driving.driver(write_config(trainer=trainer("--seconds 90")), "budget.trials=2")
    driving.wait_until(lambda: (folder / "trials" / "0001").exists())
    watched = watch()
    watched.wait_for("Ctrl-C leaves, and the study goes on")
    assert watched.saw("trial 1 (sweep) started on cpu")
    driving.kill(process)
    watched.wait_for("no tuner works on it since")
    driving.wait_until(lambda: not driving.processes_of(folder))
    before = contents(folder)["study.db"]
    time.sleep(1)
    assert contents(folder)["study.db"] == before
    driving.tuner("resume", folder, "--set", "budget.hours=1e-9")
    assert watched.ended() == 0
    assert watched.saw("trial 1 failed") and watched.saw("it is finished")


def test_ctrl_c_leaves_the_watch_and_not_the_study(
    write_config: Write, folder: Path, watch: Callable[[], Watch]
) -> None:
    process = driving.driver(write_config(trainer=trainer("--seconds 9")), "budget.trials=2")
    driving.wait_until(lambda: (folder / "trials" / "0001").exists())
    watched = watch()
    watched.wait_for("Ctrl-C leaves")
    watched.process.send_signal(signal.SIGINT)
    assert watched.ended() == 0
    assert not watched.saw("Traceback")
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=60)


def test_of_a_study_in_stages_the_watch_ends_with_the_last(
    write_config: Write, folder: Path, watch: Callable[[], Watch]
) -> None:
    process = driving.driver(write_config(stages=STAGES))
    driving.wait_until(lambda: (folder / "probe" / "study.db").is_file())
    watched = watch()
    assert watched.ended() == 0
    process.communicate(timeout=60)
    assert watched.saw("it is finished")
    assert (folder / list(STAGES)[-1] / "best.yaml").is_file()


def test_a_folder_that_is_no_study_is_refused(tmp_path: Path) -> None:
    done = driving.tuner("status", "--watch", tmp_path)
    assert done.returncode == 2
    assert "expected a study's folder" in done.stderr


def test_without_watch_it_says_what_to_do_where_no_driver_is_left(write_config: Write, folder: Path) -> None:
    driving.study(write_config(), "budget.trials=3")
    assert "it is finished" in driving.tuner("status", folder).stdout
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("trials: 3", "trials: 30"))
    said = driving.tuner("status", folder).stdout
    assert f"no tuner works on it. To go on: tuner resume {folder}" in " ".join(said.split())
