"""What the tests of the page share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report_html.pages import content_in, many
from tuner.report_html import write


@pytest.fixture(scope="session")
def large_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page about 200 trials of 300 epochs each; made once, because that takes seconds."""
    folder = tmp_path_factory.mktemp("large")
    return write([content_in(folder, many(200), epochs=300)], folder)
