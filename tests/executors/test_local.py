"""Processes on this machine: what they see, how they end, and that nothing of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuner.executors import guard
from tuner.executors.devices import Device
from tuner.executors.local import LocalExecutor, Process
from tuner.spec import Command

CHILD = "import os, time; os.setsid(); open('child', 'w').write(str(os.getpid())); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('up', 'w'); time.sleep(60)"
WITH_CHILD = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {CHILD!r}]); time.sleep(60)"


def python(code: str, folder: Path) -> Command:
    return Command((sys.executable, "-S", "-c", code), cwd=folder)


def wait(process: Process, seconds: float = 10) -> int:
    deadline = time.monotonic() + seconds
    while (code := process.poll()) is None:
        assert time.monotonic() < deadline, "the process did not end"
        time.sleep(0.01)
    return code


def wait_for(path: Path, seconds: float = 10) -> str:
    deadline = time.monotonic() + seconds
    while not (path.exists() and (path.read_text() or path.stat().st_size == 0)):
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.01)
    return path.read_text()


def number_in(path: Path) -> int:
    """Wait until a program has written a number, and not only opened its file."""
    deadline = time.monotonic() + 10
    while not (written := path.read_text() if path.exists() else ""):
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.01)
    return int(written)


def is_gone(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def executor() -> LocalExecutor:
    return LocalExecutor([Device()], grace_seconds=0.5)


@pytest.fixture
def started(executor: LocalExecutor) -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.stop(force=True)
        wait(process)


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_comes_back(executor: LocalExecutor, tmp_path: Path, code: int) -> None:
    assert wait(executor.start(python(f"raise SystemExit({code})", tmp_path), tmp_path, Device())) == code


def test_a_signal_comes_back_as_128_and_its_number(executor: LocalExecutor, tmp_path: Path) -> None:
    suicide = python("import os; os.kill(os.getpid(), 9)", tmp_path)
    assert wait(executor.start(suicide, tmp_path, Device())) == 128 + signal.SIGKILL


def test_what_is_printed_lands_in_the_folder(executor: LocalExecutor, tmp_path: Path) -> None:
    wait(
        executor.start(python("import sys; print('out'); print('err', file=sys.stderr)", tmp_path), tmp_path, Device())
    )
    assert sorted((tmp_path / "output.txt").read_text().split()) == ["err", "out"]


def test_of_output_without_end_the_first_and_the_last_lines_are_kept(executor: LocalExecutor, tmp_path: Path) -> None:
    code = (
        "print('first', flush=True)\n"
        "for _ in range(1500): print('x' * 99_999, flush=True)\n"
        "import time; time.sleep(0.5); print('last')"
    )
    wait(executor.start(python(code, tmp_path), tmp_path, Device()), 60)
    said = (tmp_path / "output.txt").read_text()
    assert len(said) < guard.OUTPUT_BYTES and "MB of output were left out here" in said
    assert said.startswith("first\n") and said.endswith("last\n")


def test_a_command_that_is_not_there_is_an_exit_code(executor: LocalExecutor, tmp_path: Path) -> None:
    assert wait(executor.start(Command(("/no/such/program",)), tmp_path, Device())) == 127
    assert "cannot start /no/such/program" in (tmp_path / "output.txt").read_text()


@pytest.mark.parametrize(("device", "visible"), [(Device(), ""), (Device(2), "2")])
def test_a_trial_sees_only_its_device(executor: LocalExecutor, tmp_path: Path, device: Device, visible: str) -> None:
    wait(executor.start(python("import os; print(os.environ['CUDA_VISIBLE_DEVICES'])", tmp_path), tmp_path, device))
    assert (tmp_path / "output.txt").read_text() == f"{visible}\n"


def test_a_polite_stop_lets_the_trial_say_goodbye(
    executor: LocalExecutor, tmp_path: Path, started: list[Process]
) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (open('bye', 'w').close(), sys.exit(5)))\n"
        "open('up', 'w')\ntime.sleep(60)"
    )
    started.append(process := executor.start(python(code, tmp_path), tmp_path, Device()))
    wait_for(tmp_path / "up")
    process.stop()
    assert wait(process) == 5
    assert (tmp_path / "bye").exists()


def test_what_does_not_stop_politely_is_forced(executor: LocalExecutor, tmp_path: Path, started: list[Process]) -> None:
    started.append(process := executor.start(python(STUBBORN, tmp_path), tmp_path, Device()))
    wait_for(tmp_path / "up")
    process.stop()
    assert wait(process) == 128 + signal.SIGKILL


def test_force_does_not_wait(tmp_path: Path, started: list[Process]) -> None:
    patient = LocalExecutor([Device()], grace_seconds=60)
    started.append(process := patient.start(python(STUBBORN, tmp_path), tmp_path, Device()))
    wait_for(tmp_path / "up")
    process.stop(force=True)
    assert wait(process, 3) == 128 + signal.SIGKILL


def test_a_frozen_trial_can_be_stopped(executor: LocalExecutor, tmp_path: Path, started: list[Process]) -> None:
    code = "import os, signal; open('up', 'w'); os.kill(os.getpid(), signal.SIGSTOP)"
    started.append(process := executor.start(python(code, tmp_path), tmp_path, Device()))
    wait_for(tmp_path / "up")
    process.stop()
    wait(process)


def test_children_go_with_their_trial_even_from_another_session(
    executor: LocalExecutor, tmp_path: Path, started: list[Process]
) -> None:
    started.append(process := executor.start(python(WITH_CHILD, tmp_path), tmp_path, Device()))
    child = number_in(tmp_path / "child")
    process.stop()
    wait(process)
    assert is_gone(child)


def test_children_that_a_finished_trial_left_behind_go_too(executor: LocalExecutor, tmp_path: Path) -> None:
    code = WITH_CHILD.replace("time.sleep(60)", "time.sleep(0.5)")
    wait(executor.start(python(code, tmp_path), tmp_path, Device()))
    assert is_gone(number_in(tmp_path / "child"))


def test_no_trial_outlives_its_driver(tmp_path: Path) -> None:
    driver = (
        "import sys, time; from pathlib import Path\n"
        "from tuner.executors.local import LocalExecutor, Device\nfrom tuner.spec import Command\n"
        f"here = Path({str(tmp_path)!r})\n"
        f"command = Command((sys.executable, '-c', {WITH_CHILD!r}), cwd=here)\n"
        "p = LocalExecutor([Device()], 0.5).start(command, here, Device())\n"
        "(here / 'guard').write_text(str(p.pid)); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", driver], cwd=Path(__file__).parents[2])
    child = number_in(tmp_path / "child")
    guard = number_in(tmp_path / "guard")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert is_gone(child) and is_gone(guard)


def test_the_next_process_of_a_trial_waits_for_the_last_one(
    executor: LocalExecutor, tmp_path: Path, started: list[Process]
) -> None:
    started.append(first := executor.start(python(STUBBORN, tmp_path), tmp_path, Device()))
    wait_for(tmp_path / "up")
    started.append(second := executor.start(python("open('second', 'w')", tmp_path), tmp_path, Device()))
    time.sleep(0.3)
    assert not (tmp_path / "second").exists()
    first.stop(force=True)
    assert wait(second) == 0
    assert (tmp_path / "second").exists()


def test_a_killed_guard_takes_the_grandchildren_with_it(executor: LocalExecutor, tmp_path: Path) -> None:
    names = "open('new', 'w').write(str(os.getpid())); os.rename('new', 'child')"
    grandchild = f"import os, time; {names}; time.sleep(60)"
    command = Command(("/bin/sh", "-c", f'"{sys.executable}" -S -c "{grandchild}"; true'), cwd=tmp_path)
    process = executor.start(command, tmp_path, Device())
    child = number_in(tmp_path / "child")
    os.kill(process.pid, signal.SIGKILL)
    assert wait(process) == 128 + signal.SIGKILL
    assert is_gone(child)


def test_a_process_that_waits_for_its_folder_can_be_stopped(
    executor: LocalExecutor, tmp_path: Path, started: list[Process]
) -> None:
    started.append(executor.start(python(STUBBORN, tmp_path), tmp_path, Device()))
    wait_for(tmp_path / "up")
    started.append(second := executor.start(python("open('second', 'w')", tmp_path), tmp_path, Device()))
    time.sleep(0.2)
    second.stop()
    assert wait(second, 2) == 128 + signal.SIGTERM
    assert not (tmp_path / "second").exists()
