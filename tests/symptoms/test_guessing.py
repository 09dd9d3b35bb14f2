"""A run that ends where guessing is, told from one that has learned a little."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import diagnose
from tuner.registry import SYMPTOMS
from tuner.symptoms import diverging, slow_convergence
from tuner.symptoms.guessing import Before, Guess, Options, guess

E = np.arange(40.0)
WAVE = np.sin(5 * E)
GUESSED = 2.303 + 0.01 * WAVE
CHANCE = 0.1 + 0.014 * WAVE
EXPLODED = np.r_[800.0, 20.0, 6.0, 3.0, GUESSED[4:]]
LOST = np.r_[2.3, 1.9, 1.7, 1.6, 1.7, GUESSED[5:]]


def run(train: np.ndarray, score: np.ndarray, val: np.ndarray | None = None, name: str = "val_acc") -> Curve:
    val = train + 0.005 if val is None else val
    return Curve.of(train_loss=train, val_loss=val, metrics={name: score}, planned_epochs=40)


def seen(curve: Curve) -> Guess | None:
    return guess(curve, Options())


@pytest.mark.parametrize(
    ("train", "score", "before"),
    [
        (GUESSED, CHANCE, Before.NOTHING),
        (EXPLODED, CHANCE, Before.EXPLODED),
        (np.r_[GUESSED[:3], 90.0, 300.0, 30.0, GUESSED[6:]], CHANCE, Before.EXPLODED),
        (LOST, np.r_[0.1, 0.3, 0.4, 0.45, 0.4, CHANCE[5:]], Before.LEARNED),
        # Beyond all measure half-way, and one answer for everything, whatever the way down looks like.
        (2.3 + 9e5 * 0.9**E, np.full(40, 0.1), Before.EXPLODED),
        # It came down smoothly to guessing, and stays there.
        (2.303 + 0.9 * 0.6**E, np.full(40, 0.1), Before.NOTHING),
        # One lucky epoch is no learning.
        (GUESSED, np.r_[0.2, CHANCE[1:]], Before.NOTHING),
    ],
)
def test_what_was_before_is_told(train: np.ndarray, score: np.ndarray, before: Before) -> None:
    found = seen(run(train, score))
    assert found is not None and found.before is before
    assert found.loss == pytest.approx(2.3, abs=0.1)


@pytest.mark.parametrize(
    ("train", "score"),
    [
        # A language model begins at the logarithm of its vocabulary, and a third of its tokens are soon right.
        (2.9 + 8 * 0.5**E, 0.36 + 0.002 * WAVE),
        # Weak, but no guessing: ten classes, a fifth right, a loss below that of guessing and far from -log 0.2.
        (2.03 + 0.27 * 0.8**E, 0.2 + 0.01 * WAVE),
        # Large weights that come down by and by.
        (2.31 + 20 * 0.85**E, CHANCE),
        # It creeps down: a slow start, or a rate that is too low.
        (2.303 - 0.0005 * E, CHANCE),
        # It has begun to learn.
        (np.r_[GUESSED[:20], 2.3 * 0.97 ** E[:20]], np.r_[CHANCE[:20], 0.1 + 0.02 * E[:20]]),
    ],
)
def test_what_has_learned_or_may_learn_is_no_guessing(train: np.ndarray, score: np.ndarray) -> None:
    assert seen(run(train, score)) is None


def test_an_error_rate_tells_as_much_as_an_accuracy() -> None:
    curve = run(GUESSED, CHANCE)
    error = Series("val_error", Kind.METRIC, curve.epochs, 1 - CHANCE, higher_is_better=False)
    found = seen(
        replace(curve, series={**{k: s for k, s in curve.series.items() if k != "val_acc"}, "val_error": error})
    )
    assert found is not None and found.before is Before.NOTHING and found.score == pytest.approx(0.1, abs=0.01)


def test_an_f1_does_not_say_what_chance_is_but_an_explosion_shows_beside_it() -> None:
    assert seen(run(GUESSED, CHANCE / 5, name="f1")) is None
    exploded = run(np.r_[5e5, EXPLODED[1:]], CHANCE / 5, name="f1")
    found, said = seen(exploded), diverging.detect(exploded, options=diverging.Options())
    assert found is not None and found.before is Before.EXPLODED and said is not None
    assert said.text == "train loss exploded to 5e+05 within the first epoch; since then f1 stays at 0.021"


def test_what_exploded_and_is_still_far_above_guessing_is_said_and_ends_no_trial() -> None:
    high = np.r_[130.0, 300.0, 250.0, 200 + 30 * WAVE[3:20]]
    on_the_way = diverging.detect(run(high, CHANCE[:20]), options=diverging.Options())
    down = diverging.detect(run(EXPLODED[:20], CHANCE[:20]), options=diverging.Options())
    assert on_the_way is not None and on_the_way.severity == 0.6
    assert down is not None and down.severity == 0.8
    assert on_the_way.text.startswith("train loss exploded to 300 at epoch 2")


def test_a_score_that_dips_or_is_noisy_has_not_been_unlearned() -> None:
    climbs = 0.8 - 0.7 * 0.8**E
    rises = np.r_[2.0 * 0.8 ** E[:20], 0.03 + 0.002 * E[:20]]
    dips = np.where((E > 25) & (E < 30), 0.5, climbs)
    for score in (dips, climbs + 0.1 * WAVE):
        assert diverging.detect(run(rises, score), options=diverging.Options()) is None
    assert diverging.detect(run(rises, np.where(E > 25, 0.5, climbs)), options=diverging.Options()) is not None


@pytest.mark.parametrize("schedule", [1 - E / 40, np.where(E < 24, 1.0, np.where(E < 34, 0.1, 0.01))])
def test_slowness_is_a_straight_line_of_the_steps_whatever_their_length(schedule: np.ndarray) -> None:
    done = np.cumsum(schedule) / schedule.sum()
    falls = partial(Curve.of, train_loss=2.3 - 0.2 * done, val_loss=2.31 - 0.2 * done, planned_epochs=40)
    options = slow_convergence.Options()
    assert slow_convergence.detect(falls(), options=options) is None
    assert slow_convergence.detect(falls(learning_rate=0.01 * schedule), options=options) is not None


def test_a_rate_that_is_gone_at_once_is_not_slow() -> None:
    rate = 0.7**E
    done = np.cumsum(rate) / rate.sum()
    falls = Curve.of(train_loss=2.3 - 0.2 * done, val_loss=2.31 - 0.2 * done, learning_rate=rate, planned_epochs=40)
    assert slow_convergence.detect(falls, options=slow_convergence.Options()) is None


@pytest.mark.parametrize("rate", [np.r_[1.0, np.full(39, 1e-20)], np.zeros(40)])
def test_rates_that_are_nothing_beside_the_first_are_steps_as_well(rate: np.ndarray) -> None:
    falls = Curve.of(train_loss=2.3 - 0.01 * E, val_loss=2.31 - 0.01 * E, learning_rate=rate, planned_epochs=40)
    assert slow_convergence.detect(falls, options=slow_convergence.Options()) is not None


def test_one_step_at_the_very_end_is_all_there_was() -> None:
    falls = Curve.of(train_loss=2.3 - 0.01 * E, learning_rate=np.r_[np.zeros(39), 1e-300], planned_epochs=40)
    assert slow_convergence.detect(falls, options=slow_convergence.Options()) is None


@pytest.mark.parametrize("train", [GUESSED, EXPLODED, LOST])
def test_no_shape_makes_a_run_healthy_that_ends_at_guessing(train: np.ndarray) -> None:
    score = np.r_[0.1, 0.3, 0.4, 0.45, 0.4, CHANCE[5:]] if train is LOST else CHANCE
    symptoms = diagnose(run(train, score), SYMPTOMS).symptoms
    assert symptoms[0].harmful and not any(s.healthy for s in symptoms)
    assert symptoms[0].confidence > 0.5
