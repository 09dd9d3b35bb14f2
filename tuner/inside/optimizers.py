"""Update rules over one flat vector of weights, equal to those of torch.optim.

Why not torch.optim: its first step imports the compiler of torch, which costs about 2 s of every process, and on models
this small its bookkeeping for each tensor costs more than the training.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tuner.inside.parameters import Parameters

State = dict[str, Tensor]
Rule = Callable[[Tensor, Tensor, State, float, Parameters], None]
EPSILON = 1e-8
RMSPROP_ALPHA = 0.99
CLIP_EPSILON = 1e-6


def flatten(model: nn.Module) -> tuple[Tensor, Tensor]:
    """Lay all weights and all gradients of ``model`` into one vector each; its parameters become views of them."""
    parts = list(model.parameters())
    weights = torch.cat([p.detach().reshape(-1) for p in parts])
    gradients = torch.zeros_like(weights)
    sizes = [p.numel() for p in parts]
    for part, weight, gradient in zip(parts, torch.split(weights, sizes), torch.split(gradients, sizes), strict=True):
        part.data = weight.view_as(part)
        part.grad = gradient.view_as(part)
    return weights, gradients


def flatten_buffers(model: nn.Module) -> Tensor:
    """Lay what the layers of ``model`` count along, as normalisation does, into one vector of views, as ``flatten``."""
    owners = [(module, name, b) for module in model.modules() for name, b in module.named_buffers(recurse=False)]
    owners = [(module, name, buffer) for module, name, buffer in owners if buffer.is_floating_point()]
    if not owners:
        return torch.zeros(0, device=next(model.parameters()).device)
    together = torch.cat([buffer.reshape(-1) for _, _, buffer in owners])
    views = torch.split(together, [buffer.numel() for _, _, buffer in owners])
    for (module, name, buffer), view in zip(owners, views, strict=True):
        module.register_buffer(name, view.view_as(buffer))
    return together


def tail(state: State, size: int) -> State:
    """Return the state of the last ``size`` weights, as views."""
    return {name: value[len(value) - size :] if value.ndim else value for name, value in state.items()}


def state(weights: Tensor) -> State:
    """Return the state before the first step; each rule uses what it needs."""
    return {
        "average": torch.zeros_like(weights),
        "square": torch.zeros_like(weights),
        "steps": torch.zeros((), dtype=torch.int64),
    }


def clip(gradient: Tensor, limit: float) -> None:
    """Shorten ``gradient`` in place to an L2 norm of ``limit`` where it is longer, as clip_grad_norm_ of torch does."""
    # A tensor all the way, so that a GPU need not wait for the figure.
    gradient.mul_((limit / (torch.linalg.vector_norm(gradient) + CLIP_EPSILON)).clamp_(max=1.0))


def sgd(weights: Tensor, gradient: Tensor, state: State, lr: float, p: Parameters) -> None:
    gradient.add_(weights, alpha=p.weight_decay)
    velocity = state["average"].mul_(p.momentum).add_(gradient)
    weights.sub_(velocity, alpha=lr)


def rmsprop(weights: Tensor, gradient: Tensor, state: State, lr: float, p: Parameters) -> None:
    gradient.add_(weights, alpha=p.weight_decay)
    square = state["square"].mul_(RMSPROP_ALPHA).addcmul_(gradient, gradient, value=1 - RMSPROP_ALPHA)
    velocity = state["average"].mul_(p.momentum).addcdiv_(gradient, square.sqrt().add_(EPSILON))
    weights.sub_(velocity, alpha=lr)


def adam(weights: Tensor, gradient: Tensor, state: State, lr: float, p: Parameters) -> None:
    gradient.add_(weights, alpha=p.weight_decay)
    _adam(weights, gradient, state, lr, p)


def adamw(weights: Tensor, gradient: Tensor, state: State, lr: float, p: Parameters) -> None:
    weights.mul_(1 - lr * p.weight_decay)
    _adam(weights, gradient, state, lr, p)


def _adam(weights: Tensor, gradient: Tensor, state: State, lr: float, p: Parameters) -> None:
    step = int(state["steps"].add_(1))
    average = state["average"].lerp_(gradient, 1 - p.beta1)
    square = state["square"].mul_(p.beta2).addcmul_(gradient, gradient, value=1 - p.beta2)
    scale = square.sqrt().div_((1 - p.beta2**step) ** 0.5).add_(EPSILON)
    weights.addcdiv_(average, scale, value=-lr / (1 - p.beta1**step))


RULES: dict[str, Rule] = {"sgd": sgd, "rmsprop": rmsprop, "adam": adam, "adamw": adamw}
