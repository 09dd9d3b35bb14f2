"""Plant wrong boxes into made-up images of ships and count how many are named as doubtful labels, beside cleanlab.

    python -m scripts.bench_box_noise --seeds 3 --cleanlab ENV/bin/python --json OUT

For each rate and seed a share of all boxes, in training and validation alike, is dropped, drawn beside its ship, or
stands where no ship is, a third each. A small detector trains on one half and predicts the other, as ``tuner evidence``
does. What is named is right where it lies on a planted error: on the box as it is drawn or as it should be.
``--cleanlab`` is the interpreter of an environment of its own that has cleanlab (which is AGPL-3.0): it gets the same
boxes (``object_detection.filter.find_label_issues``) and names images, so both are counted by images as well; "as many"
are the images with its lowest scores, as many of them as the list of tuner has.

Ships are the only class, so none can get the label of another. ``--keep DIR`` keeps the predictions, which are not made
again where they are there.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scripts import planted
from tuner import whole
from tuner.data import prepare, ships
from tuner.data.source import split
from tuner.evidence import matching, mistakes, predictions
from tuner.evidence.mistakes import Mistake
from tuner.evidence.predictions import Predictions
from tuner.spec import evidence_file
from tuner.trainers.ultralytics import UltralyticsOptions, UltralyticsTrainer

ROOT = Path(__file__).resolve().parents[1]
IMAGES, SIDE, EPOCHS = 600, 160, 30
PARAMS = {"lr0": 0.003, "batch": 8, "optimizer": "AdamW", "weight_decay": 0.0005, "augmentation": "light"}
"""A baseline of configs/ships.yaml."""
BESIDE = (0.35, 0.8)
"""How far a box is drawn beside its ship, as a share of its sides: 0.3 to 0.02 of the two together overlap."""
KINDS = ("dropped", "beside", "nothing")
OTHER = """
import json, sys, numpy as np
from cleanlab.object_detection.filter import find_label_issues
from cleanlab.object_detection.rank import get_label_quality_scores
given = json.load(open(sys.argv[1]))
labels = [{"bboxes": np.array(l, float).reshape(-1, 4), "labels": np.zeros(len(l), int)} for l in given["labels"]]
found = [np.array([np.array(f, np.float32).reshape(-1, 5)] + [None], dtype=object)[:1] for f in given["found"]]
print(*np.flatnonzero(find_label_issues(labels, found)).tolist())
print(*np.argsort(get_label_quality_scores(labels, found), kind="stable").tolist())
"""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Planted:
    """One wrong box: how it should be, and how it is; None where there should be none or is none."""

    image: str
    kind: str
    should: Box | None
    drawn: Box | None


@dataclass(frozen=True)
class Outcome:
    """Wrong boxes and images with one, what was named, and how much of it rightly; ``by_kind`` is how many were met."""

    method: str
    rate: float
    seed: int
    planted: int
    named: int
    right: int
    met: int
    by_kind: dict[str, tuple[int, int]]
    wrong_images: int
    named_images: int
    right_images: int


def made(folder: Path, seed: int) -> Path:
    options = {"images": IMAGES, "size": SIDE, "val_share": 0.5, "test_share": 0.0, "seed": seed}
    source = ships.read(IMAGES, SIDE, seed)
    splits, how = split(source, val_share=0.5, test_share=0.0, seed=seed)
    prepare.prepare(prepare.Asked(folder, "tuner data synthetic-ships", options), source, splits, how, [ships.NAME])
    return folder / "data.yaml"


def planted_into(folder: Path, rate: float, seed: int) -> list[Planted]:
    """Make a share of the boxes wrong, in their files; return which of the validation images."""
    random = np.random.default_rng([seed, round(rate * 1000)])
    found: list[Planted] = []
    for part in ("train", "val"):
        files = sorted((folder / "labels" / part).glob("*.txt"))
        boxes = {file.stem: _boxes(file) for file in files}
        rows = [(name, box) for name, of_image in boxes.items() for box in of_image]
        chosen = [rows[i] for i in random.permutation(len(rows))[: round(rate * len(rows))]]
        wrong = [_wrong(KINDS[i % 3], name, box, boxes, random) for i, (name, box) in enumerate(chosen)]
        for one in wrong:
            of_image = boxes[one.image]
            if one.should is not None:
                of_image.remove(one.should)
            if one.drawn is not None:
                of_image.append(one.drawn)
        for file in files:
            lines = [f"0 {' '.join(f'{value:.6f}' for value in box)}\n" for box in boxes[file.stem]]
            file.write_text("".join(lines))
        found += wrong if part == "val" else []
    return found


def _boxes(file: Path) -> list[Box]:
    rows = [line.split()[1:] for line in file.read_text().splitlines()]
    return [(float(x), float(y), float(w), float(h)) for x, y, w, h in rows]


def _wrong(kind: str, name: str, box: Box, boxes: dict[str, list[Box]], random: Generator) -> Planted:
    if kind == "dropped":
        return Planted(name, kind, box, None)
    x, y, w, h = box
    if kind == "beside":
        dx, dy = random.uniform(*BESIDE, 2) * random.choice([-1, 1], 2)
        # Drawn into the image, on the other side where it would leave it.
        dx, dy = (-d if not s / 2 <= at + d * s <= 1 - s / 2 else d for d, at, s in ((dx, x, w), (dy, y, h)))
        return Planted(name, kind, box, (x + float(dx) * w, y + float(dy) * h, w, h))
    while True:
        image = str(random.choice(list(boxes)))
        place = (float(random.uniform(w / 2, 1 - w / 2)), float(random.uniform(h / 2, 1 - h / 2)), w, h)
        if not _shared([place], boxes[image]).any():
            return Planted(image, kind, None, place)


def _shared(first: Sequence[Box], second: Sequence[Box]) -> NDArray[np.float32]:
    a, b = (np.array(boxes, np.float32).reshape(-1, 4) for boxes in (first, second))
    return matching.overlaps(a, b)


def predicted(place: Path, data: Path, seed: int) -> Predictions:
    """Train on one half of the set and return what is predicted for the other."""
    given = {"data": str(data), "model": "tiny-yolo.yaml", "weights": str(ROOT / "configs" / "models")}
    options = UltralyticsOptions(
        **given, pretrained=False, imgsz=SIDE, plots=False, device="cpu", threads=1, args={"nbs": 8}
    )
    return planted.predicted(UltralyticsTrainer(options, ROOT), place / "trials" / "0000", PARAMS, EPOCHS, seed)


def case(rate: float, seed: int, keep: Path | None) -> tuple[Predictions, list[Planted]]:
    """Return the predictions for a set with wrong boxes, and which are wrong; from ``keep`` where they are there."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        data = made(place / "set", seed)
        wrong = planted_into(data.parent, rate, seed)
        kept = keep / f"{rate:g}-{seed}.jsonl" if keep else None
        if kept and kept.is_file():
            return predictions.read(kept), wrong
        found = predicted(place, data, seed)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            whole.write(kept, evidence_file(place / "trials" / "0000").read_text())
        return found, wrong


