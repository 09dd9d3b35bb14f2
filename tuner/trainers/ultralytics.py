"""Train YOLO models with Ultralytics (8.4 or later): YOLOv3u, v5u, v8, 11, 26 and what else it knows.

    trainer:
      name: ultralytics
      data: data/ssdd/data.yaml   # or, for task: classify, a folder with train/ and val/
      model: "yolov8{size}"       # {name} stands for a parameter of the space; default: the parameter `model` itself
      weights: weights            # folder with the .pt files to start from; nothing is ever downloaded
      pretrained: true            # false: an untrained model; a path: the weights to start from
      task: detect                # or segment, pose, obb, classify
      imgsz: 640
      images: 3000                # train on a random draw of so many images, or of a share (0.3); all if absent
      plots: true                 # the pictures that Ultralytics draws at the end of a training
      device: auto                # a GPU where one is given to the trial; or cpu
      args: {close_mosaic: 10}    # any other argument of Ultralytics' train, by its own name

Every parameter of the space is an argument of Ultralytics' train under its own name: `lr0`, `lrf`, `batch`,
`weight_decay`, `momentum` (beta 1 for the Adam family), `warmup_epochs`, `box`, `cls`, `dfl`, `mosaic`, `degrees` …
One more is tuner's: `augmentation` (none, light, default, strong) sets the whole family of image augmentations. Where
neither the space nor `args` names an optimizer it is SGD, because `auto` would ignore `lr0`. `batch: largest` in `args`
asks for the largest batch that fits into the GPU's memory.

A trial's folder holds Ultralytics' own in `run/`: results.csv, args.yaml, weights/last.pt and best.pt, plots; beside
it facts.json with parameters, GFLOPs, memory and the batch that was really used. Ultralytics' own patience is off: only
one of two may stop a run. It halves a batch that does not fit without a word; here such a trial ends as out of memory,
since its result would be that of another batch. A checkpoint holds the averaged weights in half precision, so a trial
that was continued goes on closely, not exactly, as if nothing had happened.

The test split is looked at only when asked for, and prints JSON:

    python -m tuner.inside.ultralytics_run results/<study>/trials/0007/spec.json --test
"""

from __future__ import annotations

import itertools
import math
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from tuner import installed, yolo_package
from tuner.checkpoint import is_whole
from tuner.data import subset, told, yolo
from tuner.data.summary import Summary
from tuner.documents import Model
from tuner.errors import did_you_mean
from tuner.inside.ultralytics_names import ENVIRONMENT, LARGEST, LAST_FILE, LOG_FILE
from tuner.record import Params, ParamValue
from tuner.space import Space
from tuner.spec import SPEC_FILE, About, Command, Log, TrialSpec

Share = Annotated[float, Field(gt=0, le=1)]

