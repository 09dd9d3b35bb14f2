"""The judgement after a fault: what was lost is seen, and what was not is not."""

from __future__ import annotations

import pytest

from scripts.chaos.outcome import Outcome, broken, table
from scripts.chaos.registry import FAULTS
from scripts.chaos.tormented import Problem, Tormented, judge, look, write
from tests import driving


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Tormented:
    """Return a small study that was run to its end, and seen."""
    place = tmp_path_factory.mktemp("chaos")
    study = write(place, "ended", "--seconds 0", epochs=3, budget={"trials": 2})
    study.log.write_text(driving.tuner("run", study.config).stdout)
    assert look(study) == 6
    return study


def test_a_study_to_which_nothing_happened_lost_nothing(ended: Tormented) -> None:
    outcome = judge(ended, 1, "best parameters", peak=2)
    assert outcome.is_clean and (outcome.found, outcome.planned, outcome.again) == (2, 2, 0)
    assert outcome.told.startswith("best parameters: ")


def test_an_epoch_that_is_gone_or_another_one_is_lost(ended: Tormented) -> None:
    log = ended.folder / "trials" / "0001" / "results.csv"
    rows = log.read_text()
    try:
        log.write_text(rows.replace("\n2,", "\n2,9"))
        assert judge(ended, 1, "").lost == 1
        log.write_text("\n".join(rows.split("\n")[:2]) + "\n")
        short = judge(ended, 1, "")
        assert short.lost == 2 and "trial 1: 3 epochs are stored, but its log has [1]" in short.problems
        log.write_text(rows + rows.split("\n")[2] + "\n")
        with pytest.raises(Problem, match="trial 0001: epoch 2 is there twice"):
            judge(ended, 1, "")
    finally:
        log.write_text(rows)


def test_a_trial_that_is_missing_or_ended_otherwise_is_wrong(ended: Tormented) -> None:
    assert judge(ended, 1, "", states={"COMPLETE": 1, "FAIL": 1}).wrong == 1
    more = Tormented(ended.config, ended.folder, {**ended.document, "budget": {"trials": 3}})
    assert judge(more, 1, "").wrong == 1


def test_a_slot_that_leaked_and_a_silent_driver_are_seen(ended: Tormented) -> None:
    outcome = judge(ended, 1, "taken over", peak=1)
    assert outcome.leaked == 1 and outcome.problems == ("nobody was told: taken over",)
    assert not outcome.is_clean


def test_an_epoch_that_was_trained_twice_is_counted(ended: Tormented) -> None:
    diary = ended.folder / "trials" / "0000" / "diary.txt"
    diary.write_text("1\n2\n2\n3\n")
    assert judge(ended, 1, "").again == 1
    diary.unlink()


def test_the_table_has_a_row_for_every_fault() -> None:
    clean = Outcome(20, 6, 6, 0, 1, 0, 0, 0, "trial 3 goes on")
    lines = table({"trial-killed": clean, "two-drivers": broken("no driver")}).splitlines()
    assert lines[2].startswith("| trial-killed | 20    | 6 of 6 | 0 ") and lines[2].endswith("| `trial 3 goes on` |")
    assert len(lines) == 4 and all(line.count("|") == lines[0].count("|") for line in lines)
    assert {name: fault.times for name, fault in FAULTS.items() if name.endswith("killed")} == {
        "driver-killed": 20,
        "trial-killed": 20,
        "ray-node-killed": 20,
    }
