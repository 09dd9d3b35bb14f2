"""How rows of steps become rows of periods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.readers import periods, records
from tuner.readers.periods import MAX_ROWS
from tuner.readers.table import Table
from tuner.spec import LogError


def table(rows: list[dict[str, float]]) -> Table:
    return periods.numeric(records.table(Path("log"), enumerate(rows, 1)))


def thinned(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    thin = periods.thin(table(rows), {})
    return {name: list(column.cells) for name, column in thin.table.columns.items()}


def test_a_training_loss_is_averaged_over_its_epoch_and_an_evaluation_is_not() -> None:
    rows = [{"epoch": e, "step": 2 * e + k, "loss": 4.0 + k, "val_loss": 8.0 + k} for e in range(6) for k in (0, 1)]
    assert thinned(rows)["loss"] == [4.5] * 6
    assert thinned(rows)["val_loss"] == [9] * 6


def test_the_mean_passes_over_single_values_that_are_not_finite() -> None:
    rows = [
        {"epoch": 0, "loss": 1},
        {"epoch": 0, "loss": float("nan")},
        {"epoch": 0, "loss": 2},
        {"epoch": 1, "loss": float("inf")},
    ]
    assert thinned(rows)["loss"] == [1.5, float("inf")]


def test_a_mean_of_huge_values_does_not_overflow() -> None:
    assert np.isfinite(thinned([{"epoch": 0, "loss": 1.7e308}, {"epoch": 0, "loss": 1.7e308}])["loss"]).all()


def test_evaluations_end_the_periods_where_there_are_no_epochs() -> None:
    rows = [{"step": s, "loss": float(s)} for s in range(1, 101)]
    rows += [{"step": s, "val_loss": 1.0} for s in range(20, 101, 20)]
    found = thinned(sorted(rows, key=lambda row: row["step"]))
    assert found["step"] == [20, 40, 60, 80, 100]
    assert found["loss"] == [10.5, 30.5, 50.5, 70.5, 90.5]


def test_blocks_of_steps_are_the_periods_where_there_are_no_evaluations() -> None:
    found = thinned([{"step": s, "loss": 1.0} for s in range(10, 10_010, 10)])
    assert MAX_ROWS // 2 <= len(found["step"]) <= MAX_ROWS
    assert found["step"][-1] == 10_000


def test_few_epochs_of_many_steps_are_read_by_step() -> None:
    rows = [{"epoch": e, "step": 50 * e + k, "loss": 1.0} for e in range(2) for k in range(50)]
    assert len(thinned(rows)["loss"]) == 100
    assert periods.thin(table(rows), {}).remarks == ["no whole epochs in the log: the 100 rows are numbered by 'step'"]


def test_epochs_in_fractions_are_no_epochs() -> None:
    assert thinned([{"epoch": s / 7, "step": s, "loss": 1.0} for s in range(8)])["step"] == list(range(8))


def test_a_row_without_a_counter_belongs_to_the_epoch_before() -> None:
    assert thinned([{"epoch": 0, "loss": 1.0}, {"val_loss": 2.0}, {"epoch": 1, "loss": 3.0}])["val_loss"] == [2]


@pytest.mark.parametrize(
    ("epochs", "lengths"), [([1, 2, 1, 2, 3], [2, 3]), ([1, 2, 3, 2, 3], [5]), ([3, 4, 1, 2], [2, 2])]
)
def test_a_run_ends_where_the_counter_falls_back_to_its_beginning(epochs: list[int], lengths: list[int]) -> None:
    runs = periods.split(table([{"epoch": e, "loss": 1.0} for e in epochs]), {})
    assert [len(run.lines) for run in runs] == lengths


def test_an_epoch_logged_again_begins_a_run_only_where_a_row_is_an_epoch() -> None:
    log = table([{"epoch": 0, "loss": 1.0}, {"epoch": 0, "loss": 2.0}])
    assert (len(periods.split(log, {}, single=True)), len(periods.split(log, {}))) == (2, 1)


def test_more_runs_than_anybody_appends_are_refused() -> None:
    with pytest.raises(LogError, match="runs in one log"):
        periods.split(table([{"epoch": 1, "loss": 1.0}] * 2000), {}, single=True)


@given(st.lists(st.tuples(st.integers(-2, 9), st.floats(allow_nan=True), st.booleans()), min_size=1, max_size=40))
def test_rows_of_any_order_become_increasing_epochs(rows: list[tuple[int, float, bool]]) -> None:
    log = table([{"epoch": e, "loss": v} if both else {"loss": v, "lr": 1.0} for e, v, both in rows])
    for run in periods.split(log, {}):
        thin = periods.thin(run, {})
        if thin.counter is not None:
            assert (np.diff(thin.table.columns[thin.counter].cells) > 0).all()
