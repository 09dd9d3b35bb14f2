"""A margin becomes the share of verdicts like it that were right."""

from __future__ import annotations

import pytest

from tuner import calibration, registry
from tuner.diagnosis import RULE_VERSION


@pytest.mark.parametrize("name", registry.SYMPTOMS)
def test_a_larger_margin_never_means_less_confidence(name: str) -> None:
    shares = [calibration.confidence(name, margin / 20) for margin in range(21)]
    assert all(0 < share < 1 for share in shares)
    assert shares == sorted(shares)


def test_a_symptom_that_was_not_calibrated_keeps_its_margin() -> None:
    assert calibration.confidence("of_my_own", 0.7) == 0.7


def test_every_symptom_was_calibrated() -> None:
    assert set(calibration._table()["offsets"]) == set(registry.SYMPTOMS)


def test_the_confidences_were_fitted_on_the_rules_as_they_are() -> None:
    """Where this fails, run scripts/calibrate.py anew."""
    assert calibration._table()["rules"] == RULE_VERSION
