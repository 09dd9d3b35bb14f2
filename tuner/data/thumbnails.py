"""Small pictures of samples with boxes drawn into them, or what a model looked at, to stand in a page by themselves."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tuner.data.doctor.dataset import Boxes, Sample

HEAT = (255, 118, 0)
COVERS = 0.85
"""How much of the image the strongest heat covers."""
FADED = 0.6
"""Of the brightness of what lies below it."""
FONT = 11


@dataclass(frozen=True)
class Drawn:
    """Boxes to draw in a colour, rows of class, centre x, centre y, width, height; ``texts`` are written above them."""

    boxes: Boxes
    colour: str
    texts: Sequence[str] = ()
    width: int = 1


def data_url(sample: Sample, drawn: Sequence[Drawn], side: int) -> str:
    """Return a JPEG of at most ``side`` pixels as a data URL, with boxes drawn into it; "" where it cannot be read.

    One that is the whole image is not drawn.
    """
    try:
        image = _scaled(_opened(sample, side), side)
        for one in drawn:
            _draw(image, one)
        return _url(image)
    except Exception:
        # That Pillow cannot read it may be why it is shown, which it says in many ways.
        return ""


def heat_url(sample: Sample, heat: NDArray[np.uint8], side: int) -> str:
    """Return the same in grey, with ``heat`` (h, w) laid over it in colour; "" where it cannot be read."""
    try:
        image = _scaled(_opened(sample, side), side)
        below = np.asarray(image.convert("L"), np.float64)[..., None] * FADED
        over = np.asarray(Image.fromarray(heat).resize(image.size, Image.Resampling.BICUBIC), np.float64)[..., None]
        share = over / 255 * COVERS
        return _url(Image.fromarray((below * (1 - share) + np.array(HEAT) * share).astype(np.uint8)))
    except Exception:
        return ""


def _opened(sample: Sample, side: int) -> Image.Image:
    if sample.pixels is None:
        with Image.open(sample.path) as image:
            image.draft("RGB", (side, side))
            return image.convert("RGB")
    values = np.asarray(sample.pixels, np.float64).squeeze()
    scaled = (values - values.min()) / max(float(np.ptp(values)), 1e-12) * 255
    return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")


def _scaled(image: Image.Image, side: int) -> Image.Image:
    """Return an image no larger than ``side``; a very small one in whole blocks, so that its pixels are seen."""
    times = side // max(image.size)
    if times > 1:
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    image.thumbnail((side, side))
    return image


def _draw(image: Image.Image, one: Drawn) -> None:
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(FONT)
    for i, (_, x, y, w, h) in enumerate(one.boxes.tolist()):
        if (w, h) == (1.0, 1.0):
            continue
        left, top = (x - w / 2) * image.width, (y - h / 2) * image.height
        pen.rectangle([left, top, left + w * image.width, top + h * image.height], outline=one.colour, width=one.width)
        if i < len(one.texts):
            below = top + h * image.height + 1
            where = (left, top - FONT - 3 if top > FONT + 3 else below)
            pen.text(where, one.texts[i], fill=one.colour, font=font, stroke_width=1, stroke_fill="black")


def _url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
