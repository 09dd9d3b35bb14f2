"""Whole studies: what is trained in which order, what ends a trial, and that nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.trial import TrialState

from tests import driving
from tests.conftest import PROGRAM, SMALL
from tuner.errors import StudyError
from tuner.record import Action, Origin, Record, attributes

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results" / "small"


def trainer(*flags: str) -> dict[str, Any]:
    """Return the small study's trainer with more flags for the program."""
    more = " " + " ".join(flags)
    return {
        **SMALL["trainer"],
        "command": SMALL["trainer"]["command"] + more,
        "resume": SMALL["trainer"]["resume"] + more,
    }


def test_a_study_trains_baselines_then_the_sweep_then_the_rest(write_config: Write) -> None:
    records = driving.study(write_config(jobs=1))
    origins = [r.origin for r in records]
    assert origins[0] is Origin.BASELINE
    assert origins[1:7] == [Origin.SWEEP] * 6
    assert set(origins[7:]) == {Origin.SAMPLER, Origin.REMEDY}
    assert sorted({r.params["lr"] for r in records[:7]}) == [0.001, 0.003, 0.03, 0.1, 0.3, 3, 10]


def test_the_study_opens_in_plain_optuna_with_states_and_reasons(write_config: Write, folder: Path) -> None:
    driving.study(write_config())
    trials = driving.plain_optuna(folder).trials
    assert len(trials) == 12
    assert {t.state for t in trials} == {TrialState.COMPLETE, TrialState.PRUNED}
    for t in trials:
        assert t.user_attrs["ending"]["reason"]
        if t.state is TrialState.PRUNED:
            assert t.params["lr"] >= 3
            assert t.user_attrs["ending"]["reason"] == "nan"
            assert t.constraints == {"nan": 1.0}
        else:
            assert t.value == max(t.intermediate_values.values())
            assert sorted(t.intermediate_values) == list(range(1, t.user_attrs["ending"]["epochs"] + 1))


def test_every_logged_epoch_of_a_completed_trial_counts_once(write_config: Write, folder: Path) -> None:
    for record in driving.study(write_config()):
        assert len(driving.rows(folder, record.number)) == record.epochs + record.extra_epochs


def test_a_remedy_changes_one_thing_and_keeps_the_seed(write_config: Write) -> None:
    records = driving.study(write_config(budget={"trials": 16}))
    children = [r for r in records if r.origin is Origin.REMEDY]
    assert children
    for child in children:
        parent = records[child.parent if child.parent is not None else -1]
        changed = [name for name in child.params if child.params[name] != parent.params.get(name)]
        assert len(changed) == 1
        assert child.seed == parent.seed
        assert parent.prescription is not None and parent.prescription.params == child.params


def test_remedies_keep_to_their_share(write_config: Write) -> None:
    none = driving.study(write_config(remedies={"share": 0}))
    assert not any(r.origin is Origin.REMEDY for r in none)
    records = driving.study(write_config(study="shared", remedies={"share": 0.5}, budget={"trials": 17}, jobs=1))
    after_opening = records[7:]
    assert sum(r.origin is Origin.REMEDY for r in after_opening) == 5


def test_no_two_trials_of_sweep_and_remedies_are_the_same(write_config: Write) -> None:
    records = driving.study(write_config(remedies={"share": 1}, budget={"trials": 20}))
    chosen = [json.dumps(r.params) for r in records if r.origin is not Origin.SAMPLER]
    assert len(set(chosen)) == len(chosen)


def test_the_same_seed_gives_the_same_study(write_config: Write) -> None:
    first = driving.study(write_config(study="first", jobs=1, sweep=2))
    second = driving.study(write_config(study="second", jobs=1, sweep=2))
    assert driving.outcome(first) == driving.outcome(second)
    third = driving.study(write_config(study="third", jobs=1, sweep=2, seed=8), "budget.trials=6")
    assert driving.outcome(first[:6]) != driving.outcome(third)


