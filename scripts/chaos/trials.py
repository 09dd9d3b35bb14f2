"""A trial: killed, frozen, hanging, out of memory, printing without end."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Driver, Problem, Tormented, finish, look, start, trained, write
from tests.driving import working

STALL = 0.1  # minutes
MEGABYTE = 2**20
GROUP_BYTES = 700 * MEGABYTE


def killed(place: Path, times: int) -> Outcome:
    """Kill the program of a trial, or its guard."""
    study = write(place, "trial-killed", epochs=30, budget={"trials": 10})
    driver = start(study)
    _strike(study, driver, times, signal.SIGKILL, rest=0.6)
    return finish(study, times, "goes on from its last checkpoint", drivers=[driver])


def stopped(place: Path, times: int) -> Outcome:
    """Freeze the program of a trial, or its guard, for good."""
    study = write(place, "trial-stopped", epochs=30, budget={"trials": 8}, stall_minutes=STALL, grace_seconds=1)
    driver = start(study)
    _strike(study, driver, times, signal.SIGSTOP, rest=4.0)
    return finish(study, times, "no new epoch for", drivers=[driver])


def _strike(study: Tormented, driver: Driver, times: int, number: signal.Signals, *, rest: float) -> None:
    """Send a signal to a process of some trial so often, never again to one without an epoch since the last time."""
    rng, struck = random.Random(0), dict[str, int]()
    for _ in range(times):
        deadline = time.monotonic() + 60
        while not (victims := _victims(study, struck)):
            if driver.poll() is not None or time.monotonic() > deadline:
                raise Problem("no trial was left to send a signal to")
            time.sleep(0.1)
        process, trial = rng.choice(victims)
        struck[trial] = len(study.seen[trial])
        os.kill(process, number)
        time.sleep(rng.uniform(0, rest))
    look(study)


def _victims(study: Tormented, struck: dict[str, int]) -> list[tuple[int, str]]:
    look(study)
    found = [(pid, m[1]) for pid, line in working(study.folder).items() if (m := re.search(r"trials/(\d+)", line))]
    return [(pid, trial) for pid, trial in found if len(study.seen.get(trial, {})) > struck.get(trial, 0)]


def _misbehaving(place: Path, times: int, behaviour: str, **changes: object) -> Tormented:
    flags = f"--seconds 0.1 --behaviour {behaviour} --first {times}"
    options = {"epochs": 12, "budget": {"trials": times + 4}, "stall_minutes": STALL, "grace_seconds": 1}
    return write(place, f"trial-{behaviour.replace('_', '-')}", flags, **{**options, **changes})


def hanging_at_start(place: Path, times: int) -> Outcome:
    """Let trials hang before their first epoch, once."""
    return finish(_misbehaving(place, times, "hang_at_start"), times, "goes on from the beginning.*no new epoch for")


def hanging(place: Path, times: int) -> Outcome:
    """Let trials hang in their third epoch, once."""
    return finish(_misbehaving(place, times, "hang_once"), times, "goes on from its last checkpoint.*no new epoch for")


def hanging_at_end(place: Path, times: int) -> Outcome:
    """Let trials hang when all of their epochs are trained."""
    return finish(_misbehaving(place, times, "hang_at_end"), times, "finished")


def out_of_memory(place: Path, times: int) -> Outcome:
    """Let trials ask for more memory than there is, until Python has a MemoryError."""
    states = {"PRUNED": times, "COMPLETE": 4}
    return finish(_misbehaving(place, times, "memory"), times, "out of memory after", states=states)


def killed_for_memory(place: Path, times: int) -> Outcome:
    """Let trials outgrow the memory that a control group has, so that the kernel kills them. Needs root."""
    study = _misbehaving(place, times, "memory_once")
    with memory_limit(GROUP_BYTES) as joining:
        return finish(study, times, "goes on from.*where memory runs out", drivers=[start(study, before=joining)])


@contextmanager
def memory_limit(size: int) -> Iterator[list[str]]:
    """Make a control group with so many bytes; yield the words that start a command in it."""
    root = Path("/sys/fs/cgroup")
    second = (root / "cgroup.controllers").exists()
    group = root / ("tuner-chaos" if second else "memory/tuner-chaos")
    try:
        group.mkdir()
        (group / ("memory.max" if second else "memory.limit_in_bytes")).write_text(str(size))
    except OSError as error:
        raise Problem(f"no control group could be made: {error}") from None
    try:
        yield ["sh", "-c", f'echo $$ > {group / "cgroup.procs"}; exec "$@"', "sh"]
    finally:
        group.rmdir()


def printing(place: Path, times: int) -> Outcome:
    """Let trials print a gigabyte each; the driver's memory and the disk must stay as they were."""
    study = _misbehaving(place, times, "spam", stall_minutes=5)
    driver = start(study)
    trained(study, 1, driver)
    before, largest, most = _memory(driver), 0, 0
    while driver.poll() is None:
        outputs = [path.stat().st_size for path in study.folder.glob("trials/*/output.txt")]
        largest, most = max(largest, *outputs), max(most, _memory(driver))
        look(study)
        if len(outputs) > times + 1:
            break
        time.sleep(0.05)
    if most - before > 50 * MEGABYTE:
        study.problems.append(f"the driver grew from {before / MEGABYTE:.0f} to {most / MEGABYTE:.0f} MB")
    if largest > 300 * MEGABYTE:
        study.problems.append(f"an output took {largest / MEGABYTE:.0f} MB")
    output = (study.folder / "trials" / "0000" / "output.txt").read_text(errors="replace")
    return finish(study, times, "output were left out here", drivers=[driver], said=output)


def _memory(driver: Driver) -> int:
    """Return the resident memory of a driver in bytes; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{driver.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
