"""What the seventh part of the bank logs beside accuracy and R2, and what a healthy run of it must not show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from scripts.curve_bank import shown
from scripts.curve_bank.causes.speed import half_way
from scripts.curve_bank.data import draw
from scripts.curve_bank.drawing import sound, stretched
from scripts.curve_bank.found import Evidence, Found
from scripts.curve_bank.halves import HALVES, named
from scripts.curve_bank.legible import illegible
from scripts.curve_bank.log import as_row, is_lost
from scripts.curve_bank.making import candidate
from scripts.curve_bank.scores import LOWER_IS_BETTER, macro_f1, mean_precision, of_boxes, of_masks, of_mode
from scripts.curve_bank.shown import another, symptom_of
from scripts.curve_bank.training import Run, Settings, Setup, one_cycle, rate_at, train
from scripts.curve_bank.verify import guessing

BOX = torch.tensor([[2.0, 2.0, 2.0, 2.0]])


def tiny(name: str = "shapes", mode: str = "both", rows: int = 8) -> Run:
    task = draw(name, np.random.default_rng(1), 60, 30, 60)
    settings = Settings(rows, 0.003, 32, "adam")
    return train(Setup("heldout7", task, mode, "wide_and_deep", 16, 1, settings, seed=3, all_scores=True))


def found(run: Run, **more: object) -> Found:
    return replace(Found("converged", run, "", Evidence("none", 0.0, 0.0)), **more)  # type: ignore[arg-type]


def test_boxes_overlap_by_what_they_share() -> None:
    assert of_boxes(BOX, BOX).tolist() == [1.0]
    assert of_boxes(BOX + torch.tensor([1.0, 0, 0, 0]), BOX).tolist() == pytest.approx([1 / 3])
    assert of_boxes(BOX + torch.tensor([5.0, 0, 0, 0]), BOX).tolist() == [0.0]
    assert of_boxes(torch.tensor([[2.0, 2.0, -1.0, 2.0]]), BOX).tolist() == pytest.approx([0.0], abs=1e-5)


def test_masks_overlap_by_what_they_share() -> None:
    said, true = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    assert of_masks(said, true) == {"IoU": pytest.approx(1 / 3), "dice": pytest.approx(0.5)}
    assert of_masks(said & ~said, true & ~true)["IoU"] == 0.0


def test_macro_f1_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    y, said = rng.integers(0, 4, size=200), rng.integers(0, 4, size=200)
    assert macro_f1(torch.tensor(said), torch.tensor(y), 4) == pytest.approx(f1_score(y, said, average="macro"))


def test_mean_precision_falls_with_sure_misses_and_with_boxes_that_do_not_fit() -> None:
    y, fits = torch.tensor([0, 0, 1, 1]), torch.ones(4, dtype=torch.bool)
    right = 5.0 * torch.eye(2)[y]
    assert mean_precision(right, y, fits) == 1.0
    assert mean_precision(right, y, torch.tensor([True, False, True, True])) == pytest.approx(0.75)
    sure_miss = torch.cat([right[:3], torch.tensor([[9.0, 0.0]])])
    assert mean_precision(sure_miss, y, fits) == pytest.approx(((1 / 2 + 2 / 3) / 2 + 1 / 2) / 2)


def test_one_cycle_rises_for_three_tenths_and_ends_near_nothing() -> None:
    rates = [one_cycle(i / 100) for i in range(101)]
    assert rates[0] == pytest.approx(0.04)
    assert int(np.argmax(rates)) == 30
    assert max(rates) == 1.0
    assert rates[-1] == pytest.approx(0.001)
    assert np.all(np.diff(rates[30:]) < 0)


def test_lengths_are_drawn_widely_and_long_plans_stay_long() -> None:
    rng = np.random.default_rng(0)
    lengths = [stretched(rng, (30, 90), (20, 300)) for _ in range(300)]
    assert min(lengths) < 30
    assert 200 < max(lengths) <= 270
    assert min(stretched(rng, (60, 300), (20, 300)) for _ in range(50)) >= 45


def test_sound_settings_are_of_every_schedule_unless_the_rate_must_stay() -> None:
    rng = np.random.default_rng(0)
    drawn = [sound("heldout7", rng, data_sets=("arm",)).settings for _ in range(60)]
    assert {s.schedule for s in drawn} == set(HALVES["heldout7"].schedules) - {"warm-up"}
    assert any(s.warm_up for s in drawn)
    staying = [sound("heldout7", rng, data_sets=("arm",), may_anneal=False).settings for _ in range(20)]
    assert {s.schedule for s in staying} == {"constant"}


def test_scores_of_either_direction_are_logged_and_fit_the_task() -> None:
    run, rng = tiny(), np.random.default_rng(0)
    rows = [as_row(found(run, show=frozenset({"metric"})), "x", rng) for _ in range(60)]
    series = [(n.rsplit("_")[-1].rsplit("/")[-1], s) for r in rows for n, s in r["series"].items()]
    scores = {name: s["higher_is_better"] for name, s in series if s["kind"] == "metric"}
    assert set(scores) == {key for keys in of_mode("both", "shapes") for key in keys}
    assert all(better == (name not in LOWER_IS_BETTER) for name, better in scores.items())


def test_a_score_by_which_an_effect_was_verified_is_logged_or_one_that_says_the_same() -> None:
    run, rng = tiny(mode="cls"), np.random.default_rng(0)
    overfitting = replace(found(run, show=frozenset({"metric"})), label="overfitting")
    for _ in range(20):
        names = [n for n, s in as_row(overfitting, "x", rng)["series"].items() if s["kind"] == "metric"]
        assert [n.endswith(("accuracy", "error")) for n in names] == [True]


def test_an_error_that_was_lower_before_is_lost() -> None:
    run = tiny(mode="cls")
    run.test["error"] = [0.5, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3]
    assert is_lost(found(run), [run], "error")
    run.test["error"] = [0.5, 0.4, 0.3, 0.2, 0.2, 0.2, 0.2, 0.21]
    assert not is_lost(found(run), [run], "error")


def test_a_healthy_run_whose_validation_jumps_or_whose_classes_get_worse_is_named() -> None:
    run = tiny(rows=20)
    smooth = list(np.linspace(2.0, 1.0, 20))
    for history in (run.train, run.val, run.test):
        history.update({"loss": list(smooth), "box": [0.1] * 20, "cls": list(smooth)})
    run.test["IoU"] = list(np.linspace(0.2, 0.6, 20))
    row = {"series": {"metrics/IoU": {"kind": "metric"}, "train/loss": {"kind": "train_loss"}}}
    assert symptom_of(found(run), row) is None
    run.val["loss"] = [v + 0.4 * (i % 2) for i, v in enumerate(smooth)]
    assert symptom_of(found(run), row) == "the validation jumps more than the test set"
    run.val["loss"] = smooth
    run.test["cls"] = [*smooth[:10], *np.linspace(1.5, 1.9, 10)]
    assert symptom_of(found(run), row) == "a part of the loss rises"
    run.test["IoU"] = [*np.linspace(0.2, 0.6, 8), *[0.6] * 12]
    assert symptom_of(found(run), row) == "a score rests while the losses fall"


def learning(rows: int = 20) -> tuple[Found, dict[str, dict[str, dict[str, str]]]]:
    """Return a run that shows nothing but that it learns, and the scores that it logs."""
    run = tiny(rows=rows)
    for history in (run.train, run.val, run.test):
        history.update({"loss": list(np.linspace(2.0, 1.0, rows)), "accuracy": list(np.linspace(0.3, 0.8, rows))})
    run.test["r2"] = list(np.linspace(0.1, 0.6, rows))
    return found(run), {"series": {"metrics/accuracy": {"kind": "metric"}}}


def test_a_run_is_rejected_that_shows_what_another_label_is_verified_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "at_chance", lambda run, part: False)
    clean, row = learning()
    assert another(clean, row) is None
    jumping, _ = learning()
    jumping.run.val["loss"] = [v + 0.4 * (i % 2) for i, v in enumerate(jumping.run.val["loss"])]
    assert another(jumping, row) == "also noisy_validation"
    assert another(replace(jumping, label="noisy_validation"), row) is None
    assert another(replace(jumping, label="nan"), row) is None
    resting, _ = learning()
    resting.run.test["accuracy"] = [0.5] * 20
    assert another(resting, row) == "also metric_stalled"
    waiting, _ = learning()
    waiting.run.test["loss"] = [2.0] * 7 + list(np.linspace(2.0, 1.0, 13))
    assert another(waiting, row) == "also slow_start"
    overfitted, _ = learning()
    overfitted.run.test.update({"loss": [*np.linspace(2, 1, 10), *np.linspace(1, 2, 10)], "r2": [0.5] * 20})
    assert another(overfitted, row) == "also overfitting"


def test_a_gap_is_one_to_the_samples_that_were_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "at_chance", lambda run, part: False)
    flat, row = learning()
    flat.run.test["loss"] = [1.5] * 20
    monkeypatch.setattr(shown, "evaluate", lambda run, part: {"loss": 1.2})
    assert another(flat, row) is None
    monkeypatch.setattr(shown, "evaluate", lambda run, part: {"loss": 0.9})
    assert another(flat, row) == "also generalization_gap"


def test_a_run_that_guesses_has_learnt_nothing_and_is_no_fine_tuning() -> None:
    run = tiny(rows=12)
    guess = guessing(run)
    run.test["loss"][0] = 0.6 * guess
    assert another(found(run, label="fine_tuning"), {"series": {}}) == "it begins where guessing is"
    run.test["loss"] = [(0.4 - 0.02 * i) * guess for i in range(6)]
    assert another(found(run, label="fine_tuning"), {"series": {}}) != "it begins where guessing is"
    same = run.setup.task.test
    assert guess == pytest.approx(
        float(((same.z - same.z.mean(dim=0)) ** 2).mean())
        - sum(p * np.log(p) for p in (same.y.bincount() / len(same)).tolist() if p),
        rel=1e-4,
    )


def test_a_varied_part_has_the_data_of_its_own_and_the_ways_of_the_seventh() -> None:
    varied = named("heldout3-varied")
    assert (varied.data, varied.rates) == (HALVES["heldout3"].data, HALVES["heldout3"].rates)
    assert varied.exclusive and varied.logs_vary and varied.lengths == HALVES["heldout7"].lengths
    drawn = sound("random-varied", np.random.default_rng(0))
    assert drawn.half == "random-varied" and drawn.all_scores


def test_in_a_searched_part_rates_that_are_too_low_fall_as_sound_ones_do() -> None:
    searched = named("heldout3-searched")
    assert searched.data == HALVES["heldout3"].data and searched.searched and not HALVES["heldout12"].searched
    drawn = [sound("heldout3-searched", np.random.default_rng(i)).settings for i in range(40)]
    assert {s.schedule for s in drawn} == set(searched.schedules)
    falling = [rate_at(replace(drawn[0], rows=100, schedule="linear", warm_up=0), row) for row in (0, 50, 100)]
    assert falling == pytest.approx([drawn[0].rate, 0.505 * drawn[0].rate, 0.01 * drawn[0].rate])


def test_half_of_the_way_is_done_where_half_of_the_steps_are() -> None:
    assert half_way([1.0] * 10) == pytest.approx(0.4)
    assert half_way([8.0, 4.0, 2.0, 1.0, 1.0]) == 0.0


def test_a_rate_that_falls_has_to_be_logged_where_slowness_shall_be_legible() -> None:
    run = tiny(rows=4)
    run.rates = [0.4, 0.3, 0.2, 0.1]
    logged = {"series": {"lr": {"kind": "learning_rate"}}}
    assert illegible(found(run, label="slow_convergence"), {"series": {}}) == "its rate falls and is not logged"
    assert illegible(found(run, label="slow_convergence"), logged) is None
    run.rates = [0.1] * 4
    assert illegible(found(run, label="slow_convergence"), {"series": {}}) is None


def test_a_run_explodes_at_once_only_where_chance_is_what_is_left() -> None:
    made = [candidate("dev-searched", "diverging", i, 0) for i in (1, 6, 8)]
    kept = [row for row in made if not isinstance(row, str)]
    assert made[:2] == ["it does not explode", "it is above chance"] and len(kept) == 1
    assert all(row["verified"]["value"] >= 4 and row["ends_badly"] for row in kept)


@pytest.mark.parametrize(
    ("label", "loss", "reason"),
    [
        ("still_improving", np.linspace(2.0, 1.0, 20), "also slow_convergence"),
        ("still_improving", 2.0 * 0.8 ** np.arange(1, 21), None),
        ("still_improving", 0.3 * 0.95 ** np.arange(20), "also fine_tuning"),
        ("fine_tuning", 0.3 * 0.95 ** np.arange(20), None),
        ("fine_tuning", 0.2 + 0.1 * 0.5 ** np.arange(20), "also converged"),
        ("generalization_gap", [*np.linspace(2.0, 1.0, 10), *np.linspace(1.0, 1.08, 10)], "also overfitting"),
        ("generalization_gap", np.full(20, 1.5), "the logged losses are near each other"),
    ],
)
def test_what_goes_over_into_the_next_label_is_kept_apart(
    monkeypatch: pytest.MonkeyPatch, label: str, loss: np.ndarray, reason: str | None
) -> None:
    monkeypatch.setattr(shown, "guessing", lambda run: 2.0)
    run = tiny(rows=20)
    run.initial["loss"] = 2.0
    for history in (run.train, run.val, run.test):
        history["loss"] = list(loss)
    assert shown.unclear(found(run, label=label)) == reason


def test_what_converges_slowly_has_most_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny(rows=20)
    run.initial["loss"], run.test["loss"] = 2.0, list(np.linspace(2.0, 1.2, 20))
    monkeypatch.setattr(shown, "continued", lambda run, rate: (0.3, 0.4))
    assert shown.unclear(found(run, label="slow_convergence")) is None
    monkeypatch.setattr(shown, "continued", lambda run, rate: (0.1, 0.4))
    assert shown.unclear(found(run, label="slow_convergence")) == "also still_improving"
