from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from optuna.distributions import CategoricalDistribution

from tests.report_html.pages import Seen, content_in, family
from tests.studies import trial
from tuner.record import Action, Ending, Prescription
from tuner.report_html import PAGE_FILE, render, write
from tuner.report_html.content import Content

MEGABYTE = 1_000_000
ATTACK = (
    '</script><script>alert(1)</script><img src=x onerror=alert(2)>"\' onmouseover="alert(3)" <!-- {{7*7}} &lt;b&gt;'
)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    return content_in(tmp_path_factory.mktemp("pages"), family())


@pytest.fixture(scope="module")
def page(content: Content) -> str:
    return render([content], "digits")


def hostile(folder: Path) -> Content:
    """Return a study in which every text that may come from outside attacks."""
    crashed = Ending(Action.PRUNE, "crashed", ATTACK, epoch=3, evidence={"output": ATTACK})
    prescribed = Prescription(ATTACK, {"lr": 0.1, "model": ATTACK})
    trials = [
        trial(crashed, 0.3, device=ATTACK, metrics={ATTACK: 0.3}),
        trial(None, 0.2, paused=True, standing=ATTACK),
        trial(
            score=0.5,
            params={"lr": 0.1, "model": "s"},
            remedy=ATTACK,
            parent=0,
            prescription=prescribed,
        ),
    ]
    for one in trials:
        one.distributions = {**one.distributions, "model": CategoricalDistribution(["s", ATTACK])}
        one.params = {**one.params, "model": ATTACK}
    return content_in(
        folder,
        trials,
        space={"lr": {"grid": [0.001, 1]}, "model": {"choice": ["s", ATTACK]}},
        objective={"metric": f"val/{ATTACK}", "direction": "maximize"},
        trainer={
            "name": "script",
            "command": ["echo", ATTACK.replace("{", "{{").replace("}", "}}"), "{lr}", "{model}"],
        },
    )


def test_text_from_logs_parameters_and_names_is_never_read_as_html(tmp_path: Path) -> None:
    page = render([hostile(tmp_path)], ATTACK)
    seen = Seen(page)
    assert [attrs for tag, attrs in seen.elements if tag == "img"] == []
    assert len([tag for tag, _ in seen.elements if tag == "script"]) == 2
    assert {name for _, attrs in seen.elements for name in attrs if name.startswith("on")} == set()
    assert seen.text.count("{{7*7}}") > 10  # shown as it is, and not filled in


def test_the_data_for_the_charts_cannot_end_its_element(tmp_path: Path) -> None:
    seen = Seen(render([hostile(tmp_path)], "digits"))
    (data,) = [text for attrs, text in seen.scripts if attrs.get("type") == "application/json"]
    assert "<" not in data and json.loads(data)["objective"].endswith("&lt;b&gt;")


def test_the_page_loads_nothing(page: str) -> None:
    assert re.findall(r"https?:|@import|url\(|<link|<iframe|srcset|fetch\(|XMLHttpRequest|import\(", page) == []
    assert [attrs for _, attrs in Seen(page).elements if "src" in attrs] == []


