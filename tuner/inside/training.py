"""Train the built-in classifier from a spec, epoch by epoch, and test its best epoch."""

from __future__ import annotations

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

from tuner.inside import checkpoint, data, models, optimizers
from tuner.inside.parameters import BEST_FILE, LAST_FILE, Parameters

EVALUATION_BATCH = 1024


@dataclass
class Training:
    """All that changes from step to step."""

    model: nn.Sequential
    weights: Tensor
    gradients: Tensor
    state: optimizers.State
    shuffler: torch.Generator
    rows: list[checkpoint.Row] = field(default_factory=list)
    best: dict[str, float] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.rows)


def train(spec: Mapping[str, Any], p: Parameters, *, resume: bool) -> None:
    """Train all planned epochs, from last.pt where ``resume`` is set and there is one; or until where it is paused.

    Raises SystemExit(143) at the next batch after a SIGTERM; the epoch begun is then lost, nothing else is.
    """
    stopped = _listen()
    device, folder = _device(spec), Path(spec["folder"])
    sets = {name: _tensors(part, device) for name, part in vars(_load(spec)).items() if name != "test"}
    training = _start(p, seed=spec["seed"], device=device)
    if resume and (folder / LAST_FILE).exists():
        _restore(training, folder, device)
        print(f"continues after epoch {training.epoch}", flush=True)
    else:
        _clear(folder)
    checkpoint.write_log(folder, training.rows)
    # The schedule of the rate stays that of all planned epochs.
    while training.epoch < min(spec["epochs"], spec.get("until") or spec["epochs"]):
        row = _epoch(training, sets["train"], sets["val"], spec, p, stopped)
        _finish_epoch(training, row, spec, folder)


def test(spec: Mapping[str, Any], p: Parameters) -> dict[str, float]:
    """Return loss and accuracy of best.pt on the test part."""
    device = _device(spec)
    model = models.build(p.model, dropout=p.dropout).to(device)
    model.load_state_dict(checkpoint.load(Path(spec["folder"]) / BEST_FILE, device)["model"])
    loss, accuracy = _evaluate(model, *_tensors(_load(spec).test, device))
    return {"test_accuracy": accuracy, "test_loss": loss}


