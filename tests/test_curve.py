from __future__ import annotations

import numpy as np
import pytest

from tuner.curve import Curve, Kind, Series


def series(
    values: list[float], name: str = "s", kind: Kind = Kind.METRIC, higher: bool = False, step: int = 1
) -> Series:
    epochs = np.arange(1, 1 + step * len(values), step, dtype=np.int64)
    return Series(name, kind, epochs, np.asarray(values, dtype=np.float64), higher)


def test_a_series_refuses_epochs_that_do_not_fit_its_values() -> None:
    with pytest.raises(ValueError, match=r"val: expected epochs and values of one shape"):
        Series("val", Kind.VAL_LOSS, np.asarray([1, 2]), np.asarray([1.0]))


@pytest.mark.parametrize("epochs", [[1, 1], [2, 1]])
def test_a_series_refuses_epochs_that_do_not_increase(epochs: list[int]) -> None:
    with pytest.raises(ValueError, match="strictly increasing"):
        Series("val", Kind.VAL_LOSS, np.asarray(epochs), np.asarray([1.0, 2.0]))


def test_a_cut_series_keeps_what_was_logged_at_or_before_the_epoch() -> None:
    sparse = series([5.0, 4.0, 3.0], step=5)  # epochs 1, 6, 11
    assert sparse.until(6).values.tolist() == [5.0, 4.0]
    assert sparse.until(5).values.tolist() == [5.0]
    assert len(sparse.until(0)) == 0
    assert sparse.until(99).values.tolist() == [5.0, 4.0, 3.0]


def test_finite_leaves_out_nan_and_both_infinities_with_their_epochs() -> None:
    finite = series([1.0, np.nan, np.inf, -np.inf, 2.0]).finite
    assert finite.epochs.tolist() == [1, 5] and finite.values.tolist() == [1.0, 2.0]


def test_best_follows_the_direction_and_takes_the_earliest_of_equals() -> None:
    values = [0.2, 0.9, np.nan, 0.9, 0.1, np.inf]
    assert series(values, higher=True).best() == (2, 0.9)
    assert series(values).best() == (5, 0.1)


def test_best_is_none_where_nothing_is_finite() -> None:
    assert series([np.nan, np.inf]).best() is None
    assert series([]).best() is None


def test_cost_is_something_to_minimise() -> None:
    assert series([1.0, 2.0], higher=True).cost.tolist() == [-1.0, -2.0]
    assert series([1.0, 2.0]).cost.tolist() == [1.0, 2.0]


def test_only_metrics_are_higher_is_better() -> None:
    curve = Curve.of(train_loss=[1.0], val_loss=[1.0], metrics={"acc": [0.5]})
    assert [s.higher_is_better for s in curve.series.values()] == [False, False, True]


def test_an_empty_curve_has_no_epochs_losses_score_or_progress() -> None:
    curve = Curve({})
    assert curve.length == 0 and curve.last_epoch is None and curve.progress is None
    assert curve.train_loss is None and curve.val_loss is None and curve.score is None
    assert curve.until(5).length == 0


def test_epochs_are_those_of_all_series_together() -> None:
    curve = Curve({"a": series([1.0, 2.0], "a"), "b": series([1.0, 2.0], "b", step=5)})
    assert curve.epochs.tolist() == [1, 2, 6]
    assert curve.length == 3 and curve.last_epoch == 6


def test_until_cannot_see_the_future_and_drops_series_that_have_not_begun() -> None:
    late = Series("late", Kind.METRIC, np.asarray([8, 9]), np.asarray([0.1, 0.2]), True)
    curve = Curve({"a": series([3.0, 2.0, 1.0], "a"), "late": late}, objective="late", planned_epochs=10)
    cut = curve.until(2)
    assert list(cut.series) == ["a"] and cut.last_epoch == 2
    assert cut.score is None and cut.planned_epochs == 10
    assert curve.until(8).score is not None


def test_until_forgets_what_was_computed_of_the_whole() -> None:
    curve = Curve.of(train_loss=[3.0, 2.0, 1.0])
    assert curve.train_loss is not None and curve.length == 3
    cut = curve.until(1)
    assert cut.length == 1 and cut.train_loss is not None and cut.train_loss.values.tolist() == [3.0]


