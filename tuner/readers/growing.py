"""Columns of numbers while a log is read: 16 bytes a cell, where lists of objects take a hundred."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np

from tuner.readers.periods import number
from tuner.readers.table import Cell, Column


class GrowingColumn:
    """The numbers logged under one name, and whether there was text among them."""

    def __init__(self) -> None:
        self._rows, self._values, self._has_text = array("q"), array("d"), False

    def add(self, row: int, cell: Cell) -> None:
        value = number(cell)
        if value is None:
            self._has_text = True
        else:
            self._rows.append(row)
            self._values.append(value)

    @property
    def is_text(self) -> bool:
        return self._has_text and not self._values

    @property
    def column(self) -> Column:
        return Column(np.array(self._rows, dtype=np.int64), np.array(self._values, dtype=np.float64))


def numeric(columns: Mapping[str, GrowingColumn]) -> dict[str, Column]:
    """Return the columns that are not of text."""
    return {name: column.column for name, column in columns.items() if not column.is_text}
