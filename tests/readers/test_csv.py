"""Tables with a header, whole and broken."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuner.curve import Curve, Kind
from tuner.readers import csv, text
from tuner.spec import LogError

HEADER = b"epoch,train/loss,val/loss,val/accuracy\n"


def read(path: Path, content: bytes, objective: str | None = None, **options: Any) -> Curve:
    file = path / "log.csv"
    file.write_bytes(content)
    return csv.read(file, objective=objective, higher_is_better=True, planned_epochs=9, options=options)


def values(curve: Curve, name: str) -> list[float]:
    return list(curve.series[name].values)


def test_reads_every_column_with_its_kind(tmp_path: Path) -> None:
    curve = read(tmp_path, HEADER + b"1,2.5,3,0.25\n2,1.5,2,0.5\n", "val/accuracy")
    assert [(s.name, s.kind) for s in curve.series.values()] == [
        ("train/loss", Kind.TRAIN_LOSS),
        ("val/loss", Kind.VAL_LOSS),
        ("val/accuracy", Kind.METRIC),
    ]
    assert list(curve.epochs) == [1, 2]
    assert values(curve, "train/loss") == [2.5, 1.5]
    assert curve.score is not None and curve.score.higher_is_better
    assert (curve.planned_epochs, curve.remarks) == (9, ())


def test_leaves_a_line_without_its_newline_for_later(tmp_path: Path) -> None:
    assert values(read(tmp_path, HEADER + b"1,2,3,0.1\n2,1,2,0.12"), "val/accuracy") == [0.1]


@pytest.mark.parametrize("content", [b"", b"epo", HEADER, b"\n\n"])
def test_a_log_without_rows_is_an_empty_curve_whatever_the_objective(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content, "not there").length == 0


@pytest.mark.parametrize("cell", [b"nan", b"NaN", b"inf", b"-inf", b"Infinity"])
def test_a_non_finite_value_is_a_real_one(tmp_path: Path, cell: bytes) -> None:
    curve = read(tmp_path, HEADER + b"1," + cell + b",1,0.5\n")
    assert not math.isfinite(values(curve, "train/loss")[0])


def test_an_empty_cell_was_not_logged(tmp_path: Path) -> None:
    curve = read(tmp_path, HEADER + b"1,2,,\n2,1, ,0.5\n")
    assert list(curve.series["val/accuracy"].epochs) == [2]
    assert "val/loss" not in curve.series


@pytest.mark.parametrize(
    "content",
    [
        b"  epoch ,  loss\n  1 ,  0.5\n",
        b"epoch;loss\n1;0.5\n",
        b"epoch\tloss\n1\t0.5\n",
        b"epoch,loss\r\n1,0.5\r\n",
        b"\xef\xbb\xbfepoch,loss\n1,0.5\n",
        b'"epoch","loss"\n"1","0.5"\n',
        b"\nepoch,loss\n\n1,0.5\n\n",
        b"epoch,loss,\n1,0.5,\n",
    ],
    ids=["padded", "semicolon", "tab", "crlf", "bom", "quoted", "blank lines", "trailing comma"],
)
def test_survives_other_ways_to_write_a_table(tmp_path: Path, content: bytes) -> None:
    curve = read(tmp_path, content, "loss")
    assert (list(curve.epochs), values(curve, "loss")) == ([1], [0.5])


def test_numbers_the_rows_where_there_is_no_epoch_column(tmp_path: Path) -> None:
    assert list(read(tmp_path, b"loss\n3\n2\n1\n").epochs) == [1, 2, 3]


def test_passes_over_columns_of_text(tmp_path: Path) -> None:
    assert list(read(tmp_path, b"epoch,phase,loss\n1,warm,3\n2,warm,2\n").series) == ["loss"]


def test_after_a_resume_the_later_rows_count(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,loss\n1,9\n2,8\n3,7\n4,6\n3,5\n")
    assert (list(curve.epochs), values(curve, "loss")) == ([1, 2, 3], [9, 8, 5])
    assert curve.remarks == ("resumed: from epoch 4 back to 3 at line 6; later rows kept",)


def test_a_resume_from_scratch_with_a_second_header_counts_from_there(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,loss\n1,9\n2,8\n3,7\nepoch,loss\n1,6\n2,5\n")
    assert values(curve, "loss") == [6, 5]


def test_two_resumes_are_both_spliced(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,loss\n1,9\n2,8\n1,7\n2,6\n3,5\n2,4\n")
    assert values(curve, "loss") == [7, 4]
    assert curve.remarks[0].startswith("resumed: 2 times, last from epoch 3 back to 2 at line 7")


def test_of_a_repeated_epoch_the_later_value_counts_and_a_remark_says_so(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,loss\n1,9\n1,8\n2,7\n")
    assert values(curve, "loss") == [8, 7]
    assert curve.remarks == ("1 epochs (first 1) logged more than once; later values kept",)


def test_rows_of_one_epoch_that_complete_each_other_are_one(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,train_loss,val_loss\n0,9,\n0,,8\n1,7,\n1,,6\n")
    assert (values(curve, "train_loss"), values(curve, "val_loss")) == ([9, 7], [8, 6])
    assert curve.remarks == ()


def test_rows_without_an_epoch_are_left_out_and_a_remark_says_so(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,loss\n1,9\n,8\n")
    assert (values(curve, "loss"), curve.remarks) == ([9], ("1 rows without an epoch left out",))


def test_the_study_says_which_direction_of_the_objective_is_good(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,strange\n1,5\n2,7\n", "strange")
    assert curve.score is not None and curve.score.best() == (2, 7.0)
    assert curve.score.kind is Kind.METRIC


def test_options_say_what_a_column_is(tmp_path: Path) -> None:
    curve = read(tmp_path, b"round,a,b,c\n5,1,2,3\n", epoch="round", train_loss=["a", "b"], metrics={"c": "min"})
    assert curve.train_loss is not None and list(curve.train_loss.values) == [3]
    assert list(curve.epochs) == [5]
    assert curve.score is not None and (curve.score.name, curve.score.higher_is_better) == ("c", False)


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\n", 1, "expected text in UTF-8"),
        (b"epoch,loss\n1,2\n\0\0\n", 3, "expected text, but got a zero byte"),
        (b"epoch,loss\n1,2\n2,\xff\n", 3, "expected text in UTF-8"),
        (b"epoch,loss\n1,2,3\n", 2, "expected 2 cells, but got 3"),
        (b"epoch,loss\n1,2\n2\n", 3, "expected 2 cells, but got 1"),
        (b"epoch,loss\n1,2\n2,x\n", 3, "expected a number in column 'loss', but got 'x'"),
        (b"epoch,loss\n1.5,2\n", 2, "expected a whole epoch in column 'epoch', but got 1.5"),
        (b"epoch,loss\n-1,2\n", 2, "expected a whole epoch in column 'epoch', but got -1"),
        (b"epoch,loss\nnan,2\n", 2, "expected a whole epoch in column 'epoch', but got nan"),
        (b"epoch,loss\none,2\n", 2, "expected numbers in the epoch column 'epoch', but got none"),
        (b"loss,loss\n1,2\n", 1, "expected different names of columns, but got 'loss' twice"),
        (b"1,2\n3,4\n", 1, "expected the names of the columns, but got '1,2'"),
        (b"a,b\nx,y\n", 2, "expected a number in some column, but got none in 'a', 'b'"),
        (b'epoch,loss\n1,"2\n', 2, "expected a row of cells"),
    ],
)
def test_says_on_which_line_it_expected_what(tmp_path: Path, content: bytes, line: int, problem: str) -> None:
    with pytest.raises(LogError) as error:
        read(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path / 'log.csv'}: line {line}: {problem}")
    assert "\n" not in str(error.value)


def test_an_objective_that_is_no_column_is_an_error_that_names_the_columns(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="expected a column 'accuracy', but got only 'epoch', 'loss'"):
        read(tmp_path, b"epoch,loss\n1,2\n", "accuracy")


def test_an_objective_of_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="expected numbers in column 'accuracy', but got text"):
        read(tmp_path, b"epoch,loss,accuracy\n1,2,good\n", "accuracy")


def test_an_objective_that_has_no_value_yet_is_none(tmp_path: Path) -> None:
    curve = read(tmp_path, b"epoch,loss,accuracy\n1,2,\n", "accuracy")
    assert (curve.length, curve.score) == (1, None)


@pytest.mark.parametrize("options", [{"val_loss": "missing"}, {"epoch": "missing"}, {"nonsense": 1}])
def test_options_that_do_not_fit_are_a_log_error(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(LogError, match=r"missing|nonsense"):
        read(tmp_path, b"epoch,loss\n1,2\n", **options)


def test_a_missing_file_a_folder_and_a_pipe_are_log_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "pipe"):
        with pytest.raises(LogError, match="expected a file, but there is none"):
            csv.read(path, objective=None, higher_is_better=True, planned_epochs=None, options={})


def test_refuses_a_log_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_BYTES", 10)
    with pytest.raises(LogError, match="expected at most 10 bytes"):
        read(tmp_path, b"epoch,loss\n1,2\n")


PIECES = st.sampled_from(
    [b"epoch", b"loss", b"val_acc", b",", b";", b"\t", b"\n", b"\r\n", b"\r", b'"', b"1", b"2", b"-", b"e", b".5",
     b"nan", b"inf", b"1e400", b"1_0", b" ", b"\0", b"\xef\xbb\xbf", b"\xff", b"99999999999999999999", "١".encode()]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.lists(PIECES, max_size=60).map(b"".join),
        st.lists(PIECES, max_size=60).map(lambda parts: b"epoch,loss\n1,2\n" + b"".join(parts) + b"\n"),
    ),
    objective=st.sampled_from([None, "loss", "epoch", "val_acc"]),
)
def test_no_bytes_give_anything_but_a_curve_or_a_log_error(
    tmp_path: Path, content: bytes, objective: str | None
) -> None:
    try:
        curve = read(tmp_path, content, objective)
    except LogError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert isinstance(curve, Curve)
        assert curve.until(1).length <= curve.length
