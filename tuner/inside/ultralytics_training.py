"""One training by Ultralytics, watched through its callbacks."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from ultralytics import YOLO
from ultralytics.utils.torch_utils import get_flops, get_num_params

from tuner import facts, whole
from tuner.inside.ultralytics_names import BEST_FILE, LARGEST, LAST_FILE, LOG_FILE, RUN_FOLDER
from tuner.spec import FACTS_FILE

MEMORY_SHARE = 0.9
"""Share of the GPU's memory that the largest batch may take."""
LARGEST_RATE = 1.0
"""Ultralytics takes no larger rate as an argument; its optimizers do."""
LOCK_FILE = "dataset.lock"
GIB = 2**30


class Whole(type(Path())):  # type: ignore[misc]
    """A path whose content is written whole or not at all: a kill must not cost the only checkpoint."""

    def write_bytes(self, data: Any) -> int:
        part = Path(f"{self}.part")
        size = part.write_bytes(data)
        os.replace(part, self)
        return size


def train(spec: Mapping[str, Any], *, resume: bool) -> None:
    """Train all planned epochs, or until where the spec says that the trial is paused."""
    folder = Path(spec["folder"])
    last = folder / LAST_FILE
    resume = resume and last.exists()
    if not resume:
        shutil.rmtree(folder / RUN_FOLDER, ignore_errors=True)
    model = YOLO(str(last) if resume else spec["model"], task=spec["task"])
    watch = Watch(spec)
    for event, call in watch.callbacks().items():
        model.add_callback(event, call)
    try:
        model.train(**arguments(spec, resume=resume), resume=resume, save_dir=str(folder / RUN_FOLDER))
    except RuntimeError as error:
        if "NaN" in str(error):  # it gave up recovering: the log is to show what happened
            watch.log_lost_epoch()
        raise


def test(spec: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of best.pt on the test split."""
    folder, given = Path(spec["folder"]), spec["arguments"]
    device = device_of(spec)
    found = YOLO(str(folder / BEST_FILE), task=spec["task"]).val(
        data=given["data"],
        split="test",
        imgsz=given["imgsz"],
        plots=given["plots"],
        save_dir=str(folder / "test"),
        device=device,
        verbose=False,
    )
    return {name: float(value) for name, value in found.results_dict.items()}


def arguments(spec: Mapping[str, Any], *, resume: bool) -> dict[str, Any]:
    """Return the arguments of Ultralytics' train; one that goes on keeps the batch that was found to fit."""
    given = dict(spec["arguments"])
    device = device_of(spec)
    if given.get("batch") == LARGEST:
        found = facts.read(Path(spec["folder"])).get("batch") if resume else None
        given["batch"] = found or (MEMORY_SHARE if device != "cpu" else 16)
    # Its pictures are for a training that ends; one that is paused at every rung would draw them each time.
    given["plots"] = given["plots"] and not _pauses(spec)
    given["lr0"] = min(given.get("lr0", 0.01), LARGEST_RATE)
    given.setdefault("workers", min(8, int(os.environ.get("OMP_NUM_THREADS", "8"))))
    return {**given, "device": device}


def device_of(spec: Mapping[str, Any]) -> str | int:
    """Return the GPU that the trial sees, or the CPU."""
    return 0 if spec["device"] != "cpu" and torch.cuda.is_available() else "cpu"


def _pauses(spec: Mapping[str, Any]) -> bool:
    return bool((spec.get("until") or spec["epochs"]) < spec["epochs"])


class Watch:
    """What is done at the turns of a training; Ultralytics calls the methods with its own trainer."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec, self._folder = spec, Path(spec["folder"])
        self._rate = float(spec["arguments"].get("lr0", 0))
        self._facts: dict[str, Any] = {"nan_recoveries": 0}
        self._begun = -1
        self._lock: IO[str] | None = None

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_pretrain_routine_start": self.starts,
            "on_pretrain_routine_end": self.is_ready,
            "on_train_epoch_start": self.begins_epoch,
            "on_fit_epoch_end": self.ends_epoch,
        }

    def starts(self, trainer: Any) -> None:
        trainer.last, trainer.best = Whole(trainer.last), Whole(trainer.best)
        if self._spec["threads"]:
            torch.set_num_threads(self._spec["threads"])
        if self._rate > LARGEST_RATE:
            make = trainer.build_optimizer
            trainer.build_optimizer = lambda **given: make(**{**given, "lr": self._rate})
        # One trial at a time: the first writes a cache beside the labels, which another would read half-written.
        self._lock = open(self._folder.parent / LOCK_FILE, "w")  # noqa: SIM115  (released where it is ready)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def is_ready(self, trainer: Any) -> None:
        if self._lock:
            self._lock.close()
        _keep_rows(self._folder / LOG_FILE, trainer.start_epoch)
        if trainer.resume:
            self._facts = {**self._facts, **facts.read(self._folder)}
        model = trainer.model
        self._note(
            parameters=get_num_params(model),
            gflops=round(get_flops(model, trainer.args.imgsz), 3),
            batch=trainer.batch_size,
            optimizer=type(trainer.optimizer).__name__,
            train_images=len(trainer.train_loader.dataset),
            val_images=len(trainer.test_loader.dataset),
        )

    def begins_epoch(self, trainer: Any) -> None:
        """Tell a repeated epoch: a batch that did not fit, or a loss that was not finite."""
        if trainer._oom_retries:
            if self._spec["arguments"].get("batch") != LARGEST:
                raise MemoryError(f"out of memory: batch {self._facts['batch']} does not fit")
            self._note(batch=trainer.batch_size)
        elif trainer.epoch == self._begun:
            self._note(nan_recoveries=self._facts["nan_recoveries"] + 1)
        self._begun = trainer.epoch

    def ends_epoch(self, trainer: Any) -> None:
        """Note what the epoch took, and leave where the trial is paused; the checkpoint is written by now."""
        if torch.cuda.is_available() and trainer.device.type == "cuda":
            self._note(gpu_memory_gb=round(torch.cuda.max_memory_reserved() / GIB, 3))
        if _pauses(self._spec) and trainer.epoch + 1 == self._spec["until"]:
            # Not through trainer.stop: that ends in a last evaluation, which strips the checkpoint of its optimizer.
            print(f"paused after epoch {trainer.epoch + 1}", flush=True)
            raise SystemExit(0)

    def log_lost_epoch(self) -> None:
        """Log the epoch begun as one in which nothing was finite."""
        log = self._folder / LOG_FILE
        columns = log.read_text().partition("\n")[0].count(",")
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{self._begun + 1}{',nan' * columns}\n")

    def _note(self, **noted: Any) -> None:
        self._facts.update(noted)
        whole.write(self._folder / FACTS_FILE, json.dumps(self._facts, indent=2) + "\n")


def _keep_rows(log: Path, epochs: int) -> None:
    """Cut the log to the epochs that the checkpoint knows: what came after is trained again, and logged again."""
    if not log.exists():
        return
    header, *rows = log.read_text().splitlines(keepends=True)
    whole.write(log, "".join([header, *rows[:epochs]]))
