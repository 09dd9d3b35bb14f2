"""Studies that pause trials: who goes on, that nothing is paid for twice, and that a kill changes nothing."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import yaml
from optuna.trial import TrialState

from tests import banks, driving
from tests.conftest import SMALL
from tuner import config, live, replay, sampler, status
from tuner.bank import Task
from tuner.curve import Curve
from tuner.errors import ConfigError
from tuner.opening import open_study
from tuner.record import NOT_CONTINUED, Origin, Record, attributes, incumbent, read
from tuner.report import build
from tuner.shown import StudyView

Write = Callable[..., Path]
RACE: dict[str, Any] = {
    "pausing": {"eta": 3},
    "jobs": 1,
    "sweep": 5,
    "budget": {"epochs": 40},
    "remedies": {"share": 0},
}


def trainer(*flags: str) -> dict[str, Any]:
    more = " " + " ".join(flags)
    return {**SMALL["trainer"], **{key: SMALL["trainer"][key] + more for key in ("command", "resume")}}


EXACT = trainer("--until {until}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "small"


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    """Return the folder of one study that several tests look at, and its records."""
    base = tmp_path_factory.mktemp("raced")
    path = base / "study.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **RACE, "results": str(base / "results"), "trainer": EXACT}))
    return base / "results" / "small", driving.study(path)


def epochs_of(folder: Path, number: int) -> list[int]:
    return [int(row.split(",")[0]) for row in driving.rows(folder, number)]


def all_epochs(folder: Path) -> dict[int, list[int]]:
    return {int(path.name): epochs_of(folder, int(path.name)) for path in sorted((folder / "trials").iterdir())}


def _outputs(folder: Path) -> str:
    return "".join(p.read_text() for p in folder.glob("trials/*/output.txt"))


def assert_each_epoch_once(folder: Path, records: list[Record]) -> None:
    for record in records:
        logged = epochs_of(folder, record.number)
        assert logged == list(range(1, len(logged) + 1))
        assert len(logged) == record.trained_epochs


def test_the_best_of_each_rung_go_on_and_the_others_wait(raced: tuple[Path, list[Record]]) -> None:
    folder, records = raced
    assert_each_epoch_once(folder, records)
    assert 40 <= sum(r.trained_epochs for r in records) <= 43  # the program trains on while it is asked to end
    reached = sorted({r.epochs for r in records if r.ending and r.ending.reason == NOT_CONTINUED})
    assert reached and set(reached) <= {1, 3, 9}
    best = incumbent(records, higher_is_better=True)
    assert best is not None and best.epochs >= 9 and best.params["lr"] == 0.1
    assert "continues after epoch 1\n" in _outputs(folder) and "continues after epoch 3\n" in _outputs(folder)


def test_what_was_not_continued_is_pruned_without_a_constraint_and_says_its_rank(
    raced: tuple[Path, list[Record]],
) -> None:
    folder, records = raced
    lost = [r for r in records if r.ending and r.ending.reason == NOT_CONTINUED]
    assert lost
    for record in lost:
        trial = driving.plain_optuna(folder).trials[record.number]
        assert trial.state is TrialState.PRUNED and not trial.constraints
        assert sorted(trial.intermediate_values) == list(range(1, record.epochs + 1))
        assert record.ending is not None and " of " in record.ending.text and "rank " in record.ending.text
        assert record.score == max(trial.intermediate_values.values())


def test_a_program_that_knows_nothing_of_pauses_is_stopped_and_loses_nothing(write_config: Write, folder: Path) -> None:
    records = driving.study(write_config(**RACE, trainer=trainer("--seconds 0.05")))
    assert_each_epoch_once(folder, records)
    assert any(r.ending and r.ending.reason == NOT_CONTINUED for r in records)
    assert any(r.epochs > 3 for r in records) and "continues after" in _outputs(folder)


def test_two_devices_race_side_by_side(write_config: Write, folder: Path) -> None:
    records = driving.study(write_config(**{**RACE, "jobs": 3}, trainer=EXACT))
    assert_each_epoch_once(folder, records)
    assert any(r.epochs > 3 for r in records)
    assert all(r.state is not TrialState.RUNNING for r in records)


def test_a_budget_in_trials_ends_with_the_race(write_config: Write, folder: Path) -> None:
    records = driving.study(write_config(**{**RACE, "budget": {"trials": 9}}, trainer=EXACT))
    assert len(records) == 9
    finished = [r for r in records if r.epochs == 10]
    assert 1 <= len(finished) <= 2
    assert sum(r.trained_epochs for r in records) < 9 * 10 / 2


def test_a_trainer_that_cannot_continue_is_never_paused(write_config: Write, folder: Path) -> None:
    path = write_config(**{**RACE, "budget": {"trials": 3}}, trainer={**trainer("--seconds 0.05"), "resume": None})
    said: list[str] = []

    class View(live.QuietView):
        def warn(self, text: str) -> None:
            said.append(text)

    with open_study(config.load(path), View()) as opened:
        records = opened.run()
    assert [r.epochs for r in records if r.state is TrialState.COMPLETE] == [10] * len(records)
    assert len([line for line in said if "cannot continue" in line]) == 1
    assert all(r.lost_epochs == 0 for r in records)


def test_a_study_killed_while_trials_wait_ends_like_one_that_was_not(write_config: Write, tmp_path: Path) -> None:
    race = {**RACE, "budget": {"trials": 10}}  # how far the last one comes in a budget of epochs is a matter of moments
    whole = driving.study(write_config(**race, study="whole", trainer=EXACT))
    path = write_config(**race, study="cut", trainer=trainer("--until {until}", "--seconds 0.03"))
    for epochs in (4, 9, 15):
        process = driving.driver(path)
        cut = tmp_path / "results" / "cut"
        driving.wait_until(
            lambda n=epochs, f=cut: (f / "trials").exists() and sum(map(len, all_epochs(f).values())) >= n
        )
        driving.kill(process)
    records = driving.study(path)
    assert driving.outcome(records) == driving.outcome(whole)
    assert_each_epoch_once(cut, records)


def test_paused_trials_are_not_all_started_when_a_study_goes_on(write_config: Write, folder: Path) -> None:
    path = write_config(**RACE, trainer=trainer("--until {until}", "--seconds 0.05"))
    process = driving.driver(path)
    driving.wait_until(lambda: (folder / "trials" / "0005").exists())
    driving.kill(process)
    stored = [t.user_attrs.get("race", {}) for t in driving.plain_optuna(folder).trials]
    waiting = [n for n, race in enumerate(stored) if race.get("paused")]
    assert len(waiting) >= 3
    assert all(race["standing"].startswith("paused at epoch ") for race in stored if race.get("paused"))
    seen = status.look(config.load(folder / "config.yaml", reading=True, folder=folder), driving.plain_optuna(folder))
    assert [r.number for r in sorted(seen.paused, key=lambda r: r.number)] == waiting
    assert len(seen.running) <= 1
    before = {n: epochs_of(folder, n) for n in waiting}
    assert seen.budget.epochs >= sum(map(len, before.values()))
    records = driving.study(path)
    untouched = [n for n in waiting if epochs_of(folder, n) == before[n]]
    assert untouched  # the losers
    assert all(records[n].state is TrialState.PRUNED for n in untouched)


def test_ctrl_c_keeps_paused_trials_waiting(write_config: Write, folder: Path) -> None:
    process = driving.driver(write_config(**RACE, trainer=trainer("--until {until}", "--seconds 0.1")))
    driving.wait_until(lambda: (folder / "trials" / "0003").exists())
    process.terminate()
    process.communicate(timeout=20)
    assert set(driving.states(folder)) == {TrialState.RUNNING}
    assert re.search(r"paused \d trials?: .*\d at epoch 1", driving.tuner("status", folder).stdout)


def test_trials_with_schedules_of_their_own_finish_at_their_own_end(write_config: Write, folder: Path) -> None:
    space = {**SMALL["space"], "epochs": {"ordered": [2, 5, 10], "role": "epochs"}}
    records = driving.study(write_config(**{**RACE, "sweep": 0}, space=space, baselines=[], trainer=EXACT))
    assert_each_epoch_once(folder, records)
    assert len({r.planned_epochs for r in records}) > 1
    for record in records:
        assert record.planned_epochs is not None and record.epochs <= record.planned_epochs
        if record.ending and record.ending.reason == "finished":
            assert record.epochs == record.planned_epochs


# -- the settings -----------------------------------------------------------------------------------------------------


def test_pausing_is_on_unless_it_is_off_or_a_scheduler_is_named(write_config: Write) -> None:
    def racing(**changes: Any) -> Any:
        return config.load(write_config(**changes)).racing

    assert racing(pausing={}) is not None and racing(pausing={"eta": 4, "first": 2}).rungs[1] == 8
    assert racing(pausing=False) is None
    # write_config leaves out what is None: nothing is said
    assert racing(pausing=None) is not None
    assert racing(pausing=None, scheduler={"name": "MedianPruner"}) is None


def test_a_scheduler_beside_pausing_is_refused(write_config: Write) -> None:
    with pytest.raises(ConfigError, match="expected scheduler or pausing, but got both"):
        config.load(write_config(pausing={}, scheduler={"name": "MedianPruner"}))


@pytest.mark.parametrize("wrong", [{"eta": 1}, {"first": 0}, {"start_cost": -1.0}, {"etta": 3}, True, "on"])
def test_what_pausing_cannot_be_is_named(write_config: Write, wrong: Any) -> None:
    with pytest.raises(ConfigError, match="pausing"):
        config.load(write_config(pausing=wrong))


# -- what the sampler sees --------------------------------------------------------------------------------------------


def test_the_sampler_sees_the_lessons_and_nothing_else() -> None:
    study = optuna.create_study(direction="maximize")
    for _ in range(4):
        study.ask().suggest_float("lr", 0, 1)
    study.tell(3, state=TrialState.PRUNED)
    view = StudyView(study, {0: -0.5, 2: -0.25, 3: math.inf})
    assert [(t.number, t.state) for t in view.get_trials()] == [
        (0, TrialState.COMPLETE),
        (2, TrialState.COMPLETE),
        (3, TrialState.PRUNED),
    ]
    assert [t.value for t in view.get_trials(states=(TrialState.COMPLETE,))] == [0.5, 0.25]
    assert [t.state for t in study.trials] == [TrialState.RUNNING] * 3 + [TrialState.PRUNED]
    assert view.direction is study.direction


def test_tpe_draws_near_what_was_best_in_the_lessons(write_config: Write) -> None:
    loaded = config.load(write_config())

    def drawn(best: float) -> list[float]:
        study = optuna.create_study(direction="maximize")
        lessons: dict[int, float] = {}
        mine = sampler.Sampler(
            study, loaded.space, seed=3, name="TPESampler", options={}, lessons=lambda: lessons if lessons else None
        )
        for n in range(40):
            mine.ask({"lr": 0.1, "momentum": n / 41, "size": "m"}, seed=n)
        lessons.update({n: abs(n / 41 - best) for n in range(40)})
        return [float(mine.ask(None, seed=n)[1].params["momentum"]) for n in range(12)]

    assert statistics.median(drawn(0.2)) < 0.4 < 0.6 < statistics.median(drawn(0.8))


# -- trials that are held ---------------------------------------------------------------------------------------------


def overfitting() -> Task:
    """Return trainings that all overfit from epoch 9 on, the best of them those that are good from the beginning."""
    epochs = np.arange(1.0, 41.0)
    curves = []
    for n in range(24):
        val = 0.3 + 0.02 * n + 1.8 * np.exp(-epochs / 3) + 0.04 * np.maximum(0.0, epochs - 8)
        curves.append(Curve.of(train_loss=2.0 * np.exp(-epochs / 4), val_loss=val, objective="val_loss"))
    return banks.task(curves=tuple(curves), epochs=40)


def test_a_symptom_holds_a_trial_and_the_best_go_on_all_the_same() -> None:
    study, task = replay.configure(overfitting(), {"budget": {"epochs": 400}, "remedies": {"share": 0.0}})
    played = replay.play(study, task, seed=0)
    held = [r for r in played.records if r.held]
    assert held and all(r.held == ("overfitting",) for r in held), "once for each symptom"
    assert played.stopped == [] and played.best in held and played.best.epochs == 40
    left = [r for r in held if r.suspect]
    assert left and all(r.ending and "held at epoch" in r.ending.text for r in left)
    assert all(8 < r.epochs < 40 for r in left)


def test_what_is_held_can_have_its_remedy_tried() -> None:
    row = {"overfitting": {"action": "stop", "retry_with": ["lower_learning_rate", "raise_learning_rate"]}}
    policy = {"budget": {"epochs": 400}, "treatment": row, "prior": 0.0}
    study, task = replay.configure(overfitting(), policy)
    records = replay.play(study, task, seed=0).records
    treated = [r for r in records if r.origin is Origin.REMEDY]
    assert treated and all(records[r.parent].held for r in treated if r.parent is not None)


def test_a_row_that_ends_for_good_ends_a_trial_in_a_race_too() -> None:
    row = {"overfitting": {"action": "stop", "for_good": True}}
    study, task = replay.configure(overfitting(), {"budget": {"epochs": 400}, "treatment": row})
    records = replay.play(study, task, seed=0).records
    assert any(r.ending and r.ending.reason == "overfitting" for r in records)
    assert not any(r.held for r in records)


def test_a_study_that_was_killed_remembers_what_is_held() -> None:
    trial = optuna.create_study().ask()
    for group, fields in attributes(held=("overfitting",), suspect="held at epoch 9", paused=True).items():
        trial.set_user_attr(group, fields)
    known = read(trial.study.get_trials()[0])
    assert known.held == ("overfitting",) and known.suspect == "held at epoch 9"


# -- replays and reports ----------------------------------------------------------------------------------------------


def test_a_replayed_race_pays_each_epoch_once_and_in_order() -> None:
    study, task = replay.configure(banks.task(), {"budget": {"epochs": 100}, "pausing": {}, "jobs": 3})
    played = replay.play(study, task, seed=0)
    assert len(played.trace) == len(set(played.trace))
    assert 100 <= len(played.trace) <= 102  # the last epochs of three that train side by side
    for row in {row for row, _ in played.trace}:
        epochs = [e for r, e in played.trace if r == row]
        assert epochs == list(range(len(epochs)))
    assert any(r.ending and r.ending.reason == NOT_CONTINUED for r in played.records)
    assert played.best is not None and played.best.epochs == banks.EPOCHS


def test_a_table_that_is_used_up_is_trained_on_while_the_budget_lasts() -> None:
    study, task = replay.configure(banks.task(), {"budget": {"epochs": 24 * banks.EPOCHS}, "treatment": {}})
    played = replay.play(study, task, seed=0)
    assert {len([e for r, e in played.trace if r == row and e >= 0]) for row in range(20)} == {banks.EPOCHS}


def test_the_report_ships_what_was_trained_to_its_end(raced: tuple[Path, list[Record]]) -> None:
    folder, records = raced
    report = build(driving.plain_optuna(folder), records)
    assert report.incumbent is not None and report.incumbent.epochs == 10
    assert not any(check.name == "cut_short" for check in report.checks)
    cut = [r for r in records if r.ending and r.ending.reason == NOT_CONTINUED]
    seen = build(driving.plain_optuna(folder), cut)
    assert seen.incumbent is not None
    assert any(check.name == "cut_short" and "epochs only" in check.text for check in seen.checks)
    shown = driving.tuner("report", folder)
    assert "not continued: rank" in shown.stdout
    assert json.loads(driving.tuner("report", folder, "--json").stdout)["incumbent"]["epochs"] == 10
