"""What the page says beyond the report: certainty, what was not tried, families, advice, thinned curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.report_html.pages import content_in, family
from tests.studies import FINISHED, OVERFITTING, trial
from tuner.record import Origin, Prescription
from tuner.report_html import advice, curves, drawing, said, summary, untried
from tuner.report_html import family as families
from tuner.report_html.content import Content
from tuner.tested import Scored

SAY = said.speaker("en")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    return content_in(tmp_path_factory.mktemp("findings"), family())


def test_the_summary_says_what_was_found_and_from_where(content: Content) -> None:
    text = summary.paragraph(content, SAY, "en")
    assert "The best reached 0.8500: trial 1, which the remedy “smaller model” made of trial 0." in text
    assert "The best baseline, trial 0, had 0.8000; the search gained 0.05." in text
    assert "2 trials failed, most often by “diverging” (1)." in text


def test_one_seed_is_called_luck_that_is_not_known(content: Content) -> None:
    first, second, third = summary.certainty(content, SAY, "en")
    assert "one seed" in first and "no test split" in second
    assert third == "The next best settings, trial 0, reached 0.8000: 0.05 behind."


def test_seeds_and_the_test_split_say_how_sure_the_best_is(tmp_path: Path) -> None:
    same = [trial(score=s, origin=Origin.BASELINE, seed=i) for i, s in enumerate((0.8, 0.9))]
    content = content_in(tmp_path, same)
    scores = (Scored(0, {"accuracy": 0.7}), Scored(1, {"accuracy": 0.74}))
    told = summary.certainty(replace(content, report=replace(content.report, tested=scores)), SAY, "en")
    assert told[0].startswith("Trials 0, 1 have the same settings and other seeds: 0.8500 ± 0.071")
    assert "accuracy 0.7200 ± 0.028 (trial 0, 1)" in told[1]


def test_two_settings_with_the_same_seeds_are_compared(tmp_path: Path) -> None:
    scores = {"s": (0.8, 0.9, 0.7), "m": (0.7, 0.8, 0.61)}
    trials = [
        trial(score=score, params={"model": model}, origin=Origin.BASELINE, seed=seed)
        for model, of_model in scores.items()
        for seed, score in enumerate(of_model)
    ]
    told = summary.certainty(content_in(tmp_path, trials), SAY, "en")
    expected = "model=s against m: better by 0.097 over 3 shared seeds, 95 % interval 0.082 to 0.11: more than chance."
    assert expected in told
    assert not any("next best" in sentence for sentence in told)


def test_values_and_stretches_without_a_trial_were_not_tried(tmp_path: Path) -> None:
    content = content_in(tmp_path, [trial(score=0.5, params={"lr": 0.01, "model": "s", "dropout": 0.05})])
    assert untried.values(content, "model") == ["m", "l"]
    assert untried.values(content, "dropout") == ["0.12 … 0.24", "0.24 … 0.36", "0.36 … 0.48", "0.48 … 0.6"]


def test_a_remedy_that_was_called_for_and_not_run_is_named(tmp_path: Path) -> None:
    wanted = Prescription("smaller_model", {"lr": 0.01, "model": "s"})
    content = content_in(tmp_path, [trial(OVERFITTING, 0.8, prescription=wanted)])
    text = "smaller model for trial 0 (model m → s), which its diagnosis called for"
    assert text in untried.sentences(content, SAY, "en")
    assert untried.prescribed(content_in(tmp_path / "done", family())) == []


def test_a_family_tells_what_each_change_was_worth(content: Content) -> None:
    (root,) = families.trees(content, SAY, "en")
    (child,) = root.children
    assert (root.number, child.number, child.move, child.best) == (0, 1, "model m → s", True)
    assert child.gain == pytest.approx(0.05)


def test_the_gain_is_positive_where_lower_is_better_and_the_child_is_lower(tmp_path: Path) -> None:
    trials = [trial(score=0.5), trial(score=0.4, origin=Origin.REMEDY, parent=0, remedy="smaller_model")]
    objective = {"metric": "val/loss", "direction": "minimize"}
    (root,) = families.trees(content_in(tmp_path, trials, objective=objective), SAY, "en")
    assert root.children[0].gain == pytest.approx(0.1)


def test_the_most_frequent_complaint_comes_first_with_its_advice(tmp_path: Path) -> None:
    sick = [trial(OVERFITTING, 0.6), trial(OVERFITTING, 0.7), *family()[2:3]]
    first, second = advice.complaints(content_in(tmp_path, sick), "en")[:2]
    assert (first.name, first.trials, second.name) == ("overfitting", (0, 1), "diverging")
    assert "collect more data" in first.advice


def test_the_epoch_of_the_diagnosis_is_the_one_that_was_stored(content: Content) -> None:
    found = drawing.marks(content, content.report.trials[0], "en")
    assert found[0] == {"epoch": 15, "name": "overfitting", "kind": "bad"}


def test_a_thinned_curve_keeps_its_ends_and_its_spikes() -> None:
    values = np.sin(np.arange(5000) / 700)
    values[[1234, 4321]] = (9.0, -9.0)
    values[2000:2300] = np.nan
    kept = curves.thinned(values)
    assert len(kept) <= curves.MOST_POINTS + 2
    assert {0, 1234, 4321, 4999} <= set(kept) and kept == sorted(kept)


def test_a_trial_without_a_log_has_a_place_all_the_same(tmp_path: Path) -> None:
    content = content_in(tmp_path, [trial(FINISHED, 0.5)])
    (content.config.trial_folder(0) / "results.csv").unlink()
    seen = curves.look(content.config, content.report.trials[0])
    assert seen.symptoms == () and curves.lines(seen.curve) == []
