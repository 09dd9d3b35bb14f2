"""Several drivers on one study: who lives, whose trial is whose, and whose turn it is to decide.

A trial belongs to the driver that is noted with it, as long as that one lives; what belongs to nobody who lives is
anybody's. Trials are begun, taken and given back in a driver's *turn*, of which there is one at a time in a study.

A driver lives while its row in the table ``tuner_drivers`` says so. It counts up there again and again; who sees the
count stand still for the time of a lease, by a clock of its own, declares it dead. From then on the database refuses
whatever the dead one writes, in the same transaction, until it has joined anew: a driver that was merely cut off
cannot write over those who have taken its trials.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from optuna.storages import RDBStorage

LOOKS_PER_LEASE = 10
IDLE_SECONDS = 1.0
"""How often a driver with nothing to do asks for its turn."""

_tables = sa.MetaData()
DRIVERS = sa.Table(
    "tuner_drivers",
    _tables,
    sa.Column("token", sa.String(128), primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    sa.Column("lives", sa.Boolean, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    # By the clock of the database, for people who ask once; leases are judged by the count.
    sa.Column("seen", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)
TURNS = sa.Table(
    "tuner_turns",
    _tables,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("holder", sa.String(128)),
)


class Fenced(Exception):
    """The others have declared this driver dead: its trials are no longer its own."""


class Drivers(Protocol):
    """The drivers of a study as one of them sees them: ``me``, and the ``others`` that live as of its last turn.

    ``shared`` tells whether there may be others at all.
    """

    me: str
    others: frozenset[str]
    shared: bool

    def turn(self, *, soon: bool = True) -> contextlib.AbstractContextManager[bool]:
        """Hold the turn for the time of the context, if it is free; ``soon`` where something has changed since."""

    def live(self) -> list[str]:
        """Give a sign of life where one is due, and return what a person should know of the others."""

    def join(self) -> None:
        """Be one of the study's drivers, a new one."""

    def leave(self) -> None:
        """Let the others have what was this driver's."""


class Alone:
    """The only driver of a study: it is always its turn."""

    shared = False

    def __init__(self) -> None:
        self.me, self.others = token(), frozenset[str]()

    @contextlib.contextmanager
    def turn(self, *, soon: bool = True) -> Iterator[bool]:
        yield True

    def live(self) -> list[str]:
        return []

    def join(self) -> None: ...

    def leave(self) -> None: ...


