"""A small log of every format, made here: three epochs (or evaluations), the best score at the second."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tuner.readers.events import masked_crc

SCORES = (0.25, 0.5, 0.375)
LOSSES = (4.0, 2.0, 1.0)
PAIRS = list(zip(LOSSES, SCORES, strict=True))


class Sample(NamedTuple):
    """The bytes of a log, and what a reader must find in its last run."""

    content: bytes
    epochs: Sequence[int]
    objective: str
    scores: Sequence[float] = SCORES
    train_loss: Sequence[float] = LOSSES


def table(header: str, rows: Iterable[Iterable[Any]], end: str = "\n") -> bytes:
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    return "".join(line + end for line in lines).encode()


def lines(records: Iterable[Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def padded(header: str, rows: Iterable[Iterable[Any]]) -> bytes:
    cells = [header.split(","), *([str(cell) for cell in row] for row in rows)]
    return "".join(",".join(f"{cell:>22}" for cell in row) + "\n" for row in cells).encode()


def ultralytics() -> bytes:
    header = (
        "epoch,time,train/box_loss,train/cls_loss,metrics/mAP50(B),metrics/mAP50-95(B),val/box_loss,val/cls_loss,lr/pg0"
    )
    rows = [(i, 9 * i, loss - 0.5, 0.5, 0.9, s, 2, 1, 0.01) for i, (loss, s) in enumerate(PAIRS, 1)]
    return table(f"{header},lr/pg0", rows)


def yolov5() -> bytes:
    header = (
        "epoch,train/box_loss,train/obj_loss,train/cls_loss,metrics/precision,metrics/mAP_0.5:0.95,val/box_loss,x/lr0"
    )
    rows = [(i, loss - 0.5, 0.5, 0, 0.9, s, 2, 0.01) for i, (loss, s) in enumerate(PAIRS)]
    return padded(header, rows)


def yolo_txt() -> bytes:
    row = "{:>10} 1.5G {} 0.5 0 {} 120 640 0.9 0.8 0.7 {} 0.1 0.2 0\n"
    rows = [row.format(f"{i}/9", loss - 0.5, loss, s) for i, (loss, s) in enumerate(PAIRS)]
    return "".join(rows).encode()


def keras_csv() -> bytes:
    rows = [(i, s, loss, s, 2) for i, (loss, s) in enumerate(PAIRS)]
    return table("epoch,accuracy,loss,val_accuracy,val_loss", rows, "\r\n")


def keras_json() -> bytes:
    history = {"accuracy": [0.1, 0.2, 0.3], "loss": LOSSES, "val_accuracy": SCORES, "val_loss": [3, 2, 2]}
    return json.dumps(history).encode()


def any_json() -> bytes:
    return json.dumps([{"epoch": i, "trainLoss": loss, "val_f1": s} for i, (loss, s) in enumerate(PAIRS)]).encode()


def lightning() -> bytes:
    rows: list[tuple[Any, ...]] = []
    for i, (loss, s) in enumerate(PAIRS):
        rows += [(i, 20 * i + 9, loss + 0.5, "", ""), (i, 20 * i + 19, loss - 0.5, "", ""), (i, 20 * i + 19, "", 2, s)]
    return table("epoch,step,train_loss,val_loss,val_acc", rows)


def hf() -> bytes:
    entries: list[dict[str, Any]] = []
    for i, (loss, s) in enumerate(zip((5, 4, *LOSSES), (0.1, 0.2, *SCORES), strict=True), 1):
        entries.append({"epoch": i / 3, "step": 10 * i, "loss": loss, "learning_rate": 1e-4})
        entries.append({"epoch": i / 3, "step": 10 * i, "eval_loss": 2, "eval_f1": s, "eval_runtime": 3.0})
    entries.append({"epoch": 1.7, "step": 50, "train_loss": 2.0, "train_runtime": 60.0})
    return json.dumps({"best_metric": 0.5, "log_history": entries, "max_steps": 100}, indent=2).encode()


def mmdet_json() -> bytes:
    records: list[dict[str, Any]] = [{"env_info": "sys.platform: linux", "config": "max_epochs = 12\n", "seed": 1}]
    for i, (loss, s) in enumerate(PAIRS, 1):
        records += [
            {"mode": "train", "epoch": i, "iter": k, "loss_cls": 1, "loss": loss, "acc": 99.0} for k in (50, 100)
        ]
        records.append({"mode": "val", "epoch": i, "iter": 7, "bbox_mAP": s, "bbox_mAP_l": -1.0})
    return lines(records)


def scalars_json() -> bytes:
    records: list[dict[str, Any]] = []
    for i, (loss, s) in enumerate(PAIRS, 1):
        train = {"lr": 0.1, "data_time": 0.1, "time": 0.2, "loss": loss, "epoch": i}
        records += [{**train, "iter": 50 * k, "step": 50 * k} for k in (2 * i - 1, 2 * i)]
        records.append({"coco/bbox_mAP": s, "data_time": 0.1, "time": 0.2, "step": i})
    return lines(records)


def mmdet_txt() -> bytes:
    stamp = "2022-03-20 02:38:11,440 - mmdet - INFO - "
    text = f"{stamp}Environment info:\n{stamp}workflow: [('train', 1)], max: 12 epochs\n"
    for i, (loss, s) in enumerate(PAIRS, 1):
        text += f"{stamp}Epoch [{i}][50/100]\tlr: 1e-03, eta: 1 day, 2:10:22, time: 0.5, s0.acc: 99.1, loss: {loss}\n"
        text += f"{stamp}Epoch(val) [{i}][100]\tbbox_mAP: {s}, bbox_mAP_l: -1.0000, bbox_mAP_copypaste: 0.1 0.2\n"
    return text.encode()


def detectron2() -> bytes:
    records: list[dict[str, Any]] = []
    for i, (loss, s) in enumerate(PAIRS, 1):
        common = {
            "iteration": 20 * i - 1,
            "total_loss": loss,
            "loss_cls": 0.5,
            "fast_rcnn/cls_accuracy": 0.9,
            "lr": 0.1,
        }
        records.append({**common, "bbox/AP": 100 * s, "bbox/AP-ship": float("nan")})
    return lines(records)


def detectron2_txt() -> bytes:
    stamp = "[11/30 01:16:13] d2."
    text = f"{stamp}config INFO: Running with full config:\nSOLVER:\n  MAX_ITER: 600\n"
    for i, (loss, s) in enumerate(PAIRS, 1):
        pasted = ("Task: bbox", "AP,AP50", f"{100 * s:.4f},90.0")
        text += "".join(f"{stamp}evaluation.testing INFO: copypaste: {line}\n" for line in pasted)
        text += f"{stamp}utils.events INFO:  eta: 1:54:02  iter: {20 * i - 1}  total_loss: {loss}  max_mem: 11811M\n"
    return text.encode()


def detr() -> bytes:
    return lines(
        {"train_lr": 1e-4, "train_loss": loss, "train_loss_ce": 1, "train_loss_unscaled": 9, "test_loss": 3, "epoch": i,
         "test_coco_eval_bbox": [s, 0.9, *[0.5] * 10], "n_parameters": 7}
        for i, (loss, s) in enumerate(PAIRS)
    )  # fmt: skip


COCO = " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = {:.3f}\n"


def paddle() -> bytes:
    text = "[08/02 02:37:04] ppdet.utils INFO: start\n"
    for i, (loss, s) in enumerate(PAIRS):
        text += "[08/02 02:37:04] ppdet.engine INFO: "
        text += f"Epoch: [{i}] [  0/464] learning_rate: 0.1 loss_class: 0.7 loss: {loss} eta: 4:12:11\n"
        text += COCO.format(s) + COCO.format(0.0)
    return text.encode()


def yolox_txt() -> bytes:
    text = ""
    for i, (loss, s) in enumerate(PAIRS, 1):
        text += "2022-03-20 11:20:24 | INFO     | yolox.core.trainer:238 - "
        text += f"epoch: {i}/300, iter: 10/462, mem: 5461Mb, total_loss: {loss}, iou_loss: 1.1, ETA: 16:17:09\n"
        text += COCO.format(s)
    return text.encode()


def varint(value: int) -> bytes:
    value, found = value % 2**64, b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def part(field: int, content: bytes) -> bytes:
    """Return a field of a protocol buffer that holds bytes."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def frame(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    checks = (struct.pack("<I", masked_crc(data)) for data in (length, event))
    return length + next(checks) + event + next(checks)


