"""The update rules, against the steps that those of torch take."""

from __future__ import annotations

import pytest
import torch

from tuner.inside import models, optimizers
from tuner.inside.parameters import MODELS, OPTIMIZERS, Parameters

P = Parameters(weight_decay=0.1, momentum=0.8, beta1=0.7, beta2=0.95)
GRADIENTS = ([0.5, -1.0], [2.0, 0.1], [-1.0, 0.3], [0.25, -0.5])

# Where torch.optim 2.15 arrives from [1, -2] after these gradients with lr=0.1 and the values of P, in float64. Written
# down, because its first step imports a compiler for some seconds.
ARRIVES = {
    "sgd": [0.44895866, -1.57929832],
    "rmsprop": [-3.39595912, 0.905945806],
    "adam": [0.746406823, -1.737847342],
    "adamw": [0.725437116, -1.725202177],
}


@pytest.mark.parametrize("name", ARRIVES)
def test_a_rule_takes_the_steps_that_torch_takes(name: str) -> None:
    weights = torch.tensor([1.0, -2.0], dtype=torch.float64)
    state = optimizers.state(weights)
    for gradient in GRADIENTS:
        optimizers.RULES[name](weights, torch.tensor(gradient, dtype=torch.float64), state, 0.1, P)
    assert weights.tolist() == pytest.approx(ARRIVES[name], rel=1e-7)


@pytest.mark.parametrize("limit", [0.5, 5.0, 1e3])
@pytest.mark.parametrize("size", [0.0, 1.0, 1e6])
def test_a_gradient_is_clipped_as_torch_clips_it(limit: float, size: float) -> None:
    gradient = torch.tensor([3.0, -4.0, 12.0]) * size
    parts = [torch.zeros(1), torch.zeros(2)]
    parts[0].grad, parts[1].grad = gradient[:1].clone(), gradient[1:].clone()
    torch.nn.utils.clip_grad_norm_(parts, limit)
    optimizers.clip(gradient, limit)
    assert gradient.tolist() == pytest.approx([*parts[0].grad.tolist(), *parts[1].grad.tolist()], rel=1e-6)
    assert float(gradient.norm()) == pytest.approx(min(13 * size, limit), rel=1e-5)


def test_there_is_a_rule_for_every_optimizer() -> None:
    assert tuple(optimizers.RULES) == OPTIMIZERS


@pytest.mark.parametrize("name", MODELS)
def test_a_step_on_the_flat_weights_moves_every_layer_of_a_model(name: str) -> None:
    torch.manual_seed(1)
    channels = models.wanted_channels(name, 1)
    model = models.build(name, dropout=0.0, channels=channels)
    before = [p.detach().clone() for p in model.parameters()]
    weights, gradients = optimizers.flatten(model)
    model(torch.randn(32, channels, 8, 8)).square().sum().backward()
    optimizers.sgd(weights, gradients, optimizers.state(weights), 0.1, P)
    assert all(not torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True))


def test_the_models_are_listed_from_small_to_large() -> None:
    kinds = [[name for name in MODELS if name.startswith(kind)] for kind in ("mlp", "cnn", "resnet")]
    for names in kinds:
        sizes = [sum(p.numel() for p in models.build(name, dropout=0.0).parameters()) for name in names]
        assert sizes == sorted(sizes)
    assert [name for names in kinds for name in names] == list(MODELS)
