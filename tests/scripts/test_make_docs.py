"""The pages about symptoms: that they are what would be made now."""

from __future__ import annotations

import re

import pytest

from scripts import draw_symptoms, make_docs
from tuner import explain, registry

LARGEST = 15 * 1024
"""Bytes of a picture."""


@pytest.mark.parametrize("language", make_docs.PAGES)
def test_a_page_is_up_to_date(language: str) -> None:
    written = (make_docs.DOCS / make_docs.PAGES[language]).read_text(encoding="utf-8")
    assert written == make_docs.page(language), "run: python -m scripts.make_docs"


@pytest.mark.parametrize("language", make_docs.PAGES)
def test_every_link_of_a_page_leads_somewhere(language: str) -> None:
    page = make_docs.page(language)
    for target in re.findall(r"\]\(([^)]+)\)", page):
        if target.startswith("#"):
            assert f'<a id="{target[1:]}"></a>' in page
        else:
            assert (make_docs.DOCS / target).is_file(), target


@pytest.mark.parametrize("name", registry.SYMPTOMS)
def test_a_picture_is_small_and_has_no_date(name: str) -> None:
    text = (make_docs.DOCS / make_docs.PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert text.rstrip().endswith("</svg>") and len(text.encode()) < LARGEST
    assert "<dc:date>" not in text


def test_there_is_a_picture_for_every_symptom_and_no_other() -> None:
    pictures = {path.stem for path in (make_docs.DOCS / make_docs.PICTURES).iterdir()}
    assert pictures == set(registry.SYMPTOMS)


def test_a_picture_is_drawn_the_same_twice() -> None:
    run = explain.example("overfitting")
    first = draw_symptoms.draw(run, "made up")
    assert first == draw_symptoms.draw(run, "made up")
    assert "since 14" in first and ">val loss</text>" in first
