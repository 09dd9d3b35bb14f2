"""Small pictures of samples with boxes drawn into them, to stand in a page by themselves."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from tuner.data.doctor.dataset import Boxes, Sample


def data_url(sample: Sample, drawn: Sequence[tuple[Boxes, str]], side: int) -> str:
    """Return a JPEG of at most ``side`` pixels as a data URL, with boxes in a colour each; "" where it cannot be read.

    Boxes are rows of class, centre x, centre y, width, height; one that is the whole image is not drawn.
    """
    try:
        image = _opened(sample, side)
        image.thumbnail((side, side))
        pen = ImageDraw.Draw(image)
        for boxes, colour in drawn:
            for _, x, y, w, h in boxes.tolist():
                if (w, h) != (1.0, 1.0):
                    left, top = (x - w / 2) * image.width, (y - h / 2) * image.height
                    pen.rectangle([left, top, left + w * image.width, top + h * image.height], outline=colour)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
    except Exception:
        # That Pillow cannot read it may be why it is shown, which it says in many ways.
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _opened(sample: Sample, side: int) -> Image.Image:
    if sample.pixels is None:
        with Image.open(sample.path) as image:
            image.draft("RGB", (side, side))
            return image.convert("RGB")
    values = np.asarray(sample.pixels, np.float64).squeeze()
    scaled = (values - values.min()) / max(float(np.ptp(values)), 1e-12) * 255
    small = Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    times = max(1, side // 2 // max(small.size))
    return small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
