"""The database of a study: how it is opened, what is said where that fails, and how long is waited for it."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError, SQLAlchemyError

from tuner.errors import Locked, StudyError
from tuner.storage_url import SQLITE, engine_url, is_postgres, is_shared, without_password

LOCK_SECONDS = 5.0
OTHER_PLACE = "another place is chosen with --set study=NAME or --set storage=URL"
DAMAGED = (
    "the curves and checkpoints in trials/ are not touched; put a copy of study.db back, or save what is in it with "
    "sqlite3 study.db .recover | sqlite3 saved.db"
)
EXTRA = 'PostgreSQL needs psycopg: pip install "tuner[postgres]"'
UNREACHABLE: Mapping[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
"""A server behind a cut cable says nothing: without these a driver would wait for it for a quarter of an hour."""
IDLE_SECONDS = 30
"""A driver that was frozen in the middle of a transaction may hold its locks for so long."""
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
OPENINGS = 5
"""Drivers that start at the same moment on an empty database get into each other's way while its tables are made."""

T = TypeVar("T")


class Away(StorageInternalError):
    """The database has not answered for as long as it is waited for, or nobody wants to wait any more."""


class Patience:
    """Repeats what a database that does not answer made fail, for at most ``seconds``.

    ``say`` and ``warn`` tell a person, ``hurried`` asks whether somebody wants to leave, ``meanwhile`` is called before
    each new attempt.
    """

    def __init__(
        self,
        seconds: float,
        say: Callable[[str], None] = lambda _: None,
        warn: Callable[[str], None] = lambda _: None,
        hurried: Callable[[], bool] = lambda: False,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self.seconds, self._say, self._warn, self._hurried = seconds, say, warn, hurried
        self._meanwhile = meanwhile

    def __call__(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns once the database answers; raises Away. To repeat ``call`` must do no harm."""
        began, wait, told = time.monotonic(), FIRST_WAIT, False
        while True:
            try:
                result = call()
            except (StorageInternalError, SQLAlchemyError) as error:
                if not is_away(error):
                    raise
                if self._hurried() or time.monotonic() - began > self.seconds:
                    raise Away(f"no answer for {_duration(time.monotonic() - began)}: {reason(error)}") from None
                if not told:
                    told = True
                    limit = _duration(self.seconds)
                    self._warn(f"the storage does not answer ({reason(error)}); trials train on, retrying for {limit}")
                self._sleep(wait)
                self._meanwhile()
                wait = min(wait * 2, LONGEST_WAIT)
                continue
            if told:
                self._say(f"the storage answers again, after {_duration(time.monotonic() - began)}")
            return result

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._hurried():
            time.sleep(0.05)


def is_away(error: BaseException) -> bool:
    """Tell whether the database may do later what it has just refused; what is wrong with the data stays wrong."""
    cause = error if isinstance(error, SQLAlchemyError) else error.__cause__
    if isinstance(cause, PendingRollbackError):
        return True  # Optuna has asked again in a transaction that the database had broken off
    if not isinstance(cause, DBAPIError):
        return False
    if isinstance(cause.orig, sqlite3.Error):
        return is_locked(cause) or "is full" in str(cause.orig)
    return cause.connection_invalidated or isinstance(cause, OperationalError | InterfaceError)


def is_locked(error: BaseException) -> bool:
    """Tell whether an SQLite file cannot be used because another program has locked it."""
    said = str(getattr(error, "orig", None) or error.__cause__ or error)
    return "database is locked" in said or "table is locked" in said or "database is busy" in said


def is_damaged(error: BaseException) -> bool:
    """Tell whether an SQLite file is no longer what SQLite wrote."""
    said = str(error.__cause__ or error)
    return "malformed" in said or "not a database" in said


def way_on(error: BaseException) -> str:
    """Return what a person can do after a storage failed while a study ran."""
    return DAMAGED if is_damaged(error) else "go on with tuner resume"


def reason(error: BaseException) -> str:
    """Return what a database says went wrong, in one line."""
    cause = error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error
    if isinstance(cause, PendingRollbackError):
        return "the connection was lost"
    lines = [line.strip() for line in str(getattr(cause, "orig", None) or cause).splitlines() if line.strip()]
    said = next((line for line in lines if "FATAL:" in line), lines[0] if lines else type(cause).__name__)
    return re.sub(r"^.*(?:failed|FATAL|ERROR):\s+", "", said)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


# -- opening --------------------------------------------------------------------------------------------------------


class _QueryOnly(sqlite3.Connection):
    """A connection that changes nothing, but rolls back what a driver left that was killed in a commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("pragma query_only = on")


def connect(url: str, *, reading: bool = False) -> RDBStorage:
    """Open a storage; its tables are made where it has none."""
    for left in range(OPENINGS if is_shared(url) and not reading else 0, -1, -1):
        try:
            opened = RDBStorage(engine_url(url), engine_kwargs=options(url, reading=reading))
            break
        except DBAPIError as error:
            if isinstance(error, OperationalError) or not left:
                raise
            time.sleep(0.5)
    if is_postgres(url) and not reading:
        sqlalchemy.event.listen(opened.engine, "connect", _let_go_when_frozen)
        opened.engine.dispose()
    return opened


def _let_go_when_frozen(connection: Any, _record: Any) -> None:
    connection.execute(f"set idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
    connection.commit()


def options(url: str, *, reading: bool = False) -> dict[str, Any]:
    """Return how SQLAlchemy is to open a storage."""
    if url.startswith(SQLITE):
        # Another program (a backup, a dashboard) may hold the lock of an SQLite file for a while.
        return {"connect_args": {"timeout": LOCK_SECONDS, **({"factory": _QueryOnly} if reading else {})}}
    if not is_postgres(url):
        return {"pool_pre_ping": True}
    limited = {"execution_options": {"postgresql_readonly": True}} if reading else {}
    return {"pool_pre_ping": True, "connect_args": dict(UNREACHABLE), **limited}


def database(study: optuna.Study) -> RDBStorage:
    """Return the storage of a study as it was opened, below what Optuna keeps in memory of it."""
    store: Any = study._storage
    return getattr(store, "_backend", store)  # type: ignore[no-any-return]


@contextlib.contextmanager
def errors(url: str) -> Iterator[None]:
    """Turn whatever a storage says that cannot be used into a StudyError of one line, without a password."""
    shown = without_password(url)
    try:
        yield
    except StudyError:
        raise
    except KeyError:
        raise StudyError(f"{shown}: no study of that name; tuner run CONFIG starts one") from None
    except ModuleNotFoundError as error:
        missing = EXTRA if error.name and error.name.startswith("psycopg") else f"its driver is missing: {error.name}"
        raise StudyError(f"storage: {shown}: {missing}") from None
    except Exception as error:  # SQLAlchemy, Alembic and Optuna each have their own ways to say "not mine"
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise StudyError(f"storage: {shown}: {EXTRA if is_postgres(url) else error.__cause__}") from None
        if is_postgres(url) and is_away(error):
            raise StudyError(f"storage: {shown}: {_refused(reason(error))}") from None
        said = str(error.__cause__ or error).splitlines()[0]
        if is_locked(error):
            raise Locked(f"{shown}: another program has locked it (a copy, a backup, an editor of databases)") from None
        if url.startswith(SQLITE) and is_damaged(error):
            raise StudyError(
                f"{shown}: expected an SQLite file, but got: {said}; {DAMAGED}; or {OTHER_PLACE}"
            ) from None
        raise StudyError(f"{shown}: expected an Optuna storage, but got: {said}; {OTHER_PLACE}") from None


def _refused(said: str) -> str:
    """Return why PostgreSQL cannot be used, and what to do about it."""
    if "password" in said:
        return f"expected a password that fits, but got: {said}; it belongs into the URL, PGPASSWORD or ~/.pgpass"
    if "does not exist" in said:
        return f"expected a database that is there, but got: {said}; createdb makes one"
    return f"expected a PostgreSQL server that answers, but got: {said}"


def refuse_foreign(url: str) -> None:
    """Raise StudyError for an SQLite file of another program, into which Optuna would put its tables."""
    path = Path(url.removeprefix(SQLITE))
    if not url.startswith(SQLITE) or not path.is_file():
        return
    # Not read-only: after a kill in the middle of a commit, the first to open the file must roll it back.
    place = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(place, timeout=LOCK_SECONDS, uri=True)) as found:
        tables = {name for (name,) in found.execute("select name from sqlite_master where type = 'table'")}
    if tables and not tables & {"studies", "trials", "version_info"}:
        raise StudyError(
            f"{url}: expected an Optuna storage, but got a database with {', '.join(sorted(tables))}; {OTHER_PLACE}"
        )
