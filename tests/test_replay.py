"""Studies on recorded trainings: the same loop, and nothing trained."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

from tests import banks, driving
from tuner import bank_study, config, record, replay, replay_command, sampler
from tuner.bank import Task
from tuner.curve import Curve
from tuner.documents import Document
from tuner.errors import ConfigError, StudyError
from tuner.record import Origin
from tuner.replay import Played
from tuner.replay_command import Asked

PLAIN: Document = {"treatment": {}, "remedies": {"share": 0.0}, "sweep": 0, "pausing": False}


def played(policy: Document | None = None, task: Task | None = None, seed: int = 0, **more: Any) -> Played:
    study, task = replay.configure(task or banks.task(), policy)
    return replay.play(study, task, seed=seed, **more)


def test_every_trial_holds_a_recorded_configuration_and_no_two_the_same() -> None:
    found = played({"budget": {"trials": 24}})
    told = [json.dumps(r.params, sort_keys=True) for r in found.records]
    assert len(told) == len(set(told)) == 24
    assert all(r.params == found.task.configurations[found.rows[r.number]] for r in found.records)


def test_it_ends_when_every_configuration_is_used() -> None:
    found = played({"budget": {"trials": 1000}})
    assert len(found.records) == 24 and found.regret == 0


def test_the_budget_is_kept_to_the_epoch() -> None:
    found = played({"budget": {"epochs": 50}})
    assert len(found.trace) == sum(r.trained_epochs for r in found.records) == 50
    assert all(r.ending is not None for r in found.records)


def test_the_sweep_finds_a_configuration_of_its_own_for_each_point() -> None:
    origins = [r.origin for r in played({"budget": {"trials": 8}}).records]
    assert origins[:6] == [Origin.SWEEP] * 6  # the table has six rates


def test_what_is_sick_is_stopped_and_remedied_as_in_a_real_study() -> None:
    found = played({"budget": {"trials": 20}, "remedies": {"share": 1.0}, "pausing": False})
    reasons = {r.ending.reason for r in found.records if r.ending}
    assert "nan" in reasons
    assert any(r.origin is Origin.REMEDY for r in found.records)
    assert all(found.records[r.parent or 0].prescription for r in found.records if r.origin is Origin.REMEDY)


def test_without_a_table_nothing_is_stopped() -> None:
    found = played({**PLAIN, "budget": {"trials": 24}})
    assert found.stopped == [] and len(found.trace) == 24 * banks.EPOCHS


def test_false_kills_are_the_good_ones_that_were_stopped() -> None:
    def ruthless(**more: Any) -> Document:
        return {**PLAIN, "budget": {"trials": 24}, "scheduler": {"name": "ThresholdPruner", "upper": 0.0, **more}}

    every = played(ruthless())
    assert len(every.stopped) == 24 and every.false_kills == 2
    assert played(ruthless(n_warmup_steps=banks.EPOCHS)).stopped == []


def test_the_same_seed_gives_the_same_study_and_another_seed_another() -> None:
    first, again, other = (played({**PLAIN, "budget": {"trials": 9}}, seed=s) for s in (3, 3, 4))
    assert driving.outcome(first.records) == driving.outcome(again.records) != driving.outcome(other.records)


@pytest.mark.parametrize("jobs", [2, 5])
def test_trials_side_by_side_are_judged_row_by_row(jobs: int) -> None:
    found = played({"budget": {"trials": 24}, "jobs": jobs})
    assert len(found.records) == 24
    for r in found.records:
        assert [epoch for row, epoch in found.trace if row == found.rows[r.number]] == list(range(r.trained_epochs))


def test_time_is_that_of_the_recorded_epochs(tmp_path: Path) -> None:
    task = banks.task(seconds=(36.0,) * 24)
    assert played({**PLAIN, "budget": {"epochs": 100}}, task).hours == pytest.approx(1.0)
    spent = played({**PLAIN, "budget": {"hours": 0.5}}, task)
    assert len(spent.trace) == 50
    with pytest.raises(ConfigError, match="no time was recorded"):
        played({"budget": {"hours": 1.0}})


def test_a_long_epoch_is_not_taken_for_a_trial_that_hangs() -> None:
    task = banks.task(seconds=(60.0,) * 12 + (7200.0,) * 12)
    found = played({**PLAIN, "budget": {"trials": 24}, "jobs": 4}, task)
    assert {r.ending.reason for r in found.records if r.ending} == {"finished"}


def test_a_replay_may_be_kept_for_plain_optuna(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'kept.db'}"
    found = played({"budget": {"trials": 5}}, storage=storage, prefix="mine")
    (name,) = optuna.get_all_study_names(storage)
    trials = optuna.load_study(study_name=name, storage=storage).trials
    assert name.startswith("mine") and [t.params for t in trials] == [r.params for r in found.records]


def test_what_was_not_recorded_cannot_be_asked_for() -> None:
    with pytest.raises(ConfigError, match="epochs: expected 12, as recorded, but got 5"):
        replay.configure(banks.task(), {"epochs": 5})
    with pytest.raises(ConfigError, match="objective: expected val_loss, as recorded, but got acc"):
        replay.configure(banks.task(), {"objective": {"metric": "acc"}})


def test_a_short_budget_for_a_small_table() -> None:
    assert replay.default_budget(banks.task()) == 5 * banks.EPOCHS


# -- a study as a bank ------------------------------------------------------------------------------------------------


@pytest.fixture
def study(write_config: Callable[..., Path], tmp_path: Path) -> Path:
    driving.study(write_config(budget={"trials": 9}))
    return tmp_path / "results" / "small"


def test_the_finished_trials_of_a_study_are_a_bank(study: Path) -> None:
    loaded = config.load(study / config.CONFIG_FILE, reading=True, folder=study)
    records = record.read_all(sampler.load_study(loaded.storage, "small"))
    task = bank_study.load(loaded, records)
    assert len(task.curves) == 9 and task.epochs == 10 and task.seconds is not None
    for params, curve in zip(task.configurations, task.curves, strict=True):
        mine = next(r for r in records if r.params == params)
        assert curve.length == mine.epochs + mine.extra_epochs
    assert bank_study.cut_short(records) == sum(length < 10 for length in task.lengths)
    with pytest.raises(StudyError, match="expected finished trials with logs to replay, but got none"):
        bank_study.load(loaded, [])


def test_another_policy_is_compared_with_the_study_itself(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({"treatment": {}, "scheduler": {"name": "SuccessiveHalvingPruner"}}))
    asked = Asked(study, others=[other], seeds=2)
    replay_command.run(asked, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert list(found["policies"]) == ["as it ran", "its own settings", "other.yaml"]
    ran, own, bolder = found["policies"].values()
    assert ran[0]["trials"] == 9 and ran[0]["regret"] == pytest.approx(0)
    assert [r["seed"] for r in own] == [7, 8]
    assert bolder[0]["epochs"] < own[0]["epochs"]
    replay_command.run(asked, as_json=False)
    shown = capsys.readouterr().out
    assert "as it ran" in shown and "other.yaml" in shown and "Means over 2 seeds" in shown


def test_a_mistake_in_other_settings_is_named_by_their_file(study: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("scheduler: {name: MedianPrunner}\n")
    with pytest.raises(ConfigError, match=r"other\.yaml: scheduler: unknown scheduler 'MedianPrunner', did you mean"):
        replay_command.run(Asked(study, others=[other]), as_json=True)


def test_a_bank_is_compared_on_the_command_line(tmp_path: Path) -> None:
    folder = banks.write(tmp_path / "bank")
    done = driving.tuner("replay", "--bank", folder, "--set", "budget.epochs=40", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["trainings"] == 24 and found["policies"]["tuner's defaults"][0]["epochs"] == 40


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Asked(None), "expected a study's folder or --bank DIR, but got neither"),
        (Asked(Path("a"), Path("b")), "but got both"),
        (Asked(Path("nowhere")), "expected a study's folder with a config.yaml, but got none"),
        (Asked(None, Path("nowhere")), "expected a bank"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_one_line(asked: Asked, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as error:
        replay_command.run(asked, as_json=True)
    assert "\n" not in str(error.value)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="expected a new file"):
        replay_command.run(Asked(keep=tmp_path), as_json=True)


def test_trainings_that_score_nothing_yet_go_on_by_their_validation_loss() -> None:
    params, curves = banks.configurations(), []
    for p in params:
        loss = banks.losses(float(p["lr"]), int(p["width"]))
        score = [0.0] * 4 + [float(v) for v in 1 / (1 + loss[4:])]
        curves.append(Curve.of(val_loss=loss, metrics={"mAP": score}, objective="mAP", planned_epochs=banks.EPOCHS))
    task = banks.task(curves=tuple(curves), objective="mAP", higher_is_better=True)
    found = played({**PLAIN, "pausing": {"eta": 4}, "budget": {"epochs": 36}}, task)
    looked = {row: float(curves[row].series["val_loss"].values[0]) for row, epoch in found.trace if epoch == 0}
    went_on = {row for row, epoch in found.trace if epoch == 1}
    assert 0 < len(went_on) < len(looked) / 3
    assert min(looked, key=lambda row: looked[row]) in went_on
    assert max(looked[row] for row in went_on) < statistics.median(looked.values())
