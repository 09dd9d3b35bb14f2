from __future__ import annotations

from tests.studies import DIVERGING, console, record, running, snapshot, text
from tuner import status


def test_a_moment_of_a_study_is_printed_once_with_its_trials_and_decisions() -> None:
    screen = console()
    status.show(snapshot(record(1, DIVERGING), running=(running(8, 4),)), screen)
    said = text(screen)
    assert said.count("trial 1 pruned at epoch 3: diverging since 1") == 1
    assert "4/10" in said
