"""A clock that is wrong, or moved while a study runs: that of the calendar alone, as people move it (libfaketime)."""

from __future__ import annotations

from pathlib import Path

from scripts.chaos.database import both_train, server, shared
from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Problem, finish, kill, look, start, trained, write

LIBRARY = "lib/*/faketime/libfaketimeMT.so.1"
JUMPS = ("+10m", "-10m", "+1d", "+0")


def _faked(file: Path, offset: str) -> dict[str, str]:
    """Return the environment of a driver whose clock is off by what ``file`` says, ``offset`` to begin with."""
    found = sorted(Path("/usr").glob(LIBRARY))
    if not found:
        raise Problem("libfaketime is not installed: apt-get install libfaketime")
    file.write_text(f"{offset}\n")
    options = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1", "FAKETIME_TIMESTAMP_FILE": str(file)}
    return {"LD_PRELOAD": str(found[0]), **options}


def wrong(place: Path, times: int) -> Outcome:
    """Give two drivers of one study clocks that are ten minutes apart, and move one of them."""
    with server() as running:
        study = shared(place, "clock-wrong", running.database(), lease_seconds=3, budget={"trials": 8})
        clock = place / "ahead"
        drivers = [start(study, env=_faked(clock, "+5m")), start(study, env=_faked(place / "behind", "-5m"))]
        both_train(study, drivers)
        for i in range(times):
            clock.write_text(f"{JUMPS[i % len(JUMPS)]}\n")
            trained(study, 6, drivers[0])
            if "taken over" in study.said or "for dead" in study.said:
                study.problems.append("a driver lost its trials to a clock")
        return finish(study, times, "best parameters", drivers=drivers)


def jumped(place: Path, times: int) -> Outcome:
    """Move the clock in mid-run, and kill the driver after every other time."""
    study, clock = write(place, "clock-moved", epochs=40, stall_minutes=1), place / "clock"
    env = _faked(clock, "+0")
    driver = start(study, env=env)
    for i in range(times):
        trained(study, 6, driver)
        clock.write_text(f"{JUMPS[i % len(JUMPS)]}\n")
        trained(study, 6, driver)
        if i % 2:
            kill(study, driver)
            look(study)
            driver = start(study, env=env)
    return finish(study, times, "best parameters", drivers=[driver])
