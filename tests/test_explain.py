"""What ``tuner explain`` says about symptoms, columns and remedies."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from typer.testing import CliRunner

from tests import driving
from tuner import columns, explain, manual, registry
from tuner.cli import app
from tuner.errors import TunerError


def told(*words: str) -> str:
    """Return what the command prints."""
    done = CliRunner().invoke(app, ["explain", *words], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.parametrize("name", registry.SYMPTOMS)
@pytest.mark.parametrize("language", manual.LANGUAGES)
def test_every_symptom_is_explained_with_a_drawn_example(name: str, language: str) -> None:
    text = told(name, "--lang", language)
    assert name in text and " ".join(manual.of(name, language).summary.split()[:3])[:20] in text
    assert "┤" in text and "┊" in text
    assert all(len(line) <= explain.WIDEST for line in text.splitlines())


@pytest.mark.parametrize("name", [*registry.REMEDIES, *columns.names()])
@pytest.mark.parametrize("language", manual.LANGUAGES)
def test_every_remedy_and_column_is_explained(name: str, language: str) -> None:
    assert name in told(name, "--lang", language)


def test_the_treatment_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {
        "overfitting": {"action": "stop", "min_severity": 0.5, "retry_with": ["smaller_model", "more_dropout"]},
        "diverging": {"action": "prune", "min_confidence": 0.9},
        "fine_tuning": {"action": "continue"},
    }
    monkeypatch.setattr(manual, "treatment", lambda name: table.get(name, {}))
    english = {name: explain.treatment(name, "en") for name in [*table, "too_early"]}
    assert english["overfitting"] == (
        "Stops the run from a severity of 0.5 on; its best epoch counts. "
        "On a copy of the run it may try: smaller model, more dropout."
    )
    assert english["diverging"] == (
        "Ends the run as failed from a confidence of 0.9 on, so that the sampler keeps away."
    )
    assert english["fine_tuning"] == "Lets the run go on."
    assert english["too_early"] == "Only reports it."
    assert explain.treatment("overfitting", "zh") == (
        "停止训练（严重度不低于 0.5 时），取最佳 epoch 的成绩。还可能在它的副本上试：换小一号的模型、加大 dropout。"
    )


def test_a_flat_class_loss_of_a_single_class_is_called_normal() -> None:
    text = " ".join(told("val/cls_loss").split())
    assert "With a single class a flat line" in text and "is normal" in text


def test_everything_is_listed_without_a_name() -> None:
    text = told()
    for name in (*registry.SYMPTOMS, *registry.REMEDIES, *columns.names()):
        assert f"  {name} " in text


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("train/cls_loss", "cls_loss"),
        ("val/box_loss", "box_loss"),
        ("metrics/precision(B)", "precision"),
        ("metrics/mAP50-95(B)", "mAP50-95"),
        ("metrics/mAP50(M)", "mAP50"),
        ("metrics/mAP_0.5:0.95", "mAP50-95"),
        ("mAP@.5", "mAP50"),
        ("lr/pg0", "lr"),
        ("x/lr2", "lr"),
        ("lr-SGD", "lr"),
        ("loss_ce_3", "cls_loss"),
        ("d0.loss_bbox", "loss_bbox"),
        ("coco/bbox_mAP_50", "mAP50"),
        ("bbox/AP", "mAP50-95"),
        ("AP75", "AP75"),
        ("bbox/APs", "AP_small"),
        ("val_accuracy", "accuracy"),
        ("metrics/accuracy_top5", "top5"),
        ("eval_loss", "val_loss"),
        ("val/loss", "val_loss"),
        ("loss", "train_loss"),
        ("train_loss_ce", "cls_loss"),
        ("colour", None),
        ("", None),
    ],
)
def test_a_column_is_known_by_the_names_that_logs_have_for_it(written: str, column: str | None) -> None:
    assert columns.find(written) == column


def test_no_two_columns_share_a_name() -> None:
    every = [columns._plain(n) for name, c in manual.columns().items() for n in (name, *c["names"])]
    assert [name for name, times in Counter(every).items() if times > 1] == []


def test_no_column_hides_a_symptom_or_a_remedy() -> None:
    assert [name for name in (*registry.SYMPTOMS, *registry.REMEDIES) if columns.find(name)] == []


def test_parts_of_the_loss_are_drawn_where_the_evidence_names_them() -> None:
    loss = explain.drawn(explain.example("class_loss_rising")).panels[0]
    assert [line.label for line in loss.lines] == ["val/cls_loss", "val/box_loss"]


def test_an_unknown_name_is_refused_in_one_line_with_the_nearest_one() -> None:
    done = driving.tuner("explain", "overfiting")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tuner: overfiting: nothing of that name to explain, did you mean 'overfitting'?\n"


@pytest.mark.parametrize(("name", "meant"), [("cls_los", "cls_loss"), ("smaler_model", "smaller_model")])
def test_the_nearest_name_may_be_a_column_or_a_remedy(name: str, meant: str) -> None:
    with pytest.raises(TunerError, match=f"did you mean '{meant}'"):
        explain.show(name, "en")


def test_a_name_like_no_other_is_sent_to_the_list() -> None:
    with pytest.raises(TunerError, match="tuner explain lists everything"):
        explain.show("xyzzy", "en")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(TunerError, match="unknown language 'fr'"):
        explain.show("nan", "fr")


def test_explaining_loads_neither_torch_nor_optuna() -> None:
    code = (
        "import sys; from tuner import explain; explain.show('overfitting', 'zh'); explain.show(None, 'en'); "
        "sys.exit(' '.join({'torch', 'optuna', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