def by_tuner(found: Predictions, wrong: list[Planted]) -> tuple[int, int, list[Planted], set[int]]:
    """Return how much is named and how much rightly, which of the wrong boxes were met, and the images named."""
    doubts = mistakes.doubtful_labels(found)
    hits = [[one for one in wrong if _lies_on(doubt, found, one)] for doubt in doubts]
    met = [one for one in wrong if any(one in hit for hit in hits)]
    return len(doubts), sum(map(bool, hits)), met, {doubt.image for doubt in doubts}


def _lies_on(doubt: Mistake, found: Predictions, wrong: Planted) -> bool:
    image = found.images[doubt.image]
    if Path(image.image).stem != wrong.image:
        return False
    label = [] if doubt.truth is None else [image.truth[doubt.truth, 1:]]
    box = [] if doubt.found is None else [image.found[doubt.found, 2:]]
    as_drawn = wrong.drawn is not None and bool((_shared(label, [wrong.drawn]) > 0.9).any())
    as_should = wrong.should is not None and bool((_shared(box, [wrong.should]) >= 0.3).any())
    return as_drawn or as_should


def by_cleanlab(python: Path, found: Predictions) -> tuple[list[int], list[int]]:
    """Return the images that cleanlab names, and all images from the worst of its scores on."""
    given = {
        "labels": [(_corners(image.truth[:, 1:])).tolist() for image in found.images],
        "found": [np.hstack([_corners(image.found[:, 2:]), image.found[:, 1:2]]).tolist() for image in found.images],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(given, file)
        file.flush()
        done = subprocess.run([str(python), "-c", OTHER, file.name], capture_output=True, text=True, check=True)
    # It prints what it is doing as well.
    lines = [line for line in done.stdout.split("\n")[:-1] if not any(c.isalpha() for c in line)]
    named, ranked = ([int(word) for word in line.split()] for line in lines)
    return named, ranked


def _corners(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2]) * SIDE


