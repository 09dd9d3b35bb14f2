from __future__ import annotations

import re

from tests.evidence.made import classifications, classified, detected, detections
from tuner.evidence import mistakes, said, scores
from tuner.evidence.predictions import Predictions


def lines(predictions: Predictions, language: str = "en") -> str:
    found = scores.score(predictions)
    errors = mistakes.of(predictions, found.confidence)
    told = said.sentences(predictions, found, errors, mistakes.doubtful_labels(predictions))
    return "\n".join(sentence.text(language) for sentence in told)


def confused() -> Predictions:
    right = [classified(k, *(0.9 if j == k else 0.05 for j in range(3))) for k in range(3) for _ in range(30)]
    wrong = [classified(1, 0.8, 0.1, 0.1) for _ in range(10)]
    return classifications(*right, *wrong)


def with_small_ones_missed() -> Predictions:
    images = []
    for i in range(30):
        small, large = (0.2, 0.2, 0.02, 0.02 + i * 1e-4), (0.6, 0.6, 0.3, 0.3 + i * 1e-4)
        middle = (0.6, 0.1, 0.1, 0.1 + i * 1e-4)
        images.append(detected([(0, *small), (0, *middle), (0, *large)], [(0, 0.9, *middle), (0, 0.9, *large)]))
    return detections(*images, names=("ship",))


def test_the_weakest_class_and_the_pair_that_is_confused_are_named() -> None:
    text = lines(confused())
    assert "dog is found least: 30 of 40 (75%), cat best (100%): collect more images of it" in text
    assert "dog is taken for cat in 10 of 40, the other way round in 0 of 30: look at the labels of both first" in text


def test_a_class_with_few_labels_or_none_is_no_figure_to_build_on() -> None:
    text = lines(classifications(classified(0, 0.9, 0.1, 0.0), classified(1, 0.9, 0.1, 0.0)))
    assert "; on so few labels that is a figure to be taken with care" in text
    assert "no label of owl: how well that is found is unknown" in text


def test_small_objects_that_are_missed_ask_for_larger_images() -> None:
    text = lines(with_small_ones_missed())
    assert "of small labels 0% are found, of medium ones 100%, of large ones 100% (by thirds): try a larger" in text
    assert "labels missed: 30" in text


def test_a_model_without_an_error_is_told_to_be_doubted() -> None:
    assert "no error at all" in lines(classifications(classified(0, 0.9, 0.1, 0.0), classified(1, 0.1, 0.9, 0.0)))


def test_every_sentence_is_there_in_chinese() -> None:
    for predictions in (confused(), with_small_ones_missed(), classifications(classified(0, 0.9, 0.1, 0.0))):
        for line in lines(predictions, "zh").splitlines():
            words = re.sub(r"cat|dog|owl|ship|imgsz|oversample|F1", "", line)
            assert re.search("[\u4e00-\u9fff]", line) and not re.search("[a-z]{3}", words), line