def test_an_interrupted_study_ends_like_one_that_was_not(write_config: Write, tmp_path: Path) -> None:
    whole = driving.study(write_config(study="whole", jobs=1, sweep=2), "budget.trials=9")
    path = write_config(study="cut", jobs=1, sweep=2, budget={"trials": 9}, trainer=trainer("--seconds 0.02"))
    for moment in (1.2, 1.7, 2.3):
        process = driving.driver(path)
        time.sleep(moment)
        driving.kill(process)
    assert driving.outcome(driving.study(path)) == driving.outcome(whole)


def test_kill_minus_nine_loses_nothing(write_config: Write, folder: Path) -> None:
    path = write_config(trainer=trainer("--seconds 0.05"))
    before: dict[int, list[str]] = {}
    for epochs in (3, 30, 60):
        process = driving.driver(path)
        driving.wait_until(lambda n=epochs: sum(len(driving.rows(folder, i)) for i in range(12)) >= n)
        driving.kill(process)
        driving.wait_until(lambda: not driving.processes_of(folder), 10)
        for number in range(12):
            now = driving.rows(folder, number)
            known = before.get(number, [])
            assert now[: len(known)] == known
            before[number] = now
    records = driving.study(path)
    assert [r.number for r in records] == list(range(12))
    assert all(r.state in (TrialState.COMPLETE, TrialState.PRUNED) for r in records)
    for record in records:
        epochs = [int(row.split(",")[0]) for row in driving.rows(folder, record.number)]
        assert epochs == list(range(1, len(epochs) + 1))
        assert driving.rows(folder, record.number)[: len(before[record.number])] == before[record.number]
    outputs = "".join(p.read_text() for p in folder.glob("trials/*/output.txt"))
    assert "continues after epoch" in outputs


def test_ctrl_c_stops_soon_and_says_how_to_go_on(write_config: Write, folder: Path) -> None:
    process = driving.driver(write_config(trainer=trainer("--seconds 0.2")))
    driving.wait_until(lambda: driving.rows(folder, 0))
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert f"To go on: tuner resume {folder}" in err
    assert not driving.processes_of(folder)
    assert driving.tuner("resume", folder, "--quiet", "--set", "budget.trials=2").returncode == 0
    assert set(driving.states(folder)) <= {TrialState.COMPLETE, TrialState.PRUNED}


def test_a_second_ctrl_c_forces(write_config: Write, folder: Path) -> None:
    process = driving.driver(
        write_config(trainer=trainer("--seconds 0.2", "--behaviour stubborn"), grace_seconds=60), "budget.trials=2"
    )
    driving.wait_until(lambda: driving.rows(folder, 0))
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=3)
    assert process.returncode == 130
    driving.wait_until(lambda: not driving.processes_of(folder), 5)


def test_the_budget_of_epochs_is_kept(write_config: Write, folder: Path) -> None:
    path = write_config(budget={"epochs": 44}, jobs=1, sweep=0, trainer=trainer("--seconds 0.3"))
    records = driving.study(path)
    last = records[-1].ending
    assert last is not None and last.reason == "budget"
    logged = sum(len(driving.rows(folder, r.number)) for r in records)
    # What is trained between the decision and the end of the process is counted, not hidden.
    assert sum(r.trained_epochs for r in records) == logged
    assert 44 <= logged <= 46


def test_the_hours_end_a_trial_in_the_middle_of_an_epoch(write_config: Write) -> None:
    path = write_config(trainer=trainer("--seconds 30"), grace_seconds=0.2, jobs=1)
    (cut,) = driving.study(path, "budget.hours=0.0003")
    assert ended(cut)[:2] == ("budget", TrialState.FAIL)
    # Nothing is known of it, so a larger budget begins it again.
    again = driving.study(write_config(jobs=1), "budget.trials=1")
    assert [r.origin for r in again] == [Origin.BASELINE, Origin.RETRY]
    assert again[1].params == cut.params and again[1].state is TrialState.COMPLETE


def test_a_larger_budget_continues_the_study(write_config: Write) -> None:
    path = write_config()
    first = driving.study(path, "budget.trials=3")
    assert len(first) == 3
    more = driving.study(path, "budget.trials=5")
    assert len(more) == 5
    assert driving.outcome(more[:3]) == driving.outcome(first)


