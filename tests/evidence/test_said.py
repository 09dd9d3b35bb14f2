from __future__ import annotations

from tests.evidence.made import classifications, classified, detected, detections
from tuner.evidence import mistakes, said, scores
from tuner.evidence.predictions import Predictions


def lines(predictions: Predictions) -> str:
    found = scores.score(predictions)
    errors = mistakes.of(predictions, found.confidence)
    return "\n".join(said.lines(predictions, found, errors, mistakes.doubtful_labels(predictions)))


def test_the_weakest_class_and_the_pair_that_is_confused_are_named() -> None:
    right = [classified(k, *(0.9 if j == k else 0.05 for j in range(3))) for k in range(3) for _ in range(30)]
    wrong = [classified(1, 0.8, 0.1, 0.1) for _ in range(10)]
    text = lines(classifications(*right, *wrong))
    assert "dog is found least: 30 of 40 (75%), cat best (100%)" in text
    assert "dog is taken for cat in 10 of 40, the other way round in 0 of 30" in text


def test_a_class_with_few_labels_or_none_is_no_figure_to_build_on() -> None:
    text = lines(classifications(classified(0, 0.9, 0.1, 0.0), classified(1, 0.9, 0.1, 0.0)))
    assert "of which there are only 1 here: a figure to be taken with care" in text
    assert "no label of owl: nothing is known about it" in text


def test_small_objects_that_are_missed_ask_for_larger_images() -> None:
    images = []
    for i in range(30):
        small, large = (0.2, 0.2, 0.02, 0.02 + i * 1e-4), (0.6, 0.6, 0.3, 0.3 + i * 1e-4)
        middle = (0.6, 0.1, 0.1, 0.1 + i * 1e-4)
        images.append(detected([(0, *small), (0, *middle), (0, *large)], [(0, 0.9, *middle), (0, 0.9, *large)]))
    text = lines(detections(*images, names=("ship",)))
    assert (
        "0% of the small third, 100% of the medium third, 100% of the large third are found: try a larger imgsz" in text
    )
    assert "30 labels missed" in text


def test_a_model_without_an_error_is_told_to_be_doubted() -> None:
    assert "no error at all" in lines(classifications(classified(0, 0.9, 0.1, 0.0), classified(1, 0.1, 0.9, 0.0)))