class Watch:
    """Who has counted no further for ``seconds`` in which somebody looked all the time.

    A gap between two looks says nothing of the others, since it may have been the database that was away.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._looked = seconds, -float("inf")
        self._counts: dict[str, tuple[int, float]] = {}

    def look(self, counts: Mapping[str, int], now: float) -> list[str]:
        """Return the silent ones of those in ``counts`` at the time ``now``, in seconds."""
        gap = now - self._looked > self._seconds / 2
        self._looked = now
        since: dict[str, tuple[int, float]] = {}
        for name, count in counts.items():
            known = self._counts.get(name)
            since[name] = known if known and known[0] == count and not gap else (count, now)
        self._counts = since
        return [name for name, (_, began) in since.items() if now - began >= self._seconds]


class Joined:
    """One driver of several, which find each other in the database of their study.

    Everything that Optuna writes through ``storage`` from now on is refused once this driver was declared dead.
    """

    shared = True

    def __init__(
        self, storage: RDBStorage, study_id: int, lease_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine, self._study, self._lease, self._clock = storage.engine, study_id, lease_seconds, clock
        self.me, self.others = "", frozenset[str]()
        self._watch, self._kept = Watch(lease_seconds), False
        self._next = self._last_turn = -float("inf")
        _make_tables(self._engine)
        self.join()
        sa.event.listen(storage.scoped_session, "before_commit", self._fence)

    def join(self) -> None:
        self.me, self._next = token(), -float("inf")
        with self._engine.begin() as database:
            if database.scalar(sa.select(TURNS.c.study_id).where(TURNS.c.study_id == self._study)) is None:
                with contextlib.suppress(sa.exc.IntegrityError), database.begin_nested():
                    database.execute(sa.insert(TURNS).values(study_id=self._study))
            database.execute(sa.insert(DRIVERS).values(token=self.me, study_id=self._study, lives=True, count=0))
        self.others = self._living()

    def leave(self) -> None:
        with contextlib.suppress(sa.exc.SQLAlchemyError):  # the others will see that it is silent
            self._bury(self.me)

    @contextlib.contextmanager
    def turn(self, *, soon: bool = True) -> Iterator[bool]:
        if not soon and self._clock() - self._last_turn < IDLE_SECONDS:
            yield False
            return
        mine = self._take_turn()
        if mine:
            self.others, self._last_turn = self._living(), self._clock()
        try:
            yield mine
        finally:
            if mine:
                self._kept = True  # where the database does not answer now, it is given back with the next sign of life
                with contextlib.suppress(sa.exc.SQLAlchemyError):
                    self._give_back()

    def live(self) -> list[str]:
        now = self._clock()
        if now < self._next:
            return []
        mine = DRIVERS.c.token == self.me
        with self._engine.begin() as database:
            sign = sa.update(DRIVERS).where(mine, DRIVERS.c.lives)
            if not database.execute(sign.values(count=DRIVERS.c.count + 1, seen=sa.func.now())).rowcount:
                raise Fenced
            found = sa.select(DRIVERS.c.token, DRIVERS.c.count)
            rows = database.execute(found.where(DRIVERS.c.study_id == self._study, DRIVERS.c.lives, ~mine)).all()
        self._next = now + self._lease / LOOKS_PER_LEASE
        if self._kept:
            self._give_back()
        counts: dict[str, int] = dict(rows)
        silent = set(self._watch.look(counts, now)) | {name for name in counts if _has_ended(name)}
        dead = [name for name in sorted(silent) if self._bury(name, counts[name])]
        before, self.others = self.others, frozenset(counts.keys() - set(dead))
        return [
            *(f"driver {label(name)} has joined" for name in sorted(counts.keys() - before)),
            *(f"driver {label(name)} has left" for name in sorted(before - counts.keys())),
            *(f"driver {label(name)} {self._fate(name)}: its trials are taken over" for name in dead),
        ]

    def _fate(self, name: str) -> str:
        return "was killed" if _has_ended(name) else f"is silent for {self._lease:g} s"

    def _fence(self, database: Any) -> None:
        """Refuse a transaction of a driver that is dead; it cannot be declared dead before the transaction's end."""
        alive = sa.select(DRIVERS.c.token).where(DRIVERS.c.token == self.me, DRIVERS.c.lives)
        if database.execute(alive.with_for_update(read=True)).first() is None:
            raise Fenced

    def _living(self) -> frozenset[str]:
        with self._engine.begin() as database:
            return frozenset(database.scalars(_alive(self._study)).all()) - {self.me}

    def _take_turn(self) -> bool:
        free = sa.or_(TURNS.c.holder.is_(None), TURNS.c.holder == self.me)
        with self._engine.begin() as database:
            self._fence(database)
            taken = sa.update(TURNS).where(TURNS.c.study_id == self._study, free).values(holder=self.me)
            return bool(database.execute(taken).rowcount)

    def _give_back(self) -> None:
        with self._engine.begin() as database:
            database.execute(sa.update(TURNS).where(TURNS.c.holder == self.me).values(holder=None))
        self._kept = False

    def _bury(self, name: str, count: int | None = None) -> bool:
        """Declare a driver dead, if it has not counted on from ``count``; its turn, if it had it, is over."""
        this = [DRIVERS.c.token == name, DRIVERS.c.lives, *([] if count is None else [DRIVERS.c.count == count])]
        with self._engine.begin() as database:
            if not database.execute(sa.update(DRIVERS).where(*this).values(lives=False)).rowcount:
                return False
            database.execute(sa.update(TURNS).where(TURNS.c.holder == name).values(holder=None))
            return True


def token() -> str:
    """Return a name for a driver that no other one has: host, process, where its number counts, and some chance."""
    host = re.sub(r"[^\w.-]", "_", socket.gethostname())[:64] or "host"
    return f"{host}:{os.getpid()}:{_namespace()}:{secrets.token_hex(4)}"


def label(name: str) -> str:
    """Return the name of a driver as people know it."""
    return ":".join(name.split(":")[:2])


def _has_ended(name: str) -> bool:
    """Tell whether a driver was a process of this machine, and is none any more: there is no need to wait for it."""
    _, number, namespace, _ = name.split(":")
    return namespace == _namespace() != "" and not Path("/proc", number).exists()


@functools.cache
def _namespace() -> str:
    """Return what is the same for all who see the same processes; nothing where that is not known.

    Containers of one machine have one boot, and often one name, but processes of their own.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot.replace('-', '')[:12]}.{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def are_alive(storage: RDBStorage, study_id: int, seconds: float) -> bool:
    """Tell whether a driver has given a sign of life for ``seconds``, by the clock of the database."""
    if not sa.inspect(storage.engine).has_table(DRIVERS.name):
        return False
    latest = sa.select(sa.func.max(DRIVERS.c.seen), sa.func.now())
    with storage.engine.connect() as database:
        seen, now = database.execute(latest.where(DRIVERS.c.study_id == study_id, DRIVERS.c.lives)).one()
        return seen is not None and (now - seen).total_seconds() < seconds


def _alive(study_id: int) -> sa.Select[str]:
    return sa.select(DRIVERS.c.token).where(DRIVERS.c.study_id == study_id, DRIVERS.c.lives)


def _make_tables(engine: sa.Engine) -> None:
    for last in (False, True):
        try:
            _tables.create_all(engine)
            return
        except sa.exc.SQLAlchemyError:  # another driver was making them
            if last:
                raise
            time.sleep(0.5)
