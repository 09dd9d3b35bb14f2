from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report_html.pages import content_in, family
from tests.studies import HOSTILE, OVERFITTING, trial
from tuner.record import Ending
from tuner.report_html.content import Content

pytest.importorskip("optuna_dashboard", reason="needs the extra: pip install tuner[dashboard]")

from tuner.dashboard import figures, notes
from tuner.dashboard.notes import Links

LINKS = Links("/trials", "/curve.png")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    return content_in(tmp_path_factory.mktemp("study"), family())


def note(content: Content, number: int) -> str:
    return notes.of_trial(content, content.report.trials[number], LINKS)


def test_a_note_says_why_a_trial_ended_and_what_is_prescribed(content: Content) -> None:
    said = note(content, 0)
    assert "**stopped** · 25 of 30 epochs · best 0.8000 at epoch 14" in said
    assert "**Why it ended:** overfitting since epoch 15: val loss rose 31 % while train loss fell" in said
    assert r"**What is prescribed:** smaller\_model (model m → s)" in said
    assert "![The curve of the trial, with what was seen on it](/curve.png)" in said


def test_a_note_links_a_trial_with_the_one_it_was_made_of_and_says_what_that_was_worth(content: Content) -> None:
    assert r"smaller\_model for [trial 0](/trials?numbers=0) (model m → s); worth +0.05" in note(content, 1)
    assert r"**What was made of it:** [trial 1](/trials?numbers=1)" in note(content, 0)


def test_the_numbers_behind_a_symptom_are_told(tmp_path: Path) -> None:
    seen = replace(OVERFITTING, evidence={"rise": 0.31}, confidence=0.9, rule_version="5")
    said = note(content_in(tmp_path, [trial(seen, 0.8)]), 0)
    assert "**The numbers behind it:** rise 0.31 (rules 5, confidence 0.90)" in said


def test_a_running_trial_says_how_far_it_is_and_whether_anybody_works_on_it(content: Content) -> None:
    assert "**running** · 4 of 30 epochs" in note(content, 4)
    assert "No tuner works on the study" in note(content, 4)
    assert "No tuner works" not in note(replace(content, running=True), 4)


def test_what_a_program_printed_stays_text(tmp_path: Path) -> None:
    ending = replace(OVERFITTING, text=f"{HOSTILE} ![x](http://a/b.png) <b>*bold*</b>")
    said = note(content_in(tmp_path, [trial(ending, 0.8)]), 0)
    assert r"\!" in said or r"!\[x\](http://a/b.png) \<b\>\*bold\*\</b\>" in said
    assert "<b>" not in said and "\x1b" not in said


def test_the_note_of_a_study_says_what_was_found_and_how_sure_that_is(content: Content) -> None:
    said = notes.of_study(content, LINKS)
    assert "### Best so far: [trial 1](/trials?numbers=1), 0.8500 at epoch 9" in said
    assert "    lr: 0.01\n    model: s" in said and "### How sure that is" in said
    assert "No tuner works on this study" in said
    assert "A tuner works on this study" in notes.of_study(replace(content, running=True), LINKS)


def test_a_study_without_a_score_has_a_note_and_no_plot_of_it(tmp_path: Path) -> None:
    empty = content_in(tmp_path, [])
    assert "no best one yet" in notes.of_study(empty, LINKS) and list(figures.of(empty)) == []


def test_the_plots_show_every_score_the_best_so_far_and_what_remedies_were_worth(content: Content) -> None:
    plots = dict(figures.of(content))
    assert list(plots) == ["tuner-progress", "tuner-curves", "tuner-remedies"]
    progress = {trace.name: trace for trace in plots["tuner-progress"].data}
    assert progress["stopped"].y == (0.80,) and progress["pruned"].y == (0.11,)
    assert progress["best so far"].y == (0.80, 0.85)
    assert [list(trace.y) for trace in plots["tuner-remedies"].data] == [[0.80, 0.85, None]]
    assert len(plots["tuner-curves"].data) == len(family())


def test_a_cross_stands_where_the_symptom_began(content: Content) -> None:
    sick = dict(figures.of(content))["tuner-curves"].data[0]
    assert [epoch for epoch, size in zip(sick.x, sick.marker.size, strict=True) if size] == [OVERFITTING.since_epoch]


def test_what_stands_in_a_tooltip_is_text(tmp_path: Path) -> None:
    ending = Ending(OVERFITTING.action, "overfitting", "<b onclick=x>hit</b>", epoch=3)
    plots = dict(figures.of(content_in(tmp_path, [trial(ending, 0.5)])))
    assert "<b" not in plots["tuner-progress"].data[0].text[0].replace("<br>", "")
