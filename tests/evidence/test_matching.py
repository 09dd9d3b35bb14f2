from __future__ import annotations

import numpy as np
import pytest

from tests.evidence.made import detected
from tuner.evidence import matching

BOX = (0.5, 0.5, 0.2, 0.2)
SHIFTED = (0.6, 0.5, 0.2, 0.2)  # a third of the two together


def test_overlap_is_intersection_over_union() -> None:
    shared = matching.overlaps(np.array([BOX], np.float32), np.array([BOX, SHIFTED, (0.1, 0.1, 0.1, 0.1)], np.float32))
    assert shared[0].tolist() == pytest.approx([1.0, 1 / 3, 0.0], abs=1e-5)


def test_a_box_without_area_overlaps_nothing() -> None:
    flat = np.array([(0.5, 0.5, 0.0, 0.0)], np.float32)
    assert matching.overlaps(flat, flat).tolist() == [[0.0]]


def test_the_surest_gets_the_label_and_the_second_on_it_nothing() -> None:
    image = detected([(0, *BOX)], [(0, 0.9, *BOX), (0, 0.8, *BOX)])
    assert matching.pairs(image, same_class=True).tolist() == [[0, 0]]


def test_another_class_counts_only_where_that_is_asked_for() -> None:
    image = detected([(0, *BOX)], [(1, 0.9, *BOX)])
    assert matching.pairs(image, same_class=True).tolist() == []
    assert matching.pairs(image, same_class=False).tolist() == [[0, 0]]


def test_what_is_less_sure_than_asked_for_is_left_out() -> None:
    image = detected([(0, *BOX)], [(0, 0.3, *BOX)])
    assert matching.pairs(image, same_class=True, confidence=0.5).tolist() == []


def test_an_image_without_labels_or_predictions_has_no_pairs() -> None:
    assert matching.pairs(detected([], [(0, 0.9, *BOX)]), same_class=False).tolist() == []
    assert matching.pairs(detected([(0, *BOX)], []), same_class=False).tolist() == []
