"""Who is taken for dead, and how long a database is waited for; nothing here needs one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError, PendingRollbackError, ProgrammingError

from tuner import sampler
from tuner.drivers import Alone, Watch, _has_ended, label, token
from tuner.errors import StudyError
from tuner.storage import Away, Patience, is_away, reason


def silent(counts: list[dict[str, int]], every: float = 1.0, lease: float = 10.0) -> list[list[str]]:
    """Return who is silent at each of several looks."""
    watch = Watch(lease)
    return [watch.look(seen, i * every) for i, seen in enumerate(counts)]


def test_a_driver_that_counts_on_lives() -> None:
    assert not any(silent([{"a": i // 4} for i in range(50)]))


def test_one_that_stands_still_for_the_time_of_a_lease_is_silent() -> None:
    looks = silent([{"a": 7, "b": i} for i in range(12)])
    assert looks[9:] == [[], ["a"], ["a"]]


def test_a_count_that_moves_begins_the_lease_anew() -> None:
    looks = silent([{"a": min(i, 5)} for i in range(17)])
    assert [i for i, found in enumerate(looks) if found] == [15, 16]


def test_nobody_is_silent_because_nobody_could_look() -> None:
    watch = Watch(10)
    for now in range(9):
        assert watch.look({"a": 1}, now) == []
    assert watch.look({"a": 1}, 300) == []  # the database was away
    assert [watch.look({"a": 1}, 300 + i) for i in range(1, 11)] == [[]] * 9 + [["a"]]


def test_clocks_of_others_are_not_asked() -> None:
    watch = Watch(10)
    assert watch.look({"a": 10**9}, 0) == watch.look({"a": 3}, 2) == watch.look({"a": 2}, 4) == []


def test_no_two_drivers_have_the_same_name() -> None:
    names = {token() for _ in range(100)}
    assert len(names) == 100 and len({label(name) for name in names}) == 1


def test_a_driver_of_this_machine_is_missed_at_once_and_one_of_another_is_not() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    here = token().split(":")
    assert not _has_ended(":".join(here))
    assert _has_ended(":".join([here[0], str(gone.pid), *here[2:]]))
    assert not _has_ended(":".join([here[0], str(gone.pid), "another", here[3]]))


def test_the_only_driver_always_has_its_turn() -> None:
    alone = Alone()
    with alone.turn(soon=False) as mine:
        assert mine
    assert alone.live() == [] and not alone.others and not alone.shared


def test_without_its_driver_package_postgresql_is_refused_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for use in (lambda url: sampler.find_study(url, "x"), lambda url: sampler.load_study(url, "x")):
        with pytest.raises(StudyError, match=r'needs psycopg: pip install "tuner\[postgres\]"') as refused:
            use("postgresql://ada:c0rrect@127.0.0.1:1/db")
        assert "c0rrect" not in str(refused.value)


def failing(times: int, error: Exception) -> Callable[[], str]:
    left = [times]

    def call() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return "done"

    return call


GONE = OperationalError("select 1", {}, sqlite3.OperationalError("database is locked"))


def test_what_a_locked_database_refused_is_done_later_and_said() -> None:
    said: list[str] = []
    assert Patience(60, said.append, said.append)(failing(3, GONE)) == "done"
    assert len(said) == 2
    assert said[0] == "the storage does not answer (database is locked); trials train on, retrying for 1 min"
    assert said[1].startswith("the storage answers again, after ")


def test_patience_ends_after_its_time_and_where_somebody_wants_to_leave() -> None:
    with pytest.raises(Away, match="no answer for 0 s: database is locked"):
        Patience(0)(failing(9, GONE))
    with pytest.raises(Away):
        Patience(600, hurried=lambda: True)(failing(9, GONE))


def test_what_is_wrong_with_the_data_is_not_repeated() -> None:
    wrapped = StorageInternalError("An exception is raised during the commit.")
    wrapped.__cause__ = GONE
    assert is_away(GONE) and is_away(wrapped) and is_away(PendingRollbackError())
    assert reason(PendingRollbackError("Please rollback() fully")) == "the connection was lost"
    no_table = sqlite3.OperationalError("no such table: trials")
    for error in (OperationalError("", {}, no_table), ProgrammingError("", {}, Exception()), StorageInternalError("x")):
        assert not is_away(error)
        with pytest.raises(type(error)):
            Patience(60)(failing(1, error))
