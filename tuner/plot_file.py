"""Draw runs into a file: PNG for papers and messages, HTML to zoom into, in one piece and without the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tuner import plot, words
from tuner.diagnose import Run
from tuner.errors import TunerError

MOST = {".png": 16, ".html": 48}
"""How many runs a picture of each kind may show and still be looked at."""


def check(path: Path) -> None:
    """Raise TunerError, before anything is read, where nothing could be drawn into ``path``."""
    if path.suffix.lower() not in MOST:
        raise TunerError(f"--plot: expected a file that ends in .png or .html, but got {words.plain(path.name)!r}")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise TunerError(f"--plot: {words.plain(folder)}: expected a folder, but there is none")
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise TunerError(f"--plot: {words.plain(path)}: cannot be written")


def write(runs: Sequence[Run], path: Path, language: str) -> str:
    """Draw the runs, the sick ones first where there are too many, and return in words what was drawn."""
    most = MOST[path.suffix.lower()]
    chosen = runs if len(runs) <= most else sorted(runs, key=lambda run: run.verdict.healthy)[:most]
    try:
        _draw(chosen, path, language)
    except OSError as error:
        raise TunerError(f"--plot: {words.plain(path)}: cannot be written ({error.strerror or error})") from None
    if len(chosen) < len(runs):
        return f"plot: {path} ({most} of {len(runs)} runs, the sick ones first)"
    return f"plot: {path}"


def _draw(runs: Sequence[Run], path: Path, language: str) -> None:
    # Matplotlib and Plotly take a second to import.
    if path.suffix.lower() == ".html":
        from tuner import plot_html

        path.write_text(plot_html.page([plot.picture(run, language) for run in runs], language), encoding="utf-8")
        return
    from tuner import plot_png

    language = language if plot_png.can_write(language) else "en"
    plot_png.save([plot.picture(run, language) for run in runs], path)
