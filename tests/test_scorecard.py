"""Points for what was seen and for the shape are added up, and what they say is what is weighed."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from scripts.curve_bank.load import load
from scripts.fit_scorecard import digest
from tuner import registry, scorecard, shape
from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import FACTS, FINISHED, RULE_VERSION, WAVES, diagnose, judge, likeliest, stands, weigh

BANK = Path(__file__).resolve().parents[1] / "bank"
E = np.arange(40.0)
RNG = np.random.default_rng(1)
FALLS = 0.3 + 2.0 * 0.85**E
NOISE = 0.02 * RNG.standard_normal(40)

TEXT = json.dumps(
    {
        "small": {
            **{"labels": ["a", "b"], "caution": 2, "start": [0.0, 0.0], "sure": [1.0, 0.5]},
            "steps": {
                "rows": {"edges": [1, 3], "points": [[0, 0], [1, 0], [2, 0], [0, 3]]},
                "gap": {"edges": [0.5], "points": [[0, 0], [0, 1], [0, 0]]},
            },
        }
    }
)


@pytest.fixture
def card() -> scorecard.Card:
    return scorecard.parse(TEXT, "small")


@pytest.mark.parametrize(
    ("rows", "points"), [(0.0, 0.0), (1.0, 0.0), (1.5, 1.0), (3.0, 1.0), (9.0, 2.0), (None, -3.0), (np.nan, -3.0)]
)
def test_a_number_gives_the_points_of_the_interval_it_lies_in(
    card: scorecard.Card, rows: float | None, points: float
) -> None:
    likely = card.probabilities({} if rows is None else {"rows": rows})
    assert likely["a"] == pytest.approx(1 / (1 + np.exp(-points)))
    assert sum(likely.values()) == pytest.approx(1)


def test_reasons_are_the_numbers_that_speak_for_a_label_the_strongest_first(card: scorecard.Card) -> None:
    assert card.reasons({"rows": 9.0, "gap": 0.1}, "a", "b") == ["rows"]
    assert card.reasons({"rows": 0.0, "gap": 0.9}, "b", "a") == ["gap"]
    assert card.reasons({"gap": 0.9}, "b", "a") == ["gap"]


def test_a_confidence_grows_with_how_likely_a_verdict_is(card: scorecard.Card) -> None:
    assert card.confidence(0.5) == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert card.confidence(0.2) < card.confidence(0.5) < card.confidence(1.0) < 1


@pytest.mark.parametrize("name", [scorecard.FINISHED, scorecard.RUNNING])
def test_a_card_knows_the_symptoms_and_the_numbers_there_are(name: str) -> None:
    kinds = (scorecard.SEEN, scorecard.MARGIN, scorecard.VERDICT)
    known = {*shape.NAMES, scorecard.PROGRESS, *(f"{kind} {name}" for kind in kinds for name in registry.SYMPTOMS)}
    card = scorecard.card(name)
    assert set(card.steps) <= known
    assert all(list(step.edges) == sorted(set(step.edges)) for step in card.steps.values())
    assert len(card.points) == sum(len(step.edges) + 2 for step in card.steps.values())
    labels = {scorecard.FINISHED: set(), scorecard.RUNNING: {scorecard.SOUND}}
    assert set(card.labels) - set(registry.SYMPTOMS) == labels[name]


def test_the_shape_of_losses_does_not_depend_on_their_scale_nor_that_of_a_score_on_per_cent() -> None:
    score = 0.9 - 0.8 * 0.9**E + NOISE / 2
    one = Curve.of(train_loss=FALLS + NOISE, val_loss=FALLS - NOISE, metrics={"acc": score}, planned_epochs=40)
    two = Curve.of(
        train_loss=7 * (FALLS + NOISE), val_loss=7 * (FALLS - NOISE), metrics={"acc": 100 * score}, planned_epochs=40
    )
    assert dict(shape.numbers(one)) == pytest.approx(dict(shape.numbers(two)))
    assert set(shape.numbers(one)) <= set(shape.NAMES)


def test_series_that_are_measured_side_by_side_have_the_shape_that_each_has_alone() -> None:
    every_second = Series("val_loss", Kind.VAL_LOSS, np.arange(2, 41, 2), (FALLS - NOISE)[1::2])
    score = {"acc": 0.9 - 0.8 * 0.9**E + NOISE / 2}
    whole = Curve.of(train_loss=FALLS + NOISE, metrics=score)
    found = shape.numbers(replace(whole, series={**whole.series, "val_loss": every_second}))
    alone = dict(shape.numbers(Curve.of(train_loss=FALLS + NOISE))) | dict(shape.numbers(Curve.of(metrics=score)))
    alone |= dict(shape.numbers(Curve({"val_loss": every_second})))
    assert {key: found[key] for key in alone} == pytest.approx(alone)
    assert set(found) - set(alone) == {
        "gap",
        "gap_first",
        "gap_best",
        "gap_growth",
        "train_idle",
        "val_idle",
        "train_since",
        "val_gain",
        "val_jumps",
        "together",
    }


def test_what_was_not_logged_has_no_shape() -> None:
    found = shape.numbers(Curve.of(train_loss=FALLS))
    assert not [key for key in found if key.startswith(("val", "score", "rate")) or key == "gap"]
    assert shape.numbers(Curve.of(train_loss=[1.0, 0.9])) == {}


def test_what_the_rules_say_and_what_is_healthy_counts_more() -> None:
    plugins = {name: registry.SYMPTOMS[name] for name in ("converged", "overfitting", "periodic")}
    card = scorecard.Card((), np.zeros(0), {}, np.zeros((0, 0)), caution=3.0, trust=2.0, sure=(0.0, 1.0))
    likely = {"converged": 0.2, "overfitting": 0.4, "periodic": 0.4}
    weighed = weigh(likely, ["periodic", "overfitting"], card, plugins)
    assert sorted(weighed, key=lambda name: weighed[name]) == ["overfitting", "converged", "periodic"]
    assert sum(weighed.values()) == pytest.approx(1)
    assert weighed["periodic"] / weighed["overfitting"] == pytest.approx(2)
    unseen = weigh(likely, ["periodic"], card, plugins)
    assert unseen["periodic"] / unseen["overfitting"] == pytest.approx(4)
    assert set(weigh({**likely, "nan": 0.9}, ["periodic"], card, plugins)) == set(plugins)


def test_some_symptoms_alone_are_not_weighed() -> None:
    falls = Curve.of(train_loss=FALLS, val_loss=FALLS, planned_epochs=40)
    for name in ("overfitting", "nan"):
        said = diagnose(falls, {name: registry.SYMPTOMS[name]}).verdict
        assert said is not None and said.healthy


def test_where_nothing_is_likely_the_rules_keep_the_word() -> None:
    assert likeliest({"converged": 0.38, "overfitting": 0.32, "periodic": 0.3}, "periodic") == "periodic"
    assert likeliest({"converged": 0.5, "overfitting": 0.2, "periodic": 0.3}, "periodic") == "converged"


def test_the_less_is_left_of_the_plan_the_surer_an_alarm_has_to_be() -> None:
    assert stands(0.9, progress=0.0, caution=4.0) and not stands(0.9, progress=0.6, caution=4.0)
    assert stands(0.99, progress=0.6, caution=4.0) and not stands(0.99, progress=0.97, caution=4.0)


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_not_weighed(name: str) -> None:
    curve = next(iter(registry.SYMPTOMS[name].SEEN.values()))
    assert diagnose(curve, registry.SYMPTOMS).verdict.name == name  # type: ignore[union-attr]


def test_waves_that_a_rule_is_sure_of_are_not_weighed_at_the_end() -> None:
    waves = [labelled.curve for labelled in load(BANK / "heldout12.jsonl") if labelled.row["label"] == "periodic"]
    sure = [
        c for c in waves if (rule := judge(c, registry.SYMPTOMS)[0]).name == "periodic" and rule.confidence >= WAVES
    ]
    assert len(sure) > 10
    assert {diagnose(curve, registry.SYMPTOMS).verdict.name for curve in sure} == {"periodic"}


def test_the_points_were_fitted_on_the_rules_as_they_are() -> None:
    """Where this fails, raise ``RULE_VERSION`` and run scripts/fit_scorecard.py and scripts/calibrate.py anew."""
    known = json.loads(resources.files("tuner").joinpath("scorecard.json").read_text("utf-8"))
    assert (known["rules"], known["verdicts"]) == (RULE_VERSION, digest())


def of_bank(name: str) -> Curve:
    return next(item.curve for item in load(BANK / f"{name.split('-')[0]}.jsonl") if item.row["id"] == name)


def test_an_alarm_that_the_shape_contradicts_is_taken_back_while_the_run_goes_on() -> None:
    curve = of_bank("heldout-converged-010").until(25)
    assert judge(curve, registry.SYMPTOMS)[0].harmful
    symptoms = diagnose(curve, registry.SYMPTOMS).symptoms
    assert symptoms[0].healthy and not any(s.harmful for s in symptoms)
    assert "stuck_after_first_epoch" in [s.name for s in symptoms]


def test_an_alarm_that_the_shape_confirms_stands_while_the_run_goes_on() -> None:
    curve = registry.SYMPTOMS["overfitting"].SEEN["score sinks"]
    assert curve.progress is not None and curve.progress < FINISHED
    said = diagnose(curve, registry.SYMPTOMS).verdict
    assert said is not None and said.name == "overfitting" and said.harmful


def test_what_is_likelier_another_symptom_does_no_harm_while_the_run_goes_on() -> None:
    curve = of_bank("heldout9-slow_start-019").until(20)
    assert judge(curve, registry.SYMPTOMS)[0].name == "not_learning"
    symptoms = diagnose(curve, registry.SYMPTOMS).symptoms
    assert symptoms[0].name == "slow_start" and not symptoms[0].clear
    assert "not_learning" in [s.name for s in symptoms if not s.harmful]


def test_an_alarm_without_its_rule_is_explained_by_numbers_that_a_person_can_read() -> None:
    said = diagnose(of_bank("heldout9-slow_start-028").until(9), registry.SYMPTOMS).verdict
    assert said is not None and said.harmful and not said.clear
    values = [value for key, value in said.evidence.items() if key.startswith("value")]
    assert len(values) == 3 and all(abs(value) < 1e6 for value in values)  # type: ignore[arg-type]
