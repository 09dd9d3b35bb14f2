"""Train the built-in classifier from a spec, epoch by epoch, and test its best epoch."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuner import whole
from tuner.inside import checkpoint, data, feed, models, optimizers, sampling, scores
from tuner.inside.averaging import Average, averaged
from tuner.inside.feed import Feed
from tuner.inside.parameters import BEST_FILE, LAST_FILE, RESNETS, Parameters
from tuner.inside.rates import learning_rate
from tuner.spec import FACTS_FILE


@dataclass
class Training:
    """All that changes from step to step."""

    model: nn.Module
    weights: Tensor
    gradients: Tensor
    state: optimizers.State
    shuffler: torch.Generator
    average: Average | None = None
    rows: list[checkpoint.Row] = field(default_factory=list)
    best: dict[str, float] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.rows)


@dataclass(frozen=True)
class Task:
    """All that stays the same: the images, where they are, and what counts in the loss."""

    spec: Mapping[str, Any]
    p: Parameters
    feed: Feed
    train: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    class_weights: Tensor | None
    stopped: list[int]


def train(spec: Mapping[str, Any], p: Parameters, *, resume: bool) -> None:
    """Train all planned epochs, from last.pt where ``resume`` is set and there is one; or until where it is paused.

    Raises SystemExit(143) at the next batch after a SIGTERM; the epoch begun is then lost, nothing else is.
    """
    stopped = _listen()
    device, folder = _device(spec), Path(spec["folder"])
    found = data.load(spec)
    training = _start(spec, p, found, device)
    saved = checkpoint.load(folder / LAST_FILE) if resume and (folder / LAST_FILE).exists() else None
    task = _task(spec, p, found, saved, device, stopped)
    if saved:
        _restore(training, saved, device)
        print(f"continues after epoch {training.epoch}", flush=True)
    else:
        _clear(folder)
    _note(folder, training, found)
    checkpoint.write_log(folder, training.rows)
    # The schedule of the rate stays that of all planned epochs.
    while training.epoch < min(spec["epochs"], spec.get("until") or spec["epochs"]):
        row = _epoch(training, task)
        _finish_epoch(training, task, row, folder)


def test(spec: Mapping[str, Any], p: Parameters) -> dict[str, float]:
    """Return loss, accuracy, balanced accuracy and F1 of best.pt on the test part."""
    found = data.load(spec)
    result = scores.evaluate(*best(spec, p, found), *feed.places(found.test))
    return {f"test_{name}": result[name] for name in sorted(result)}


def best(spec: Mapping[str, Any], p: Parameters, found: data.Data) -> tuple[nn.Module, Feed]:
    """Return the model with the weights of its best epoch, and the images as it was trained on them."""
    device = _device(spec)
    model = _built(p, found).to(device)
    saved = checkpoint.load(Path(spec["folder"]) / BEST_FILE, device)
    model.load_state_dict(saved["model"])
    return model, _fed(spec, p, found, saved, device)


def _listen() -> list[int]:
    """Collect SIGTERM in a list: a batch is never cut in two, and no checkpoint or row is left half done."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    return stopped


def _device(spec: Mapping[str, Any]) -> torch.device:
    torch.set_num_threads(spec["threads"])
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda" if spec["device"] != "cpu" and torch.cuda.is_available() else "cpu")


def _built(p: Parameters, found: data.Data) -> nn.Module:
    channels, side = found.images.shape[1], found.images.shape[2]
    return models.build(p.model, dropout=p.dropout, side=side, classes=len(found.names), channels=channels)


def _start(spec: Mapping[str, Any], p: Parameters, found: data.Data, device: torch.device) -> Training:
    torch.manual_seed(spec["seed"])
    model = _built(p, found)
    if spec["weights"] and p.pretrained:
        models.start_from(model, Path(spec["weights"].replace("{model}", p.model)))
    model = model.to(device)
    weights, gradients = optimizers.flatten(model)
    average = Average((weights, optimizers.flatten_buffers(model)), p.ema) if p.ema else None
    shuffler = torch.Generator().manual_seed(spec["seed"])
    return Training(model, weights, gradients, optimizers.state(weights), shuffler, average)


def _task(
    spec: Mapping[str, Any],
    p: Parameters,
    found: data.Data,
    saved: Mapping[str, Any] | None,
    device: torch.device,
    stopped: list[int],
) -> Task:
    if saved is None:
        mean, deviation = feed.statistics(found, p, spec["split_seed"], flip=spec["flip"])
        saved = {"mean": mean, "deviation": deviation}
    parts = feed.places(found.train), feed.places(found.val)
    counted = sampling.class_weights(parts[0][1], len(found.names), p.class_weights)
    weights = None if counted is None else counted.to(device)
    return Task(spec, p, _fed(spec, p, found, saved, device), *parts, weights, stopped)


def _fed(
    spec: Mapping[str, Any], p: Parameters, found: data.Data, saved: Mapping[str, Any], device: torch.device
) -> Feed:
    """Return the images, normalised with the statistics that a checkpoint holds: taken once, when a trial begins."""
    channels = models.wanted_channels(p.model, found.images.shape[1])
    return feed.of(
        found, device, channels=channels, flip=spec["flip"], mean=saved["mean"], deviation=saved["deviation"]
    )


def _clear(folder: Path) -> None:
    """Remove what an earlier start left, lest a later resume takes it for its own."""
    for name in (LAST_FILE, BEST_FILE):
        (folder / name).unlink(missing_ok=True)


def _note(folder: Path, training: Training, found: data.Data) -> None:
    noted = {
        "parameters": len(training.weights),
        "train_images": len(found.train.labels),
        "val_images": len(found.val.labels),
    }
    whole.write(folder / FACTS_FILE, json.dumps(noted) + "\n")


