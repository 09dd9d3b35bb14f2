"""A terminal that understands what tuner writes in place: enough to see what a person would see."""

from __future__ import annotations

import re

CODES = re.compile(r"\x1b\[([\d;]*)([A-Za-z])")


class Terminal:
    """Lines and a cursor; ``lines`` is what is on the screen, ``written`` how often each line was written."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.written: list[int] = [0]
        self._row = 0

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            code = CODES.match(text, at)
            if code:
                if code[2] != "m":  # a colour
                    self._obey(code[2], int(code[1] or 1))
                at = code.end()
            else:
                self._put(text[at])
                at += 1

    def _put(self, character: str) -> None:
        if character == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
                self.written.append(0)
        elif character != "\r":
            if not self.lines[self._row]:
                self.written[self._row] += 1
            self.lines[self._row] += character

    def _obey(self, letter: str, number: int) -> None:
        if letter == "A":
            self._row = max(0, self._row - number)
        elif letter == "J":
            self.lines, self.written = [*self.lines[: self._row], ""], [*self.written[: self._row], 0]
        elif letter == "K":
            self.lines[self._row] = ""
        else:
            raise AssertionError(f"this terminal does not know ESC [ {number} {letter}")
