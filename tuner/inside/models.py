"""Image classifiers from small to large, untrained or from a file of weights.

The small ones have no normalisation layers, so that a rate that is too high really diverges; the large ones are the
ResNets of torchvision (K. He et al., Deep residual learning, 2016).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tuner.errors import ConfigError
from tuner.inside.parameters import RESNETS

HIDDEN = {"mlp-xs": (16,), "mlp-s": (64,), "mlp-m": (256, 256)}
"""Widths of the hidden layers."""

CHANNELS = {"cnn-s": (8, 16), "cnn-m": (16, 32), "cnn-l": (24, 48)}
"""Channels of the two convolutions."""
GRID = 8
"""Most places a side that the small convolutional ones look at, so that they do not grow with the image."""
PLACES = 7
"""A side that a class activation map should have: as many as that of a ResNet at 224 pixels."""
COLOURS = 3


def build(name: str, *, dropout: float, side: int = 8, classes: int = 10, channels: int = 1) -> nn.Module:
    """Return an untrained model for images [n, wanted_channels(name, channels), side, side], to logits [n, classes]."""
    if name in HIDDEN:
        return _mlp((channels * side * side, *HIDDEN[name]), classes, dropout)
    if name in CHANNELS:
        return _cnn(channels, *CHANNELS[name], side, classes, dropout)
    return _resnet(name, classes, dropout)


def wanted_channels(name: str, channels: int) -> int:
    """Return how many channels a model takes, for images of so many: a ResNet always three, as its weights do."""
    return COLOURS if name in RESNETS else channels


def head(model: nn.Module) -> nn.Module:
    """Return the last layer, whose weights are the last ones of ``model.parameters()``."""
    if isinstance(model, nn.Sequential):
        return model[-1]
    last: nn.Module = model.get_submodule("fc")
    return last


def looking(model: nn.Module, side: int) -> nn.Module | None:
    """Return the last layer whose values still have places in images of ``side`` pixels; None where there is none.

    Of a small image it is the activation before the last pooling, which leaves too few places.
    """
    if not isinstance(model, nn.Sequential):
        return model.get_submodule("layer4")
    convolutions = [i for i, layer in enumerate(model) if isinstance(layer, nn.Conv2d)]
    return model[convolutions[-1] + (2 if side // 4 >= PLACES else 1)] if convolutions else None


def start_from(model: nn.Module, path: Path) -> None:
    """Copy the weights in ``path`` into ``model``; a last layer for other classes stays untrained.

    Only tensors and plain values are read. Raises ConfigError where the file is none of weights of such a model.
    """
    known = model.state_dict()
    given = _weights(path)
    of_head = f"{len(model) - 1}." if isinstance(model, nn.Sequential) else "fc."
    fitting = {name: given[name] for name in known if name in given and given[name].shape == known[name].shape}
    for name in known:
        if name not in fitting and not name.startswith(of_head) and not name.endswith("num_batches_tracked"):
            found = f"is {tuple(given[name].shape)}" if name in given else "is missing"
            problem = f"expected weights of the model, but '{name}', {tuple(known[name].shape)}, {found}"
            raise ConfigError(str(path), "", problem)
    model.load_state_dict({**known, **fitting})


def _weights(path: Path) -> dict[str, Tensor]:
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ConfigError(str(path), "", "expected a file of weights, but there is none") from None
    except Exception as error:
        # What is no file of weights fails in torch, pickle or zipfile, each with its own errors.
        said = str(error).partition("\n")[0][:200] or type(error).__name__
        raise ConfigError(str(path), "", f"expected a file of weights, but it cannot be read ({said})") from None
    for key in ("model", "state_dict"):
        content = content[key] if isinstance(content, dict) and isinstance(content.get(key), dict) else content
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ConfigError(str(path), "", "expected tensors by their names, but got something else")
    return content


def _mlp(widths: tuple[int, ...], classes: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for width, following in pairwise(widths):
        layers += [nn.Linear(width, following), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], classes))


def _cnn(channels: int, first: int, second: int, side: int, classes: int, dropout: float) -> nn.Sequential:
    grid = min(side // 4, GRID)
    return nn.Sequential(
        *(nn.Conv2d(channels, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *([nn.AdaptiveAvgPool2d(grid)] if side // 4 > GRID else []),
        *(nn.Flatten(), nn.Linear(second * grid**2, 4 * second), nn.ReLU(), nn.Dropout(dropout)),
        nn.Linear(4 * second, classes),
    )


def _resnet(name: str, classes: int, dropout: float) -> nn.Module:
    from torchvision.models import resnet  # its import takes seconds, and the small models do without

    model: nn.Module = getattr(resnet, name)(weights=None, num_classes=classes)
    if dropout:
        model.fc = nn.Sequential(nn.Dropout(dropout), model.get_submodule("fc"))
    return model
