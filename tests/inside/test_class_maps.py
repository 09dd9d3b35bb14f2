"""Where a classifier looked, checked on networks of which it is known where they look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.inside import pictures
from tuner.evidence import maps, predictions
from tuner.inside import class_maps, models, parameters, torch_predicting
from tuner.spec import evidence_file


class Corner(nn.Module):
    """Class 0 counts what is bright on the left half, class 1 what is bright on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = self.layer(images)
        half = seen.shape[3] // 2
        return torch.stack([seen[..., :half].sum((1, 2, 3)), seen[..., half:].sum((1, 2, 3))], dim=1)


def test_the_map_of_a_class_shows_what_speaks_for_it_and_nothing_else() -> None:
    model, images = Corner(), torch.zeros(2, 1, 4, 8)
    images[:, 0, 1, 2] = 1.0
    images[:, 0, 3, 6] = 2.0
    for layer in (model.layer, None):
        found = class_maps.maps(model, layer, images.clone(), torch.tensor([0, 1]))
        assert found.nonzero().tolist() == [[0, 1, 2], [1, 3, 6]]
        assert found.max() == 1.0


def test_where_places_are_averaged_it_is_the_map_of_grad_cam() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 5, 3, padding=1)
    model = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3))
    images = torch.rand(4, 1, 6, 6)
    found = class_maps.maps(model, layer, images.clone(), torch.tensor([0, 1, 2, 0]))
    weights = torch.as_tensor(model[3].weight)[[0, 1, 2, 0]]
    wanted = (layer(images) * weights[:, :, None, None]).sum(1).clamp(min=0)
    assert torch.allclose(found * wanted.amax((1, 2), keepdim=True), wanted, atol=1e-5)


def test_what_speaks_against_a_class_only_leaves_an_empty_map() -> None:
    found = class_maps.maps(Corner(), None, -torch.ones(1, 1, 4, 8), torch.tensor([0]))
    assert found.abs().max() == 0


@pytest.mark.parametrize("name", ["mlp-s", "cnn-s", "cnn-m", "resnet18"])
def test_every_model_can_be_looked_into(name: str) -> None:
    model = models.build(name, dropout=0.5, side=64, classes=3, channels=3).eval()
    found = class_maps.maps(model, models.looking(model, 64), torch.rand(2, 3, 64, 64), torch.tensor([0, 2]))
    assert len(found) == 2 and found.shape[1] == found.shape[2] >= 2
    assert found.min() >= 0 and found.max() <= 1


def test_a_real_classifier_looks_at_the_square_that_tells_the_class(tmp_path: Path) -> None:
    """Squares of 10 of 20 pixels a side, in noise, are what the colours are told by."""
    spec = pictures.trained(tmp_path, 6)
    folder, p = Path(spec["folder"]), parameters.parse(spec["params"])
    torch_predicting.predict(spec, p, "val", evidence_file(folder))
    found = predictions.read(evidence_file(folder))
    seen = maps.read(maps.file(evidence_file(folder)))
    assert seen and {image for image, _ in seen} <= set(range(len(found.images)))
    inside = []
    for (image, label), heat in seen.items():
        if label == int(found.images[image].truth[0, 0]):
            square = torch.from_numpy(heat.repeat(2, 0).repeat(2, 1)).float()
            rows, columns = torch.meshgrid(torch.arange(20), torch.arange(20), indexing="ij")
            row, column, width = _square(found.images[image].image)
            there = (rows >= row) & (rows < row + 10) & (columns >= column * width) & (columns < (column + 10) * width)
            inside.append(float(square[there].sum() / square.sum()))
    # By chance it would be a quarter.
    assert sum(inside) / len(inside) > 0.5, json.dumps(inside)


def _square(path: str) -> tuple[int, int, float]:
    """Return row and column of the square of a picture, and by how much its width is scaled to 20 pixels."""
    import numpy as np
    from PIL import Image

    number = int(Path(path).stem) + 100 * "abc".index(Path(path).parent.name)
    pixels = np.asarray(Image.open(path))
    flat = (pixels == pictures.COLOURS["abc".index(Path(path).parent.name)]).all(2)
    row, column = (int(np.flatnonzero(flat.any(axis))[0]) for axis in (1, 0))
    return row, column, 20 / (pictures.SIDE + number % 5)
