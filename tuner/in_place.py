"""Draw on a terminal in place: only the lines that changed are written, and what is said stays above."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

ERASE_LINE, ERASE_BELOW = "\x1b[2K", "\x1b[J"


class InPlace:
    """The picture at the end of the terminal; the cursor rests on the line below it.

    There it needs not be hidden, so that a driver that is killed leaves a terminal in order behind it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[str] = []
        self._size = console.size

    def draw(self, picture: RenderableType) -> None:
        """Write what differs from the last picture; what does not fit on the terminal is left out."""
        if self._console.size != self._size:
            self.lift()  # a terminal of another size may show the lines elsewhere
        lines = self._rendered(picture)
        parts = [_up(len(self._lines))]
        for i, line in enumerate(lines):
            same = i < len(self._lines) and line == self._lines[i]
            parts.append("\n" if same else f"{ERASE_LINE}{line}\n")
        parts += [ERASE_BELOW] if len(lines) < len(self._lines) else []
        if lines != self._lines:
            self._write("".join(parts))
        self._lines, self._size = lines, self._console.size

    def lift(self) -> None:
        """Take the picture away, so that something can be printed where it stood."""
        if self._lines:
            # A terminal that became narrower has broken the lines that no longer fit.
            width = max(1, self._console.width)
            rows = sum(max(1, -(-cell_len(Text.from_ansi(line).plain) // width)) for line in self._lines)
            self._write(f"{_up(rows)}{ERASE_BELOW}")
        self._lines = []

    def _rendered(self, picture: RenderableType) -> list[str]:
        with self._console.capture() as captured:
            self._console.print(picture)
        return captured.get().split("\n")[:-1][: max(1, self._console.height - 1)]

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


def _up(rows: int) -> str:
    return f"\r\x1b[{rows}A" if rows else "\r"