def test_progress_does_not_depend_on_how_epochs_are_numbered_and_ends_at_1() -> None:
    for first in (0, 1):
        assert Curve.of(train_loss=np.ones(5), planned_epochs=10, first_epoch=first).progress == 0.5
    assert Curve.of(train_loss=np.ones(12), planned_epochs=10).progress == 1.0


def test_the_series_of_a_curve_cannot_be_replaced() -> None:
    source = {"a": series([1.0], "a")}
    curve = Curve(source)
    source["b"] = series([2.0], "b")
    assert list(curve.series) == ["a"]
    with pytest.raises(TypeError):
        curve.series["b"] = source["b"]  # type: ignore[index]


def test_the_total_loss_is_the_sum_of_its_components() -> None:
    parts = [series([1.0, 2.0], "train/box", Kind.TRAIN_LOSS), series([10.0, 20.0], "train/cls", Kind.TRAIN_LOSS)]
    curve = Curve({p.name: p for p in parts})
    assert curve.train_loss is not None
    assert curve.train_loss.name == "train_loss" and curve.train_loss.values.tolist() == [11.0, 22.0]


def test_components_are_summed_over_the_epochs_they_share() -> None:
    parts = [series([1.0, 2.0, 3.0], "val/a", Kind.VAL_LOSS), series([10.0, 30.0], "val/b", Kind.VAL_LOSS, step=2)]
    curve = Curve({p.name: p for p in parts})
    assert curve.val_loss is not None
    assert curve.val_loss.epochs.tolist() == [1, 3] and curve.val_loss.values.tolist() == [11.0, 33.0]


@pytest.mark.parametrize("name", ["train_loss", "train/loss", "total_loss", "train/total_loss"])
def test_a_component_that_is_called_the_total_is_the_total(name: str) -> None:
    parts = [series([1.0], "train/box", Kind.TRAIN_LOSS), series([5.0], name, Kind.TRAIN_LOSS)]
    curve = Curve({p.name: p for p in parts})
    assert curve.train_loss is curve.series[name]


@pytest.mark.filterwarnings("error")
def test_a_component_that_is_not_finite_makes_the_total_so() -> None:
    parts = [series([np.nan, np.inf], "train/a", Kind.TRAIN_LOSS), series([1.0, -np.inf], "train/b", Kind.TRAIN_LOSS)]
    curve = Curve({p.name: p for p in parts})
    assert curve.train_loss is not None and not np.isfinite(curve.train_loss.values).any()


def test_a_run_is_judged_by_its_objective_else_the_first_metric_else_the_validation_loss() -> None:
    metrics = {"precision": [0.1], "map": [0.2]}
    chosen = Curve.of(val_loss=[1.0], metrics=metrics, objective="map").score
    first = Curve.of(val_loss=[1.0], metrics=metrics).score
    loss = Curve.of(train_loss=[2.0], val_loss=[1.0]).score
    assert [s and s.name for s in (chosen, first, loss)] == ["map", "precision", "val_loss"]
    assert Curve.of(val_loss=[1.0], objective="missing").score is None


def test_an_error_rate_is_as_good_as_what_is_left_to_one() -> None:
    assert series([75.0, 50.0, 20.0], "val_error").shares.tolist() == pytest.approx([0.25, 0.5, 0.8])
    assert series([0.75, 0.2], "metrics/top1_err").shares.tolist() == pytest.approx([0.25, 0.8])
    assert series([25.0, 80.0], "accuracy", higher=True).shares.tolist() == pytest.approx([0.25, 0.8])


@pytest.mark.parametrize("name", ["val_rmse", "mae", "perplexity", "mean_absolute_error", "val_mean_squared_error"])
def test_of_a_distance_nobody_knows_how_good_it_is_but_how_far_it_fell(name: str) -> None:
    distance = series([0.8, 0.6, 0.4, 0.2], name)
    assert len(distance.shares) == 0
    assert distance.whole == 0.8
    assert len(series([3.0, 120.0], "val_error").shares) == 0
