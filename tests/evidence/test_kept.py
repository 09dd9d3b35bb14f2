from __future__ import annotations

from pathlib import Path

import pytest

from tuner.evidence import kept
from tuner.spec import evidence_file

SAID = '{"name": "weakest", "says": ["{one} is found least"], "values": {"one": "dog"}, "advice": "look at it"}'


def test_what_was_said_of_a_trial_is_kept_with_its_page(tmp_path: Path) -> None:
    place = evidence_file(tmp_path).parent
    place.mkdir()
    (place / kept.NUMBERS_FILE).write_text(f'{{"sentences": [{SAID}]}}')
    found = kept.of_trial(tmp_path)
    assert found is not None and [s.text() for s in found.sentences] == ["dog is found least: look at it"]
    assert found.page == place / "evidence.html"


UNFILLED = '{"sentences": [' + SAID.replace("one}", "o}") + "]}"


@pytest.mark.parametrize("text", [None, "", "[]", '{"sentences": 3}', "{", '{"said": []}', UNFILLED])
def test_nothing_or_half_of_it_is_no_evidence(tmp_path: Path, text: str | None) -> None:
    place = evidence_file(tmp_path).parent
    place.mkdir()
    if text is not None:
        (place / kept.NUMBERS_FILE).write_text(text)
    assert kept.of_trial(tmp_path) is None
