from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import draw_terminal

SCREEN = (
    "digits  \x1b[2m15 trials done, 2 running\x1b[0m\n15 cpu ━━ 9/30 0.9 \x1b[36m█▃▁▁\x1b[39m\n16 cpu ━━ 9/30 0.9 █▃▁▁"
)


@pytest.mark.parametrize(
    ("screen", "telling"),
    [
        (SCREEN, True),
        (SCREEN.replace("15 trials", "9 trials"), False),
        (SCREEN.replace("█▃▁▁", "█", 1), False),
        ("", False),
    ],
)
def test_a_screen_is_kept_when_enough_ended_and_two_trials_have_a_curve(screen: str, telling: bool) -> None:
    assert draw_terminal.is_telling(screen, 14, 2) is telling


def test_a_picture_asks_the_network_for_nothing(tmp_path: Path) -> None:
    draw_terminal.draw(SCREEN, 80, tmp_path / "terminal.svg")
    drawn = (tmp_path / "terminal.svg").read_text()
    assert "15&#160;trials&#160;done" in drawn
    assert not re.search(r"url\((?!#)|href|@import|<image", drawn)


def test_the_pictures_in_the_documentation_are_small_and_ask_for_nothing() -> None:
    pictures = sorted(draw_terminal.PICTURES.glob("terminal_*.svg"))
    assert len(pictures) == 4
    for path in pictures:
        assert path.stat().st_size < 150_000
        assert not re.search(r"url\((?!#)|href|@import|<image", path.read_text())
