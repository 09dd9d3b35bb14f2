"""Make docs/pictures/report_STUDY_WIDTH_SCHEME.png: the head of a page, on a screen and on a phone, light and dark.

    python -m scripts.draw_report digits=results/digits ssdd=results/ssdd     needs Chromium, a few seconds a picture

The pictures are made from the report.html that each study left, opened from the disk.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.report_html.browser import BROWSER

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
HEIGHTS = {1280: 1600, 390: 1600}
COLOURS = 64
"""So many are enough for a page of text and lines, and a picture is a third as large."""
SCHEMES = {"dark": 0, "light": 1}
FRAME = '<body style="margin:0"><iframe src="{}" style="border:0;width:{}px;height:{}px"></iframe></body>'


def taken(page: Path, width: int, scheme: str) -> Image.Image:
    """Return what a browser shows of ``page``.

    A window cannot be as narrow as a phone, so the page is opened in a frame, which it cannot tell from one.
    """
    height = HEIGHTS[width]
    with tempfile.TemporaryDirectory() as folder:
        frame, shot = Path(folder) / "frame.html", Path(folder) / "shot.png"
        frame.write_text(FRAME.format(page.resolve().as_uri(), width, height))
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/it"]
        flags += [
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            f"--window-size={max(width, 600)},{height}",
        ]
        flags += ["--virtual-time-budget=4000", f"--screenshot={shot}"]
        subprocess.run([str(BROWSER), *flags, frame.as_uri()], capture_output=True, timeout=120, check=True)
        return Image.open(io.BytesIO(shot.read_bytes())).convert("RGB").crop((0, 0, width, height))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="+", metavar="NAME=FOLDER", help="what it is called, and where its page is")
    parser.add_argument("--into", type=Path, default=PICTURES)
    asked = parser.parse_args()
    if BROWSER is None:
        sys.exit("needs Chromium or Chrome")
    for name, _, folder in (study.partition("=") for study in asked.studies):
        for width in HEIGHTS:
            for scheme in SCHEMES:
                path = asked.into / f"report_{name}_{width}_{scheme}.png"
                shown = taken(Path(folder) / "report.html", width, scheme)
                shown.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
                print(path, f"{path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
