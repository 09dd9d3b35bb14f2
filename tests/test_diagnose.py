"""What is found out about logs that are simply there: reading, what is said about them, and the JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.readers.samples import SAMPLES
from tuner import diagnose
from tuner.diagnose import Asked, Refused, Run
from tuner.diagnose_columns import asked
from tuner.diagnosis import Diagnosis, Symptom
from tuner.errors import TunerError

E = np.arange(1, 41)
TRAIN = 0.6 * 0.92**E
OVERFITTED = 0.2 + 0.5 * 0.8**E + 0.006 * np.maximum(E - 10, 0)


def table(path: Path, **columns: object) -> Path:
    """Write a CSV of an epoch column and these columns."""
    rows = zip(E, *columns.values(), strict=False)  # type: ignore[call-overload]
    lines = [",".join(["epoch", *columns]), *(",".join(str(float(cell)) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return table(tmp_path / "log.csv", train_loss=TRAIN, val_loss=OVERFITTED)


def look(*paths: Path, said: Asked | None = None) -> list[Run | Refused]:
    said = said or Asked()
    found = diagnose.sources(paths, said)
    return [r for s in found for r in ([s] if isinstance(s, Refused) else diagnose.read(*s, said))]


def one(path: Path, said: Asked | None = None) -> Run:
    (result,) = look(path, said=said)
    assert isinstance(result, Run), result
    return result


def test_an_overfitted_log_is_sick_and_says_so(log: Path) -> None:
    run = one(log)
    assert run.verdict.name == "overfitting"
    assert run.number is None
    assert diagnose.exit_code([run]) == 1


def test_a_log_named_twice_is_read_once(log: Path) -> None:
    assert len(look(log, log, log.parent)) == 1


def test_the_runs_of_an_appended_log_are_numbered(log: Path) -> None:
    log.write_text(log.read_text() * 2)
    runs = look(log)
    assert [run.number for run in runs if isinstance(run, Run)] == [1, 2]
    assert [diagnose.to_json(run)["run"] for run in runs] == [1, 2]


def test_what_was_guessed_is_a_remark(log: Path) -> None:
    (remark,) = one(log).remarks
    assert "train_loss=train_loss" in remark and "objective=val_loss:min" in remark


def test_a_log_of_a_known_program_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(SAMPLES["ultralytics"].content)
    assert not any("columns taken for" in remark for remark in one(path).remarks)


def test_said_columns_make_a_log_of_any_table(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    lines = ["n,a,b", *(f"{n},{t},{v}" for n, t, v in zip(E, TRAIN, OVERFITTED, strict=True))]
    path.write_text("\n".join(lines) + "\n")
    (refused,) = look(path)
    assert isinstance(refused, Refused) and "--columns" in refused.error
    run = one(path, asked(["epoch=n,train_loss=a,val_loss=b"], None, None))
    assert run.verdict.name == "overfitting"
    assert run.curve.length == len(E)


def test_said_columns_replace_guesses_and_take_several_of_a_kind(tmp_path: Path) -> None:
    path = table(tmp_path / "log.csv", loss_a=TRAIN, loss_b=TRAIN, valid=OVERFITTED, acc=1 - OVERFITTED)
    curve = one(path, asked(["train_loss=loss_a,loss_b", "val_loss=valid,metric=acc:min"], None, 100)).curve
    assert curve.train_loss is not None and curve.val_loss is not None and curve.score is not None
    assert curve.train_loss.values[0] == pytest.approx(2 * TRAIN[0])
    assert curve.val_loss.name == "valid"
    assert curve.score.name == "acc" and not curve.score.higher_is_better
    assert curve.planned_epochs == 100


def test_an_unknown_column_is_refused_with_those_there_are(log: Path) -> None:
    (refused,) = look(log, said=asked(["val_loss=valid"], None, None))
    assert isinstance(refused, Refused)
    assert refused.error == "no column 'valid' with numbers; there are 'epoch', 'train_loss', 'val_loss'"


def test_the_objective_can_be_any_column_and_its_direction_said(tmp_path: Path) -> None:
    path = table(tmp_path / "log.csv", train_loss=TRAIN, acc=TRAIN, odd=TRAIN)
    assert one(path).best == (1, pytest.approx(TRAIN[0]))
    assert one(path, asked([], "odd:min", None)).best == (40, pytest.approx(TRAIN[-1]))
    assert one(path, asked(["objective=odd"], None, None)).best == (1, pytest.approx(TRAIN[0]))


def test_a_misspelt_objective_is_refused_with_a_suggestion(log: Path) -> None:
    (refused,) = look(log, said=asked([], "val_los", None))
    assert isinstance(refused, Refused) and "did you mean 'val_loss'?" in refused.error


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["vall=x"], "unknown key 'vall', did you mean 'val_loss'?"),
        (["x"], "expected KEY=COLUMN"),
        (["val_loss="], "expected the name of a column"),
        (["epoch=a,b"], "epoch: expected one column"),
    ],
)
def test_columns_that_make_no_sense_are_refused(texts: list[str], message: str) -> None:
    with pytest.raises(TunerError, match=message.replace("?", r"\?")):
        asked(texts, None, None)


def test_a_detector_that_breaks_costs_one_log(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Diagnosis:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(diagnose, "diagnose", broken)
    (refused,) = look(log)
    assert isinstance(refused, Refused) and refused.error == "cannot be diagnosed (ZeroDivisionError: no)"


def test_the_exit_code_is_that_of_the_worst(log: Path, tmp_path: Path) -> None:
    healthy = one(table(tmp_path / "ok.csv", train_loss=TRAIN[:3], val_loss=TRAIN[:3]))
    (missing,) = look(tmp_path / "none.csv")
    (refused,) = look(Path(__file__))
    assert diagnose.exit_code([healthy]) == 0
    assert diagnose.exit_code([healthy, refused]) == 0
    assert diagnose.exit_code([healthy, one(log), refused]) == 1
    assert diagnose.exit_code([healthy, missing]) == 2
    assert diagnose.exit_code([refused]) == 2


def test_json_has_the_promised_keys(log: Path) -> None:
    found = diagnose.to_json(one(log))
    assert list(found) == [
        *("file", "format", "epochs", "planned_epochs", "verdict", "healthy", "confidence", "symptoms", "best"),
        "remarks",
    ]
    assert {"name", "since_epoch", "severity", "confidence", "evidence", "moves", "advice"} <= set(found["symptoms"][0])
    assert found["best"] == {"epoch": 13, "metric": "val_loss", "value": pytest.approx(OVERFITTED.min())}
    assert "smaller_model" in found["symptoms"][0]["moves"] and found["symptoms"][0]["advice"]


def test_json_of_a_refused_file_is_its_error() -> None:
    assert diagnose.to_json(Refused(Path("a"), "why")) == {"file": "a", "error": "why"}


def test_json_knows_neither_nan_nor_numpy(log: Path) -> None:
    run = one(log)
    evidence = {"a": float("nan"), "b": np.float64("inf"), "c": np.int64(3), "d": np.float32(0.5), "e": "x"}
    symptom = Symptom("nan", 1, 2, 1.0, 1.0, evidence, ("gone",))
    found = diagnose.to_json(Run(run.path, run.format, run.curve, Diagnosis((symptom,))))
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text)["symptoms"][0]["evidence"] == {"a": None, "b": None, "c": 3, "d": 0.5, "e": "x"}


def test_without_a_score_there_is_no_best(tmp_path: Path) -> None:
    path = table(tmp_path / "log.csv", train_loss=TRAIN)
    assert diagnose.to_json(one(path))["best"] is None
