"""A data set in the YOLO layout: models of Ultralytics, trained by ``trainer: ultralytics``."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from pathlib import Path

from tuner import documents, standings
from tuner.data import data_yaml, pictures
from tuner.data.summary import Summary
from tuner.data.told import counts
from tuner.data.yolo import check
from tuner.init.draft import Draft, devices_line, epochs_for, lines_of, path_from, quoted, study_name, trials_for
from tuner.init.look import WEIGHTS, Found

SUFFIX = {"detect": "", "segment": "-seg", "pose": "-pose", "obb": "-obb", "classify": "-cls"}
OBJECTIVE = {
    "detect": "metrics/mAP50-95(B)",
    "segment": "metrics/mAP50-95(M)",
    "pose": "metrics/mAP50-95(P)",
    "obb": "metrics/mAP50-95(B)",
    "classify": "metrics/accuracy_top1",
}
FAMILY = "yolo11"
"""What is trained where nothing is found to start from."""
SIZES = "nsmlx"
LOOKED_AT = 50
"""Images whose size is looked at."""
PROBED, DRAWN = 400, 6000
"""From so many training images on a probe, and a search on a part of them, are worth their time."""


@dataclass(frozen=True)
class Model:
    """What is trained: ``lines`` of the trainer, the sizes to choose from, and what was found or guessed of it."""

    lines: str
    sizes: str = ""
    found: str = ""
    guessed: str = ""


def draft(data: Path, found: Found, base: Path, task: str | None) -> Draft:
    """Return the configuration that trains on ``data`` for a file in the folder ``base``; raises ConfigError."""
    task = task or _task(data)
    summary = check(data, task)
    model = _model(found, base, task)
    on_gpu = found.gpus > 0
    images = summary.splits["train"].images
    imgsz, seen = _imgsz(data, task, 640 if on_gpu else 320)
    epochs = 100 if on_gpu else 20
    rules = standings.Rules(3, 1, 1.0 if on_gpu else 0.75)
    space = _space(model.sizes, images, on_gpu)
    trials = trials_for(space)
    text = (
        f"# {counts(summary)}, for {task}.\n\n"
        f"study: {study_name(data if data.is_dir() else data.parent)}\n"
        f"trainer:\n  name: ultralytics\n  data: {quoted(path_from(base, data))}\n"
        f"{'' if task == 'detect' else f'  task: {task}{chr(10)}'}{model.lines}  imgsz: {imgsz}{seen}\n"
        f"space:\n{re.sub('^', '  ', space, flags=re.M).rstrip()}\n"
        f'objective: {{metric: "{OBJECTIVE[task]}", direction: maximize}}\n'
        f"epochs: {epochs}             # the full schedule of a trial{'' if on_gpu else ': few, for a CPU'}\n\n"
        f"budget: {{epochs: {epochs_for(trials, epochs, rules)}}}    # of all trials together: about {trials} of them\n"
        f"{devices_line(found.gpus)}seed: 0\n{_test(summary, on_gpu)}\n"
        f"baselines:\n  - {{}}                # the defaults above\n"
        f"  - {{lr0: 0.003}}\n"
        f"pausing: {{eta: 3, start_cost: {rules.start_cost:g}}}   # a start takes about as long as an epoch\n"
        f"{_stages(summary, on_gpu)}"
    )
    known = (f"{data}: {counts(summary)}", *([model.found] if model.found else []))
    guessed = (*([model.guessed] if model.guessed else []), *_also(data, found, task))
    return Draft(text, known, guessed)


def _task(data: Path) -> str:
    if data.is_dir():
        return "classify"
    return "pose" if "kpt_shape" in documents.load(data) else "detect"


def _model(found: Found, base: Path, task: str) -> Model:
    """Return what to start from: weights that are there, a model's description, or nothing."""
    named = [(path, match) for path in found.weights if (match := WEIGHTS.fullmatch(path.name))]
    fitting = [(path, match) for path, match in named if (match["task"] or "") == SUFFIX[task]]
    if fitting:
        first, match = fitting[0]
        family, folder = match["family"], first.parent
        sizes = {m["size"] for path, m in fitting if m["family"] == family and path.parent == folder}
        ordered = "".join(size for size in SIZES if size in sizes)
        several = len(ordered) > 1
        name = f"{family}{'{size}' if several else match['size']}{SUFFIX[task]}"
        lines = f"  model: {quoted(name)}\n  weights: {quoted(path_from(base, folder))}\n"
        return Model(lines, ordered if several else "", f"weights of {family} ({', '.join(ordered)}) in {folder}")
    if found.models and task == "detect":
        path = found.models[0]
        lines = (
            f"  model: {quoted(path.name)}\n  weights: {quoted(path_from(base, path.parent))}   # the model's folder\n"
        )
        lines += "  pretrained: false\n"
        return Model(lines, found=f"model {path}", guessed="no weights fit it: trained from nothing")
    size = "n" if not found.gpus else "{size}"
    lines = f"  model: {quoted(FAMILY + size + SUFFIX[task])}\n  weights: weights\n"
    lines += f"  pretrained: false      # true with {FAMILY}n{SUFFIX[task]}.pt … in weights/: far fewer epochs do\n"
    said = f"no weights such as {FAMILY}n{SUFFIX[task]}.pt were found: {FAMILY} is trained from nothing"
    return Model(lines, "nsm" if found.gpus else "", guessed=said)


