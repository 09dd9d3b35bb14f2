from __future__ import annotations

from pathlib import Path

import pytest

from tuner.evidence import kept
from tuner.spec import evidence_file


def test_what_was_said_of_a_trial_is_kept_with_its_page(tmp_path: Path) -> None:
    place = evidence_file(tmp_path).parent
    place.mkdir()
    (place / kept.NUMBERS_FILE).write_text('{"said": ["dog is found least"]}')
    found = kept.of_trial(tmp_path)
    assert found is not None and found.said == ("dog is found least",)
    assert found.page == place / "evidence.html"


@pytest.mark.parametrize("text", [None, "", "[]", '{"said": 3}', "{"])
def test_nothing_or_half_of_it_is_no_evidence(tmp_path: Path, text: str | None) -> None:
    place = evidence_file(tmp_path).parent
    place.mkdir()
    if text is not None:
        (place / kept.NUMBERS_FILE).write_text(text)
    assert kept.of_trial(tmp_path) is None
