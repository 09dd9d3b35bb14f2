from __future__ import annotations

import numpy as np
import pytest

from tests.evidence.made import classifications, classified, detected, detections
from tuner.evidence import mistakes
from tuner.evidence.mistakes import Kind

A, NEAR_A, B, C = (0.2, 0.2, 0.2, 0.2), (0.3, 0.2, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2), (0.8, 0.8, 0.2, 0.2)


def test_each_error_has_its_kind_and_the_surest_comes_first() -> None:
    image = detected([(0, *A), (0, *B), (1, *C)], [(0, 0.9, *NEAR_A), (1, 0.8, *B), (2, 0.7, 0.5, 0.1, 0.1, 0.1)])
    found = mistakes.of(detections(image), 0.5)
    kinds = {(m.kind, m.truth, m.found) for m in found}
    assert kinds == {
        (Kind.MISPLACED, None, 0),
        (Kind.MISSED, 0, None),
        (Kind.CONFUSED, 1, 1),
        (Kind.INVENTED, None, 2),
        (Kind.MISSED, 2, None),
    }
    assert [m.confidence for m in found] == sorted((m.confidence for m in found), reverse=True)
    assert found[0].truth == 2  # where the model sees nothing at all


def test_of_labels_turned_round_two_thirds_are_found_and_few_others_are_named() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    chances = rng.dirichlet([1, 1, 1], 600) + 4 * np.eye(3)[truth]
    chances /= chances.sum(1, keepdims=True)
    wrong = rng.choice(600, 30, replace=False)
    labels = truth.copy()
    labels[wrong] = (labels[wrong] + 1) % 3
    images = [classified(int(k), *p.tolist()) for k, p in zip(labels, chances, strict=True)]
    found = [m.image for m in mistakes.doubtful_labels(classifications(*images))]
    assert len(set(found) & set(wrong.tolist())) >= 20
    assert len(set(found) - set(wrong.tolist())) <= 3


def test_a_sure_box_where_nobody_labelled_anything_speaks_against_the_labels() -> None:
    sound = [detected([(0, *A)], [(0, c, *A)]) for c in (0.6, 0.7, 0.8)]
    forgotten = detected([(0, *A)], [(0, 0.9, *A), (0, 0.85, *C)])
    unsure = detected([(0, *A)], [(0, 0.9, *A), (0, 0.3, *C)])
    (doubt,) = mistakes.doubtful_labels(detections(*sound, forgotten, unsure))
    assert (doubt.image, doubt.kind) == (3, Kind.INVENTED)
    assert doubt.confidence == pytest.approx(0.85)


def test_a_model_that_is_never_right_speaks_against_no_label() -> None:
    assert mistakes.doubtful_labels(detections(detected([(0, *A)], [(0, 0.9, *C)]))) == []
