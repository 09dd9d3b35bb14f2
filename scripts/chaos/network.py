"""A network that parts two drivers: one of them in a network namespace of its own, whose cable is cut. Needs root."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.chaos.database import both_train, server, shared
from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Problem, Tormented, finish, look, start, trained, wait_until

SPACE, OUTER, INNER = "tuner-chaos", "tuner-c0", "tuner-c1"
HERE, THERE, SERVER, NET = "10.213.77.1", "10.213.77.2", "10.213.78.1", "10.213.0.0/16"
LEASE = 3.0
DEAD = "others took this driver for dead"


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def cable() -> Iterator[None]:
    """Make a network namespace and a cable to it; the server's address is not that of the cable, and outlives it."""
    _ip("netns", "add", SPACE)
    try:
        _ip("link", "add", OUTER, "type", "veth", "peer", "name", INNER, "netns", SPACE)
        _ip("address", "add", f"{HERE}/30", "dev", OUTER)
        _ip("-n", SPACE, "address", "add", f"{THERE}/30", "dev", INNER)
        for words in (("link", "set", OUTER, "up"), ("-n", SPACE, "link", "set", INNER, "up")):
            _ip(*words)
        _ip("-n", SPACE, "route", "add", "default", "via", HERE)
        _ip("address", "add", f"{SERVER}/32", "dev", "lo")
        yield
    finally:
        subprocess.run(["ip", "address", "delete", f"{SERVER}/32", "dev", "lo"], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "delete", SPACE], check=False)
        subprocess.run(["ip", "link", "delete", OUTER], check=False, capture_output=True)


def parted(place: Path, times: int) -> Outcome:
    """Cut one driver off from the database for longer than its lease, and let it come back."""
    with cable(), server(address=SERVER, network=NET) as running:
        url = running.database().replace("127.0.0.1", SERVER)
        study = shared(place, "partition", url, lease_seconds=LEASE, budget={"trials": 4 + 2 * times})
        near = start(study)
        far = start(study, before=["ip", "netns", "exec", SPACE])
        both_train(study, [near, far])
        for i in range(times):
            _ip("link", "set", OUTER, "down")
            taken = _count(study, "its trials are taken over")
            wait_until(lambda n=taken: _count(study, "its trials are taken over") > n, 60, "nobody noticed the cut")
            trained(study, 4, near)
            _ip("link", "set", OUTER, "up")
            wait_until(lambda n=i: _count(study, DEAD) > n, 120, "the driver did not come back")
            trained(study, 4, far)
            look(study)
        return finish(study, times, DEAD, drivers=[near, far])


def _count(study: Tormented, words: str) -> int:
    return study.said.count(words)
