"""The digits, split and made harder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuner.inside import data, feed
from tuner.inside.parameters import Parameters
from tuner.trainers.torch import TorchOptions, TorchTrainer


def load(**options: Any) -> data.Data:
    return data.load(TorchTrainer(TorchOptions(**options), Path())._settings(Path()))


def images(whole: data.Data, part: data.Part) -> set[bytes]:
    return {image.tobytes() for image in whole.images[part.rows]}


def test_no_image_is_in_two_parts_and_none_is_lost() -> None:
    whole = load()
    parts = (whole.train, whole.val, whole.test)
    assert [len(p.labels) for p in parts] == [899, 449, 449]
    assert sum(len(images(whole, p)) for p in parts) == len({i for p in parts for i in images(whole, p)}) == 1797


def test_the_test_part_is_the_same_whatever_else_is_chosen() -> None:
    assert np.array_equal(load(val_share=0.4, train_size=100).test.labels, load().test.labels)


def test_the_training_images_have_mean_0_and_deviation_1_once_normalised() -> None:
    whole = load(train_size=300)
    mean, deviation = feed.statistics(whole, Parameters(), 20, flip=True)
    seen = whole.images[whole.train.rows]
    assert seen.shape == (300, 1, 8, 8)
    assert mean.item() == pytest.approx(float(seen.mean()))
    assert deviation.item() == pytest.approx(float(seen.std()))


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
