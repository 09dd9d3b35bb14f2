"""Which images an epoch shows, and what they count."""

from __future__ import annotations

import pytest
import torch

from tuner.inside import sampling
from tuner.inside.augment import augment
from tuner.inside.scores import balanced_accuracy, confused, macro_f1

LABELS = torch.tensor([0] * 64 + [1] * 16 + [2] * 4)


def shown(share: float, seed: int = 0) -> torch.Tensor:
    return sampling.order(LABELS, share, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("share", "counts"), [(0.0, [64, 16, 4]), (0.5, [64, 32, 16]), (1.0, [64, 64, 64])])
def test_weak_classes_are_shown_the_more_often_and_every_image_at_least_once(share: float, counts: list[int]) -> None:
    places = shown(share)
    assert torch.bincount(LABELS[places]).tolist() == counts
    assert set(places.tolist()) == set(range(len(LABELS)))


def test_the_order_is_that_of_its_seed() -> None:
    assert torch.equal(shown(1.0), shown(1.0))
    assert not torch.equal(shown(1.0), shown(1.0, seed=1))


def test_with_full_weights_all_classes_count_the_same_and_an_image_1_on_average() -> None:
    weights = sampling.class_weights(LABELS, 3, 1.0)
    assert weights is not None
    totals = weights * torch.bincount(LABELS)
    assert totals.tolist() == pytest.approx([28.0] * 3)
    assert sampling.class_weights(LABELS, 3, 0.0) is None


def test_a_last_image_alone_is_left_out_where_batches_are_normalised() -> None:
    sizes = [len(part) for part in sampling.batches(torch.arange(9), 4, of_two=True)]
    assert sizes == [4, 4]
    assert len(sampling.batches(torch.arange(9), 4, of_two=False)) == 3


def test_without_strength_nothing_changes_and_a_full_one_changes_each_image_otherwise() -> None:
    images = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0)).repeat(20, 1, 1, 1) * 255
    assert augment(images, 0.0, flip=True) is images
    changed = augment(images, 1.0, flip=True, generator=torch.Generator().manual_seed(1))
    assert changed.shape == images.shape
    assert len({one.numpy().tobytes() for one in changed}) == 20
    means = changed.mean(dim=(1, 2, 3)) / images[0].mean()
    assert 0.5 < float(means.min()) < 0.95 < 1.05 < float(means.max()) < 1.6


def test_images_are_mirrored_only_where_that_is_allowed() -> None:
    ramp = torch.arange(16.0).expand(200, 1, 16, 16)
    for flip, share in ((True, 0.5), (False, 0.0)):
        changed = augment(ramp, 1.0, flip=flip, generator=torch.Generator().manual_seed(2))
        mirrored = changed[:, 0, 8, 0] > changed[:, 0, 8, -1]
        assert float(mirrored.float().mean()) == pytest.approx(share, abs=0.12)


def test_scores_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = torch.Generator().manual_seed(0)
    truth, told = (torch.randint(0, high, (50,), generator=generator) for high in (3, 4))
    confusion = confused(truth, told, 5)  # a class that is never told, one that is not there
    assert macro_f1(confusion) == pytest.approx(metrics.f1_score(truth, told, average="macro"))
    recalls = metrics.recall_score(truth, told, average=None, labels=[0, 1, 2])
    assert balanced_accuracy(confusion) == pytest.approx(recalls.mean())
