"""JSON lines, whole and broken."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuner.curve import Curve, Kind
from tuner.readers import jsonl
from tuner.spec import LogError


def read(path: Path, content: bytes, objective: str | None = None, **options: Any) -> Curve:
    file = path / "log.jsonl"
    file.write_bytes(content)
    return jsonl.read(file, objective=objective, higher_is_better=True, planned_epochs=9, options=options)


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def values(curve: Curve, name: str) -> list[float]:
    return list(curve.series[name].values)


def test_reads_every_key_with_its_kind(tmp_path: Path) -> None:
    content = lines({"epoch": 1, "loss": 2.5, "val_acc": 0.25}, {"epoch": 2, "loss": 1, "val_acc": 0.5})
    curve = read(tmp_path, content, "val_acc")
    assert {s.name: s.kind for s in curve.series.values()} == {"loss": Kind.TRAIN_LOSS, "val_acc": Kind.METRIC}
    assert (list(curve.epochs), values(curve, "loss")) == ([1, 2], [2.5, 1])


def test_names_inner_objects_by_their_path(tmp_path: Path) -> None:
    curve = read(tmp_path, lines({"epoch": 1, "val": {"loss": 2, "top": {"f1": 0.5}}}))
    assert set(curve.series) == {"val/loss", "val/top/f1"}


def test_leaves_a_half_written_line_for_later(tmp_path: Path) -> None:
    assert values(read(tmp_path, lines({"epoch": 1, "loss": 2}) + b'{"epoch": 2, "lo'), "loss") == [2]


def test_a_non_finite_value_is_a_real_one_and_null_was_not_logged(tmp_path: Path) -> None:
    content = b'{"epoch": 1, "loss": NaN, "a": null}\n{"epoch": 2, "loss": -Infinity}\n{"epoch": 3, "loss": "nan"}\n'
    curve = read(tmp_path, content)
    assert [math.isfinite(v) for v in values(curve, "loss")] == [False, False, False]
    assert list(curve.series) == ["loss"]


def test_passes_over_text_truth_and_lists(tmp_path: Path) -> None:
    curve = read(tmp_path, lines({"epoch": 1, "loss": 2, "phase": "warm", "best": True, "bins": [1, 2]}))
    assert list(curve.series) == ["loss"]


def test_numbers_the_lines_that_hold_numbers_where_there_is_no_epoch(tmp_path: Path) -> None:
    assert list(read(tmp_path, lines({"event": "start"}, {"loss": 2}, {}, {"loss": 1})).epochs) == [1, 2]


def test_lines_of_one_epoch_complete_each_other(tmp_path: Path) -> None:
    content = lines({"epoch": 1, "loss": 3}, {"epoch": 1, "val_loss": 2}, {"epoch": 2, "loss": 1})
    curve = read(tmp_path, content)
    assert (values(curve, "loss"), values(curve, "val_loss"), curve.remarks) == ([3, 1], [2], ())


def test_after_a_resume_the_later_lines_count(tmp_path: Path) -> None:
    curve = read(tmp_path, lines(*({"epoch": e, "loss": i} for i, e in enumerate([1, 2, 3, 2]))))
    assert (list(curve.epochs), values(curve, "loss")) == ([1, 2], [0, 3])
    assert curve.remarks == ("resumed: from epoch 3 back to 2 at line 4; later rows kept",)


def test_the_objective_is_missed_when_the_second_epoch_has_begun(tmp_path: Path) -> None:
    assert read(tmp_path, lines({"epoch": 1, "loss": 3}), "val_acc").length == 1
    with pytest.raises(LogError, match="line 2: expected a column 'val_acc', but got only 'epoch', 'loss'"):
        read(tmp_path, lines({"epoch": 1, "loss": 3}, {"epoch": 2, "loss": 3}), "val_acc")


def test_an_objective_that_the_options_name_may_come_later(tmp_path: Path) -> None:
    content = lines({"epoch": 1, "loss": 3}, {"epoch": 2, "loss": 3})
    assert read(tmp_path, content, "val_acc", metrics={"val_acc": "max"}).length == 2


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b'{"epoch": 1}\n{"epoch": \n', 2, "expected a JSON object, but got '{\"epoch\":'"),
        (b"[1, 2]\n", 1, "expected a JSON object, but got [1, 2]"),
        (b"\xff\xfe\n", 1, "expected text in UTF-8"),
        (b"[" * 100_000 + b"\n", 1, "expected a JSON object"),
        (b'{"a": ' * 100_000 + b"\n", 1, "expected a JSON object"),
        (lines({"epoch": 1, "loss": 1}, {"epoch": 2, "loss": "x"}), 2, "expected a number in column 'loss', but"),
        (b'{"epoch": 1, "loss": 1' + b"0" * 400 + b"}\n" + lines({"epoch": 2, "loss": 1}), 1, "expected a number in"),
        (lines({"epoch": 0.5, "loss": 1}), 1, "expected a whole epoch in column 'epoch', but got 0.5"),
    ],
    ids=["cut", "list", "binary", "deep list", "deep object", "text", "huge", "fraction"],
)  # fmt: skip
def test_says_on_which_line_it_expected_what(tmp_path: Path, content: bytes, line: int, problem: str) -> None:
    with pytest.raises(LogError) as error:
        read(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path / 'log.jsonl'}: line {line}: {problem}")
    assert "\n" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["epoch", "loss", ""]), inner),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.sampled_from(["epoch", "loss", "val_acc", " "]), JSON)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=100), st.lists(JSON, max_size=4).map(lambda v: lines(*v)),
        st.lists(OBJECTS, max_size=6).map(lambda v: lines(*v)),
    ),
    objective=st.sampled_from([None, "loss", "epoch"]),
)  # fmt: skip
def test_nothing_gives_anything_but_a_curve_or_a_log_error(
    tmp_path: Path, content: bytes, objective: str | None
) -> None:
    try:
        assert isinstance(read(tmp_path, content, objective), Curve)
    except LogError as error:
        assert len(str(error).splitlines()) == 1
