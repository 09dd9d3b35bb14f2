from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.trial import FrozenTrial, TrialState

from tests.studies import (
    DIVERGING,
    FINISHED,
    HOSTILE,
    KILLED,
    OVERFITTING,
    RATES,
    Direction,
    console,
    study_of,
    text,
    trial,
)
from tuner import report_text
from tuner.record import Action, Ending, Origin, Params, Prescription, read_all
from tuner.report import Report, best_yaml, build, to_json, write_best

SMALLER: Params = {"lr": 0.01, "model": "s"}


def report_of(*trials: FrozenTrial, direction: Direction = "maximize", storage: str | None = None) -> Report:
    study = study_of(*trials, direction=direction, storage=storage)
    return build(study, read_all(study), objective="accuracy", bounds={"lr": RATES})


def family() -> list[FrozenTrial]:
    """Return a parent that overfitted, its remedied child, a failure and a running trial."""
    prescribed = Prescription("smaller_model", SMALLER)
    known: dict[str, Any] = {"epochs": 23, "extra_epochs": 2, "seconds": 90.0, "device": "cuda:0"}
    return [
        trial(OVERFITTING, 0.8, score_epoch=14, origin=Origin.BASELINE, prescription=prescribed, **known),
        trial(
            FINISHED, 0.85, params=SMALLER, score_epoch=9, origin=Origin.REMEDY, parent=0, remedy="smaller_model",
            epochs=10, seconds=60.0, seed=3,
        ),
        trial(DIVERGING, 0.99, params={"lr": 1.0, "model": "m"}, epochs=3),
        trial(None),
    ]  # fmt: skip


def printed(report: Report, width: int = 80) -> str:
    screen = console(width)
    report_text.show(report, screen)
    return text(screen)


def strict(report: Report) -> dict[str, object]:
    data: dict[str, object] = json.loads(json.dumps(to_json(report), allow_nan=False))
    return data


@pytest.mark.parametrize(("direction", "best"), [("maximize", 2), ("minimize", 1)])
def test_the_incumbent_is_the_best_completed_trial_in_the_direction_of_the_study(
    direction: Direction, best: int
) -> None:
    trials = [trial(score=0.5), trial(score=0.4), trial(score=0.7), trial(score=0.7)]
    failed = [trial(DIVERGING, score=0.0), trial(DIVERGING, score=1.0)]
    report = report_of(*trials, *failed, direction=direction)
    assert report.incumbent is not None and report.incumbent.number == best


def test_an_infinite_score_is_never_the_best() -> None:
    report = report_of(trial(score=float("-inf")), trial(score=3.0), direction="minimize")
    assert report.incumbent is not None and report.incumbent.number == 1


def test_the_budget_counts_every_trial() -> None:
    used = report_of(*family()).used
    assert (used.trials, used.epochs, used.extra_epochs) == (4, 36, 2)
    assert used.hours == pytest.approx(150 / 3600)


def test_a_report_survives_its_storage(tmp_path: Path) -> None:
    stored = report_of(*family(), storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert to_json(stored) == to_json(report_of(*family()))


def test_the_json_tells_why_each_trial_ended_and_what_the_remedy_was_worth() -> None:
    data = to_json(report_of(*family()))
    assert data["direction"] == "maximise"
    assert [row["state"] for row in data["trials"]] == ["complete", "complete", "pruned", "running"]
    assert data["trials"][0]["why"].startswith("overfitting since 15")
    assert data["trials"][0]["ending"]["action"] == "stop"
    assert data["trials"][3]["why"] is None
    (remedy,) = data["remedies"]
    assert (remedy["remedy"], remedy["wins"], len(remedy["pairs"])) == ("smaller_model", 1, 1)
    assert remedy["mean_gain"] == pytest.approx(0.05)


def test_the_json_is_strict_where_a_log_held_nan_and_infinity() -> None:
    nan = Ending(Action.PRUNE, "nan", "gone", evidence={"loss": float("nan"), "peak": float("inf")})
    data = strict(report_of(trial(nan), trial(score=float("inf"))))
    trials = data["trials"]
    assert isinstance(trials, list)
    assert trials[0]["ending"]["evidence"] == {"loss": None, "peak": None}
    assert trials[1]["score"] is None


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        ([], "no trial was run"),
        ([trial(DIVERGING), trial(KILLED)], "no trial completed with a score"),
        ([trial(score=0.5)], "best  accuracy 0.5000  trial 0, sampler"),
        ([trial(None)], "trial 0 still running"),
        ([trial(None, 0.5, TrialState.COMPLETE)], "completed"),
    ],
)
def test_a_study_of_any_size_can_be_printed_and_written(trials: list[FrozenTrial], said: str) -> None:
    report = report_of(*trials)
    assert said in printed(report)
    assert strict(report)["study"] == "digits"


