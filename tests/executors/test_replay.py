"""The engine that plays recordings: rows in their time, and every epoch paid for once."""

from __future__ import annotations

from pathlib import Path

from tests import banks
from tuner.executors.devices import Device
from tuner.executors.replay import Recording, ReplayExecutor
from tuner.record import Params
from tuner.spec import Command, Log, TrialSpec

COMMAND = Command(())


def executor(slots: int = 1, **changes: object) -> ReplayExecutor:
    return ReplayExecutor(banks.task(**changes), [Device()] * slots)


def opened(engine: ReplayExecutor, number: int, params: Params, epochs: int = banks.EPOCHS) -> Recording:
    folder = Path(f"trial/{number}")
    engine.open(TrialSpec(number, params, epochs, 0, folder, "val_loss", False), Log(folder, "csv"))
    return engine.start(COMMAND, folder, Device())


def step(engine: ReplayExecutor) -> None:
    engine.wait()
    for recording in list(engine.playing):
        recording.poll()


def test_a_trial_yields_its_rows_one_by_one_and_ends_by_itself() -> None:
    engine = executor()
    trial = opened(engine, 0, {"lr": 0.1, "width": 32})
    lengths = []
    while engine.playing:
        step(engine)
        curve = trial.grown()
        if curve is not None:
            lengths.append(curve.length)
    assert lengths == list(range(1, banks.EPOCHS + 1))
    assert engine.trace == [(engine.rows[0], epoch) for epoch in range(banks.EPOCHS)]


def test_nothing_new_is_no_curve() -> None:
    engine = executor()
    trial = opened(engine, 0, {"lr": 0.1, "width": 32})
    step(engine)
    assert trial.grown() is not None and trial.grown() is None


def test_a_stopped_trial_yields_nothing_more_and_goes_on_where_it_was() -> None:
    engine = executor()
    trial = opened(engine, 0, {"lr": 0.1, "width": 32})
    for _ in range(3):
        step(engine)
    trial.stop()
    assert trial.poll() == 143 and engine.playing == []
    engine.start(COMMAND, Path("trial/0"), Device())
    step(engine)
    curve = trial.grown()
    assert curve is not None and curve.length == 4
    assert engine.trace == [(engine.rows[0], epoch) for epoch in range(4)]


def test_a_configuration_is_played_to_one_trial_only() -> None:
    engine = executor()
    for number in range(24):
        assert not engine.exhausted
        opened(engine, number, {"lr": 0.1, "width": 32})
    assert engine.exhausted and sorted(engine.rows.values()) == list(range(24))


def test_parallel_trials_take_their_recorded_time() -> None:
    engine = executor(2, seconds=(1.0,) * 20 + (4.0,) * 4)
    fast = opened(engine, 0, {"lr": 0.1, "width": 32})
    slow = opened(engine, 1, {"lr": 10.0, "width": 32})
    for _ in range(8):
        step(engine)
    assert (fast.shown, slow.shown, engine.clock()) == (8, 2, 8.0)


def test_a_slot_is_free_at_once_when_a_trial_is_over() -> None:
    engine = executor(2, seconds=(1.0,) * 20 + (100.0,) * 4)
    fast = opened(engine, 0, {"lr": 0.1, "width": 32})
    opened(engine, 1, {"lr": 10.0, "width": 32})
    while fast in engine.playing:
        step(engine)
    assert engine.clock() == banks.EPOCHS


def test_a_trial_knows_how_many_epochs_it_was_planned_for() -> None:
    engine = executor()
    trial = opened(engine, 0, {"lr": 0.1, "width": 32}, epochs=40)
    step(engine)
    curve = trial.grown()
    assert curve is not None and curve.planned_epochs == 40
