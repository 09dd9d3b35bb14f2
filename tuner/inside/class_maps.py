"""Where a classifier looked: class activation maps.

The values that the last layer with places gave, each times how fast the class's logit rises with it, summed over the
channels; what speaks against the class is left out. This is grad-cam (Selvaraju et al., ICCV 2017) with each place's
own gradient (HiResCAM, Draelos & Carin 2020): the same where a network averages over all places, as a ResNet does;
where it does not, as in the small ones here, the mean gradient of grad-cam lights up places that count for nothing. A
network without places gets the map of its pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def maps(model: nn.Module, layer: nn.Module | None, images: Tensor, classes: Tensor) -> Tensor:
    """Return what speaks for ``classes`` (n,) in ``images`` (n, c, h, w), (n, h', w') from 0 to 1, the most 1.

    ``layer`` is the one whose values are looked at; None: the images themselves.
    """
    kept: dict[str, Tensor] = {"values": images.requires_grad_()}

    def keep(module: nn.Module, given: Any, values: Tensor) -> None:
        kept["values"] = values

    hook = layer.register_forward_hook(keep) if layer is not None else None
    try:
        with torch.enable_grad():
            logits = model(images)
            (gradient,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), kept["values"])
    finally:
        if hook is not None:
            hook.remove()
    found = (kept["values"] * gradient).sum(dim=1).clamp(min=0).detach()
    return found / found.amax(dim=(1, 2), keepdim=True).clamp(min=torch.finfo(found.dtype).tiny)