@pytest.mark.parametrize("width", [50, 80, 140])
def test_the_printed_report_fits_its_terminal(width: int) -> None:
    lines = printed(report_of(*family()), width).splitlines()
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [80, 140])
def test_the_printed_report_tells_scores_reasons_moves_and_the_best(width: int) -> None:
    said = " ".join(printed(report_of(*family()), width).split())
    for part in (
        "overfitting since 15",
        "smaller_model ← 0",
        "23/10",
        "0 → 1 +0.05",
        "best accuracy 0.8500 at epoch 9",
    ):
        assert part in said
    assert ("★ 1" in said) and ("★ 0" not in said)


def test_a_wide_terminal_also_shows_device_and_time() -> None:
    wide, narrow = (printed(report_of(*family()), width) for width in (140, 80))
    assert "cuda:0" in wide and "1m 30s" in wide
    assert "cuda:0" not in narrow


def test_a_best_value_at_the_edge_of_the_space_is_pointed_out() -> None:
    report = report_of(trial(score=0.9, params={"lr": 1.0}))
    assert "the best lr, 1, is at the upper end of the space" in " ".join(printed(report).split())


def test_text_from_a_log_is_printed_as_it_is_and_not_as_markup() -> None:
    ending = Ending(Action.STOP, "[b]overfitting", HOSTILE)
    report = report_of(trial(ending, 0.5, device="[red]x", remedy="[/]", parent=0), trial(score=0.4))
    said = printed(report, 300)
    assert "loss [red]nan[/red] [/] [31m at [link=http://x]step[/link] 1" in said
    assert "\x1b" not in said
    assert "[/] ← 0" in said


def test_the_best_hyperparameters_can_be_read_back() -> None:
    written = best_yaml(report_of(*family()))
    assert yaml.safe_load(written) == SMALLER
    assert written.startswith(
        "# study: digits\n# accuracy: 0.8500 at epoch 9 (maximise)\n# trial: 1, smaller_model ← 0\n"
    )


def test_a_name_with_a_line_break_does_not_leave_the_comment() -> None:
    study = study_of(trial(score=0.5))
    written = best_yaml(build(study, read_all(study), objective="accuracy\nlr: 9"))
    assert yaml.safe_load(written) == {"lr": 0.01, "model": "m"}


def test_best_yaml_is_written_where_a_trial_has_a_score(tmp_path: Path) -> None:
    path = write_best(report_of(*family()), tmp_path)
    assert path == tmp_path / "best.yaml"
    assert [p.name for p in tmp_path.iterdir()] == ["best.yaml"]


def test_without_a_score_best_yaml_is_neither_written_nor_deleted(tmp_path: Path) -> None:
    kept = tmp_path / "best.yaml"
    kept.write_text("lr: 0.1\n")
    report = report_of(trial(DIVERGING, score=0.3), trial(KILLED))
    assert best_yaml(report) == ""
    assert write_best(report, tmp_path) is None
    assert kept.read_text() == "lr: 0.1\n"
