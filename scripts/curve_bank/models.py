"""The architectures: three for dev, four others for heldout, and those of the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from scripts.curve_bank import models_random
from scripts.curve_bank.models_heldout2 import LSTM, TCN, DepthwiseCNN, Mixer
from scripts.curve_bank.models_heldout3 import DenseCNN, Elman, GatedConvolutions, Highway, Splines
from scripts.curve_bank.models_heldout4 import Mixture, Queries, SoftTrees, SqueezeCNN, StateSpace, deep_plain
from scripts.curve_bank.models_heldout5 import (
    Factorisation,
    FourierMixing,
    InceptionCNN,
    Maxout,
    Radial,
    Sines,
    WeightTied,
)
from scripts.curve_bank.models_heldout6 import (
    Average,
    FourierFeatures,
    Local,
    Products,
    Sets,
    SkipsFromZero,
    batch_normalised,
    self_normalising,
)
from scripts.curve_bank.models_heldout7 import (
    AttentionPool,
    LayerNormalised,
    Merging,
    Reservoir,
    Reversible,
    ShuffledCNN,
    UNet,
    WideAndDeep,
    weight_normalised,
)
from scripts.curve_bank.models_heldout8 import (
    Additive,
    Capsules,
    ComplexValued,
    Hypernetwork,
    KeyMemory,
    MinimalGated,
    TensorTrain,
    Wavelets,
)
from scripts.curve_bank.models_heldout9 import (
    Ferns,
    Flow,
    Messages,
    Morphological,
    QuasiRecurrent,
    Rational,
    Selecting,
    Spiking,
)
from scripts.curve_bank.models_heldout10 import (
    Logic,
    Shrinkage,
    bells,
    circulant,
    clamped,
    cosines,
    sigmoids,
    ternary,
    winners,
)
from scripts.curve_bank.models_heldout11 import (
    Antisymmetric,
    Ellipses,
    SoftMaxima,
    bumps,
    cauchy,
    chebyshev,
    competing,
    concatenated,
    hashed,
)
from scripts.curve_bank.models_heldout12 import (
    Fuzzy,
    Lattices,
    Oscillators,
    butterflies,
    dendrites,
    gabor,
    plateaus,
    quaternions,
    reflections,
)
from scripts.curve_bank.samples import ALPHABET, Task

Layered = Callable[[int, int, int, float, Task], nn.Module]
OfAnyTask = Callable[[int, int, int, float], nn.Module]
Flat = Callable[[int, int, float, Task], nn.Module]


def build(architecture: str, task: Task, width: int, depth: int, dropout: float = 0.0) -> nn.Module:
    """Return a model that gives [n, classes + outputs]: the logits, then the numbers."""
    n_out = task.classes + task.outputs
    if architecture.startswith(models_random.PREFIX):
        return models_random.build(architecture, task, width, depth, dropout, n_out)
    if architecture in FLAT:
        return FLAT[architecture](n_out, width, dropout, task)
    if architecture in OF_ANY_TASK:
        return OF_ANY_TASK[architecture](n_out, width, depth, dropout)
    return LAYERED[architecture](n_out, width, depth, dropout, task)


def mlp(n_in: int, n_out: int, width: int, depth: int, dropout: float, activation: type[nn.Module]) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    for i in range(depth):
        layers += [nn.Linear(n_in if i == 0 else width, width), activation(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(width, n_out))


def cnn(n_out: int, width: int, depth: int, dropout: float) -> nn.Module:
    channels = max(4, width // 6)
    layers: list[nn.Module] = [nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    for _ in range(depth - 1):
        layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels * 16, n_out))


class ResidualCNN(nn.Module):
    """Residual blocks with batch normalisation, then the mean over 2 x 2 quarters."""

    def __init__(self, n_out: int, width: int, depth: int) -> None:
        super().__init__()
        channels = max(6, width // 4)
        self.stem = nn.Conv2d(3, channels, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1))
            for _ in range(depth)
        )
        self.head = nn.Linear(channels * 4, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        out: Tensor = self.head(nn.functional.avg_pool2d(torch.relu(x), 2).flatten(1))
        return out


class GatedMLP(nn.Module):
    """Blocks x + W3 (SiLU(W1 x) * W2 x) with RMS normalisation, on the last dimension."""

    def __init__(self, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(depth))
        self.gates = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.outs = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        for norm, gate, out in zip(self.norms, self.gates, self.outs, strict=True):
            a, b = gate(norm(x)).chunk(2, dim=-1)
            x = x + self.dropout(out(nn.functional.silu(a) * b))
        return x


class Sequence(nn.Module):
    """A gated MLP, a GRU or a small transformer on characters, or a gated MLP on patches."""

    def __init__(self, kind: str, n_out: int, width: int, depth: int, dropout: float, task: Task) -> None:
        super().__init__()
        self.kind = kind
        length, inner = (task.train.x.shape[1], 12) if task.is_text else (1, task.train.x[0].numel())
        size = width if kind == "transformer" else inner
        self.embedding = nn.Embedding(len(ALPHABET), size) if task.is_text else nn.Flatten()
        self.place = nn.Parameter(torch.randn(length, size) * 0.3) if kind == "transformer" else None
        self.body: nn.Module
        if kind == "gru":
            self.body = nn.GRU(inner, width, batch_first=True)
        elif kind == "transformer":
            layer = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout, batch_first=True, norm_first=True)
            self.body = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        else:
            first = nn.Linear(length * inner, width)
            self.body = nn.Sequential(nn.Flatten(), first, GatedMLP(width, depth, dropout))
        self.head = nn.Linear(2 * width if kind == "gru" else width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x)
        if self.kind == "gru":
            states, _ = self.body(x)
            x = torch.cat([states[:, -1], states.mean(dim=1)], dim=1)
        elif self.place is not None:
            states = self.body(x + self.place)
            x = states.mean(dim=1)
        else:
            x = self.body(x)
        out: Tensor = self.head(x)
        return out


def perceptron(activation: type[nn.Module]) -> Layered:
    return lambda n_out, width, depth, dropout, task: mlp(
        task.train.x[0].numel(), n_out, width, depth, dropout, activation
    )


LAYERED: dict[str, Layered] = {
    "mlp_relu": perceptron(nn.ReLU),
    "mlp_tanh": perceptron(nn.Tanh),
    **{kind: partial(Sequence, kind) for kind in ("gated_mlp", "gru", "transformer")},
    "mlp_mixer": Mixer,
    "tcn": TCN,
    "gated_convolutions": GatedConvolutions,
    "highway": Highway,
    "splines": Splines,
    "deep_plain": deep_plain,
    "maxout": Maxout,
    "sines": Sines,
    "fourier_mixing": FourierMixing,
    "products": Products,
    "skips_from_zero": SkipsFromZero,
    "self_normalising": self_normalising,
    "batch_normalised": batch_normalised,
    "shuffled_cnn": ShuffledCNN,
    "reversible": Reversible,
    "wide_and_deep": WideAndDeep,
    "layer_normalised": LayerNormalised,
    "weight_normalised": weight_normalised,
    "complex_valued": ComplexValued,
    "tensor_train": TensorTrain,
    "morphological": Morphological,
    "rational": Rational,
    "sigmoids": sigmoids,
    "bells": bells,
    "clamped": clamped,
    "winners": winners,
    "ternary": ternary,
    "cosines": cosines,
    "circulant": circulant,
    "bumps": bumps,
    "cauchy": cauchy,
    "chebyshev": chebyshev,
    "competing": competing,
    "concatenated": concatenated,
    "hashed": hashed,
    "butterflies": butterflies,
    "dendrites": dendrites,
    "gabor": gabor,
    "plateaus": plateaus,
    "quaternions": quaternions,
    "reflections": reflections,
}
"""Architectures that are as deep as is asked for, and look at the task."""

OF_ANY_TASK: dict[str, OfAnyTask] = {
    "cnn": cnn,
    "residual_cnn": lambda n_out, width, depth, dropout: ResidualCNN(n_out, width, depth),
    "depthwise_cnn": DepthwiseCNN,
    "lstm": lambda n_out, width, depth, dropout: LSTM(n_out, width, dropout),
    "dense_cnn": DenseCNN,
    "elman": lambda n_out, width, depth, dropout: Elman(n_out, width, dropout),
    "squeeze_cnn": SqueezeCNN,
    "inception_cnn": InceptionCNN,
}
"""Architectures that need not look at the task: those for images of one size and for texts."""

FLAT: dict[str, Flat] = {
    "soft_trees": SoftTrees,
    "mixture": Mixture,
    "state_space": StateSpace,
    "queries": Queries,
    "radial": Radial,
    "factorisation": Factorisation,
    "weight_tied": WeightTied,
    "fourier_features": FourierFeatures,
    "local": Local,
    "sets": Sets,
    "average": Average,
    "u_net": UNet,
    "attention_pool": AttentionPool,
    "merging": Merging,
    "reservoir": Reservoir,
    "additive": Additive,
    "capsules": Capsules,
    "hypernetwork": Hypernetwork,
    "key_memory": KeyMemory,
    "minimal_gated": MinimalGated,
    "wavelets": Wavelets,
    "ferns": Ferns,
    "flow": Flow,
    "messages": Messages,
    "quasi_recurrent": QuasiRecurrent,
    "selecting": Selecting,
    "spiking": Spiking,
    "logic": Logic,
    "shrinkage": Shrinkage,
    "antisymmetric": Antisymmetric,
    "ellipses": Ellipses,
    "soft_maxima": SoftMaxima,
    "fuzzy": Fuzzy,
    "lattices": Lattices,
    "oscillators": Oscillators,
}
"""Architectures whose depth is their own."""


def scale_weights(model: nn.Module, factor: float) -> None:
    """Multiply every weight matrix, not the biases, by ``factor``."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(factor)
