"""What a trainer leaves beside the curve."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner import facts
from tuner.curve import Curve
from tuner.spec import FACTS_FILE


def test_numbers_words_and_switches_are_read(tmp_path: Path) -> None:
    (tmp_path / FACTS_FILE).write_text('{"parameters": 3011043, "optimizer": "SGD", "amp": false}')
    assert facts.read(tmp_path) == {"parameters": 3011043, "optimizer": "SGD", "amp": False}


@pytest.mark.parametrize(
    "content",
    ["", "[1, 2]", "{", "null", '{"a": NaN}', '{"a": {"b": 1}}', "[" * 100_000, f'{{"{"a" * 300}": 1}}', "\ud800"],
)
def test_whatever_else_is_there_is_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / FACTS_FILE).write_bytes(content.encode(errors="surrogatepass"))
    assert facts.read(tmp_path) == {}


def test_no_file_is_no_fact(tmp_path: Path) -> None:
    assert facts.read(tmp_path) == {}


def test_the_metrics_are_those_of_the_best_epoch() -> None:
    curve = Curve.of(metrics={"map": [0.1, 0.5, 0.4], "recall": [0.2, float("nan"), 0.6]}, val_loss=[3, 2, 1])
    assert facts.metrics_at(curve, 2) == {"map": 0.5}
    assert facts.metrics_at(curve, 3) == {"map": 0.4, "recall": 0.6}
    assert facts.metrics_at(curve, None) == {}
