"""Tiny real data sets, made as each test wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

SIZE = (40, 30)
SHIP = ("ship", 10.0, 5.0, 20.0, 15.0)
BOX_LINE = "0 0.5 0.5 0.2 0.2\n"

Object = tuple[str, float, float, float, float]


def image(path: Path, seed: int = 0, size: tuple[int, int] = SIZE) -> Path:
    """Write an image of noise; the same seed gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def yolo(folder: Path, *, n_train: int = 3, n_val: int = 2, **changes: object) -> Path:
    """Write a sound data set of one class with a box in each image, and return its data.yaml."""
    for split, count in (("train", n_train), ("val", n_val)):
        (folder / "images" / split).mkdir(parents=True)
        for number in range(count):
            image(folder / "images" / split / f"{number}.png", number)
            label(folder, split, number, BOX_LINE)
    return data_yaml(folder, **changes)


def label(folder: Path, split: str, number: int, text: str) -> Path:
    path = folder / "labels" / split / f"{number}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def data_yaml(folder: Path, **changes: object) -> Path:
    document = {"path": str(folder), "train": "images/train", "val": "images/val", "names": ["ship"], **changes}
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in document.items() if value is not None}))
    return path


def classes(folder: Path, names: Mapping[str, Sequence[str]]) -> Path:
    """Write a data set for classification with one image for each class of each split."""
    for split, of_split in names.items():
        for name in of_split:
            image(folder / split / name / "0.png")
    return folder


def annotation(objects: Sequence[Object], size: tuple[int, int] = SIZE, extra: str = "") -> str:
    """Return the XML of one image."""
    parts = [f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>"]
    for name, *sides in objects:
        named = zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=True)
        box = "".join(f"<{key}>{side:g}</{key}>" for key, side in named)
        parts.append(f"<object><name>{name}</name>{extra}<bndbox>{box}</bndbox></object>")
    return "\n".join(parts) + "</annotation>"


def voc(
    folder: Path, numbers: Sequence[int], copies: Mapping[int, int] | None = None, objects: Sequence[Object] = (SHIP,)
) -> Path:
    """Write a VOC data set below ``folder``; ``copies`` says which number has the image of which other."""
    root = folder / "VOCdevkit" / "VOC2007"
    (root / "Annotations").mkdir(parents=True)
    for number in numbers:
        seed = (copies or {}).get(number, number)
        image(root / "JPEGImages" / f"{number:06d}.jpg", seed)
        (root / "Annotations" / f"{number:06d}.xml").write_text(annotation(objects))
    return folder


def lists(folder: Path, **ids: Sequence[int]) -> None:
    """Write ImageSets/Main of a VOC data set."""
    main = folder / "VOCdevkit" / "VOC2007" / "ImageSets" / "Main"
    main.mkdir(parents=True, exist_ok=True)
    for name, numbers in ids.items():
        (main / f"{name}.txt").write_text("".join(f"{number:06d}\n" for number in numbers))


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def times(folder: Path) -> dict[str, int]:
    """Return when each file below a folder was written."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
