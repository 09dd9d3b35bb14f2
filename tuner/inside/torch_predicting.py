"""What the best weights of the built-in classifier say about each image of a part, and where they looked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from tuner import whole
from tuner.data.doctor.dataset import Sample
from tuner.errors import ConfigError
from tuner.evidence import maps, pictured, predictions
from tuner.inside import checkpoint, class_maps, data, feed, models, scores, training
from tuner.inside import images as own
from tuner.inside.data import Data
from tuner.inside.feed import Feed
from tuner.inside.parameters import DIGITS, Parameters

AT_ONCE = 512
"""Images that are scaled and looked at together."""
PARTS = ("train", "val", "test")
PICTURES = "images"
"""The folder beside the predictions for pictures of what is no file of its own."""


def predict(spec: Mapping[str, Any], p: Parameters, part: str, out: Path) -> None:
    """Write the predictions for a part to ``out``; raises ValueError where there is no such part."""
    if part not in PARTS:
        raise ValueError(f"split: expected one of {', '.join(PARTS)}, but got '{part}'")
    found = data.load(spec)
    rows, labels = feed.places(getattr(found, part))
    model, images = training.best(spec, p, found)
    chances = torch.softmax(scores.logits(model, images, rows), dim=1).cpu().numpy()
    out.parent.mkdir(exist_ok=True)
    paths = _paths(found, rows.tolist(), out.parent / PICTURES)
    lines = map(predictions.of_probabilities, paths, labels.tolist(), chances.astype(float).round(6).tolist())
    whole.write(out, "\n".join([predictions.header("classify", part, found.names), *lines]) + "\n")
    _explain(model, images, rows, out)


def _explain(model: nn.Module, images: Feed, rows: Tensor, out: Path) -> None:
    """Leave maps of what spoke for the classes of the images that are shown."""
    wanted = pictured.explained(predictions.read(out))
    if not wanted:
        return
    layer = models.looking(model, images.images.shape[2])
    # One by one, since few are wanted and a large image with its gradients takes memory.
    found = [
        class_maps.maps(model, layer, images.batch(rows[image, None]), torch.tensor([label], device=images.mean.device))
        for image, label in wanted
    ]
    maps.write(maps.file(out), wanted, torch.cat(found).cpu().numpy())


@dataclass(frozen=True)
class Weights:
    """A trained model, and all that it takes to show it other images."""

    names: tuple[str, ...]
    model: nn.Module
    side: int
    statistics: Mapping[str, Tensor]
    channels: int

    def lines(self, samples: Sequence[Sample]) -> Iterator[str]:
        """Yield what is seen in each sample that can be read, as a line of a file of predictions."""
        device = next(self.model.parameters()).device
        given = len(self.statistics["mean"])
        for begin in range(0, len(samples), AT_ONCE):
            tried = ((sample, _tried(sample, self.side, given)) for sample in samples[begin : begin + AT_ONCE])
            scaled = [(sample, pixels) for sample, pixels in tried if pixels is not None]
            if not scaled:
                continue
            array = np.stack([pixels for _, pixels in scaled])
            shown = feed.fed(array, device, channels=self.channels, flip=False, **self.statistics)
            chances = torch.softmax(scores.logits(self.model, shown, torch.arange(len(array))), dim=1).cpu().numpy()
            for (sample, _), row in zip(scaled, chances.astype(float).round(6).tolist(), strict=True):
                yield predictions.of_probabilities(sample.path, int(sample.objects[0, 0]), row)


def of_weights(path: Path, spec: Mapping[str, Any], p: Parameters) -> Weights:
    """Return the model that a trial of the classifier left at ``path``; raises ConfigError where it cannot be read."""
    saved = checkpoint.load(path)
    classes = int(list(saved["model"].values())[-1].shape[0])
    given, side = len(saved["mean"]), 8 if spec["data"] == DIGITS else spec["image_size"]
    model = models.build(p.model, dropout=p.dropout, side=side, classes=classes, channels=given)
    model.load_state_dict(saved["model"])
    names = tuple(map(str, range(classes))) if spec["data"] == DIGITS else own.names(spec)
    statistics = {"mean": saved["mean"], "deviation": saved["deviation"]}
    return Weights(names, model.eval(), side, statistics, models.wanted_channels(p.model, given))


def _tried(sample: Sample, side: int, channels: int) -> NDArray[np.uint8] | None:
    try:
        return next(own.scaled([sample], side, channels))
    except ConfigError:
        return None


def _paths(found: Data, rows: list[int], place: Path) -> Iterator[str]:
    """Yield where each image lies; one of an array is drawn first."""
    for row in rows:
        if found.files and Path(found.files[row]).is_file():
            yield found.files[row]
            continue
        place.mkdir(exist_ok=True)
        path = place / f"{row:06d}.png"
        if not path.is_file():
            _drawn(np.asarray(found.images[row], np.float64)).save(path)
        yield str(path.absolute())


def _drawn(pixels: np.ndarray[Any, np.dtype[np.float64]]) -> Image.Image:
    """Return channels of any range as a picture."""
    grey = (pixels - pixels.min()) / max(float(np.ptp(pixels)), 1e-12) * 255
    shown = grey.astype(np.uint8).transpose(1, 2, 0)
    return Image.fromarray(shown[..., 0] if shown.shape[2] == 1 else shown)
