from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from tests.studies import console, text
from tests.terminal import Terminal
from tuner.in_place import InPlace

PICTURES = st.lists(st.lists(st.text("ab ", max_size=9), min_size=1, max_size=6), min_size=1, max_size=6)


def picture(*lines: str) -> Text:
    return Text("\n".join(lines))


def seen(of: Console) -> Terminal:
    terminal = Terminal()
    terminal.feed(text(of))
    return terminal


def stripped(lines: list[str]) -> list[str]:
    return [line.rstrip() for line in lines]


@given(PICTURES)
def test_after_any_pictures_the_last_one_stands_there_and_nothing_else(pictures: list[list[str]]) -> None:
    out = console(terminal=True)
    place = InPlace(out)
    for lines in pictures:
        place.draw(picture(*lines))
    assert stripped(seen(out).lines) == [*stripped(pictures[-1]), ""]


def test_only_the_lines_that_changed_are_written() -> None:
    out = console(terminal=True)
    place = InPlace(out)
    place.draw(picture("one", "two", "three"))
    place.draw(picture("one", "TWO", "three"))
    assert seen(out).written == [1, 2, 1, 0]


def test_a_picture_that_did_not_change_writes_nothing() -> None:
    out = console(terminal=True)
    place = InPlace(out)
    place.draw(picture("one"))
    before = text(out)
    place.draw(picture("one"))
    assert text(out) == before


def test_what_is_printed_after_a_lift_stays_above_the_next_picture() -> None:
    out = console(terminal=True)
    place = InPlace(out)
    place.draw(picture("one", "two"))
    place.lift()
    out.print("said")
    place.draw(picture("three"))
    assert seen(out).lines == ["said", "three", ""]


def test_a_picture_higher_than_the_terminal_is_cut_and_leaves_a_line_for_the_cursor() -> None:
    out = console(height=4, terminal=True)
    InPlace(out).draw(picture("a", "b", "c", "d", "e"))
    assert seen(out).lines == ["a", "b", "c", ""]


def test_where_the_terminal_became_narrower_the_broken_lines_are_taken_away_too() -> None:
    out = Console(file=io.StringIO(), width=20, height=20, force_terminal=True, color_system=None)
    place = InPlace(out)
    place.draw(picture("x" * 20, "y"))
    out.width = 10
    place.draw(picture("z"))
    assert "\x1b[3A\x1b[J" in text(out)  # two rows of x, one of y


def test_the_cursor_is_never_hidden() -> None:
    out = console(terminal=True)
    InPlace(out).draw(picture("one"))
    assert "?25l" not in text(out)
