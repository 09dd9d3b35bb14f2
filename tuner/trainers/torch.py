"""Train an image classifier that comes with tuner: on your own images, or on the digits that scikit-learn ships.

    trainer:
      name: torch
      data: my_images     # folders of classes, a list of files, an .npz; or digits: 1797 images of 8 x 8 pixels
      val_share: 0.2      # share of the images that the score is computed on, drawn class by class
      test_share: 0.2     # share that is kept for the test; splits that the set has are taken as they are
      split_seed: 20      # another seed draws other parts; all trials of a study have the same
      image_size: 64      # every image is scaled to so many pixels a side, whatever its shape was
      flip: true          # augmentation may mirror an image; false where left and right matter
      weights: weights/{model}.pth  # start from these weights, one file a model; nothing is ever downloaded
      train_size: 600     # keep only so many training images, so that a large model overfits; all of them if absent
      label_noise: 0.15   # give this share of the training labels another class
      device: auto        # a GPU where one is given to the trial; or cpu
      threads: 1          # CPU threads of one trial

Parameters that a space may hold, with what counts where the space is silent: `lr` (0.1), `batch` (64), `weight_decay`
(0.0001), `model` (mlp-s; smallest to largest: mlp-xs, mlp-s, mlp-m, cnn-s, cnn-m, cnn-l for small images, resnet18,
resnet34, resnet50, resnet101), `dropout` (0), `optimizer` (sgd; or rmsprop, adam, adamw), `momentum` (0.9, for sgd and
rmsprop), `beta1` and `beta2` (0.9 and 0.999, for adam and adamw), `grad_clip` (0: off; else the longest gradient, as an
L2 norm over all weights), `schedule` (cosine; constant; or step: a tenth after half and after three quarters of the
epochs), `warmup_epochs` (0), `head_epochs` (0: off; else so many epochs train the last layer alone, at the rate `lr`,
before the rest joins and warm-up and schedule begin), `pretrained` (true; counts where there are `weights`).

Further ones, all off at 0: `ema` (decay of a moving average of the weights, which is scored and kept in their place),
`label_smoothing`, and from 0 to 1 `class_weights` (a class of n images counts n^-s in the loss), `oversample` (a class
of n images, where the largest has m, is shown n^(1-s) m^s times, in training only) and `augmentation` (strength of
mirroring, cutting out and brightening).

Each trial logs one row an epoch to `log.csv` with the columns epoch, seconds, learning_rate, train/loss,
train/regulariser, train/total, val/loss, val/accuracy, val/balanced_accuracy (mean recall of the classes) and val/f1
(mean over the classes); each of these and each loss can be the objective. train/loss is what the images cause,
train/regulariser half of `weight_decay` times the squared length of the weights, train/total the sum; diagnoses look
at the first. val/loss is the plain cross-entropy, whatever smoothing and weights are trained with. A trial keeps
`last.pt`, from which a killed one goes on exactly as if nothing had happened, and `best.pt`, the weights of the best
epoch with the statistics that images are normalised with: those of the training images as an epoch shows them,
oversampled and augmented. The trial's seed sets weights, dropout, augmentation and the order of the images.

The test part is looked at only when asked for, and prints JSON:

    python -m tuner.inside.torch_classifier results/<study>/trials/0007/spec.json --test
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tuner import installed
from tuner.checkpoint import is_whole
from tuner.documents import Model
from tuner.errors import ConfigError
from tuner.inside import parameters as known
from tuner.inside.parameters import DIGITS, RESNETS
from tuner.record import ParamValue
from tuner.space import Space
from tuner.spec import SPEC_FILE, About, Command, Log, TrialSpec

PROGRAM = "tuner.inside.torch_classifier"
SHARES = {DIGITS: (0.25, 0.25), "": (0.2, 0.2)}
"""Of validation and test where nothing is said."""
DATA_FOLDER = "data"
"""Below the study's folder: the images as all its trials get them."""
EVENING = frozenset({"oversample", "class_weights"})
"""Parameters that make small classes count for more."""
SMALL = 64
"""From this side on, in pixels, a ResNet has something to look at after its five halvings."""


class TorchOptions(Model):
    """What `trainer:` holds beside its name."""

    data: str = Field(default=DIGITS, description="digits, folders of classes, a list of files, or an .npz")
    val_share: float | None = Field(
        default=None, ge=0.05, le=0.6, description="share of the images to validate on; default 0.2, of digits 0.25"
    )
    test_share: float | None = Field(
        default=None, ge=0, le=0.6, description="share to test on, where the set has no splits; default as val_share"
    )
    split_seed: int = Field(default=20, ge=0, description="of the draw of the parts, the same for all trials")
    image_size: int = Field(default=64, ge=8, le=1024, description="pixels a side that images are scaled to")
    flip: bool = Field(default=True, description="augmentation may mirror images")
    weights: str | None = Field(default=None, description="file of weights to start from; {model} is put in")
    train_size: int | None = Field(default=None, ge=10, description="training images to keep; all where absent")
    label_noise: float = Field(default=0.0, ge=0, lt=1, description="share of training labels to make wrong")
    device: Literal["auto", "cpu"] = Field(default="auto", description="auto takes a GPU where there is one")
    threads: int = Field(default=1, ge=1, le=256, description="CPU threads of one trial")


