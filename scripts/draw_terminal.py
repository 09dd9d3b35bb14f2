"""Make docs/pictures/terminal_80.svg and terminal_140.svg: the terminal while the digits study really runs.

    python -m scripts.draw_terminal                                     needs tmux, and about two minutes on two cores
    python -m scripts.draw_terminal --watch results/ssdd --trials 4     of a study that runs: terminal_ssdd_80.svg …

The digits study runs in a terminal of 80 × 24 characters and is watched from one of 140 × 40, any other is watched from
both; they are captured when some trials have ended and those that run have drawn a curve.
"""

from __future__ import annotations

import argparse
import io
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
SERVER = "tuner-pictures"
SIZES = {80: 24, 140: 40}
"""Characters in a line, and lines."""
FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""A picture must not ask the network for its letters."""
DRAWN = re.compile(r"/\d+ .*[▁▂▃▄▅▆▇█]{3}")


def tmux(*words: str) -> str:
    done = subprocess.run(["tmux", "-L", SERVER, *words], capture_output=True, text=True, check=True)
    return done.stdout


def open_terminal(width: int, folder: Path, command: Sequence[str | Path]) -> None:
    """Run ``tuner`` in a terminal of its own, which is called by its width."""
    name, height = str(width), SIZES[width]
    words = shlex.join([sys.executable, "-m", "tuner", *map(str, command)])
    env = (
        "env",
        f"PYTHONPATH={ROOT}",
        "LC_ALL=C.UTF-8",
        "sh",
        "-c",
        f"cd {shlex.quote(str(folder))}; {words}; sleep 60",
    )
    tmux("new-session", "-d", "-s", name, "-x", str(width), "-y", str(height), shlex.join(env))


def captured(name: str) -> str:
    """Return what stands on a terminal, with its colours."""
    return tmux("capture-pane", "-e", "-p", "-t", name).rstrip("\n")


def is_telling(screen: str, trials: int, running: int) -> bool:
    """Return whether so many trials have ended and so many that run have a curve."""
    plain = Text.from_ansi(screen).plain
    done = re.search(r"(\d+) trials done", plain)
    return done is not None and int(done[1]) >= trials and len(DRAWN.findall(plain)) >= running


def draw(screen: str, width: int, path: Path) -> None:
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen + "\n"), no_wrap=True, crop=True)  # a last line would be cut at its foot
    path.write_text(FONTS.sub("", console.export_svg(title="tuner")), encoding="utf-8")


def draw_when_telling(trials: int, running: int, prefix: str) -> None:
    left = dict(SIZES)
    while left:
        time.sleep(0.3)
        for width in [width for width in left if is_telling(captured(str(width)), trials, running)]:
            draw(captured(str(width)), width, PICTURES / f"{prefix}_{width}.svg")
            del left[width]


def draw_digits(trials: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        open_terminal(80, place, ["run", ROOT / "configs" / "digits.yaml"])
        while not (place / "results" / "digits" / "study.db").is_file():
            time.sleep(1)
        open_terminal(140, place, ["status", "--watch", "results/digits"])
        draw_when_telling(trials, 2, "terminal")
        tmux("send-keys", "-t", "80", "C-c")
        time.sleep(5)


def draw_watched(study: Path, trials: int) -> None:
    for width in SIZES:
        open_terminal(width, study.resolve().parent, ["status", "--watch", study.name])
    draw_when_telling(trials, 1, f"terminal_{study.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watch", type=Path, metavar="STUDY", help="the folder of a study that runs")
    parser.add_argument("--trials", type=int, default=14, help="how many have ended in the pictures")
    asked = parser.parse_args()
    try:
        if asked.watch:
            draw_watched(asked.watch, asked.trials)
        else:
            draw_digits(asked.trials)
    finally:
        tmux("kill-server")


if __name__ == "__main__":
    main()
