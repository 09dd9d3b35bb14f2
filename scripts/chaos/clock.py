"""A clock that is wrong, or moved while a study runs: that of the calendar alone, as people move it.

Needs a C compiler. libfaketime cannot do it: where it leaves the monotonic clock alone, its sleep fails.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripts.chaos.database import both_train, server, shared
from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Problem, finish, kill, look, start, trained, write

SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long offset(void) {
    char text[32] = {0};
    int file = open(getenv("CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
    close(file);
    return atol(text);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
    return (int)failed;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec, now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}
time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    return now ? (*now = precise.tv_sec) : precise.tv_sec;
}
"""
MINUTE, DAY = 60, 86400
JUMPS = (10 * MINUTE, -10 * MINUTE, DAY, 0)  # seconds


def _faked(clock: Path, seconds: int) -> dict[str, str]:
    """Return the environment of a driver whose clock is off by what the file ``clock`` says, ``seconds`` at first."""
    library = clock.parent / "clock.so"
    if not library.exists():
        compiler = ["cc", "-shared", "-fPIC", "-o", str(library), "-x", "c", "-"]
        try:
            subprocess.run(compiler, input=SOURCE, text=True, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Problem(f"the clock could not be compiled: {error}") from None
    clock.write_text(f"{seconds}\n")
    return {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(clock)}


def wrong(place: Path, times: int) -> Outcome:
    """Give two drivers of one study clocks that are ten minutes apart, and move one of them."""
    with server() as running:
        study = shared(place, "clock-wrong", running.database(), lease_seconds=3, budget={"trials": 8})
        clock = place / "ahead"
        drivers = [start(study, env=_faked(clock, 5 * MINUTE)), start(study, env=_faked(place / "behind", -5 * MINUTE))]
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
    env = _faked(clock, 0)
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
