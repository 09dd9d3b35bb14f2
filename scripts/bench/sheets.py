"""Tables, for the terminal and for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.bench.measures import Estimate, as_json

WHOLE = 26
"""Characters; shorter cells are kept on one line."""

Cell = str | int | float | Estimate | None


@dataclass
class Sheet:
    """A table: its name in JSON, its title, its columns, its rows, and a line below that says how to read it."""

    name: str
    title: str
    heads: Sequence[str]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""

    def add(self, *cells: Cell) -> None:
        if len(cells) != len(self.heads):
            raise ValueError(f"{self.name}: expected {len(self.heads)} cells, but got {len(cells)}")
        self.rows.append(list(cells))

    def show(self, console: Console) -> None:
        table = Table(title=self.title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
        for i, head in enumerate(self.heads):
            texts = all(isinstance(row[i], str) for row in self.rows)
            whole = all(len(_text(row[i])) <= WHOLE for row in self.rows)
            table.add_column(head, justify="left" if texts else "right", overflow="fold", no_wrap=whole)
        for row in self.rows:
            table.add_row(*map(_text, row))
        console.print(table)
        if self.note:
            console.print(self.note, style="dim", highlight=False)
        console.print()

    def json(self) -> dict[str, Any]:
        rows = [{head: as_json(cell) for head, cell in zip(self.heads, row, strict=True)} for row in self.rows]
        return {"title": self.title, "rows": rows}


def skipped(name: str, title: str, why: str) -> Sheet:
    """Return an empty table that says why there is nothing in it."""
    return Sheet(name, title, ["skipped"], [[why]])


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell).replace("[", "\\[")
