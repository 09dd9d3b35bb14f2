"""A search in stages: what is laid over what, and that the best of one is what the next repeats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.trial import TrialState

from tests import driving
from tests.conftest import SMALL
from tuner import stages
from tuner.errors import ConfigError
from tuner.record import NOT_CONTINUED, Action, Ending, Origin, Record, incumbent

Write = Callable[..., Path]

STAGES: dict[str, Any] = {
    "probe": {"epochs": 3, "budget": {"trials": 2}, "sweep": 0},
    "search": {"budget": {"trials": 6}},
    "full": {"top": 2, "seeds": 3},
}


@pytest.fixture
def staged(write_config: Write) -> Path:
    return write_config(stages=STAGES, jobs=2)


def record(number: int, score: float | None, lr: float, action: Action = Action.FINISH, **fields: Any) -> Record:
    state = TrialState.PRUNED if action is Action.PRUNE else TrialState.COMPLETE
    return Record(number, state, {"lr": lr}, score=score, **{"ending": Ending(action, "finished", ""), **fields})


def best_rates(records: list[Record], count: int) -> list[Any]:
    return [r.params["lr"] for r in stages.best(records, count, higher_is_better=True)]


def test_a_configuration_without_stages_has_none(write_config: Write) -> None:
    assert stages.load(write_config()) == []


def test_a_stage_changes_only_the_keys_that_it_names(staged: Path) -> None:
    probe, search, _ = (stage.config() for stage in stages.load(staged))
    assert (probe.model.epochs, probe.model.budget.trials, probe.model.sweep) == (3, 2, 0)
    assert (search.model.epochs, search.model.budget.trials) == (SMALL["epochs"], 6)
    assert [c.folder.name for c in (probe, search)] == ["probe", "search"]
    assert probe.folder.parent == search.folder.parent
    assert probe.model.study == "small-probe"


def test_a_stage_replaces_its_treatment_as_a_whole() -> None:
    below = {"treatment": {"nan": {"action": "prune"}}, "trainer": {"name": "torch", "data": "digits"}}
    above = {"treatment": {"converged": {"action": "stop"}}, "trainer": {"train_size": 100}}
    merged = stages.laid_over(below, above)
    assert merged["treatment"] == {"converged": {"action": "stop"}}
    assert merged["trainer"] == {"name": "torch", "data": "digits", "train_size": 100}


def test_the_last_stage_repeats_the_best_of_the_one_before_with_other_seeds(staged: Path) -> None:
    full = stages.load(staged)[-1]
    config = full.config([record(0, 0.5, 0.01), record(1, 0.9, 0.1), record(2, 0.7, 0.03)])
    assert [b["lr"] for b in config.baselines] == [0.1, 0.03]
    assert (config.model.seeds, config.model.budget.trials, config.model.sweep) == (3, 6, 0)
    assert config.racing is None
    assert config.treatment == {}


def test_the_best_have_different_parameters() -> None:
    assert best_rates([record(0, 0.9, 0.1), record(1, 0.8, 0.1), record(2, 0.7, 0.03)], 2) == [0.1, 0.03]


def test_what_completed_comes_before_what_was_paused_on_its_way() -> None:
    paused = record(1, 0.95, 0.3, Action.PRUNE, ending=Ending(Action.PRUNE, NOT_CONTINUED, "rank 2 of 3"))
    failed = record(2, 0.99, 3.0, Action.PRUNE, ending=Ending(Action.PRUNE, "diverging", "exploded"))
    assert best_rates([record(0, 0.9, 0.1), paused, failed], 3) == [0.1, 0.3]


def test_of_several_seeds_the_mean_decides() -> None:
    lucky = [record(i, score, 0.1, origin=Origin.BASELINE, seed=i) for i, score in enumerate((0.99, 0.5, 0.6))]
    steady = [record(i + 3, score, 0.03, origin=Origin.BASELINE, seed=i) for i, score in enumerate((0.9, 0.91, 0.92))]
    found = incumbent([*lucky, *steady], higher_is_better=True)
    assert found is not None and found.number == 5


def test_stages_are_checked_before_the_first_begins(write_config: Write, tmp_path: Path) -> None:
    path = write_config(stages={**STAGES, "search": {"budgett": {"trials": 1}}})
    done = driving.tuner("run", path)
    assert done.returncode == 2
    assert "stages.search: budgett: unknown key, did you mean 'budget'?" in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"full": {"top": 2}}, "stages.full.top: expected a stage before it, but it is the first"),
        ([1], r"stages: expected names with their settings, such as search: {}, but got \[1\]"),
        ({"probe": {}, "full": {"top": 0}}, "stages.full: top: "),
        ({"probe": 3}, "stages.probe: "),
    ],
)
def test_stages_that_make_no_sense_are_refused(write_config: Write, given: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        stages.load(write_config(stages=given))


def test_other_commands_ask_for_one_stage(staged: Path) -> None:
    done = driving.tuner("replay", "--with", staged, staged.parent)
    assert done.returncode == 2


def test_all_stages_run_and_a_second_run_changes_nothing(staged: Path, tmp_path: Path) -> None:
    done = driving.tuner("run", staged, timeout=120)
    assert done.returncode == 0, done.stderr
    whole = tmp_path / "results" / "small"
    found = json.loads(driving.tuner("report", whole, "--json").stdout)
    assert [one["study"] for one in found] == ["small-probe", "small-search", "small-full"]
    assert [len(one["trials"]) for one in found] == [2, 6, 6]
    full = found[-1]
    assert sorted({t["seed"] for t in full["trials"]}) == [0, 1, 2]
    assert len(full["repeats"]) == 2
    winner = max(full["repeats"], key=lambda repeat: repeat["mean"])
    assert full["incumbent"]["number"] in winner["trials"]
    assert yaml.safe_load((whole / "best.yaml").read_text()) == full["settings"]
    before = (whole / "best.yaml").read_text()
    again = driving.tuner("resume", whole)
    assert again.returncode == 0
    assert "started" not in again.stdout
    assert "done before, with 2 trials; see tuner report" in again.stdout
    assert (whole / "best.yaml").read_text() == before
    assert "small-full" in driving.tuner("status", whole).stdout


def test_a_killed_stage_goes_on_where_it_was(write_config: Write, tmp_path: Path) -> None:
    slow = {
        **SMALL["trainer"],
        "command": SMALL["trainer"]["command"] + " --seconds 0.03",
        "resume": SMALL["trainer"]["resume"] + " --seconds 0.03",
    }
    path = write_config(stages=STAGES, jobs=1, trainer=slow)
    whole = tmp_path / "results" / "small"
    driver = driving.driver(path)
    driving.wait_until(lambda: (whole / "search" / "trials" / "0001").is_dir(), 60)
    driving.kill(driver)
    done = driving.tuner("resume", whole, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(driving.tuner("report", whole, "--json").stdout)
    assert [len(one["trials"]) for one in found] == [2, 6, 6]
    assert all(t["state"] != "running" for one in found for t in one["trials"])


def test_where_nothing_completes_the_stages_after_it_are_not_begun(write_config: Write, tmp_path: Path) -> None:
    path = write_config(stages=STAGES, baselines=[{"lr": 10.0}], budget={"trials": 1})
    path.write_text(path.read_text())
    done = driving.tuner("run", path, "--set", "stages.probe.budget.trials=1", timeout=60)
    assert done.returncode == 1
    assert "no trial completed" in done.stderr
    assert not (tmp_path / "results" / "small" / "search").exists()