def test_another_space_is_refused_with_what_changed(write_config: Write) -> None:
    path = write_config()
    driving.study(path, "budget.trials=1")
    with pytest.raises(StudyError, match=r"lr was .* is .*0\.3"):
        driving.study(path, "space.lr.grid=[0.001, 0.3]")
    with pytest.raises(StudyError, match="direction was maximize, is minimize"):
        driving.study(path, "objective.direction=minimize")


def ended(record: Record) -> tuple[str, TrialState, str]:
    assert record.ending is not None
    return record.ending.reason, record.state, record.ending.text


@pytest.mark.parametrize(
    ("behaviour", "reason", "state", "words"),
    [
        ("crash", "crashed", TrialState.FAIL, "the images are in the other folder"),
        ("no_memory", "out_of_memory", TrialState.PRUNED, "Tried to allocate 20.00 GiB"),
        ("no_log", "no_log", TrialState.FAIL, "logged no epoch"),
        ("garbage", "unreadable_log", TrialState.FAIL, "results.csv"),
        ("hang", "hung", TrialState.FAIL, "no new epoch for 0.02 minutes"),
        ("hang_at_end", "finished", TrialState.COMPLETE, "but the process did not end"),
    ],
)
def test_a_trial_that_misbehaves_is_recorded_as_what_it_is(
    write_config: Write, behaviour: str, reason: str, state: TrialState, words: str
) -> None:
    path = write_config(
        trainer=trainer(f"--behaviour {behaviour}"), stall_minutes=0.02, grace_seconds=0.5, budget={"trials": 2}
    )
    for record in driving.study(path):
        assert ended(record)[:2] == (reason, state)
        assert words in ended(record)[2]


def test_one_bad_trial_does_not_end_the_study(write_config: Write, tmp_path: Path) -> None:
    wrapper = tmp_path / "sometimes.sh"
    wrapper.write_text('#!/bin/sh\ncase "$*" in *"/0001 "*) exit 7;; esac\nexec "$@"\n')
    wrapper.chmod(0o755)
    command = f"{wrapper} " + SMALL["trainer"]["command"]
    records = driving.study(write_config(trainer={**SMALL["trainer"], "command": command}, budget={"trials": 4}))
    assert [r.state for r in records].count(TrialState.FAIL) == 1
    assert ended(records[1])[0] == "crashed" and "exit code 7" in ended(records[1])[2]