def event(step: int, tag: str, value: float, as_tensor: bool = False) -> bytes:
    number = struct.pack("<f", value)
    scalar = part(8, varint(1 << 3) + varint(1) + part(4, number)) if as_tensor else varint(2 << 3 | 5) + number
    return frame(
        varint(1 << 3 | 1) + bytes(8) + varint(2 << 3) + varint(step) + part(5, part(1, part(1, tag.encode()) + scalar))
    )


VERSION = frame(varint(1 << 3 | 1) + bytes(8) + part(3, b"brain.Event:2"))


def tensorboard() -> bytes:
    data = VERSION
    for i, (loss, s) in enumerate(PAIRS, 1):
        data += event(i, "train/loss", loss) + event(i, "val/accuracy", s, as_tensor=True)
    return data


def plain_csv() -> bytes:
    return table("Epoch,Training Loss,Validation Accuracy", [(i, loss, s) for i, (loss, s) in enumerate(PAIRS)])


def jsonl() -> bytes:
    return lines({"epoch": i, "train": {"loss": loss}, "val": {"f1": s}} for i, (loss, s) in enumerate(PAIRS))


PERCENT = [100 * score for score in SCORES]

SAMPLES = {
    "tensorboard": Sample(tensorboard(), [1, 2, 3], "val/accuracy"),
    "hf": Sample(hf(), [10, 20, 30, 40, 50], "eval_f1", [0.1, 0.2, *SCORES], [5, 4, *LOSSES]),
    "mmdet_json": Sample(mmdet_json(), [1, 2, 3], "bbox_mAP"),
    "detectron2": Sample(detectron2(), [19, 39, 59], "bbox/AP", PERCENT),
    "detr": Sample(detr(), [0, 1, 2], "test_coco_eval_bbox/AP"),
    "ultralytics": Sample(ultralytics(), [1, 2, 3], "metrics/mAP50-95(B)"),
    "yolov5": Sample(yolov5(), [0, 1, 2], "metrics/mAP_0.5:0.95"),
    "lightning": Sample(lightning(), [0, 1, 2], "val_acc"),
    "keras_csv": Sample(keras_csv(), [0, 1, 2], "val_accuracy"),
    "keras_json": Sample(keras_json(), [1, 2, 3], "val_accuracy"),
    "yolo_txt": Sample(yolo_txt(), [0, 1, 2], "metrics/mAP_0.5:0.95"),
    "mmdet_txt": Sample(mmdet_txt(), [1, 2, 3], "bbox_mAP"),
    "detectron2_txt": Sample(detectron2_txt(), [19, 39, 59], "bbox/AP", PERCENT),
    "yolox_txt": Sample(yolox_txt(), [1, 2, 3], "bbox_mAP"),
    "paddle": Sample(paddle(), [0, 1, 2], "bbox_mAP"),
    "csv": Sample(plain_csv(), [0, 1, 2], "Validation Accuracy"),
    "jsonl": Sample(jsonl(), [0, 1, 2], "val/f1"),
    "json": Sample(any_json(), [0, 1, 2], "val_f1"),
}
