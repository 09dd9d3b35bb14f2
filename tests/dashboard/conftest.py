"""What the tests of the dashboard share: a study as its driver leaves it, and a clock that is set by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report_html.pages import family, study_in


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a study with a remedied trial, failures and one that runs."""
    return study_in(tmp_path, family())