def test_a_killed_trial_goes_on_from_its_checkpoint(
    write_config: Write, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_config(trainer=trainer("--behaviour killed"), budget={"trials": 2}, jobs=1)
    records = driving.study(path)
    assert [(r.state, r.epochs, r.lost_epochs) for r in records] == [(TrialState.COMPLETE, 10, 0)] * 2
    assert [len(driving.rows(folder, r.number)) for r in records] == [10, 10]
    assert (
        "trial 1 goes on from its last checkpoint; 0 of its 2 epochs are trained again "
        "(killed from outside by SIGKILL, as Linux does where memory runs out, after 2 epochs)"
    ) in capsys.readouterr().err


def test_a_trial_that_is_always_killed_is_given_up(write_config: Write) -> None:
    command = ["{python}", "-S", "-c", "import os; os.kill(os.getpid(), 9)"]
    path = write_config(trainer={"name": "script", "command": command}, budget={"trials": 2}, max_retries=2)
    records = driving.study(path)
    assert [(*ended(r)[:2], r.retry) for r in records] == [("killed", TrialState.FAIL, 2)] * 2


def test_a_trial_that_was_frozen_for_good_goes_on_with_its_guard(write_config: Write, folder: Path) -> None:
    path = write_config(trainer=trainer("--seconds 0.1"), budget={"trials": 1}, jobs=1, stall_minutes=0.01)
    process = driving.driver(path)
    driving.wait_until(lambda: len(driving.rows(folder, 0)) >= 2)
    for pid in driving.processes_of(folder):
        os.kill(pid, signal.SIGSTOP)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "trial 0 goes on from its last checkpoint" in out and "no new epoch for 0.01 minutes" in out
    assert [int(row.split(",")[0]) for row in driving.rows(folder, 0)] == list(range(1, 11))


def test_a_trial_that_fills_the_disk_is_stopped_and_cleared(
    write_config: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuner.disk import DiskWatch, size

    # The disk is 20 MB: what a trial has written counts against it.
    monkeypatch.setattr(DiskWatch, "_free", lambda self: 20_000_000 - size(folder / "trials"))
    greedy = "open('{folder}/dump', 'wb').write(b'x' * 19_500_000); import time; time.sleep(60)"
    path = write_config(
        trainer={"name": "script", "command": ["{python}", "-S", "-c", greedy]},
        min_free_disk_gb=0.001,
        budget={"trials": 1},
    )
    (record,) = driving.study(path)
    assert ended(record)[:2] == ("disk_full", TrialState.FAIL)
    assert size(folder / "trials") < 1_000_000


def test_the_time_limit_of_a_trial_keeps_its_best_score(write_config: Write) -> None:
    path = write_config(
        trainer=trainer("--seconds 0.3"), budget={"trials": 1, "trial_hours": 0.0004}, grace_seconds=0.5
    )
    (record,) = driving.study(path)
    assert record.ending is not None and record.ending.action is Action.STOP
    assert record.ending.reason == "time_limit" and record.score is not None


def test_the_children_of_a_trial_do_not_outlive_it(write_config: Write) -> None:
    driving.study(write_config(trainer=trainer("--behaviour children"), budget={"trials": 2}))
    sleeping = [p for p in Path("/proc").iterdir() if p.name.isdigit() and b"time.sleep(300)" in _words(p)]
    assert not sleeping


def _words(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("scheduler", ["MedianPruner", "SuccessiveHalvingPruner"])
def test_an_optuna_pruner_can_stop_trials_too(write_config: Write, scheduler: str) -> None:
    records = driving.study(write_config(treatment={}, scheduler={"name": scheduler}, budget={"trials": 14}))
    reasons = {r.ending.reason for r in records if r.ending}
    assert "pruner" in reasons
    assert reasons <= {"pruner", "finished"}


def test_the_rate_can_follow_the_batch(write_config: Write, folder: Path) -> None:
    space = {"lr": {"grid": [0.01, 1]}, "batch": {"ordered": [32, 64, 128]}}
    command = f"{{python}} -S -E {PROGRAM} --folder {{folder}} --epochs {{epochs}} --lr {{lr}} --batch {{batch}}"
    driving.study(
        write_config(
            space=space,
            trainer={"name": "script", "command": command},
            baselines=[{"lr": 0.1, "batch": 128}],
            scale_rate_with_batch={"reference_batch": 64},
            budget={"trials": 1},
        )
    )
    spec = json.loads((folder / "trials" / "0000" / "spec.json").read_text())
    assert spec["params"] == {"lr": 0.2, "batch": 128}
    assert driving.plain_optuna(folder).trials[0].params == {"lr": 0.1, "batch": 128}
    assert driving.tuner("report", folder).returncode == 0
    assert yaml.safe_load((folder / "best.yaml").read_text()) == {"lr": 0.2, "batch": 128}


def test_a_second_driver_is_refused(write_config: Write, folder: Path) -> None:
    process = driving.driver(write_config(trainer=trainer("--seconds 0.2")))
    try:
        driving.wait_until(lambda: driving.rows(folder, 0))
        refused = driving.tuner("run", write_config())
        assert refused.returncode == 2
        assert f"another tuner (process {process.pid}) works on this study" in refused.stderr
    finally:
        driving.kill(process)


def test_a_driver_killed_while_asking_leaves_no_broken_trial(write_config: Write, folder: Path) -> None:
    path = write_config(jobs=1)
    driving.study(path, "budget.trials=8")
    # What a kill between the creation of a trial and its draws leaves behind: RUNNING, without parameters.
    study = driving.plain_optuna(folder)
    study.ask()
    assert driving.outcome(driving.study(path, "budget.trials=9")) == driving.outcome(
        driving.study(write_config(study="whole", jobs=1), "budget.trials=9")
    )


def run_python(code: str, *words: str | Path) -> None:
    subprocess.run([sys.executable, "-c", code, *map(str, words)], cwd=driving.ROOT, check=False, timeout=60)


def test_a_driver_killed_while_telling_tells_again(write_config: Write, folder: Path) -> None:
    path = write_config(jobs=1)
    run_python(
        "import os, pathlib, sys\nfrom tests import driving\nfrom tuner.sampler import Sampler\n"
        "Sampler.tell = lambda *a, **k: os._exit(9)\n"
        "driving.study(pathlib.Path(sys.argv[1]), 'budget.trials=2')",
        path,
    )
    assert driving.states(folder) == [TrialState.RUNNING]
    whole = driving.study(write_config(study="whole", jobs=1), "budget.trials=4")
    assert driving.outcome(driving.study(path, "budget.trials=4")) == driving.outcome(whole)


def test_a_driver_killed_between_queueing_and_starting_starts_that_trial(write_config: Write, folder: Path) -> None:
    path = write_config(jobs=1)
    driving.study(path, "budget.trials=1")
    # The same two calls as the driver makes, with the kill in between.
    queued = attributes(origin=Origin.SWEEP, seed=700_022)
    driving.plain_optuna(folder).enqueue_trial({"lr": 0.001, "momentum": 0.895, "size": "m"}, user_attrs=queued)
    records = driving.study(path, "budget.trials=4")
    whole = driving.study(write_config(study="whole", jobs=1), "budget.trials=4")
    assert driving.outcome(records) == driving.outcome(whole)


def test_a_driver_killed_in_the_middle_of_a_commit_is_no_problem(write_config: Write, folder: Path) -> None:
    path = write_config()
    driving.study(path, "budget.trials=1")
    # A process that dies inside a transaction, its pages already written, leaves a hot journal behind.
    run_python(
        "import os, signal, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('pragma cache_size = 1')\n"
        "database.execute('begin immediate')\n"
        "database.execute('create table filler (words text)')\n"
        "for _ in range(2000):\n    database.execute('insert into filler values (?)', ('x' * 1000,))\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
        folder / "study.db",
    )
    assert (folder / "study.db-journal").exists()
    assert len(driving.study(path, "budget.trials=2")) == 2


def test_a_queued_trial_is_trained_although_the_budget_counts_it(write_config: Write, folder: Path) -> None:
    path = write_config(jobs=1)
    driving.study(path, "budget.trials=1")
    queued = attributes(origin=Origin.SWEEP, seed=700_022)
    driving.plain_optuna(folder).enqueue_trial({"lr": 0.001, "momentum": 0.895, "size": "m"}, user_attrs=queued)
    assert [r.state for r in driving.study(path, "budget.trials=2")] == [TrialState.COMPLETE] * 2


def test_a_trial_without_a_checkpoint_begins_anew_and_pays_again(write_config: Write, folder: Path) -> None:
    slow = {**trainer("--seconds 0.1"), "resume": None}
    path = write_config(trainer=slow, jobs=1, budget={"trials": 1}, stall_minutes=0.01)
    process = driving.driver(path)
    driving.wait_until(lambda: len(driving.rows(folder, 0)) >= 5)
    driving.kill(process)
    lost = len(driving.rows(folder, 0))
    (record,) = driving.study(path)
    # Retraining what was logged before is no silence: it must not count as hanging.
    assert record.state is TrialState.COMPLETE and record.epochs == 10
    assert record.trained_epochs >= 10 + lost


def test_a_checkpoint_that_cannot_be_continued_is_left_behind(write_config: Write, folder: Path) -> None:
    path = write_config(trainer=trainer("--seconds 0.1"), jobs=1, budget={"trials": 1})
    process = driving.driver(path)
    driving.wait_until(lambda: len(driving.rows(folder, 0)) >= 3)
    driving.kill(process)
    (folder / "trials" / "0000" / "last.json").write_text("torn")
    (record,) = driving.study(path)
    assert record.state is TrialState.COMPLETE and record.epochs == 10 and record.lost_epochs >= 3


def test_a_study_resumed_with_its_hours_used_up_keeps_what_was_logged(write_config: Write, folder: Path) -> None:
    path = write_config(trainer=trainer("--seconds 0.1"), jobs=1)
    process = driving.driver(path)
    driving.wait_until(lambda: len(driving.rows(folder, 0)) >= 5)
    driving.kill(process)
    (cut,) = driving.study(path, "budget.hours=1e-6")
    assert cut.epochs >= 5 and cut.state is TrialState.COMPLETE
    assert ended(cut)[0] == "budget"
    # It has a score, so a larger budget does not repeat it.
    assert [r.origin for r in driving.study(path, "budget.trials=2")] == [Origin.BASELINE, Origin.SWEEP]


def test_a_full_disk_stops_the_study_before_a_trial_is_spent(write_config: Write, folder: Path) -> None:
    with pytest.raises(StudyError, match="less than 1e"):
        driving.study(write_config(min_free_disk_gb=1e6))
    assert driving.states(folder) == []


def test_an_exit_code_beyond_the_signals_is_a_crash(write_config: Write) -> None:
    command = ["{python}", "-S", "-c", "raise SystemExit(255)"]
    path = write_config(trainer={"name": "script", "command": command}, budget={"trials": 1})
    assert [ended(r)[0] for r in driving.study(path)] == ["crashed"]


@pytest.mark.parametrize("left", [None, 0, 30_000], ids=["removed", "emptied", "cut"])
def test_trials_without_their_storage_are_not_written_over(write_config: Write, folder: Path, left: int | None) -> None:
    path = write_config()
    driving.study(path, "budget.trials=1")
    rows, storage = driving.rows(folder, 0), folder / "study.db"
    if left is None:
        storage.unlink()
    else:
        os.truncate(storage, left)
    with pytest.raises(StudyError, match=r"put a copy of (it|study\.db) back"):
        driving.study(path)
    assert driving.rows(folder, 0) == rows
    assert (storage.stat().st_size if storage.exists() else None) == left


def locked(folder: Path, seconds: float) -> subprocess.Popen[str]:
    """Start another program that holds the study's storage locked for so long."""
    code = (
        "import sqlite3, sys, time\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('begin exclusive')\nprint('locked', flush=True)\ntime.sleep(float(sys.argv[2]))"
    )
    command = [sys.executable, "-S", "-c", code, str(folder / "study.db"), str(seconds)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "locked\n"
    return other


def test_a_storage_that_another_program_has_locked_is_waited_for(
    write_config: Write, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tuner.storage.LOCK_SECONDS", 0.2)
    path = write_config(jobs=1)
    driving.study(path, "budget.trials=1")
    with locked(folder, 600) as other:
        with pytest.raises(StudyError, match=r"study\.db: another program has locked it"):
            driving.study(path, "storage_minutes=0")
        other.kill()
    with locked(folder, 1.5):
        assert len(driving.study(path, "budget.trials=2")) == 2
    assert (
        "another program has locked it (a copy, a backup, an editor of databases); waiting for it, 10 min at most"
        in (capsys.readouterr().err)
    )


def test_a_disk_that_others_have_filled_costs_no_trial(
    write_config: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuner.disk import DiskWatch

    full = folder.parent / "full"
    monkeypatch.setattr("tuner.disk.CHECK_SECONDS", 0.0)
    monkeypatch.setattr(DiskWatch, "_free", lambda self: 0 if full.exists() else 10**12)
    # Its third epoch finds no space; by then the driver sees that as well.
    path = write_config(trainer=trainer(f"--behaviour no_space --filled {full}"), budget={"trials": 2}, jobs=1)
    with pytest.raises(StudyError, match="less than 1 GB was left on the disk; to go on when there is room"):
        driving.study(path)
    assert driving.states(folder) == [TrialState.RUNNING] and len(driving.rows(folder, 0)) == 2
    full.unlink()
    records = driving.study(path, "budget.trials=1")
    assert [(r.state, r.epochs, r.lost_epochs) for r in records] == [(TrialState.COMPLETE, 10, 0)]
