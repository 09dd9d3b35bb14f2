"""How the rate moves."""

from __future__ import annotations

import pytest

from tuner.inside.rates import learning_rate


def rate(done: float, schedule: str = "cosine", warmup: float = 0, head: float = 0) -> float:
    return learning_rate(done, epochs=10, peak=2, schedule=schedule, warmup=warmup, head=head)


def test_the_cosine_starts_at_the_peak_and_ends_at_zero() -> None:
    assert [rate(0), rate(5), rate(10)] == pytest.approx([2, 1, 0])
    assert [rate(done, warmup=4) for done in (0, 1, 4, 7, 10)] == pytest.approx([0, 0.5, 2, 1, 0])


def test_a_constant_rate_stays_after_its_warm_up() -> None:
    assert [rate(done, "constant", 2) for done in (0, 1, 2, 9.9)] == [0, 1, 2, 2]


def test_a_stepped_rate_falls_to_a_tenth_after_half_and_after_three_quarters() -> None:
    assert [rate(done, "step") for done in (0, 4.9, 5, 7.4, 7.5, 9.9)] == pytest.approx([2, 2, 0.2, 0.2, 0.02, 0.02])


def test_the_head_alone_trains_at_the_peak_before_warm_up_and_schedule_begin() -> None:
    rates = [rate(done, warmup=2, head=4) for done in (0, 3.9, 4, 5, 6, 8, 10)]
    assert rates == pytest.approx([2, 2, 0, 1, 2, 1, 0])
