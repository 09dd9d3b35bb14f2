from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tuner.sparkline import LEVELS, LOST, sparkline


def test_a_falling_loss_falls() -> None:
    assert sparkline(np.array([4.0, 2.0, 1.0]), 10) == "█▅▁"


def test_a_loss_that_rises_again_shows_its_valley() -> None:
    drawn = sparkline(np.abs(np.linspace(-1, 1, 40)) + 0.5, 8)
    assert drawn[0] == drawn[-1] == "█" and LEVELS.index(drawn[4]) <= 1


def test_a_first_value_of_a_thousand_does_not_flatten_what_follows() -> None:
    drawn = sparkline(np.array([1000.0, 1.0, 0.5, 0.25, 0.125]), 10)
    assert len(set(drawn)) > 3


def test_what_is_not_finite_is_marked() -> None:
    assert sparkline(np.array([1.0, np.nan, 2.0]), 10) == f"▁{LOST}█"
    assert sparkline(np.array([np.inf]), 10) == LOST


@given(
    hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.integers(1, 30),
)
def test_any_values_are_drawn_within_the_width(values: np.ndarray, width: int) -> None:
    drawn = sparkline(values, width)
    assert len(drawn) == min(width, len(values))
    assert set(drawn) <= set(LEVELS + LOST)


def test_the_largest_numbers_there_are_can_be_drawn() -> None:
    assert sparkline(np.array([-1.7e308, 0.0, 1.7e308]), 10) == "▁▅█"