def _space(sizes: str, images: int, on_gpu: bool) -> str:
    """Return the space: what matters most, with batches that the training images fill."""
    lines = lines_of("yolo", ["lr0", "batch", "weight_decay", "augmentation"])
    batches = [b for b in ((4, 8, 16, 32, 64) if on_gpu else (4, 8, 16)) if b <= max(4, images // 4)]
    lines["batch"] = f"batch: {{ordered: {batches}, default: {min(16, batches[-1])}}}"
    if sizes:
        lines = {"size": f"size: {{ordered: [{', '.join(sizes)}]}}", **lines}
    return "\n".join(lines.values())


def _imgsz(data: Path, task: str, most: int) -> tuple[int, str]:
    """Return the size to train at, a multiple of 32, with a remark; that of the images where they are smaller."""
    images = (
        pictures.below(data / "train") if task == "classify" else data_yaml.images_of(data_yaml.resolved(data)["train"])
    )
    step = max(1, len(images) // LOOKED_AT)
    sides = [max(pictures.size(image)) for image in images[::step]]
    usual = statistics.median(sides)
    size = int(min(most, max(64, -(-usual // 32) * 32)))
    return size, f"             # the images have {usual:g} pixels" + (": smaller is faster" if size < usual else "")


def _test(summary: Summary, on_gpu: bool) -> str:
    if "test" not in summary.splits or on_gpu:
        return ""
    return "test: true             # the best meets the test split once, at the end\n"


def _stages(summary: Summary, on_gpu: bool) -> str:
    """Return the stages: a probe where there is much to train on, the search, the best again with several seeds."""
    if not on_gpu:
        return ""
    images = summary.splits["train"].images
    probe = "  probe:  {trainer: {images: 100}, epochs: 10, budget: {trials: 2}, sweep: 0, pausing: off}\n"
    search = f"  search: {{trainer: {{images: {DRAWN // 2}}}}}\n" if images > DRAWN else "  search: {}\n"
    test = ", test: true" if "test" in summary.splits else ""
    full = f"  full:   {{top: 3, seeds: 3{test}}}   # the best three again, with three seeds\n"
    classes = summary.task == "classify"  # of which no part is drawn
    return (
        "\nstages:\n" + ("" if classes or images < PROBED else probe) + ("  search: {}\n" if classes else search) + full
    )


def _also(data: Path, found: Found, task: str) -> list[str]:
    others = [str(path) for path in (*found.data, *found.classes) if path != data]
    said = [f"one of several data sets; for another: tuner init {others[0]}"] if others else []
    if task == "detect":
        said.append("task: detect; for another: --task segment, pose, obb")
    return said
