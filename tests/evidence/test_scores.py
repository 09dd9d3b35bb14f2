from __future__ import annotations

import time

import numpy as np
import pytest

from tests.evidence.made import classifications, classified, detected, detections
from tuner.evidence import scores

A, B, C = (0.2, 0.2, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2), (0.8, 0.8, 0.2, 0.2)


def test_a_classifier_is_counted_by_its_first_choice() -> None:
    found = scores.score(
        classifications(
            classified(0, 0.8, 0.1, 0.1),
            classified(0, 0.4, 0.5, 0.1),
            classified(1, 0.1, 0.9, 0.0),
            classified(2, 0.0, 0.1, 0.9),
        )
    )
    assert found.confusion[:3, :3].tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert found.confusion[3].sum() == found.confusion[:, 3].sum() == 0
    cat, dog, _ = found.classes
    assert (cat.recall, cat.precision) == (0.5, 1.0)
    assert (dog.recall, dog.precision) == (1.0, 0.5)
    assert found.confused() == [(0, 1, 1)]


def test_a_detector_counts_boxes_where_its_f1_is_highest() -> None:
    sure = detected([(0, *A), (0, *B)], [(0, 0.9, *A), (0, 0.7, *B), (0, 0.2, *C)])
    found = scores.score(detections(sure, names=("ship",)))
    assert 0.2 < found.confidence <= 0.7
    assert found.curves.f1.max() == 1.0
    assert found.confusion.tolist() == [[2, 0], [0, 0]]


def test_what_is_missed_and_what_is_invented_stand_with_nothing() -> None:
    image = detected([(0, *A), (0, *B)], [(0, 0.9, *A), (0, 0.8, *C)])
    found = scores.score(detections(image, names=("ship",)))
    assert found.confusion[0, 1] == 1
    assert found.confusion[1, 0] == (1 if found.confidence <= 0.8 else 0)


def test_average_precision_is_that_of_coco() -> None:
    """Two labels; right at 0.9, wrong at 0.8, right at 0.7: precision 1 up to half of the recall, then 2/3."""
    image = detected([(0, *A), (0, *B)], [(0, 0.9, *A), (0, 0.8, *C), (0, 0.7, *B)])
    (ship,) = scores.score(detections(image, names=("ship",))).classes
    assert ship.average_precision == pytest.approx((51 * 1.0 + 50 * 2 / 3) / 101)


def test_a_class_without_labels_has_no_recall_and_does_not_count_in_the_curves() -> None:
    found = scores.score(detections(detected([(0, *A)], [(0, 0.9, *A)])))
    assert found.classes[1].recall is None and found.classes[1].average_precision is None
    assert np.isclose(found.curves.precision_of_recall.mean(), 1.0)


def test_without_any_label_there_is_nothing_to_count() -> None:
    with pytest.raises(ValueError, match="val: expected labels to compare with"):
        scores.score(detections(detected([], [(0, 0.9, *A)])))


def test_many_classes_and_images_are_counted_in_one_walk() -> None:
    """80 classes in 2,000 images took a minute when each class had a walk of its own."""
    rng = np.random.default_rng(0)
    images = []
    for label in rng.integers(0, 80, 2000).tolist():
        chances = rng.random(80)
        chances[label] += rng.random()
        images.append(classified(label, *(chances / chances.sum()).tolist()))
    began = time.process_time()
    found = scores.score(classifications(*images, names=[str(k) for k in range(80)]))
    assert time.process_time() - began < 10
    assert sum(c.labels for c in found.classes) == 2000
    assert found.confusion.trace() == sum(int(i.found[0, 0] == i.truth[0, 0]) for i in images)