def test_the_policy_of_the_page_allows_its_own_script_and_no_other(page: str) -> None:
    (script,) = [text for attrs, text in Seen(page).scripts if not attrs]
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [a["content"] or "" for _, a in Seen(page).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert f"script-src 'sha256-{fingerprint}';" in policy and policy.startswith("default-src 'none'")


def test_the_sections_come_in_the_order_of_their_weight(page: str) -> None:
    titles = [html.unescape(title) for title in re.findall(r"<h2>([^<]+)</h2>", page)]
    assert titles == [
        "What was searched",
        "The best, and how sure we are",
        "Experiments",
        "Score over the epochs spent",
        "Every trial's curves",
        "What the remedies were worth",
        "Hyperparameters and the score",
        "Checks",
        "How to reproduce it",
        "What to look at next",
    ]


def test_every_trial_has_its_row_and_its_card_with_the_reason_in_words(page: str) -> None:
    ids = {attrs.get("id") for _, attrs in Seen(page).elements}
    assert {f"s0-t{n}" for n in range(5)} <= ids
    assert Seen(page).text.count("overfitting since epoch 15: val loss rose 31 % while train loss fell") == 2


def test_what_failed_is_flagged(page: str) -> None:
    cards = {a["data-n"]: a["class"] or "" for _, a in Seen(page).elements if "data-n" in a}
    assert [n for n, name in cards.items() if "pruned" in name or "failed" in name] == ["2", "3"]


def test_charts_have_names_for_those_who_do_not_see_them(page: str) -> None:
    charts = [a for _, a in Seen(page).elements if a.get("role") in ("img", "group") and "aria-label" in a]
    assert len(charts) == 5 + 3  # a curve for each trial, the progress, the parallel coordinates, the choice of trials
    assert all(a["aria-label"] for a in charts)


def test_a_table_is_sorted_by_buttons_in_its_headers(page: str) -> None:
    table = page[page.index('<table class="experiments">') : page.index("</thead>", page.index('class="experiments"'))]
    assert table.count("<th ") == table.count("<button ") and 'aria-sort="ascending"' in table


def test_the_page_says_how_to_make_it_again(content: Content, page: str) -> None:
    text = Seen(page).text
    assert "optuna 5" in text and "0 for the study, 3 for trial 1" in text
    assert f"tuner run {content.config.folder / 'config.yaml'} --set study=digits-again" in text


def test_a_page_reloads_itself_only_while_the_study_runs(content: Content) -> None:
    running, over = (render([replace(content, running=r)], "digits") for r in (True, False))
    assert Seen(running).elements[0][1].get("data-reload") == "15"
    assert "data-reload" not in Seen(over).elements[0][1]


def test_two_hundred_long_trials_stay_under_six_megabytes(large_page: Path) -> None:
    assert 0.5 * MEGABYTE < large_page.stat().st_size < 6 * MEGABYTE


def test_the_last_stage_is_shown_first_below_a_list_of_all(tmp_path: Path) -> None:
    probe = content_in(tmp_path, family(), study="ssdd-probe")
    full = content_in(tmp_path, family(), study="ssdd-full")
    seen = Seen(render([probe, full], "ssdd"))
    ids = [attrs["id"] for _, attrs in seen.elements if attrs.get("id")]
    assert len(ids) == len(set(ids)) and {"s0-t1", "s1-t1"} <= set(ids)
    assert re.findall(r'<h2 class="stage">([^<]+)', render([probe, full], "ssdd")) == ["ssdd-full", "ssdd-probe"]
    listed = re.search(r'<ul class="plain stages">(.*?)</ul>', render([probe, full], "ssdd"), re.DOTALL)
    assert listed is not None and re.findall(r'href="#(\w+)">([^<]+)', listed[1]) == [
        ("s0", "ssdd-probe"),
        ("s1", "ssdd-full"),
    ]


def test_a_study_without_any_trial_has_a_page(tmp_path: Path) -> None:
    text = Seen(render([content_in(tmp_path, [])], "digits")).text
    assert "No trial has completed with a score" in text


def test_the_page_is_replaced_as_a_whole(content: Content, tmp_path: Path) -> None:
    (tmp_path / PAGE_FILE).write_text("older")
    assert write([content], tmp_path) == tmp_path / PAGE_FILE
    assert (tmp_path / PAGE_FILE).read_text().endswith("</html>")
    assert [path.name for path in tmp_path.iterdir()] == [PAGE_FILE]


def test_a_name_that_is_no_text_does_not_keep_the_page_from_being_written(content: Content) -> None:
    assert "<title>ab[31mc ·" in render([content], "a\udcffb\x1b[31m\u202ec")
