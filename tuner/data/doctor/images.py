"""Images that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.data.doctor.dataset import DataSet
from tuner.data.doctor.finding import Finding, Level, finding
from tuner.data.doctor.looks import Looks


def check(data: DataSet, looks: Looks) -> Iterator[Finding]:
    """Yield a finding where images cannot be read to their end."""
    if not looks.problems:
        return
    paths = [sample.path for _, sample in data.samples()]
    first = min(looks.problems)
    text = f"{len(looks.problems)} images cannot be read, the first: {paths[first]} ({looks.problems[first]})"
    advice = "get them anew: Ultralytics leaves them out with a warning, other programs end"
    yield finding("unreadable_images", Level.MISTAKE, text, advice, [paths[i] for i in sorted(looks.problems)])
