"""Image files: found as Ultralytics finds them, looked at without decoding them where their format allows that."""

from __future__ import annotations

import glob
import hashlib
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from PIL import Image

from tuner.errors import ConfigError

N = TypeVar("N", int, str)

FORMATS = frozenset("avif bmp dng heic heif jp2 jpeg jpg mpo png tif tiff webp".split())
"""The file name endings that Ultralytics takes for images."""
SMALLEST = 10
"""The shortest side, in pixels, that Ultralytics accepts."""
JPEG_END = b"\xff\xd9"


def is_image(name: str) -> bool:
    return name.rpartition(".")[-1].lower() in FORMATS


def below(folder: Path) -> list[str]:
    """Return the images in ``folder`` and its subfolders, sorted; hidden ones are left out, as by Ultralytics."""
    found = glob.glob(os.path.join(glob.escape(str(folder)), "**", "*.*"), recursive=True)
    return sorted(name for name in found if is_image(name))


def size(path: str | Path, smallest: int = SMALLEST) -> tuple[int, int]:
    """Return the width and height of an image in pixels; raises ConfigError where it cannot be read to its end.

    So it does where a side is shorter than ``smallest``.
    """
    if not os.path.isfile(path):
        raise ConfigError(str(path), "", "expected an image, but there is no such file")
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            shape = image.size
            _read_to_end(path, image)
    except Exception as error:
        # A damaged file makes Pillow's many parsers raise anything, from OSError to SyntaxError and struct.error.
        said = " ".join(str(error).replace(f" {str(path)!r}", "").split()) or type(error).__name__
        raise ConfigError(str(path), "", f"expected an image, but it cannot be read ({said})") from None
    if min(shape) < smallest:
        problem = f"expected an image of at least {smallest} pixels a side, but got {shape[0]} x {shape[1]}"
        raise ConfigError(str(path), "", problem)
    return shape


def _read_to_end(path: str | Path, image: Image.Image) -> None:
    """Raise where an image is cut off; only formats that do not say so themselves are decoded."""
    if image.format == "PNG":
        image.verify()  # the checksum of every chunk
    elif image.format != "JPEG" or not _ends_as_jpeg(path):
        image.load()


def _ends_as_jpeg(path: str | Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-len(JPEG_END), os.SEEK_END)
        return file.read() == JPEG_END


def digest(path: Path) -> str:
    """Return the SHA-256 of a file: byte-identical images have the same."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copies(digests: Iterable[tuple[N, str | bytes]]) -> list[list[N]]:
    """Return the groups of two and more names or numbers that share a digest, from pairs of name and digest."""
    groups: dict[str | bytes, list[N]] = {}
    for name, of_content in digests:
        groups.setdefault(of_content, []).append(name)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)
