"""The digits, split and made harder."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.inside import data


def load(train_size: int | None = None, label_noise: float = 0.0, val_share: float = 0.25) -> data.Data:
    return data.load("digits", train_size=train_size, label_noise=label_noise, val_share=val_share)


def images(part: data.Part) -> set[bytes]:
    return {image.tobytes() for image in part.images}


def test_no_image_is_in_two_parts_and_none_is_lost() -> None:
    whole = load()
    parts = (whole.train, whole.val, whole.test)
    assert [len(p.labels) for p in parts] == [899, 449, 449]
    assert sum(len(images(p)) for p in parts) == len(set[bytes]().union(*map(images, parts))) == 1797


def test_the_test_part_is_the_same_whatever_else_is_chosen() -> None:
    assert np.array_equal(load(val_share=0.4, train_size=100).test.labels, load().test.labels)


def test_the_training_images_have_mean_0_and_deviation_1() -> None:
    train = load(train_size=300).train
    assert train.images.shape == (300, 1, 8, 8)
    assert abs(float(train.images.mean())) < 1e-4
    assert abs(float(train.images.std()) - 1) < 1e-4


def test_label_noise_changes_that_share_of_training_labels_and_no_other() -> None:
    clean, noisy = load(), load(label_noise=0.2)
    assert np.mean(clean.train.labels != noisy.train.labels) == pytest.approx(0.2, abs=1e-3)
    assert np.array_equal(clean.val.labels, noisy.val.labels)
    assert set(noisy.train.labels) == set(range(10))


def test_the_same_labels_are_noisy_in_every_trial() -> None:
    assert np.array_equal(load(label_noise=0.2).train.labels, load(label_noise=0.2).train.labels)


def test_says_what_to_install_where_the_digits_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="install scikit-learn"):
        load()
