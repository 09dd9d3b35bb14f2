from __future__ import annotations

from pathlib import Path

import pytest

from tuner.errors import ConfigError
from tuner.evidence import predictions


def test_what_was_written_is_read_with_the_surest_first(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    boxes = [[0, 0.2, 0.5, 0.5, 0.1, 0.1], [1, 0.9, 0.2, 0.2, 0.1, 0.1]]
    lines = [
        predictions.header("detect", "val", ["cat", "dog"]),
        predictions.line("a.jpg", [[1, 0.2, 0.2, 0.1, 0.1]], boxes),
    ]
    path.write_text("\n".join(lines))
    found = predictions.read(path)
    assert (found.task, found.split, found.names) == ("detect", "val", ("cat", "dog"))
    assert found.images[0].found[:, 1].tolist() == pytest.approx([0.9, 0.2])
    assert not found.classifies


def test_a_classified_image_is_one_object_and_a_prediction_for_every_class(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    row = predictions.of_probabilities("a.jpg", 1, [0.3, 0.7])
    path.write_text(f"{predictions.header('classify', 'val', ['cat', 'dog'])}\n{row}\n")
    (image,) = predictions.read(path).images
    assert image.truth.tolist() == [[1.0, 0.5, 0.5, 1.0, 1.0]]
    assert image.found[:, 0].tolist() == [1, 0]


HEAD = '{"task": "detect", "split": "val", "names": ["a"]}\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        '{"task": "detect"}',
        HEAD + '{"image": "a.jpg", "truth": [[0, 1]], "found": []}',
        HEAD + '{"image": "a.jpg", "truth": [[1, 0, 0, 1, 1]], "found": []}',
        HEAD + '{"image": "a.jpg", "truth": [], "found": [[0, NaN, 0, 0, 1, 1]]}',
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError, match="expected predictions, but they cannot be read"):
        predictions.read(path)
