"""The oddities of the logs of Hugging Face, OpenMMLab, Detectron2, DETR, Keras, PaddleDetection and YOLOX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.readers.samples import COCO, SAMPLES, lines, scalars_json
from tuner.curve import Curve
from tuner.registry import READERS
from tuner.spec import LogError


def read(folder: Path, name: str, content: bytes) -> list[Curve]:
    path = folder / "log"
    path.write_bytes(content)
    return READERS[name].read_all(path)


def values(curve: Curve, name: str) -> list[float]:
    return list(curve.series[name].values)


PLANNED = {"hf": 10, "mmdet_json": 12, "mmdet_txt": 12, "yolo_txt": 10, "yolox_txt": 300, "detectron2_txt": 31}


@pytest.mark.parametrize("name", PLANNED)
def test_knows_the_planned_length_in_rows(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, name, SAMPLES[name].content)[0].planned_epochs == PLANNED[name]


def test_the_planned_iterations_of_detectron2_stand_beside_its_log(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("SOLVER:\n  MAX_ITER: 590\n")
    assert read(tmp_path, "detectron2", SAMPLES["detectron2"].content)[0].planned_epochs == 30


def test_accuracies_of_heads_under_training_are_no_score(tmp_path: Path) -> None:
    content = lines({"iteration": i, "total_loss": 1.0, "fast_rcnn/cls_accuracy": 0.9} for i in (19, 39))
    assert read(tmp_path, "detectron2", content)[0].score is None


def test_the_metric_that_was_best_is_the_objective_of_a_hugging_face_run(tmp_path: Path) -> None:
    entries = [{"step": s, "eval_wer": 1 / s, "eval_f1": s, "eval_loss": 2.0} for s in (1, 2, 4)]
    content = json.dumps({"best_metric": 0.25, "log_history": entries}).encode()
    (curve,) = read(tmp_path, "hf", content)
    assert (curve.objective, curve.score and curve.score.best()) == ("eval_wer", (4, 0.25))


@pytest.mark.parametrize("state", [{"log_history": []}, {"log_history": 3}, {"log_history": [1, [2], {}]}])
def test_a_state_without_entries_is_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    with pytest.raises(LogError, match="holds not one epoch"):
        read(tmp_path, "hf", json.dumps(state).encode())


def test_a_bare_nan_is_a_value(tmp_path: Path) -> None:
    (curve,) = read(tmp_path, "hf", b'{"log_history": [{"step": 1, "loss": NaN}, {"step": 2, "loss": 0.5}]}')
    assert [str(v) for v in values(curve, "loss")] == ["nan", "0.5"]


def test_an_evaluation_in_scalars_json_is_numbered_by_its_step(tmp_path: Path) -> None:
    (curve,) = read(tmp_path, "mmdet_json", scalars_json())
    assert (list(curve.epochs), values(curve, "coco/bbox_mAP")) == ([1, 2, 3], [0.25, 0.5, 0.375])
    assert curve.objective == "coco/bbox_mAP"


def test_a_runner_that_counts_iterations_is_read_by_iteration(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    for k in range(1, 7):
        rows.append({"mode": "train", "epoch": 1, "iter": 50 * k, "loss": 9.0 - k})
        rows.append({"mode": "val", "epoch": 1, "iter": 7, "mIoU": 0.1 * k})
    (curve,) = read(tmp_path, "mmdet_json", lines(rows))
    assert list(curve.series["mIoU"].epochs) == [50, 100, 150, 200, 250, 300]


def test_text_that_counts_iterations_is_read_by_iteration(tmp_path: Path) -> None:
    stamp = "2022-03-20 02:38:11,440 - mmseg - INFO - "
    text = "".join(f"{stamp}Iter [{50 * k}/900]\tloss: {k}.5\n{stamp}Iter(val) [7]\tmIoU: 0.{k}\n" for k in range(1, 7))
    (curve,) = read(tmp_path, "mmdet_txt", text.encode())
    assert list(curve.series["mIoU"].epochs) == [50, 100, 150, 200, 250, 300]
    assert values(curve, "loss") == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]


def test_mmengine_text_is_read_too(tmp_path: Path) -> None:
    stamp = "2023/03/20 02:38:11 - mmengine - INFO - "
    text = f"{stamp}Epoch(train)   [1][ 50/100]  lr: 1.0e-03  eta: 1:00:00  loss: 2.5\n"
    text += f"{stamp}Epoch(val)   [1][10/10]    coco/bbox_mAP: 0.2500  data_time: 0.1\n"
    (curve,) = read(tmp_path, "mmdet_txt", text.encode())
    assert (values(curve, "loss"), values(curve, "coco/bbox_mAP")) == ([2.5], [0.25])


def test_a_clock_and_a_date_are_no_numbers(tmp_path: Path) -> None:
    (curve,) = read(tmp_path, "mmdet_txt", SAMPLES["mmdet_txt"].content)
    assert not {"eta", "workflow", "bbox_mAP_l"} & curve.series.keys()


def test_the_total_counts_and_not_its_components(tmp_path: Path) -> None:
    (curve,) = read(tmp_path, "detr", SAMPLES["detr"].content)
    assert curve.val_loss is not None and curve.val_loss.name == "test_loss"
    assert "train_loss_unscaled" not in curve.series


def test_without_an_evaluation_detr_is_judged_by_the_loss_of_its_test_set(tmp_path: Path) -> None:
    rows = [
        {"train_loss": 1.0, "train_lr": 0.1, "test_loss": 2.0, "test_class_error": 50.0, "epoch": e} for e in (0, 1)
    ]
    (curve,) = read(tmp_path, "detr", lines(rows))
    assert curve.score is not None and curve.score.name == "test_loss"


def test_progress_bars_do_not_hide_the_lines_between_them(tmp_path: Path) -> None:
    bars = b"10%|#  | 1/10\r20%|## | 2/10\r"
    content = SAMPLES["paddle"].content.replace(b"[08/02", bars + b"[08/02")
    assert read(tmp_path, "paddle", content)[0].score is not None


def test_an_evaluation_before_any_training_is_left_out(tmp_path: Path) -> None:
    content = COCO.format(0.9).encode() + SAMPLES["paddle"].content
    assert values(read(tmp_path, "paddle", content)[0], "bbox_mAP") == [0.25, 0.5, 0.375]


@pytest.mark.parametrize("outer", [{}, {"name": "net", "history": None}, {"runs": [None]}])
def test_a_history_may_stand_deeper(tmp_path: Path, outer: dict[str, Any]) -> None:
    history: Any = {"loss": [2, 1], "val_loss": [3, 2]}
    document = {key: [history] if part == [None] else part or history for key, part in outer.items()} or history
    (curve,) = read(tmp_path, "keras_json", json.dumps(document).encode())
    assert values(curve, "val_loss") == [3, 2]


def test_several_histories_in_a_document_are_several_runs(tmp_path: Path) -> None:
    document = {name: {"loss": [2, 1][:n], "val_loss": [3, 2][:n]} for n, name in enumerate(("small", "large"), 1)}
    assert [curve.length for curve in read(tmp_path, "json", json.dumps(document).encode())] == [1, 2]


def test_lists_of_other_lengths_count_only_where_their_names_tell(tmp_path: Path) -> None:
    document = {"loss": [3, 2, 1], "val_loss": [2, 1], "phase_starts": [0, 2], "train_metrics": [{"f1": 0.5}] * 3}
    (curve,) = read(tmp_path, "keras_json", json.dumps(document).encode())
    assert curve.series.keys() == {"loss", "val_loss", "train_metrics/f1"}


@pytest.mark.parametrize(
    "document", [{"precision": [1, 0.5], "recall": [0, 1]}, [{"image_id": 1, "score": 0.5}], {}, [1], 3]
)
def test_numbers_that_are_no_history_are_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(LogError, match="holds not one epoch"):
        read(tmp_path, "json", json.dumps(document).encode())


def test_a_damaged_line_between_good_ones_is_passed_over(tmp_path: Path) -> None:
    good = lines({"epoch": e, "val_loss": 3 - e} for e in range(3)).splitlines(keepends=True)
    assert values(read(tmp_path, "jsonl", good[0] + b'{"epoch": 1, "va\n' + good[2])[0], "val_loss") == [3, 1]
