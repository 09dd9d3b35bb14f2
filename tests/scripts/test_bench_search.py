"""Methods of search side by side: what they pay for, and how the tables are reckoned."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import bench_search
from scripts.search_bench import blind, methods, outside, tables
from scripts.search_bench.tables import Outcome
from scripts.search_bench.trace import Spent, Trace
from tests import banks
from tuner import bank_files, documents, space_file
from tuner.bank import Task
from tuner.errors import StudyError


def traced(method: str, budget: int, seed: int = 0, task: Task | None = None) -> Trace:
    if method == "dehb":
        pytest.importorskip("dehb", reason="needs pip install dehb")
    trace = Trace(task or banks.task(), budget)
    with contextlib.suppress(Spent):
        methods.METHODS[method](trace, seed)
    return trace


@pytest.mark.parametrize("method", methods.METHODS)
def test_every_method_keeps_to_the_budget_and_pays_each_epoch_once_and_in_order(method: str) -> None:
    trace = traced(method, 60)
    assert 50 <= len(trace.paid) <= 60
    assert len(set(trace.paid)) == len(trace.paid)
    for row in {row for row, _ in trace.paid}:
        epochs = [e for r, e in trace.paid if r == row]
        assert epochs == list(range(len(epochs)))


@pytest.mark.parametrize("method", ["random", "tpe", "tpe_sh3", "asha_tpe", "one_epoch", "tuner"])
def test_with_enough_epochs_every_method_ends_with_the_table(method: str) -> None:
    outcome = traced(method, 24 * banks.EPOCHS).outcome()
    assert outcome["trials"] == 24
    assert outcome["regret"]["100%"] == pytest.approx(0, abs=0.2)


def test_a_package_that_is_not_there_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dehb", None)
    with pytest.raises(StudyError, match=r"^dehb: expected the package in this environment, but got none: pip install"):
        methods.METHODS["dehb"](Trace(banks.task(), 10), 0)


@pytest.mark.parametrize(
    ("x", "params"),
    [(0.0, {"lr": 0.001, "size": "s"}), (0.5, {"lr": 0.1, "size": "m"}), (1.0, {"lr": 10.0, "size": "l"})],
)
def test_a_point_of_the_unit_cube_stands_for_parameters(x: float, params: dict[str, Any]) -> None:
    space = space_file.build({"lr": {"log": [0.001, 10]}, "size": {"ordered": ["s", "m", "l"]}}, "space")
    assert outside.params([x, x], space) == pytest.approx(params)


def test_seeds_can_begin_anywhere(tmp_path: Path) -> None:
    banks.write(tmp_path / "small", "a")
    words = ["--bank", str(tmp_path), "--methods", "random", "--objective", "val_loss:min"]
    args = bench_search.parse_arguments([*words, "--seeds", "2", "--first-seed", "100"])
    assert {o["seed"] for o in bench_search.run_all(args, list(bench_search.find(args)))} == {100, 101}


def test_plain_search_stops_nothing_and_halving_does() -> None:
    assert not traced("random", 100).stopped
    halved = traced("random_sh3", 100)
    assert halved.stopped and all(sum(r == row for r, _ in halved.paid) < banks.EPOCHS for row in halved.stopped)


def test_promotion_goes_on_with_a_third_of_each_rung() -> None:
    trace = traced("asha_random", 60)
    reached = [sum(r == row for r, _ in trace.paid) for row in {r for r, _ in trace.paid}]
    assert set(reached) <= {1, 3, 9, banks.EPOCHS} | {reached[-1]} | set(range(1, banks.EPOCHS + 1))
    assert sum(n >= 3 for n in reached) <= len(reached) // 3 + 1
    assert not trace.stopped


def test_tpe_learns_from_what_promotion_trained_on() -> None:
    draws = blind.Draws(banks.task(), blind.tpe_draws(0))
    trace = Trace(draws.task, 1000)
    trial, row = draws.ask()
    frozen = blind._train(trace, draws, trial, row)
    blind._train_on(trace, frozen, row, 1, banks.EPOCHS)
    (seen,) = draws.study.trials
    assert seen.state.name == "COMPLETE" and len(seen.intermediate_values) == banks.EPOCHS
    assert seen.value == pytest.approx(min(seen.intermediate_values.values()))


def test_one_epoch_for_all_then_the_best_to_the_end() -> None:
    trace = traced("one_epoch", 40)
    assert [e for _, e in trace.paid[:20]] == [0] * 20
    first = {row: trace.task.costs[row, 0] for row, _ in trace.paid[:20]}
    assert trace.paid[20][0] == min(first, key=lambda row: first[row])


# -- what came of it --------------------------------------------------------------------------------------------------


def test_an_outcome_is_read_off_the_trace() -> None:
    task = banks.task()
    best, worst = int(task.ends.argsort()[0]), 0
    trace = Trace(task, 4, paid=[(worst, 0), (worst, 1), (best, 0), (best, 1)], stopped={worst, best})
    found = trace.outcome()
    assert found["regret"]["50%"] == pytest.approx(task.regret(task.costs[worst, 1]))
    assert found["regret"]["100%"] == pytest.approx(task.regret(task.costs[best, 1]))
    assert (found["shipped"], found["trials"], found["epochs"]) == (pytest.approx(0, abs=1e-9), 2, 4)
    assert (found["stopped"], found["false_kills"], found["good_started"]) == (2, 1, 1)
    assert found["steps"][0][0] == 1 and found["steps"] == sorted(found["steps"])


def test_what_saw_no_finite_value_has_gained_nothing() -> None:
    task = banks.task()
    diverged = next(i for i, p in enumerate(task.configurations) if p["lr"] == 10.0)
    found = Trace(task, 2, paid=[(diverged, 1), (diverged, 2)]).outcome()
    assert found["regret"] == {"10%": 1, "25%": 1, "50%": 1, "100%": 1} and found["shipped"] == 1


def outcome(method: str, seed: int, *regrets: float, **more: Any) -> Outcome:
    steps = [[10 * (i + 1), r] for i, r in enumerate(regrets)]
    known = {"suite": "s", "task": "t", "method": method, "seed": seed, "steps": steps, "shipped": regrets[-1]}
    known |= {"regret": dict(zip(tables.SHARES, regrets, strict=True)), "shipped_best": 0.0, "seconds": 1.0}
    return {**known, "stopped": 10, "false_kills": 1, "good_started": 2, "budget": 80, **more}


TWO = [outcome("tpe", s, 0.9, 0.8, 0.7, 0.6) for s in (0, 1)] + [
    outcome("tuner", s, 0.8, 0.6, 0.2, 0.1) for s in (0, 1)
]


def test_ranks_share_a_tie_and_speed_is_a_share_of_plain_tpe() -> None:
    found = tables.by_method(TWO, ["tpe", "tuner"])
    assert tables.mean_ranks(found, tables.regret_at("10%")) == {"tpe": 2, "tuner": 1}
    tie = tables.by_method([*TWO, *(dict(o, method="other") for o in TWO[:2])], ["tpe", "tuner", "other"])
    assert tables.mean_ranks(tie, tables.regret_at("10%")) == {"tpe": 2.5, "tuner": 1, "other": 2.5}
    assert tables.speed(found["tuner"], found["tpe"]) == "0.50 (1 of 1)"
    assert tables.speed(found["tpe"], found["tuner"]) == "2.00 (0 of 1)"  # not reached: the whole budget of 80
    assert tables.speed(found["tpe"], {}) == "-"


def test_differences_are_paired_with_an_interval() -> None:
    text = tables.differences(tables.by_method(TWO, ["tpe", "tuner"]), "tuner")
    assert "| tpe | 2 | -0.100 [-0.100, -0.100] |" in text
    assert tables.interval([0.0, 1.0]) == "+0.500 [-5.853, +6.853]"  # t(0.975, 1) = 12.706, standard error 0.5


def test_false_kills_are_a_share_of_what_was_stopped_and_of_the_good() -> None:
    assert tables.kills(TWO[:2]) == ("10.0%", "50%")
    assert tables.kills([dict(TWO[0], stopped=0, false_kills=0, good_started=0)]) == ("-", "-")


# -- the script -------------------------------------------------------------------------------------------------------


def test_the_script_runs_a_bank_keeps_what_it_found_and_goes_on(tmp_path: Path) -> None:
    banks.write(tmp_path / "bank" / "mine", "a")
    banks.write(tmp_path / "bank" / "mine", "b")
    out = tmp_path / "out.json"
    words = ["--bank", str(tmp_path / "bank"), "--objective", "val_loss:min", "--json", str(out), "--seeds", "2"]
    script = [sys.executable, bench_search.__file__, *words, "--methods", "random", "tpe", "--ours", "random"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "## mine: 2 tasks" in done.stdout and "| random minus |" in done.stdout
    kept = json.loads(out.read_text())["outcomes"]
    assert len(kept) == 8 and {o["budget"] for o in kept} == {5 * banks.EPOCHS}
    args = bench_search.parse_arguments([*words, "--methods", "random"])
    assert len(bench_search.run_all(args, list(bench_search.find(args)))) == 4
    assert json.loads(out.read_text())["outcomes"] == kept


def test_only_the_suites_and_tasks_that_were_asked_for_are_run(tmp_path: Path) -> None:
    for suite in ("one", "two"):
        banks.write(tmp_path / suite, "a")
        banks.write(tmp_path / suite, "b")

    def found(*words: str, bank: Path = tmp_path) -> list[tuple[str, str]]:
        args = bench_search.parse_arguments(["--bank", str(bank), *words])
        return [(p.suite, p.name) for p in bench_search.find(args)]

    assert found("--suite", "two") == [("two", "a"), ("two", "b")]
    assert found("--tasks", "b") == [("one", "b"), ("two", "b")]
    assert found(bank=tmp_path / "one") == [("one", "a"), ("one", "b")]


def test_every_known_suite_is_described_in_words_that_a_reading_has() -> None:
    for reading in documents.load(bench_search.SUITES).values():
        documents.check(bank_files.Reading, reading, "suites.yaml")
