"""A person's own images: split and scaled once for all trials of a study, then mapped into the memory of each.

Below the study's folder, one folder for each way of splitting and scaling:

    data/64-1f0c8b2e/images.npy    uint8 of shape [n, channels, 64, 64], all images of the set
    data/64-1f0c8b2e/parts.json    files, labels, the names of the classes, and which image is in which part
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tuner import whole
from tuner.data import portions
from tuner.data.doctor.dataset import Sample
from tuner.data.portions import Portions
from tuner.errors import ConfigError
from tuner.inside.data import Data, Part

IMAGES_FILE, PARTS_FILE, LOCK_FILE = "images.npy", "parts.json", "lock"
GREY = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})
"""How Pillow calls images without colour."""
BRIGHTEST = 255.0
SIXTEEN_BITS = 256


def load(spec: Mapping[str, Any]) -> Data:
    """Return the images that ``spec`` names; the first trial of a study writes them, the others read what it wrote."""
    place = Path(spec["cache"]) / _name(spec)
    if not (place / PARTS_FILE).is_file():
        place.mkdir(parents=True, exist_ok=True)
        with open(place / LOCK_FILE, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / PARTS_FILE).is_file():
                _write(place, spec)
    return _read(place)


def names(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the classes of the images that ``spec`` names, as its trials had them; raises ConfigError."""
    path = Path(spec["cache"]) / _name(spec) / PARTS_FILE
    try:
        return tuple(map(str, json.loads(path.read_text(encoding="utf-8"))["names"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"expected the names of the classes that the study was trained on, but they cannot be read ({error})"
        raise ConfigError(str(path), "", problem) from None


def _name(spec: Mapping[str, Any]) -> str:
    parts = [spec[key] for key in ("data", "val_share", "test_share", "split_seed")]
    return f"{spec['image_size']}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]}"


def _write(place: Path, spec: Mapping[str, Any]) -> None:
    found = portions.read(
        Path(spec["data"]), val_share=spec["val_share"], test_share=spec["test_share"], seed=spec["split_seed"]
    )
    side, channels = spec["image_size"], 1 if all(map(_is_grey, found.samples)) else 3
    part = place / f"{IMAGES_FILE}.part"
    array = open_memmap(part, "w+", np.uint8, (len(found.samples), channels, side, side))
    for row, pixels in enumerate(scaled(found.samples, side, channels)):
        array[row] = pixels
    array.flush()
    os.replace(part, place / IMAGES_FILE)
    whole.write(place / PARTS_FILE, json.dumps(_listed(found)))


def _listed(found: Portions) -> dict[str, Any]:
    files = [sample.path for sample in found.samples]
    return {"names": found.names, "files": files, "labels": found.labels, "parts": found.parts}


def _read(place: Path) -> Data:
    listed = json.loads((place / PARTS_FILE).read_text(encoding="utf-8"))
    labels = np.array(listed["labels"], np.int64)
    rows = {name: np.array(of_part, np.int64) for name, of_part in listed["parts"].items()}
    parts = {name: Part(of_part, labels[of_part]) for name, of_part in rows.items()}
    # Mapped, so that a set larger than the memory can be trained on and trials share what they read.
    images = np.load(place / IMAGES_FILE, mmap_mode="c")
    names, files = tuple(listed["names"]), tuple(listed["files"])
    return Data(images, names, parts["train"], parts["val"], parts["test"], files)


def _is_grey(sample: Sample) -> bool:
    if sample.pixels is not None:
        return sample.pixels.ndim == 2 or sample.pixels.shape[-1] == 1
    with _opened(sample.path) as image:
        return image.mode in GREY


def scaled(samples: Sequence[Sample], side: int, channels: int) -> Iterator[NDArray[np.uint8]]:
    """Yield every image as [channels, side, side]: all of it, whatever its shape was."""
    arrays = [sample.pixels for sample in samples if sample.pixels is not None]
    low = min((float(pixels.min()) for pixels in arrays), default=0.0)
    high = max((float(pixels.max()) for pixels in arrays), default=1.0)
    for sample in samples:
        image = _of_file(sample.path, side) if sample.pixels is None else _of_array(sample.pixels, low, high)
        small = image.convert("L" if channels == 1 else "RGB").resize((side, side), Image.Resampling.BILINEAR)
        yield np.asarray(small).reshape(side, side, channels).transpose(2, 0, 1)


def _of_file(path: str, side: int) -> Image.Image:
    try:
        with warnings.catch_warnings(), _opened(path) as image:
            warnings.simplefilter("ignore")
            image.draft(image.mode, (2 * side, 2 * side))  # a JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I;16"):
                return Image.fromarray((np.asarray(upright) // SIXTEEN_BITS).astype(np.uint8))
            return upright.convert("RGBA").convert("RGB") if upright.mode == "P" else upright.copy()
    except ConfigError:
        raise
    except Exception as error:
        # A damaged file makes Pillow's many parsers raise anything.
        said = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(path, "", f"expected an image, but it cannot be read ({said})") from None


def _opened(path: str) -> Image.Image:
    try:
        return Image.open(path)
    except OSError as error:
        raise ConfigError(path, "", f"expected an image, but it cannot be read ({error})") from None


def _of_array(pixels: NDArray[np.generic], low: float, high: float) -> Image.Image:
    values = np.asarray(pixels)
    if values.dtype != np.uint8:
        scaled = (values.astype(np.float64) - low) / max(high - low, 1e-12) * BRIGHTEST
        values = np.rint(scaled).astype(np.uint8)
    return Image.fromarray(values.squeeze(-1) if values.ndim == 3 and values.shape[-1] == 1 else values)