PROGRAM = "tuner.inside.ultralytics_run"
STRIDE = 32
_BOXES = tuple(f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95"))
OBJECTIVES: Mapping[str, tuple[str, ...]] = {
    "detect": _BOXES,
    "obb": _BOXES,
    "segment": (*_BOXES, *(name.replace("(B)", "(M)") for name in _BOXES)),
    "pose": (*_BOXES, *(name.replace("(B)", "(P)") for name in _BOXES)),
    "classify": ("metrics/accuracy_top1", "metrics/accuracy_top5"),
}
"""The metrics that each task logs; losses can be an objective as well."""
OWN = {"model", "data", "task", "mode", "resume", "project", "name", "exist_ok", "save_dir", "save", "val", "time"}
OWN |= {"seed", "epochs", "device", "patience", "pretrained", "imgsz", "plots", "verbose", "fraction"}
AUGMENTATION = "augmentation"
# From nothing to more than Ultralytics' own; `default` leaves each argument as it is.
AUGMENTATIONS: Mapping[str, Mapping[str, float]] = {
    "none": dict.fromkeys(
        ("hsv_h", "hsv_s", "hsv_v", "translate", "scale", "fliplr", "mosaic", "mixup", "degrees", "erasing"), 0.0
    ),
    "light": {"hsv_h": 0.007, "hsv_s": 0.35, "hsv_v": 0.2, "translate": 0.05, "scale": 0.25, "mosaic": 0.0},
    "default": {},
    "strong": {"translate": 0.2, "scale": 0.9, "mixup": 0.15, "degrees": 10.0, "flipud": 0.5},
}


class UltralyticsOptions(Model):
    """What `trainer:` holds beside its name."""

    data: str = Field(description="data.yaml, or a folder for classification")
    model: str = Field("{model}", description="model name or file; {name} stands for a parameter of the space")
    weights: str = Field("weights", description="folder with the weights to start from")
    pretrained: bool | str = Field(default=True, description="start from weights; or the file of the weights")
    task: Literal["detect", "segment", "pose", "obb", "classify"] = Field("detect", description="what the model does")
    imgsz: int = Field(640, ge=32, le=8192, description="size that images are scaled to")
    images: PositiveInt | Share | None = Field(None, description="training images to draw, or the share of them")
    plots: bool = Field(default=True, description="let Ultralytics draw its pictures at the end")
    device: Literal["auto", "cpu"] = Field("auto", description="auto takes a GPU where there is one")
    threads: int | None = Field(None, ge=1, le=256, description="CPU threads of one trial; default: its share")
    args: dict[str, Any] = Field({}, description="other arguments of Ultralytics' train")

    @model_validator(mode="after")
    def _drawn(self) -> UltralyticsOptions:
        if self.images is not None and self.task == "classify":
            raise ValueError("expected images with a data.yaml only, but got it with task: classify")
        return self


class UltralyticsTrainer:
    """Ultralytics' train as a trainer."""

    Options = UltralyticsOptions
    log_format = "ultralytics"

    def __init__(self, options: UltralyticsOptions, base: Path) -> None:
        self.options = options
        self.data, self.weights = base / options.data, base / options.weights
        self.summary: Summary | None = None
        self.pretrained = options.pretrained
        if isinstance(self.pretrained, str):
            self.pretrained = str(base / self.pretrained)

    @property
    def metrics(self) -> tuple[str, ...]:
        return OBJECTIVES[self.options.task]

    def check(self, space: Space) -> None:
        """Raise ValueError or ConfigError where options, models or data are not such that every trial can start."""
        named = {name for _, name, _, _ in string.Formatter().parse(self.options.model) if name is not None}
        known = yolo_package.arguments()
        for name in named - set(space.parameters):
            raise ValueError(f"model: expected parameters of the space, but got '{{{name}}}'")
        mine = named | {"epochs", "model", "pretrained", "imgsz", AUGMENTATION}
        for where, names in (("space", set(space.parameters) - mine), ("args", set(self.options.args))):
            for name in sorted(names & OWN | names - set(known)):
                hint = " (tuner sets it)" if name in OWN else did_you_mean(name, known)
                raise ValueError(f"{where}: expected arguments of Ultralytics, but got '{name}'{hint}")
        self._check_choices(space, named)
        for name, value in [*self._ends(space), *self.options.args.items()]:
            if name not in named and (problem := yolo_package.problem(name, value)) and not _largest(name, value):
                raise ValueError(f"{name}: {problem}")
        self.summary = yolo.check(self.data, self.options.task)

    def data_check(self) -> Sequence[str]:
        return (str(self.data.absolute()), "--task", self.options.task)

    def about(self, space: Space) -> About:
        assert self.summary is not None, "check comes first"
        train = self.summary.splits["train"].images
        drawn = self._drawn(train)
        part = [f"{drawn} of the training images are drawn"] if drawn < train else []
        empty = [remark for remark in self.summary.remarks if "background" in remark]
        return About(
            "; ".join([f"{self.options.data}: {told.counts(self.summary)}", *part, *empty]),
            f"{self.options.model}, {self._start()}, {self.options.imgsz} pixels",
            drawn,
            packages=installed.versions(),
            test="test" in self.summary.splits,
            remarks=(*(remark for remark in self.summary.remarks if remark not in empty), *self._remarks()),
        )

    def _drawn(self, train: int) -> int:
        images = self.options.images
        return (
            train if images is None else math.ceil(images * train) if isinstance(images, float) else min(images, train)
        )

    def _start(self) -> str:
        if isinstance(self.pretrained, str):
            return f"from {self.pretrained}"
        own = self.options.model.endswith(".pt")
        return f"from the weights in {self.options.weights}" if self.pretrained or own else "untrained"

    def _remarks(self) -> Iterator[str]:
        size, args = self.options.imgsz, self.options.args
        if size % STRIDE:
            up = math.ceil(size / STRIDE) * STRIDE
            yield f"imgsz: Ultralytics trains with {up} in place of {size}, which is no multiple of {STRIDE}"
        if args.get("optimizer") == "auto":
            yield "args.optimizer: auto chooses rate and momentum by itself; name an optimizer, such as SGD"

    @staticmethod
    def _ends(space: Space) -> Iterator[tuple[str, ParamValue]]:
        """Yield the values of every parameter that are listed, and the ends of every range."""
        for name, parameter in space.parameters.items():
            for value in space.listed(name) or space.bounds().get(name, ()):
                # A rate beyond what Ultralytics takes as an argument is set where the optimizer is made.
                if parameter.name != "lr0":
                    yield name, value

    def _check_choices(self, space: Space, named: set[str]) -> None:
        if isinstance(self.pretrained, str) and not Path(self.pretrained).is_file():
            raise ValueError(f"pretrained: expected a file, but there is none at {self.pretrained}")
        for params in _combinations(space, named | {"pretrained"}):
            try:
                self._model(params)
            except ValueError as error:
                raise ValueError(f"model: {error}") from None
        for params in _combinations(space, {"optimizer", AUGMENTATION}):
            optimizer = str(params.get("optimizer", self.options.args.get("optimizer", "SGD")))
            if optimizer.lower() not in [o.lower() for o in yolo_package.OPTIMIZERS]:
                known = ", ".join(yolo_package.OPTIMIZERS)
                raise ValueError(f"optimizer: expected one of {known}, but got '{optimizer}'")
            if optimizer == "auto" and {"lr0", "momentum"} & set(space.parameters):
                raise ValueError("optimizer: expected one by its name, but got 'auto', which ignores lr0 and momentum")
            if params.get(AUGMENTATION, "default") not in AUGMENTATIONS:
                strengths = ", ".join(AUGMENTATIONS)
                raise ValueError(f"{AUGMENTATION}: expected one of {strengths}, but got '{params[AUGMENTATION]}'")

    def command(self, spec: TrialSpec, *, resume: bool) -> Command:
        """Write spec.json, with the arguments as Ultralytics gets them, and return the command that trains it."""
        options = self.options
        path = spec.write(
            task=options.task,
            model=self._model(spec.params),
            device=options.device,
            threads=options.threads,
            arguments=self._arguments(spec),
        )
        argv = (sys.executable, "-m", PROGRAM, str(path), *(["--resume"] if resume else []))
        return Command(argv, ENVIRONMENT, spec.folder)

    def _model(self, params: Mapping[str, ParamValue]) -> str:
        name = self.options.model.format(**{k: str(v) for k, v in params.items()})
        pretrained = params.get("pretrained", self.pretrained)
        return yolo_package.model_file(name, self.weights, pretrained=pretrained is True)

    def _arguments(self, spec: TrialSpec) -> dict[str, Any]:
        """Return the arguments of Ultralytics' train."""
        strength = str(spec.params.get(AUGMENTATION, "default"))
        known = yolo_package.arguments()
        chosen = {name: value for name, value in spec.params.items() if name in known and name != "model"}
        return {
            "optimizer": "SGD",
            "imgsz": self.options.imgsz,
            "plots": self.options.plots,
            "pretrained": self.pretrained,
            **AUGMENTATIONS[strength],
            **self.options.args,
            **chosen,
            "data": str(self._data(spec)),
            "epochs": spec.epochs,
            "seed": spec.seed,
            "patience": 0,
            "verbose": False,
        }

    def _data(self, spec: TrialSpec) -> Path:
        """Return the data set as all trials of the study get it: its places absolute, drawn from where asked for."""
        images = self.options.images
        if self.options.task == "classify":
            return self.data.absolute()
        place = spec.folder.parent.parent / "data" / str(images or "all")
        if isinstance(images, float):
            return subset.subset(self.data, place, fraction=images).absolute()
        return subset.subset(self.data, place, images=images).absolute()

    def log(self, folder: Path) -> Log:
        return Log(folder / LOG_FILE, self.log_format)

    def can_continue(self, folder: Path) -> bool:
        return is_whole(folder / LAST_FILE)

    def test(self, folder: Path) -> Command:
        return Command((sys.executable, "-m", PROGRAM, str(folder / SPEC_FILE), "--test"), ENVIRONMENT, folder)

    def predict(self, folder: Path, split: str) -> Command:
        argv = (sys.executable, "-m", PROGRAM, str(folder / SPEC_FILE), "--predict", split)
        return Command(argv, ENVIRONMENT, folder)

    def exported(self, spec: TrialSpec) -> Mapping[str, Any]:
        """Return arguments for ``yolo train cfg=best.yaml``."""
        return {"task": self.options.task, "model": self._model(spec.params), **self._arguments(spec)}


def _largest(name: str, value: object) -> bool:
    return name == "batch" and value == LARGEST


def _combinations(space: Space, names: set[str]) -> Iterator[Params]:
    """Yield every combination of the values that the parameters ``names`` can have, where they are counted."""
    values = {name: listed for name in names & set(space.parameters) if (listed := space.listed(name))}
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))
