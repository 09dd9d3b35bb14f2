"""Train a small image classifier that comes with tuner: for a first study, a demonstration, a test without a GPU.

    trainer:
      name: torch
      data: digits        # 1797 images of 8 x 8 pixels, shipped by scikit-learn; a quarter is kept for the test
      train_size: 600     # keep only so many training images, so that a large model overfits; all of them if absent
      label_noise: 0.15   # give this share of the training labels another class
      val_share: 0.4      # share of the images that the score is computed on
      schedule: cosine    # or constant: how the rate moves over the planned epochs
      device: auto        # a GPU where one is given to the trial; or cpu
      threads: 1          # CPU threads of one trial

Parameters that a space may hold, with what counts where the space is silent: `lr` (0.1), `batch` (64), `weight_decay`
(0.0001), `model` (mlp-s; smallest to largest: mlp-xs, mlp-s, mlp-m, cnn-s, cnn-m, cnn-l), `dropout` (0), `optimizer`
(sgd; or rmsprop, adam, adamw), `momentum` (0.9, for sgd and rmsprop), `beta1` and `beta2` (0.9 and 0.999, for adam and
adamw), `warmup_epochs` (0), `grad_clip` (0: off; else the longest gradient, as an L2 norm over all weights).

Each trial logs one row an epoch to `log.csv` with the columns epoch, seconds, learning_rate, train/loss, val/loss and
val/accuracy; each of the last three can be the objective. It keeps `last.pt`, from which a killed trial goes on exactly
as if nothing had happened, and `best.pt`, the weights of the best epoch. Split, flipped labels and scaling are the same
for all trials of a study; the trial's seed sets weights, dropout and the order of the images.

The test part is looked at only when asked for, and prints JSON:

    python -m tuner.inside.torch_classifier results/<study>/trials/0007/spec.json --test
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tuner import installed
from tuner.documents import Model
from tuner.inside import parameters as known
from tuner.record import ParamValue
from tuner.space import Space
from tuner.spec import SPEC_FILE, About, Command, Log, TrialSpec

PROGRAM = "tuner.inside.torch_classifier"


class TorchOptions(Model):
    """What `trainer:` holds beside its name."""

    data: Literal["digits"] = Field(default="digits", description="data set to train on")
    train_size: int | None = Field(default=None, ge=10, description="training images to keep; all where absent")
    label_noise: float = Field(default=0.0, ge=0, lt=1, description="share of training labels to make wrong")
    val_share: float = Field(default=0.25, ge=0.05, le=0.6, description="share of the images to validate on")
    schedule: Literal["cosine", "constant"] = Field(default="cosine", description="how the rate moves over the epochs")
    device: Literal["auto", "cpu"] = Field(default="auto", description="auto takes a GPU where there is one")
    threads: int = Field(default=1, ge=1, le=256, description="CPU threads of one trial")


class TorchTrainer:
    """The built-in classifier as a trainer."""

    Options = TorchOptions
    log_format = "csv"
    metrics = ("val/accuracy",)

    def __init__(self, options: TorchOptions, base: Path) -> None:
        self.options = options

    def check(self, space: Space) -> None:
        """Raise ValueError where the space holds a parameter, or a value, that the classifier does not know."""
        known.parse(_without_epochs({name: space.default(name) for name in space.parameters}))
        for name in space.parameters:
            for value in space.listed(name):
                known.parse(_without_epochs({name: value}))

    def data_check(self) -> Sequence[str]:
        return ()

    def about(self, space: Space) -> About:
        options = self.options
        # Imported here: what reads the images is for those that train, and for this.
        from tuner.inside import data

        parts = data.load(
            options.data, train_size=options.train_size, label_noise=options.label_noise, val_share=options.val_share
        )
        train, val, test = (len(part.labels) for part in (parts.train, parts.val, parts.test))
        return About(
            f"{options.data}: {train} training, {val} validation, {test} test images",
            "" if "model" in space.parameters else str(known.parse({}).model),
            train,
            packages=installed.versions(),
        )

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        """Write spec.json and return the command that trains it."""
        path = replace(spec, params=_without_epochs(spec.params)).write(**self.options.model_dump())
        argv = (sys.executable, "-m", PROGRAM, str(path), *(["--resume"] if resume else []))
        return Command(argv, {"OMP_NUM_THREADS": str(self.options.threads)})

    def log(self, folder: Path) -> Log:
        return Log(folder / known.LOG_FILE, self.log_format)

    def can_continue(self, folder: Path) -> bool:
        return (folder / known.LAST_FILE).is_file()

    def test(self, folder: Path) -> Command:
        return Command((sys.executable, "-m", PROGRAM, str(folder / SPEC_FILE), "--test"))

    def predict(self, folder: Path, split: str) -> None:
        return None

    def exported(self, spec: TrialSpec) -> Mapping[str, Any]:
        return spec.params


def _without_epochs(parameters: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """Leave out the number of epochs, where a space lets it vary: the classifier finds it in the specification."""
    return {name: value for name, value in parameters.items() if name != "epochs"}