def outcomes(rate: float, seed: int, keep: Path | None, cleanlab: Path | None) -> list[Outcome]:
    found, wrong = case(rate, seed, keep)
    images = {i for i, image in enumerate(found.images) if Path(image.image).stem in {one.image for one in wrong}}
    named, right, met, named_images = by_tuner(found, wrong)
    kinds = {kind: (sum(o.kind == kind for o in met), sum(o.kind == kind for o in wrong)) for kind in KINDS}

    def counted(method: str, of_images: set[int], *boxes: int, by_kind: dict[str, tuple[int, int]]) -> Outcome:
        in_images = (len(images), len(of_images), len(images & of_images))
        return Outcome(method, rate, seed, len(wrong), *boxes, by_kind, *in_images)

    done = [counted("tuner", named_images, named, right, len(met), by_kind=kinds)]
    if cleanlab:
        named_there, ranked = by_cleanlab(cleanlab, found)
        done.append(counted("cleanlab", set(named_there), 0, 0, 0, by_kind={}))
        done.append(counted("as many", set(ranked[: len(named_images)]), 0, 0, 0, by_kind={}))
    return done


def table(found: list[Outcome]) -> str:
    lines = [
        "method     rate  boxes wrong  named  precision  recall | images wrong  named  precision  recall | by kind"
    ]
    for method in dict.fromkeys(one.method for one in found):
        for rate in dict.fromkeys(one.rate for one in found):
            lines.append(_row([one for one in found if (one.method, one.rate) == (method, rate)]))
    return "\n".join(lines)


def _row(part: Sequence[Outcome]) -> str:
    names = ("planted", "named", "right", "met", "wrong_images", "named_images", "right_images")
    there, named, right, met, wrong, of_images, right_images = (sum(getattr(o, n) for o in part) for n in names)
    kinds = {
        kind: f"{sum(o.by_kind[kind][0] for o in part)} of {sum(o.by_kind[kind][1] for o in part)}"
        for kind in KINDS
        if all(o.by_kind for o in part)
    }
    told = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    boxes = f"{named:5}  {right / max(named, 1):9.2f}  {met / max(there, 1):6.2f}" if kinds else " " * 22
    return (
        f"{part[0].method:9}  {part[0].rate:4.0%}  {there:11}  {boxes} | {wrong:12}  {of_images:5}  "
        f"{right_images / max(of_images, 1):9.2f}  {right_images / max(wrong, 1):6.2f} | {told}"
    )


def main() -> None:
    parser = planted.parser(__doc__, seeds=3)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the predictions are kept")
    asked = parser.parse_args()
    planted.report(asked, lambda rate, seed: outcomes(rate, seed, asked.keep, asked.cleanlab), table)


if __name__ == "__main__":
    main()
