from __future__ import annotations

import numpy as np
import pytest

from tuner.curve import Curve, Kind, Series
from tuner.symptoms import trend

NOISE = np.random.default_rng(0).normal(size=2000)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_the_median_is_numpys(n: int) -> None:
    assert trend.median(NOISE[:n]) == np.median(NOISE[:n])


def test_jitter_is_the_standard_deviation_of_noise_whatever_the_trend() -> None:
    assert trend.jitter(NOISE) == pytest.approx(1.0, abs=0.1)
    assert trend.jitter(NOISE + 3.0 * np.arange(2000)) == pytest.approx(trend.jitter(NOISE))


def test_a_few_spikes_do_not_raise_the_jitter() -> None:
    spiky = NOISE[:100].copy()
    spiky[[20, 60]] = 1e6
    assert trend.jitter(spiky) < 1.5 * trend.jitter(NOISE[:100])


@pytest.mark.parametrize("n", [3, 4, 5, 10, 31])
def test_a_straight_line_is_fitted_exactly(n: int) -> None:
    line = trend.fit_line(np.linspace(5.0, 3.0, n))
    assert line.change == pytest.approx(-2.0)
    assert line.level == pytest.approx(4.0)
    assert line.share == pytest.approx(-0.5)
    assert line.falls(3.0) and not line.rises(3.0)


def test_the_error_of_a_line_is_how_far_its_change_scatters() -> None:
    lines = [trend.fit_line(chunk) for chunk in NOISE.reshape(-1, 20)]
    scatter = np.std([line.change for line in lines])
    assert np.mean([line.error for line in lines]) == pytest.approx(scatter, rel=0.25)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_two_values_are_no_trend(n: int) -> None:
    line = trend.fit_line(np.asarray([2.0, 1.0])[:n])
    assert not line.falls(0.1) and not line.rises(0.1)


def test_a_running_median_looks_back_only_and_takes_out_a_spike() -> None:
    values = np.asarray([5.0, 4.0, 99.0, 3.0, 2.0])
    assert trend.running_median(values, 3).tolist() == [5.0, 4.5, 5.0, 4.0, 3.0]
    assert trend.running_median(values[:4], 3).tolist() == [5.0, 4.5, 5.0, 4.0]


def test_the_last_gain_is_where_the_best_was_all_but_reached() -> None:
    cost = np.asarray([5.0, 3.0, 2.01, 4.0, 2.0, 6.0])
    assert trend.last_gain(cost, 0.0) == 4
    assert trend.last_gain(cost, 0.1) == 2


@pytest.mark.parametrize(("planned", "rows"), [(None, 10), (20, 10), (100, 25)])
def test_patience_is_a_share_of_the_plan_and_never_too_short(planned: int | None, rows: int) -> None:
    curve = Curve.of(train_loss=np.ones(12), planned_epochs=planned)
    assert trend.patience(curve, 0.25, 10) == rows


def test_a_tail_is_counted_in_epochs_of_the_curve_also_for_sparse_series() -> None:
    epochs = np.arange(1, 21, dtype=np.int64)
    sparse = Series("map", Kind.METRIC, epochs[4::5], np.asarray([1.0, 2.0, 3.0, 4.0]), higher_is_better=True)
    curve = Curve({"t": Series("t", Kind.TRAIN_LOSS, epochs, np.ones(20)), "map": sparse})
    assert trend.tail(sparse, curve, 10).tolist() == [-3.0, -4.0]


def test_the_objective_is_the_metric_that_tells_most_even_when_others_come_first() -> None:
    metrics = {"precision": [0.1], "map": [0.2]}
    named = Curve.of(metrics=metrics, objective="map")
    by_loss = Curve.of(val_loss=[1.0], metrics=metrics, objective="val_loss")
    assert trend.metric(named) is named.series["map"]
    assert trend.metric(by_loss) is by_loss.series["precision"]
    assert trend.metric(Curve.of(val_loss=[1.0])) is None


def test_ratios_stay_finite_and_confidence_grows_from_0_to_1() -> None:
    assert trend.ratio(1.0, 0.0) == 1e9 and trend.ratio(0.0, 0.0) == 0.0
    levels = [trend.confidence(x, 2.0) for x in (-1.0, 0.0, 2.0, 10.0, float("inf"))]
    assert levels == sorted(levels) and levels[1] == 0.0 and levels[2] == 0.5 and levels[-1] <= 1.0


def test_what_is_held_against_the_shape_is_waited_for_less_long_while_a_run_goes_on() -> None:
    ten = np.linspace(1, 0.5, 10)
    assert trend.wait(Curve.of(train_loss=ten, planned_epochs=30), 0.2, soon=8, least=12) == 8
    assert trend.wait(Curve.of(train_loss=ten, planned_epochs=100), 0.2, soon=8, least=12) == 20
    for planned in (10, None):
        assert trend.wait(Curve.of(train_loss=ten, planned_epochs=planned), 0.2, soon=8, least=12) == 12
