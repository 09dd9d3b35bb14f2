"""Where a classifier of Ultralytics looked: class activation maps of its last layer with places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from ultralytics import YOLO
from ultralytics.data.augment import classify_transforms

from tuner.evidence import maps, pictured, predictions
from tuner.inside import class_maps

GRID = 56
"""Places of a map along each side of the whole image."""


class _Logits(nn.Module):
    """The network, which in use gives (probabilities, logits)."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)[1]
        return logits


def explain(weights: Path, side: int, device: torch.device, out: Path) -> None:
    """Leave maps, beside the predictions at ``out``, of what spoke for the classes of the images that are shown.

    The network sees the square in the middle of an image, scaled to ``side``.
    """
    seen = predictions.read(out)
    wanted = pictured.explained(seen)
    if not wanted:
        return
    model = _Logits(YOLO(str(weights), task="classify").model).float().eval().to(device)
    layer, scaled, found = getattr(model.network.model[-1], "conv", None), classify_transforms(side), []
    for number, label in wanted:
        with Image.open(seen.images[number].image) as opened:
            picture = opened.convert("RGB")
        shown = scaled(picture)[None].to(device)
        spoke = class_maps.maps(model, layer, shown, torch.tensor([label], device=device))
        found.append(of_whole(spoke[0].cpu(), picture.width, picture.height))
    maps.write(maps.file(out), wanted, torch.stack(found).numpy())


def of_whole(square: Tensor, width: int, height: int) -> Tensor:
    """Return a map (h, w) of the square in the middle of an image as one of the whole image, (GRID, GRID)."""
    side = min(width, height)
    down, across = max(1, round(GRID * side / height)), max(1, round(GRID * side / width))
    fitted = functional.interpolate(square[None, None], (down, across), mode="bilinear", align_corners=False)[0, 0]
    top, left = (GRID - down) // 2, (GRID - across) // 2
    return functional.pad(fitted, (left, GRID - across - left, top, GRID - down - top))