def _epoch(training: Training, task: Task) -> checkpoint.Row:
    begin = time.perf_counter()
    before = training.rows[-1]["seconds"] if training.rows else 0.0
    p = task.p

    def rate(done: float) -> float:
        return learning_rate(
            training.epoch + done,
            epochs=task.spec["epochs"],
            peak=p.lr,
            schedule=p.schedule,
            warmup=p.warmup_epochs,
            head=p.head_epochs,
        )

    loss, regulariser, lr = _pass(training, task, rate)
    with averaged(training.average):
        found = scores.evaluate(training.model, task.feed, *task.val)
    return {
        "epoch": training.epoch + 1,
        "seconds": before + time.perf_counter() - begin,
        "learning_rate": lr,
        "train/loss": loss,
        "train/regulariser": regulariser,
        "train/total": loss + regulariser,
        **{f"val/{name}": value for name, value in found.items()},
    }


def _pass(training: Training, task: Task, rate: Callable[[float], float]) -> tuple[float, float, float]:
    """Take one step for each batch; return the mean loss, the mean regulariser and the rate of the last step."""
    p = task.p
    size = _begin(training, p)
    weights, gradients, state = training.weights[-size:], training.gradients[-size:], training.state
    state = optimizers.tail(state, size)
    update = optimizers.RULES[p.optimizer]
    rows, labels = task.train
    order = sampling.order(labels, p.oversample, training.shuffler)
    batches = sampling.batches(order, p.batch, of_two=p.model in RESNETS)
    total, squares = torch.zeros((), device=weights.device), torch.zeros((), device=weights.device)
    seen, lr = 0, p.lr
    for i, places in enumerate(batches):
        if task.stopped:
            raise SystemExit(128 + signal.SIGTERM)
        lr = rate((i + 0.5) / len(batches))
        training.gradients.zero_()
        if p.weight_decay:
            squares += torch.dot(weights, weights) * len(places)
        loss = _loss(training.model, task, rows[places], labels[places])
        loss.backward()  # type: ignore[no-untyped-call]
        if p.grad_clip:
            optimizers.clip(gradients, p.grad_clip)
        update(weights, gradients, state, lr, p)
        if training.average is not None:
            training.average.step()
        total += loss.detach() * len(places)
        seen += len(places)
    return float(total) / seen, 0.5 * p.weight_decay * float(squares) / seen, lr


def _loss(model: nn.Module, task: Task, rows: Tensor, labels: Tensor) -> Tensor:
    """Return the part of the loss that the images cause: the cross-entropy, with what p adds to it."""
    logits = model(task.feed.batch(rows, task.p.augmentation))
    return functional.cross_entropy(
        logits, labels.to(logits.device), weight=task.class_weights, label_smoothing=task.p.label_smoothing
    )


def _begin(training: Training, p: Parameters) -> int:
    """Make the model ready for an epoch; return how many weights learn, the last ones of all.

    While the head learns alone, the rest neither computes gradients nor moves its statistics. What the optimizer
    remembers is of the head alone then, so it begins anew with the rest.
    """
    model, last = training.model, models.head(training.model)
    alone = training.epoch < p.head_epochs
    model.train(not alone)
    last.train()
    for parameter in model.parameters():
        parameter.requires_grad_(not alone)
    for parameter in last.parameters():
        parameter.requires_grad_(True)
    if p.head_epochs and training.epoch == p.head_epochs:
        for value in training.state.values():
            value.zero_()
    return sum(parameter.numel() for parameter in last.parameters()) if alone else len(training.weights)


def _finish_epoch(training: Training, task: Task, row: checkpoint.Row, folder: Path) -> None:
    training.rows.append(row)
    value = row[task.spec["objective"]]
    if _better(value, training.best.get("value"), higher_is_better=task.spec["higher_is_better"]):
        training.best = {"epoch": training.epoch, "value": value}
        with averaged(training.average):
            model = training.model.state_dict()
            checkpoint.save(folder / BEST_FILE, {**training.best, **_normal(task), "model": model})
    checkpoint.save(folder / LAST_FILE, {**_content(training), **_normal(task)})
    checkpoint.append_log(folder, row)


def _better(value: float, best: float | None, *, higher_is_better: bool) -> bool:
    if not math.isfinite(value):
        return False
    return best is None or (value > best if higher_is_better else value < best)


def _normal(task: Task) -> dict[str, Tensor]:
    return {"mean": task.feed.mean.reshape(-1).cpu(), "deviation": task.feed.deviation.reshape(-1).cpu()}


def _content(training: Training) -> dict[str, Any]:
    cuda = {"cuda_random": torch.cuda.get_rng_state()} if training.weights.is_cuda else {}
    average = training.average
    kept = {"average": average.values, "average_steps": average.steps} if average is not None else {}
    return {
        "epoch": training.epoch,
        "rows": training.rows,
        "best": training.best,
        "model": training.model.state_dict(),
        "optimizer": training.state,
        "random": torch.get_rng_state(),
        "shuffler": training.shuffler.get_state(),
        **kept,
        **cuda,
    }


def _restore(training: Training, content: Mapping[str, Any], device: torch.device) -> None:
    # From the CPU: random states must stay there, and load_state_dict copies into the flat vector by itself.
    training.model.load_state_dict(content["model"])
    training.state = {name: value.to(device) if value.ndim else value for name, value in content["optimizer"].items()}
    training.rows, training.best = content["rows"], content["best"]
    if training.average is not None:
        training.average.restore(content["average"], content["average_steps"])
    torch.set_rng_state(content["random"])
    training.shuffler.set_state(content["shuffler"])
    if "cuda_random" in content and device.type == "cuda":
        torch.cuda.set_rng_state(content["cuda_random"])
