from __future__ import annotations

import pytest

from tuner import consoles
from tuner.screen_trials import bar
from tuner.sparkline import LEVELS


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r"])
def test_what_an_encoding_lacks_becomes_one_other_character(encoding: str) -> None:
    text = f"{bar(0.4, 10).plain} {LEVELS} smaller_model ← 7 → 8 · … ★ ┊ │ ⣿ 船"
    there = text.encode(encoding, errors=consoles.ERRORS).decode(encoding)
    assert len(there) == len(text)
    assert there.count("?") == 1  # the ship, which has no shape in common with any letter


def test_bars_and_curves_keep_their_shape_in_ascii() -> None:
    drawn = f"{bar(0.5, 4).plain} {LEVELS} 5 → 6".encode("ascii", errors=consoles.ERRORS).decode("ascii")
    assert drawn == "==-- .:-=+*#@ 5 > 6"


def test_other_errors_of_an_encoding_are_not_hidden() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", errors=consoles.ERRORS)
