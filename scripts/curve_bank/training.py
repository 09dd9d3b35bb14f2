"""A plain training loop that logs a row an epoch, and measures the same weights on a large untouched test set."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scripts.curve_bank.models import build, scale_weights
from scripts.curve_bank.samples import ALPHABET, Part, Task
from scripts.curve_bank.scores import others

Objective = Callable[[Tensor, Tensor, Tensor, nn.Module], dict[str, Tensor]]
Hook = Callable[["Run"], None]
History = dict[str, list[float]]


@dataclass(frozen=True)
class Settings:
    """What a run is trained with; ``rows`` is its planned length in rows of the log."""

    rows: int
    rate: float
    batch: int
    optimizer: str
    momentum: float = 0.9
    weight_decay: float = 0.0
    smoothing: float = 0.0
    dropout: float = 0.0
    schedule: str = "constant"
    decay: float = 1.0
    warm_up: int = 0
    warm_up_power: float = 1.0
    clip: float = 0.0
    augment: float = 0.0
    close_augment: int = 0
    order: str = "shuffled"
    chunks: int = 1
    val_draw: int = 0


@dataclass(frozen=True)
class Setup:
    """A task, a model and settings: all that makes a run, but for the cause."""

    half: str
    task: Task
    mode: str
    architecture: str
    width: int
    depth: int
    settings: Settings
    seed: int
    init_scale: float = 1.0
    all_scores: bool = False

    def but(self, **changes: object) -> Setup:
        """Return a copy with other settings."""
        return replace(self, settings=replace(self.settings, **changes))  # type: ignore[arg-type]


@dataclass
class Run:
    """A run in progress or at its end, with what was logged of it and what the test set says."""

    setup: Setup
    model: nn.Module
    optimizer: torch.optim.Optimizer
    objective: Objective
    measure: Objective
    hook: Hook | None
    row: int = 0
    factor: float = 1.0
    gradient_scale: float = 1.0
    pass_order: Tensor = field(default_factory=lambda: torch.empty(0))
    rates: list[float] = field(default_factory=list)
    train: History = field(default_factory=dict)
    val: History = field(default_factory=dict)
    test: History = field(default_factory=dict)
    initial: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> str:
        return "accuracy" if self.setup.mode == "cls" else "r2"


def standard(setup: Setup, smoothing: float = 0.0, weight: float = 1.0) -> Objective:
    """Return cross-entropy, squared error, or both, as named components."""
    classes, mode = setup.task.classes, setup.mode

    def objective(out: Tensor, y: Tensor, z: Tensor, model: nn.Module) -> dict[str, Tensor]:
        parts = {}
        if mode != "cls":
            parts["box"] = weight * F.mse_loss(out[:, classes:], z)
        if mode != "box":
            parts["cls"] = F.cross_entropy(out[:, :classes], y, label_smoothing=smoothing)
        return parts

    return objective


def start(
    setup: Setup,
    objective: Objective | None = None,
    measure: Objective | None = None,
    hook: Hook | None = None,
    model: nn.Module | None = None,
) -> Run:
    """Return a run that has not begun; ``measure`` is the objective without smoothing unless given."""
    torch.manual_seed(setup.seed)
    s = setup.settings
    if model is None:
        model = build(setup.architecture, setup.task, setup.width, setup.depth, s.dropout)
        if setup.init_scale != 1.0:
            scale_weights(model, setup.init_scale)
    objective = objective or standard(setup, s.smoothing)
    run = Run(setup, model, make_optimizer(model, s), objective, measure or standard(setup), hook)
    run.initial = evaluate(run, setup.task.test)
    return run


def make_optimizer(model: nn.Module, s: Settings) -> torch.optim.Optimizer:
    if s.optimizer == "adam":
        return torch.optim.AdamW(model.parameters(), s.rate, weight_decay=s.weight_decay, fused=True)
    momentum = s.momentum if s.optimizer == "momentum" else 0.0
    return torch.optim.SGD(model.parameters(), s.rate, momentum, weight_decay=s.weight_decay, fused=True)


def train(setup: Setup, **kwargs: object) -> Run:
    """Train for the planned rows."""
    run = start(setup, **kwargs)  # type: ignore[arg-type]
    return advance(run, setup.settings.rows)


def go_on(run: Run, rows: int, rate: float | None = None) -> Run:
    """Return a copy of the run trained on for ``rows`` at a constant rate, its last one unless given."""
    later = copy.deepcopy(run)
    later.hook = None
    rate = later.rates[-1] if rate is None else rate
    settings = replace(later.setup.settings, schedule="constant", warm_up=0, rate=rate, close_augment=10**6)
    if run.setup.settings.augment and not run.setup.settings.close_augment:
        settings = replace(settings, close_augment=0)
    later.setup = replace(later.setup, settings=settings)
    later.factor = 1.0
    later.gradient_scale = 1.0
    return advance(later, rows)


def advance(run: Run, rows: int) -> Run:
    for _ in range(rows):
        if run.hook:
            run.hook(run)
        rate = run.factor * rate_at(run.setup.settings, run.row)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        run.rates.append(rate)
        append(run.train, train_row(run))
        append(run.val, evaluate(run, val_part(run)))
        append(run.test, evaluate(run, run.setup.task.test))
        run.row += 1
    return run


def rate_at(s: Settings, row: int) -> float:
    """Return the learning rate of a row."""
    rate = s.rate
    if s.schedule == "cosine":
        rate *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, row / s.rows)))
    elif s.schedule == "linear":
        rate *= 1 - 0.99 * min(1.0, row / s.rows)
    elif s.schedule == "step":
        rate *= 0.1 ** ((row >= 0.6 * s.rows) + (row >= 0.85 * s.rows))
    elif s.schedule == "one-cycle":
        rate *= one_cycle(row / s.rows)
    elif s.schedule == "exponential":
        rate *= s.decay**row
    if row < s.warm_up:
        rate *= ((row + 1) / s.warm_up) ** s.warm_up_power
    return float(rate)


def one_cycle(share: float) -> float:
    """Return the rate over its highest: up from a 25th for 30 % of the plan, then down to almost 0 (Smith 2018)."""
    if share < 0.3:
        return 0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * share / 0.3))
    return 0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * min(1.0, (share - 0.3) / 0.7)))


def append(history: History, values: dict[str, float]) -> None:
    for name, value in values.items():
        history.setdefault(name, []).append(value)


def val_part(run: Run) -> Part:
    val, n = run.setup.task.val, run.setup.settings.val_draw
    return val.take(torch.randperm(len(val))[:n]) if n else val


def train_row(run: Run) -> dict[str, float]:
    """Train on one row's share of the data; return the mean loss of its batches, by component and in total."""
    run.model.train()
    s, part = run.setup.settings, row_part(run)
    sums: dict[str, float] = {}
    batches = torch.split(torch.randperm(len(part)), s.batch)
    if len(batches) > 1 and len(batches[-1]) < max(2, s.batch // 4):
        batches = batches[:-1]
    for index in batches:
        for name, value in step(run, part.take(index)).items():
            sums[name] = sums.get(name, 0.0) + value / len(batches)
    return sums


def step(run: Run, batch: Part) -> dict[str, float]:
    s = run.setup.settings
    on = s.augment and run.row < s.rows - s.close_augment
    x = noisy(batch.x, s.augment) if on else batch.x
    parts = run.objective(run.model(x), batch.y, batch.z, run.model)
    values = list(parts.values())
    total = sum(values[1:], start=values[0])
    run.optimizer.zero_grad()
    if total.requires_grad:
        (run.gradient_scale * total).backward()  # type: ignore[no-untyped-call]
        if s.clip:
            nn.utils.clip_grad_norm_(run.model.parameters(), s.clip)
        run.optimizer.step()
    losses = {name: p.item() for name, p in parts.items()}
    return {**losses, "loss": sum(losses.values())}


def row_part(run: Run) -> Part:
    """Return the part of the training data that the row passes over."""
    s, part = run.setup.settings, run.setup.task.train
    if s.chunks == 1:
        return part
    if run.row % s.chunks == 0:
        keys = {"class": part.y, "target": part.z[:, 0], "input": part.x.flatten(1).float().mean(dim=1)}
        run.pass_order = torch.randperm(len(part)) if s.order == "shuffled" else keys[s.order].argsort(stable=True)
    return part.take(run.pass_order.tensor_split(s.chunks)[run.row % s.chunks])


def noisy(x: Tensor, strength: float) -> Tensor:
    """Augment: noise on numbers; in a text, characters are replaced at random."""
    if x.is_floating_point():
        return x + strength * torch.randn_like(x)
    return torch.where(torch.rand(x.shape) < 0.3 * strength, torch.randint(len(ALPHABET), x.shape), x)


@torch.no_grad()
def evaluate(run: Run, part: Part) -> dict[str, float]:
    """Return the losses by component and in total, accuracy (0 … 1) and R2, and where they are logged other scores."""
    run.model.eval()
    out = run.model(part.x)
    parts = {name: float(v) for name, v in run.measure(out, part.y, part.z, run.model).items()}
    classes = run.setup.task.classes
    error = ((out[:, classes:] - part.z) ** 2).sum()
    spread = ((part.z - part.z.mean(dim=0)) ** 2).sum()
    accuracy = float((out[:, :classes].argmax(dim=1) == part.y).float().mean())
    found = {**parts, "loss": sum(parts.values()), "accuracy": accuracy, "r2": float(1 - error / spread)}
    return {**found, **others(run.setup.task.name, out, part, classes)} if run.setup.all_scores else found