class TorchTrainer:
    """The built-in classifier as a trainer."""

    Options = TorchOptions
    log_format = "csv"
    metrics = known.METRICS

    def __init__(self, options: TorchOptions, base: Path) -> None:
        self.options, self.base = options, base
        self.parts: Mapping[str, int] | None = None
        self.remarks: tuple[str, ...] = ()
        self.names = ""

    def check(self, space: Space) -> None:
        """Raise ValueError or ConfigError for parameters, values, weights or images that cannot be trained with."""
        known.parse(_without_epochs({name: space.default(name) for name in space.parameters}))
        for name in space.parameters:
            for value in space.listed(name) or space.bounds().get(name, ()):
                known.parse(_without_epochs({name: value}))
        self._check_weights(space)
        if self.options.data != DIGITS:
            self._check_images(space)
        self.remarks = (*self.remarks, *self._doubts(space))

    def _check_weights(self, space: Space) -> None:
        for model in self._models(space) if self.options.weights else ():
            path = self._weights(model)
            if not path.is_file():
                raise ValueError(f"weights: expected a file for {model}, but there is none at {path}")

    def _models(self, space: Space) -> Sequence[str]:
        return [str(m) for m in space.listed("model")] if "model" in space.parameters else [known.parse({}).model]

    def _weights(self, model: str) -> Path:
        return self.base / (self.options.weights or "").replace("{model}", model)

    def _check_images(self, space: Space) -> None:
        # Imported here, as all that reads images: the digits start faster without.
        from tuner.data import portions, told
        from tuner.data.doctor import dataset

        shares = self._shares()
        try:
            found = portions.read(
                self.base / self.options.data, val_share=shares[0], test_share=shares[1], seed=self.options.split_seed
            )
            portions.check_images(found)
        except ConfigError as error:
            raise ValueError(f"data: {error}") from None
        self.parts = {part: len(places) for part, places in found.parts.items()}
        self.names = f", {len(found.names)} classes ({told.few(found.names)})"
        counts = found.counts("val")
        if unseen := [name for number, name in enumerate(found.names) if not counts[number]]:
            self.remarks = (f"no validation image of {told.few(unseen)}: their score is unknown",)
        trained = sorted((found.counts("train")[number], name) for number, name in enumerate(found.names))
        (few, weakest), (most, strongest) = trained[0], trained[-1]
        if most > dataset.LARGEST_RATIO * few:
            even = "" if EVENING & set(space.parameters) else "; oversample or class_weights in the space even that out"
            remark = f"data: {most} training images of '{strongest}', {few} of '{weakest}': accuracy would hide that"
            self.remarks = (*self.remarks, f"{remark}{even}")

    def _doubts(self, space: Space) -> Iterator[str]:
        """Yield what may be meant otherwise."""
        large = [model for model in self._models(space) if model in RESNETS]
        if large and self.options.data != DIGITS and self.options.image_size < SMALL:
            size = self.options.image_size
            yield f"image_size: {size} pixels leave {large[0]} little to look at; 128 to 224 are usual"
        if "head_epochs" in space.parameters and self.options.weights is None:
            yield "head_epochs: without weights to start from, the head learns on random features"

    def _shares(self) -> tuple[float, float]:
        """Return the shares of validation and test."""
        val, test = SHARES.get(self.options.data, SHARES[""])
        given = self.options
        return (given.val_share or val, test if given.test_share is None else given.test_share)

    def data_check(self) -> Sequence[str]:
        return () if self.options.data == DIGITS else (str((self.base / self.options.data).absolute()),)

    def about(self, space: Space) -> About:
        parts = self.parts or self._of_digits()
        return About(
            f"{self.options.data}: {parts['train']} training, {parts['val']} validation, {parts['test']} test images"
            f"{self.names}",
            "" if "model" in space.parameters else str(known.parse({}).model),
            parts["train"],
            packages=installed.versions(),
            test=parts["test"] > 0,
            remarks=self.remarks,
        )

    def _of_digits(self) -> Mapping[str, int]:
        from tuner.inside import data

        found = data.load(self._settings(Path()))
        return {name: len(part.labels) for name, part in vars(found).items() if isinstance(part, data.Part)}

    def _settings(self, study: Path) -> dict[str, Any]:
        """Return the options as a trial of the study in the folder ``study`` gets them."""
        options, (val, test) = self.options, self._shares()
        return {
            **options.model_dump(),
            "data": options.data if options.data == DIGITS else str((self.base / options.data).absolute()),
            "weights": str((self.base / options.weights).absolute()) if options.weights else None,
            "val_share": val,
            "test_share": test,
            "cache": str((study / DATA_FOLDER).absolute()),
        }

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        """Write spec.json and return the command that trains it."""
        settings = self._settings(spec.folder.parent.parent)
        path = replace(spec, params=_without_epochs(spec.params)).write(**settings)
        argv = (sys.executable, "-m", PROGRAM, str(path), *(["--resume"] if resume else []))
        return Command(argv, {"OMP_NUM_THREADS": str(self.options.threads)})

    def log(self, folder: Path) -> Log:
        return Log(folder / known.LOG_FILE, self.log_format)

    def can_continue(self, folder: Path) -> bool:
        return is_whole(folder / known.LAST_FILE)

    def test(self, folder: Path) -> Command | None:
        if self.parts is not None and not self.parts["test"]:
            return None
        return Command((sys.executable, "-m", PROGRAM, str(folder / SPEC_FILE), "--test"))

    def predict(self, folder: Path, split: str) -> Command:
        return Command((sys.executable, "-m", PROGRAM, str(folder / SPEC_FILE), "--predict", split))

    def exported(self, spec: TrialSpec) -> Mapping[str, Any]:
        return spec.params


def _without_epochs(parameters: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """Leave out the number of epochs, where a space lets it vary: the classifier finds it in the specification."""
    return {name: value for name, value in parameters.items() if name != "epochs"}
