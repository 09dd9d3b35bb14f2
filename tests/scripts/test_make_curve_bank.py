"""The bank of labelled curves, and how one of them is made."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from scripts.curve_bank.causes import LABELS
from scripts.curve_bank.data import draw
from scripts.curve_bank.drawing import fits
from scripts.curve_bank.found import Evidence, Found
from scripts.curve_bank.halves import HALVES
from scripts.curve_bank.legible import SHOWN, illegible
from scripts.curve_bank.load import Labelled, curve_of, load
from scripts.curve_bank.log import as_row, number
from scripts.curve_bank.making import candidate
from scripts.curve_bank.models import build
from scripts.curve_bank.samples import ALPHABET
from scripts.curve_bank.training import Run, Settings, Setup, go_on, train
from scripts.curve_bank.verify import plateau, turns, wave

BANK = Path(__file__).resolve().parents[2] / "bank"
KEYS = {"id", "half", "label", "secondary", "variant", "cause", "data", "architecture", "seed", "settings"} | {
    "planned_epochs", "onset", "ends_badly", "verified", "objective", "epochs", "series"
}  # fmt: skip
HEALTHY = {"converged", "still_improving", "fine_tuning", "too_early"}
STUCK = {"stuck_after_first_epoch"}
MISSING = {"heldout4": STUCK, "heldout5": {"inception_cnn"}, "heldout6": STUCK}
"""Labels and architectures of which no candidate of a part could be verified."""

SINGLE = {"heldout5": 3}
"""How many labels may have one curve, where it is more than one."""


@pytest.fixture(scope="module", params=HALVES)
def half(request: pytest.FixtureRequest) -> tuple[str, list[Labelled]]:
    return request.param, list(load(BANK / f"{request.param}.jsonl"))


def test_every_row_has_the_same_keys_and_its_own_id(half: tuple[str, list[Labelled]]) -> None:
    name, found = half
    assert all(set(item.row) == KEYS and item.row["half"] == name for item in found)
    assert len({item.row["id"] for item in found}) == len(found) >= 100


def test_every_label_has_curves_and_nearly_every_one_several(half: tuple[str, list[Labelled]]) -> None:
    labels = [item.row["label"] for item in half[1]]
    assert set(LABELS) - set(labels) <= MISSING.get(half[0], set())
    assert len({label for label in LABELS if labels.count(label) >= 2}) >= len(LABELS) - SINGLE.get(half[0], 1)


def test_the_series_fit_the_epochs_and_the_objective_is_one_of_them(half: tuple[str, list[Labelled]]) -> None:
    for item in half[1]:
        row = item.row
        assert all(len(s["values"]) == len(row["epochs"]) for s in row["series"].values()), row["id"]
        assert row["objective"] is None or row["objective"] in row["series"], row["id"]
        assert item.curve.train_loss is not None, row["id"]
        assert item.curve.length <= row["planned_epochs"], row["id"]
        assert row["onset"] is None or 1 <= row["onset"] <= row["planned_epochs"], row["id"]


def test_only_resumed_runs_repeat_epochs(half: tuple[str, list[Labelled]]) -> None:
    repeating = [item.row["variant"] for item in half[1] if np.any(np.diff(item.row["epochs"]) <= 0)]
    assert set(repeating) == {"resumed"}
    assert repeating.count("resumed") == sum(item.row["variant"] == "resumed" for item in half[1])


def test_no_healthy_run_ends_badly_unless_nobody_can_know_yet(half: tuple[str, list[Labelled]]) -> None:
    healthy = [item.row for item in half[1] if item.row["label"] in HEALTHY - {"too_early"}]
    assert [row["id"] for row in healthy if row["ends_badly"] and not row["secondary"]] == []


def test_a_file_stays_small(half: tuple[str, list[Labelled]]) -> None:
    assert (BANK / f"{half[0]}.jsonl").stat().st_size < 2_000_000


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(HALVES, 2)))
def test_no_two_parts_share_data_or_architecture(one: str, other: str) -> None:
    assert not set(HALVES[one].data) & set(HALVES[other].data)
    assert not set(HALVES[one].rates) & set(HALVES[other].rates)


def test_the_curves_are_of_the_data_and_architectures_of_their_part(half: tuple[str, list[Labelled]]) -> None:
    name, found = half
    assert {item.row["data"] for item in found} == set(HALVES[name].data)
    assert {item.row["architecture"] for item in found} == set(HALVES[name].rates) - MISSING.get(name, set())


DATA_SETS = [name for part in HALVES.values() for name in part.data]
FITTING = [(a, n) for part in HALVES.values() for a in part.rates for n in part.data if fits(a, n)]


def skip_without_matplotlib(name: str) -> None:
    """Skip the data sets that come with matplotlib, which this project does not ask for."""
    if name.startswith(("glyph", "elevation")):
        pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_draw_from_each_data_set_has_the_sizes_asked_for(name: str) -> None:
    skip_without_matplotlib(name)
    task = draw(name, np.random.default_rng(0), 40, 20, 60)
    assert (len(task.train), len(task.val), len(task.test)) == (40, 20, 60)
    assert int(task.train.y.max()) < task.classes
    assert name in {fitting for _, fitting in FITTING}


@pytest.mark.parametrize(("architecture", "name"), FITTING)
def test_an_architecture_takes_the_data_that_fit_it_and_uses_all_of_a_sample(architecture: str, name: str) -> None:
    skip_without_matplotlib(name)
    task = draw(name, np.random.default_rng(0), 20, 10, 10)
    torch.manual_seed(0)
    model = build(architecture, task, 24, 2).eval()
    out = model(task.train.x)
    assert out.shape == (20, task.classes + task.outputs)
    changed = task.train.x.clone().flatten(1)
    for i in (0, -1):
        changed[:, i] = (changed[:, i] + 1) % len(ALPHABET) if task.is_text else changed[:, i] + 1
    assert not torch.allclose(model(changed.view_as(task.train.x)), out)


def tiny(rows: int = 4) -> Setup:
    task = draw("diabetes", np.random.default_rng(1), 60, 20, 50)
    return Setup("dev", task, "box", "mlp_relu", 8, 1, Settings(rows, 0.01, 16, "adam"), seed=3)


def test_training_learns_and_going_on_does_not_touch_the_run() -> None:
    run = train(tiny(10))
    assert run.test["loss"][-1] < run.initial["loss"]
    later = go_on(run, 3)
    assert (len(run.test["loss"]), len(later.test["loss"])) == (10, 13)


def test_the_same_seed_gives_the_same_curve() -> None:
    first = candidate("dev", "too_early", 0, seed=5)
    assert first == candidate("dev", "too_early", 0, seed=5) != candidate("dev", "too_early", 0, seed=6)
    assert isinstance(first, dict) and json.loads(json.dumps(first)) == first


def test_rows_given_up_come_first_and_the_later_ones_count() -> None:
    earlier, run = train(tiny(3)), train(tiny(4))
    evidence = Evidence("none", 0.0, 0.0)
    found = Found("converged", run, "", evidence, variant="resumed", given_up=(earlier, 1), components=False)
    row = as_row(found, "x", np.random.default_rng(0))
    assert row["epochs"] == [1, 2, 3, 2, 3, 4]
    assert list(curve_of(row).epochs) == [1, 2, 3, 4]


def test_numbers_that_json_lacks_become_words() -> None:
    assert [number(v) for v in (float("nan"), float("inf"), -float("inf"), 0.123456)] == ["nan", "inf", "-inf", 0.1235]


def test_the_measures_tell_a_wave_a_zig_zag_and_a_plateau() -> None:
    t = np.arange(60)
    assert wave(list(1 - 0.01 * t + 0.1 * np.sin(2 * np.pi * t / 6)), 6)[1] > 0.9
    assert wave(list(np.random.default_rng(0).normal(size=60)), 6)[1] < 0.5
    assert turns([0, 1, 0, 1, 0]) == 1.0
    assert turns([0, 1, 2, 3]) == 0.0
    assert plateau([1.0] * 20 + list(np.linspace(1, 0, 20))) in range(20, 25)


class Classified(Run):
    @property
    def score(self) -> str:
        return "accuracy"


def reason(label: str, train: list[float], val: list[float], score: str = "val_rmse") -> str | None:
    return reason_against(label, train, {"loss": val, "box": val}, score)


def reason_against(
    label: str, train: list[float], val: dict[str, list[float]], score: str = "val_rmse", variant: str | None = None
) -> str | None:
    run = Classified.__new__(Classified)
    run.train, run.val, run.initial = {"loss": train}, val, {"loss": 2.0}
    row = {"epochs": list(range(len(train))), "series": {score: {"kind": "metric"}}, "variant": variant, "onset": 9}
    return illegible(Found(label, run, "", Evidence("none", 0.0, 0.0)), row)


def test_a_log_that_does_not_show_its_label_is_none_of_a_legible_part() -> None:
    flat, falling = [1.0] * 30, np.linspace(2, 0.2, 30).tolist()
    zig_zag, bounced = [0.5, 1.5] * 15, [2.0, *[1.0] * 29]
    assert reason("not_learning", flat, flat) is None is reason("not_learning", falling, flat, "val_r2")
    assert reason("not_learning", falling, falling, "val_IoU") == "only a score would tell that it is chance"
    assert reason("stuck_after_first_epoch", bounced, bounced) is None
    assert reason("stuck_after_first_epoch", falling, flat) == "it falls on after the first drop"
    assert reason("oscillating", zig_zag, zig_zag) is None
    assert reason("oscillating", falling, zig_zag) == "it has a trend"
    assert reason("overfitting", falling, [1.0] * 15 + [1.2] * 15) is None
    assert reason("overfitting", falling, flat) == "validation does not rise"
    assert reason("too_early", [2.1, 1.9, 3.0], flat) is None
    assert reason("too_early", [2.1, 90.0, 4e6], flat) == "it diverges beyond doubt"
    assert reason("generalization_gap", falling, [2.0] * 30) is None
    assert reason("generalization_gap", falling, falling) == "validation rises, or follows"
    assert reason("generalization_gap", falling, [1.0] * 15 + [1.2] * 15) == "validation rises, or follows"
    assert reason("class_loss_rising", falling, flat) is None
    assert reason("class_loss_rising", falling, [1.0] * 15 + [1.2] * 15) == "the box loss rises in validation"
    assert reason("converged", falling, falling) is None
    assert reason("converged", falling, [2.0] * 30) == "validation does not follow"


def test_a_loss_may_rise_in_a_legible_part_where_a_score_climbs_beyond_doubt() -> None:
    falling, rising = np.linspace(2, 0.2, 30).tolist(), np.linspace(2, 3, 30).tolist()
    for last, expected in ((0.9, None), (0.52, "validation does not follow")):
        val = {"loss": rising, "accuracy": np.linspace(0.5, last, 30).tolist()}
        assert reason_against("converged", falling, val, variant="val_loss_rises_score_climbs") == expected


def test_what_a_legible_part_asks_of_a_log_can_be_asked() -> None:
    assert all(set(half.legible) <= SHOWN.keys() for half in HALVES.values())
