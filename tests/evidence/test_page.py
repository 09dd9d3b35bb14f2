from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.evidence.made import detected, detections
from tuner.evidence import mistakes, page, scores
from tuner.evidence.collected import Evidence

A, C = (0.2, 0.2, 0.2, 0.2), (0.8, 0.8, 0.2, 0.2)


def written(tmp_path: Path, name: str = "ship") -> str:
    picture = tmp_path / "a.jpg"
    Image.new("RGB", (64, 64), "navy").save(picture)
    image = detected([(0, *A), (0, *C)], [(0, 0.9, *A)], str(picture))
    found = detections(image, image, names=(name,))
    counted = scores.score(found)
    errors = mistakes.of(found, counted.confidence)
    page.write(Evidence("ships, trial 7", found, counted, errors, []), tmp_path / "evidence.html")
    return (tmp_path / "evidence.html").read_text()


def test_the_page_shows_the_images_with_errors_and_needs_nothing_beside_it(tmp_path: Path) -> None:
    text = written(tmp_path)
    assert text.count("data:image/jpeg;base64,") == 2
    assert "ship labelled, not found" in text and "ships, trial 7" in text
    assert "http://" not in text and "https://" not in text and "<script" not in text


def test_a_class_cannot_bring_markup_into_the_page(tmp_path: Path) -> None:
    text = written(tmp_path, "<script>alert(1)</script>")
    assert "<script" not in text and "&lt;script&gt;" in text