def learning_rate(done: float, *, epochs: int, peak: float, schedule: str, warmup: float) -> float:
    """Return the rate after ``done`` epochs: a linear warm-up, then a cosine down to 0 or a constant.

    A fraction of an epoch counts; the rate depends on nothing else, so a checkpoint needs no scheduler state.
    """
    if done < warmup:
        return peak * done / warmup
    if schedule == "constant":
        return peak
    share = (done - warmup) / max(epochs - warmup, 1e-9)
    return peak * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def _listen() -> list[int]:
    """Collect SIGTERM in a list: a batch is never cut in two, and no checkpoint or row is left half done."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    return stopped


def _device(spec: Mapping[str, Any]) -> torch.device:
    torch.set_num_threads(spec["threads"])
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda" if spec["device"] != "cpu" and torch.cuda.is_available() else "cpu")


def _load(spec: Mapping[str, Any]) -> data.Data:
    return data.load(
        spec["data"], train_size=spec["train_size"], label_noise=spec["label_noise"], val_share=spec["val_share"]
    )


def _tensors(part: data.Part, device: torch.device) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(part.images).to(device), torch.from_numpy(part.labels).to(device)


def _start(p: Parameters, *, seed: int, device: torch.device) -> Training:
    torch.manual_seed(seed)
    model = models.build(p.model, dropout=p.dropout).to(device)
    weights, gradients = optimizers.flatten(model)
    return Training(model, weights, gradients, optimizers.state(weights), torch.Generator().manual_seed(seed))


def _clear(folder: Path) -> None:
    """Remove what an earlier start left, lest a later resume takes it for its own."""
    for name in (LAST_FILE, BEST_FILE):
        (folder / name).unlink(missing_ok=True)


def _epoch(
    training: Training,
    train_set: tuple[Tensor, Tensor],
    val_set: tuple[Tensor, Tensor],
    spec: Mapping[str, Any],
    p: Parameters,
    stopped: list[int],
) -> checkpoint.Row:
    begin = time.perf_counter()
    before = training.rows[-1]["seconds"] if training.rows else 0.0

    def rate(done: float) -> float:
        return learning_rate(
            training.epoch + done, epochs=spec["epochs"], peak=p.lr, schedule=spec["schedule"], warmup=p.warmup_epochs
        )

    train_loss, lr = _pass(training, *train_set, p, rate, stopped)
    val_loss, accuracy = _evaluate(training.model, *val_set)
    return {
        "epoch": training.epoch + 1,
        "seconds": before + time.perf_counter() - begin,
        "learning_rate": lr,
        "train/loss": train_loss,
        "val/loss": val_loss,
        "val/accuracy": accuracy,
    }


def _pass(
    training: Training,
    images: Tensor,
    labels: Tensor,
    p: Parameters,
    rate: Callable[[float], float],
    stopped: list[int],
) -> tuple[float, float]:
    """Take one step for each batch; return the mean loss and the rate of the last step."""
    training.model.train()
    update = optimizers.RULES[p.optimizer]
    order = torch.randperm(len(labels), generator=training.shuffler).to(labels.device)
    batches = list(zip(torch.split(images[order], p.batch), torch.split(labels[order], p.batch), strict=True))
    total, lr = torch.zeros((), device=images.device), p.lr
    for i, (x, y) in enumerate(batches):
        if stopped:
            raise SystemExit(128 + signal.SIGTERM)
        lr = rate((i + 0.5) / len(batches))
        training.gradients.zero_()
        loss = functional.cross_entropy(training.model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        if p.grad_clip:
            optimizers.clip(training.gradients, p.grad_clip)
        update(training.weights, training.gradients, training.state, lr, p)
        total += loss.detach() * len(y)
    return float(total) / len(labels), lr


@torch.no_grad()
def _evaluate(model: nn.Sequential, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return the mean loss and the accuracy."""
    model.eval()
    logits = torch.cat([model(x) for x in torch.split(images, EVALUATION_BATCH)])
    loss = functional.cross_entropy(logits, labels)
    return float(loss), float((logits.argmax(dim=1) == labels).float().mean())


def _finish_epoch(training: Training, row: checkpoint.Row, spec: Mapping[str, Any], folder: Path) -> None:
    training.rows.append(row)
    value = row[spec["objective"]]
    if _better(value, training.best.get("value"), higher_is_better=spec["higher_is_better"]):
        training.best = {"epoch": training.epoch, "value": value}
        checkpoint.save(folder / BEST_FILE, {**training.best, "model": training.model.state_dict()})
    checkpoint.save(folder / LAST_FILE, _content(training))
    checkpoint.append_log(folder, row)


def _better(value: float, best: float | None, *, higher_is_better: bool) -> bool:
    if not math.isfinite(value):
        return False
    return best is None or (value > best if higher_is_better else value < best)


def _content(training: Training) -> dict[str, Any]:
    cuda = {"cuda_random": torch.cuda.get_rng_state()} if training.weights.is_cuda else {}
    return {
        "epoch": training.epoch,
        "rows": training.rows,
        "best": training.best,
        "model": training.model.state_dict(),
        "optimizer": training.state,
        "random": torch.get_rng_state(),
        "shuffler": training.shuffler.get_state(),
        **cuda,
    }


def _restore(training: Training, folder: Path, device: torch.device) -> None:
    # On the CPU first: random states must stay there, and load_state_dict copies into the flat vector by itself.
    content = checkpoint.load(folder / LAST_FILE)
    training.model.load_state_dict(content["model"])
    training.state = {name: value.to(device) if value.ndim else value for name, value in content["optimizer"].items()}
    training.rows, training.best = content["rows"], content["best"]
    torch.set_rng_state(content["random"])
    training.shuffler.set_state(content["shuffler"])
    if "cuda_random" in content and device.type == "cuda":
        torch.cuda.set_rng_state(content["cuda_random"])
