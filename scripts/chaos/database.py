"""PostgreSQL under two drivers: restarted, or away for more than a minute."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import Driver, Tormented, finish, start, trained, write

if TYPE_CHECKING:
    from tests.postgres import Server

AWAY_SECONDS = 65.0
LEASE = 10.0


@contextmanager
def server(**options: Any) -> Iterator[Server]:
    """Yield a server of PostgreSQL that is this script's own."""
    from tests import postgres

    yield from postgres.served(**options)


def restarted(place: Path, times: int) -> Outcome:
    """Let the server crash and come back at once."""
    return _stopped(place, "database-restarted", times, 1.0)


def away(place: Path, times: int) -> Outcome:
    """Stop the server for longer than a minute."""
    return _stopped(place, "database-away", times, AWAY_SECONDS)


def _stopped(place: Path, name: str, times: int, seconds: float) -> Outcome:
    with server() as running:
        study = shared(place, name, running.database())
        drivers = [start(study), start(study)]
        both_train(study, drivers)
        for _ in range(times):
            running.stop()
            time.sleep(seconds)
            running.start()
            trained(study, 4, drivers[0])
        return finish(study, times, "the storage answers again|the storage does not answer", drivers=drivers)


def shared(place: Path, name: str, url: str, **changes: Any) -> Tormented:
    """Write the configuration of a study that several drivers work on."""
    options = {"jobs": 1, "epochs": 40, "lease_seconds": LEASE, "storage": url, "sweep": 3}
    return write(place, name, "--seconds 0.3", **{**options, **changes})


def both_train(study: Tormented, drivers: list[Driver]) -> None:
    """Wait until every driver has a trial that trains."""
    while len(list(study.folder.glob("trials/*/*.csv"))) < len(drivers):
        trained(study, 1, drivers[0])
    trained(study, 4, drivers[0])
