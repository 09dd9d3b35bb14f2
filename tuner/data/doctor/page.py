"""A page with pictures of what was found in a data set: one file, without any network."""

from __future__ import annotations

import base64
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, ImageDraw

from tuner import whole
from tuner.data.doctor import said
from tuner.data.doctor.dataset import DataSet, Sample
from tuner.data.doctor.examine import Examined
from tuner.data.doctor.finding import Finding

SIDE = 200
"""Pixels of the longer side of a picture on the page: 12 groups of two take 300 kB."""
BOX_COLOUR = "#ff9d2e"


def write(examined: Examined, path: Path) -> None:
    """Write the page to ``path``; raises OSError where that cannot be."""
    environment = Environment(
        loader=PackageLoader("tuner.data.doctor", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    data = examined.data
    samples = {sample.path: (split, sample) for split, sample in data.samples()}
    page = environment.get_template("page.html").render(
        data=data,
        splits=said.splits(data),
        counts=said.counts(examined),
        findings=[(one, _shown(one, data, samples)) for one in examined.findings],
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
    )
    whole.write(path, page)


def _shown(one: Finding, data: DataSet, samples: dict[str, tuple[str, Sample]]) -> list[list[dict[str, Any]]]:
    """Return the groups of a finding, each file with its name, its split and its picture."""
    return [[_figure(path, data, samples) for path in group] for group in one.groups]


def _figure(path: str, data: DataSet, samples: dict[str, tuple[str, Sample]]) -> dict[str, Any]:
    split, sample = samples.get(path, ("", None))
    return {
        "name": said.short(path, data),
        "split": split,
        "picture": _picture(sample) if sample else "",
        "classes": _classes(sample, data) if sample and len(data.names) > 1 else "",
    }


def _classes(sample: Sample, data: DataSet) -> str:
    return ", ".join(sorted({data.names[int(c)] for c in sample.objects[:, 0]}))


def _picture(sample: Sample) -> str:
    """Return a small JPEG with the boxes of a sample drawn into it, as a data URL; nothing where it cannot be read."""
    try:
        image = _opened(sample)
        image.thumbnail((SIDE, SIDE))
        pen = ImageDraw.Draw(image)
        for _, x, y, w, h in sample.objects.tolist():
            if (w, h) != (1.0, 1.0):
                corners = [(x - w / 2) * image.width, (y - h / 2) * image.height]
                pen.rectangle(
                    [*corners, corners[0] + w * image.width, corners[1] + h * image.height], outline=BOX_COLOUR
                )
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
    except Exception:
        # What made it a finding may be that Pillow cannot read it, which it says in many ways.
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _opened(sample: Sample) -> Image.Image:
    if sample.pixels is None:
        with Image.open(sample.path) as image:
            image.draft("RGB", (SIDE, SIDE))
            return image.convert("RGB")
    values = np.asarray(sample.pixels, np.float64).squeeze()
    scaled = (values - values.min()) / max(float(np.ptp(values)), 1e-12) * 255
    small = Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    times = max(1, SIDE // 2 // max(small.size))
    return small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
