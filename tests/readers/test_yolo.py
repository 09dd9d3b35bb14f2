"""The oddities of the YOLO programs' logs: ultralytics, yolov5, yolo_txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers.samples import padded, table, ultralytics, yolo_txt, yolov5
from tuner.curve import Curve
from tuner.readers import ultralytics as ultralytics_reader
from tuner.readers import yolo
from tuner.readers import yolo_txt as yolo_txt_reader
from tuner.readers import yolov5 as yolov5_reader


def read(folder: Path, content: bytes) -> Curve:
    path = folder / "results.csv"
    path.write_bytes(content)
    return ultralytics_reader.read_all(path)[-1]


@pytest.mark.parametrize(
    ("names", "objective"),
    [
        (["metrics/mAP50(B)", "metrics/mAP50-95(B)"], "metrics/mAP50-95(B)"),
        (["metrics/mAP50-95(B)", "metrics/mAP50-95(M)"], "metrics/mAP50-95(M)"),
        (["metrics/mAP50-95(P)", "metrics/mAP50-95(B)"], "metrics/mAP50-95(P)"),
        (["metrics/accuracy_top1", "metrics/accuracy_top5"], "metrics/accuracy_top1"),
        (["metrics/mAP_0.5:0.95(B)", "metrics/mAP_0.5:0.95(M)"], "metrics/mAP_0.5:0.95(M)"),
        (["metrics/precision"], None),
    ],
)
def test_a_run_is_judged_by_the_metric_of_its_own_task(names: list[str], objective: str | None) -> None:
    assert yolo.objective(names) == objective


def test_the_planned_length_is_in_the_arguments_beside_the_log(tmp_path: Path) -> None:
    assert read(tmp_path, ultralytics()).planned_epochs is None
    (tmp_path / "args.yaml").write_text("task: detect\nepochs: 150\nwarmup_epochs: 3.0\n")
    assert read(tmp_path, ultralytics()).planned_epochs == 150


@pytest.mark.parametrize("arguments", ["epochs: many\n", "epochs: 0\n", "", "\xff\xfe", "epochs: 1" + "0" * 99])
def test_arguments_that_say_no_length_are_none(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "args.yaml").write_text(arguments, encoding="latin-1")
    assert read(tmp_path, ultralytics()).planned_epochs is None


def test_losses_need_not_be_called_so(tmp_path: Path) -> None:
    header = "epoch,train/box_om,train/cls_oo,metrics/mAP50-95(B),val/box_om,val/cls_oo,lr/pg0"
    curve = read(tmp_path, padded(header, [(1, 2, 3, 0.5, 4, 5, 0.1)]))
    assert curve.train_loss is not None and list(curve.train_loss.values) == [5]
    assert curve.val_loss is not None and list(curve.val_loss.values) == [9]


def test_columns_are_known_by_name_and_not_by_place(tmp_path: Path) -> None:
    header = "epoch,train/box_loss,metrics/precision@0.4(B),metrics/mAP50-95(B),best_epoch,lr/pg0,lr/pg7,_timestamp"
    curve = read(tmp_path, table(header, [(1, 2, 0.9, 0.5, 1, 0.1, 0.1, 1.7e9)]))
    assert curve.score is not None and curve.score.best() == (1, 0.5)


def test_a_cell_of_infinity_is_a_value_like_any_other(tmp_path: Path) -> None:
    content = ultralytics().replace(b"2,18,1.5,", b"2,18,inf,")
    curve = read(tmp_path, content)
    assert curve.train_loss is not None and list(curve.train_loss.values) == [4, float("inf"), 1]


def test_a_last_row_that_was_cut_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = ultralytics()
    curve = read(tmp_path, whole[: whole.rindex(b",0.375")])
    assert (list(curve.series["train/box_loss"].epochs), list(curve.series["metrics/mAP50-95(B)"].epochs)) == (
        [1, 2, 3],
        [1, 2],
    )


def test_the_two_csv_formats_are_told_apart() -> None:
    path = Path("results.csv")
    known = [(m.matches(ultralytics(), path), m.matches(yolov5(), path)) for m in (ultralytics_reader, yolov5_reader)]
    assert known == [(True, False), (False, True)]


def text_log(folder: Path, content: bytes) -> Curve:
    path = folder / "results.txt"
    path.write_bytes(content)
    return yolo_txt_reader.read_all(path)[-1]


def test_the_first_field_of_a_text_row_gives_the_planned_length(tmp_path: Path) -> None:
    assert text_log(tmp_path, yolo_txt()).planned_epochs == 10


def test_further_losses_of_a_fork_are_losses_too(tmp_path: Path) -> None:
    row = b"21/249 5.8G 0.5 0.25 0 0.125 0.875 32 800 0.4 0.6 0.7 0.3 1 2 3\n"
    curve = text_log(tmp_path, row)
    assert curve.train_loss is not None and list(curve.train_loss.values) == [0.875]
    assert curve.val_loss is not None and list(curve.val_loss.values) == [6]
    assert curve.score is not None and list(curve.score.values) == [0.3]


def test_a_row_without_validation_has_its_losses(tmp_path: Path) -> None:
    curve = text_log(tmp_path, b"0/2 1G 0.5 0.25 0 0.75 12 640\n")
    assert (curve.length, curve.score, curve.val_loss) == (1, None, None)


def test_an_epoch_logged_twice_at_the_beginning_is_a_run_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "results.txt"
    path.write_bytes(b"0/0 1G 0.5 0.2 0 0.7 12 640\n0/1 1G 0.4 0.2 0 0.6 12 640\n1/1 1G 0.3 0.2 0 0.5 12 640\n")
    assert [(curve.length, curve.planned_epochs) for curve in yolo_txt_reader.read_all(path)] == [(1, 1), (2, 2)]
