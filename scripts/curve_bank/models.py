"""The architectures: three for dev, four others for heldout, and those of the modules beside this one."""

from __future__ import annotations

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
from scripts.curve_bank.samples import ALPHABET, Task


def build(architecture: str, task: Task, width: int, depth: int, dropout: float = 0.0) -> nn.Module:
    """Return a model that gives [n, classes + outputs]: the logits, then the numbers."""
    n_out = task.classes + task.outputs
    if architecture.startswith(models_random.PREFIX):
        return models_random.build(architecture, task, width, depth, dropout, n_out)
    if architecture in ("mlp_relu", "mlp_tanh"):
        activation = nn.ReLU if architecture == "mlp_relu" else nn.Tanh
        return mlp(task.train.x[0].numel(), n_out, width, depth, dropout, activation)
    if architecture == "cnn":
        return cnn(n_out, width, depth, dropout)
    if architecture == "residual_cnn":
        return ResidualCNN(n_out, width, depth)
    if architecture == "depthwise_cnn":
        return DepthwiseCNN(n_out, width, depth, dropout)
    if architecture == "mlp_mixer":
        return Mixer(n_out, width, depth, dropout, task)
    if architecture == "lstm":
        return LSTM(n_out, width, dropout)
    if architecture == "tcn":
        return TCN(n_out, width, depth, dropout, task)
    if architecture == "dense_cnn":
        return DenseCNN(n_out, width, depth, dropout)
    if architecture == "elman":
        return Elman(n_out, width, dropout)
    if architecture in ("gated_convolutions", "highway", "splines"):
        kind = {"gated_convolutions": GatedConvolutions, "highway": Highway, "splines": Splines}[architecture]
        return kind(n_out, width, depth, dropout, task)
    if architecture == "squeeze_cnn":
        return SqueezeCNN(n_out, width, depth, dropout)
    if architecture == "deep_plain":
        return deep_plain(n_out, width, depth, dropout, task)
    if architecture in ("soft_trees", "mixture", "state_space", "queries"):
        made = {"soft_trees": SoftTrees, "mixture": Mixture, "state_space": StateSpace, "queries": Queries}
        return made[architecture](n_out, width, dropout, task)
    if architecture == "inception_cnn":
        return InceptionCNN(n_out, width, depth, dropout)
    if architecture in ("maxout", "sines", "fourier_mixing"):
        deep = {"maxout": Maxout, "sines": Sines, "fourier_mixing": FourierMixing}[architecture]
        return deep(n_out, width, depth, dropout, task)
    if architecture in ("radial", "factorisation", "weight_tied"):
        flat = {"radial": Radial, "factorisation": Factorisation, "weight_tied": WeightTied}[architecture]
        return flat(n_out, width, dropout, task)
    if architecture in ("products", "skips_from_zero", "self_normalising", "batch_normalised"):
        layered = {"products": Products, "skips_from_zero": SkipsFromZero}
        layered |= {"self_normalising": self_normalising, "batch_normalised": batch_normalised}
        return layered[architecture](n_out, width, depth, dropout, task)
    if architecture in ("fourier_features", "local", "sets", "average"):
        single = {"fourier_features": FourierFeatures, "local": Local, "sets": Sets, "average": Average}
        return single[architecture](n_out, width, dropout, task)
    if architecture in ("shuffled_cnn", "reversible", "wide_and_deep", "layer_normalised", "weight_normalised"):
        deeper = {"shuffled_cnn": ShuffledCNN, "reversible": Reversible, "wide_and_deep": WideAndDeep}
        deeper |= {"layer_normalised": LayerNormalised, "weight_normalised": weight_normalised}
        return deeper[architecture](n_out, width, depth, dropout, task)
    if architecture in ("u_net", "attention_pool", "merging", "reservoir"):
        shallow = {"u_net": UNet, "attention_pool": AttentionPool, "merging": Merging, "reservoir": Reservoir}
        return shallow[architecture](n_out, width, dropout, task)
    return Sequence(architecture, n_out, width, depth, dropout, task)


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


def scale_weights(model: nn.Module, factor: float) -> None:
    """Multiply every weight matrix, not the biases, by ``factor``."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(factor)
