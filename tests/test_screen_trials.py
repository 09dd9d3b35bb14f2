from __future__ import annotations

import pytest

from tests.studies import console, record, running, snapshot, text
from tuner import screen_trials
from tuner.record import Origin
from tuner.snapshot import GpuUse, Running


def shown(*trials: Running, width: int = 80, lines: int = 40) -> list[str]:
    screen = console(width)
    screen.print(screen_trials.running(snapshot(running=trials), width, lines))
    return text(screen).splitlines()


@pytest.mark.parametrize("width", [80, 140])
def test_a_running_trial_stands_on_one_line_with_all_that_matters(width: int) -> None:
    child = running(12, 4, "overfitting", origin=Origin.REMEDY, remedy="smaller_model", parent=3, device="gpu 1")
    _, line = shown(child, width=width)
    for part in ("12 smaller_model ← 3", "gpu 1", " 4/10", "0.6333", "█", "▁", "overfitting"):
        assert part in line


def test_a_wide_terminal_says_since_when_a_symptom_is_seen() -> None:
    assert shown(running(12, 4, "overfitting"), width=140)[1].endswith("overfitting since 2")


def test_a_narrow_terminal_leaves_out_device_and_bar_and_keeps_every_figure() -> None:
    child = running(12, 4, "overfitting", origin=Origin.REMEDY, remedy="smaller_model", parent=3, device="gpu 1")
    _, line = shown(child, width=60)
    assert "gpu 1" not in line and "━" not in line
    for part in ("← 3", " 4/10", "0.6333", "overfitting"):
        assert part in line


def test_where_room_is_short_diagnosis_and_remedy_are_cut_and_no_figure_and_no_parent() -> None:
    trial = running(123, 9, "stuck_after_first_epoch", remedy="lower_learning_rate", parent=99, device="gpu 1")
    _, line = shown(trial)
    assert line.startswith("123 lower_learning… ← 99 gpu 1 ━━━━")
    for part in (" 9/10", "0.8556", "stuck_after"):
        assert part in line
    assert len(line) <= 80


def test_the_columns_stay_where_they_are_while_trials_come_and_go() -> None:
    short = running(8, 3, device="cpu")
    long = running(9, 10, remedy="raise_learning_rate", parent=7, device="cpu")
    assert shown(short)[1].index("3/10") == shown(long)[1].index("0/10")


def test_the_bar_is_as_long_as_the_epochs_done() -> None:
    def bar(epochs: int) -> int:
        return shown(running(8, epochs), width=140)[1].count("━")

    assert 0 < bar(2) < bar(9)


@pytest.mark.parametrize(("until", "said"), [(None, " 4/10"), (6, " 4→6/10"), (10, " 4/10")])
def test_the_epochs_say_where_a_trial_is_paused(until: int | None, said: str) -> None:
    assert screen_trials.epochs(running(8, 4, until=until)) == said


def test_trials_stand_in_the_order_of_their_numbers() -> None:
    assert [line.split()[0] for line in shown(running(9), running(8))[1:]] == ["8", "9"]


def test_more_trials_than_fit_are_counted() -> None:
    lines = shown(*(running(n) for n in range(30)), lines=9)
    assert len(lines) == 9
    assert lines[-1] == "… and 23 more"


def test_without_a_trial_it_says_so() -> None:
    assert shown() == ["no trial is running"]


def test_a_gpu_says_how_busy_it_is_and_what_of_its_memory_is_used() -> None:
    screen = console()
    (found,) = screen_trials.gpus([GpuUse("gpu 0", 7, 12 * 2**30, 80 * 2**30), GpuUse("gpu 1", None, 0, 80 * 2**30)])
    screen.print(found)
    assert text(screen).rstrip() == "gpu 0   7% 12/80 GB   gpu 1 0/80 GB"


def test_without_nvml_there_is_no_line_on_gpus() -> None:
    assert screen_trials.gpus([]) == []


def test_nothing_is_said_of_pauses_where_nobody_waits() -> None:
    assert screen_trials.paused(snapshot(record(1))) == []
