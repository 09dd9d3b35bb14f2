"""The storage of a driver: what it remembers is what is stored, and what others change is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from tests import driving
from tests.conftest import SMALL
from tuner import config
from tuner.live import QuietView
from tuner.opening import open_study
from tuner.remembered import TELLING, Remembered

Write = Callable[..., Path]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'study.db'}"


def opened(url: str, *, shared: bool = False) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = Remembered(RDBStorage(url), shared=shared)
    return optuna.create_study(storage=storage, study_name="s", load_if_exists=True)


def stored(url: str) -> list[FrozenTrial]:
    return optuna.load_study(storage=RDBStorage(url), study_name="s").get_trials()


def seen(study: optuna.Study) -> list[FrozenTrial]:
    """Return what a driver knows after it has caught up."""
    storage = study._storage
    assert isinstance(storage, Remembered)
    storage.catch_up(study._study_id)
    return study.get_trials(deepcopy=False)


def train(study: optuna.Study, rows: int = 3) -> optuna.Trial:
    trial = study.ask()
    trial.suggest_float("lr", 1e-4, 1.0, log=True)
    trial.suggest_int("batch", 1, 9)
    trial.suggest_categorical("model", ["s", "m", None, True])
    for epoch in range(rows):
        trial.report(0.5 / (epoch + 1), epoch)
    trial.set_user_attr(TELLING, {"paused": False, "until": 4, "held": ("a",), 1: float("inf")})
    return trial


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Yield all statements that any database gets."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "before_cursor_execute", note)
    yield found
    sqlalchemy.event.remove(sqlalchemy.engine.Engine, "before_cursor_execute", note)


def test_what_is_remembered_is_what_is_stored(url: str) -> None:
    study = opened(url)
    running, ended, failed = train(study), train(study), train(study, rows=0)
    study.tell(ended, 0.25)
    failed.set_constraint("nan", 1.0)
    study.tell(failed, state=TrialState.PRUNED)
    template = create_trial(
        state=TrialState.WAITING,
        params={"lr": 0.1},
        distributions={"lr": FloatDistribution(1e-4, 1.0, log=True)},
        user_attrs={"origin": {"seed": 1}},
    )
    study.add_trial(template)
    study.enqueue_trial({"lr": 0.5}, user_attrs={"origin": {"seed": 2}})
    running.report(float("inf"), 9)
    assert seen(study) == stored(url)
    assert [t.state.name for t in seen(study)] == ["RUNNING", "COMPLETE", "PRUNED", "WAITING", "WAITING"]
    assert isinstance(seen(study)[0].distributions["batch"], IntDistribution)
    assert isinstance(seen(study)[0].distributions["model"], CategoricalDistribution)
    assert study.ask().number == 3 and seen(study) == stored(url)


def test_a_study_with_pauses_and_remedies_is_remembered_as_it_is_stored(write_config: Write, tmp_path: Path) -> None:
    path = write_config(pausing={"first": 2, "eta": 2}, budget={"trials": 8})
    with open_study(config.load(path), QuietView()) as study:
        study.run()
        known = study.sampler.study.get_trials()
    assert known == driving.plain_optuna(tmp_path / "results" / "small", SMALL["study"]).trials


def test_a_driver_alone_reads_nothing_twice(url: str, statements: list[str]) -> None:
    study = opened(url)
    for _ in range(5):
        train(study)
    before = seen(study)
    statements.clear()
    assert seen(study) == before and statements == []
    assert study._storage.get_trial(before[2]._trial_id) == before[2] and statements == []


def test_a_trial_that_was_read_never_changes(url: str) -> None:
    study = opened(url)
    trial = train(study)
    before = seen(study)[0]
    trial.report(0.1, 7)
    trial.set_user_attr("more", 1)
    assert "more" not in before.user_attrs and 7 not in before.intermediate_values
    assert seen(study)[0] is not before and seen(study)[0].user_attrs["more"] == 1


def test_others_are_seen_to_begin_train_pause_take_and_end_trials(url: str) -> None:
    one, other = opened(url, shared=True), opened(url, shared=True)
    assert seen(one) == seen(other) == []
    mine, theirs = train(one), train(other)
    assert seen(one) == stored(url) == seen(other)
    theirs.report(0.01, 8)
    assert 8 in seen(one)[1].intermediate_values
    mine.set_user_attr(TELLING, {"paused": True})
    assert seen(other)[0].user_attrs[TELLING] == {"paused": True}
    taken = optuna.Trial(other, seen(other)[0]._trial_id)
    taken.set_user_attr(TELLING, {"paused": False})
    taken.report(0.02, 9)
    assert seen(one) == stored(url) == seen(other)
    taken.report(0.03, 10)
    assert seen(one) == stored(url)
    other.tell(taken, 0.02)
    other.tell(train(other), 0.5)
    assert [t.state.name for t in seen(one)] == ["COMPLETE", "RUNNING", "COMPLETE"]
    assert seen(one) == stored(url) == seen(other)


def test_a_trial_that_waits_is_not_read_again(url: str, statements: list[str]) -> None:
    one, other = opened(url, shared=True), opened(url, shared=True)
    for _ in range(5):
        train(other).set_user_attr(TELLING, {"paused": True})
    before = seen(one)
    statements.clear()
    assert seen(one) == before and len(statements) == 1


def test_after_a_write_that_failed_all_is_read_anew(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been done: the answer was lost and not the write."""
    study = opened(url)
    trial = train(study)
    assert len(seen(study)) == 1
    write = RDBStorage.set_trial_user_attr

    def lost(self: RDBStorage, *args: Any, **kwargs: Any) -> None:
        write(self, *args, **kwargs)
        raise StorageInternalError("the answer was lost")

    monkeypatch.setattr(RDBStorage, "set_trial_user_attr", lost)
    with pytest.raises(StorageInternalError):
        trial.set_user_attr("ending", {"score": 1.0})
    assert seen(study)[0].user_attrs["ending"] == {"score": 1.0}
    assert seen(study) == stored(url)
