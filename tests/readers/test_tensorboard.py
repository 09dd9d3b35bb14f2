"""Event files, whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers.samples import VERSION, event, frame, part, varint
from tuner.curve import Curve
from tuner.readers import events, tensorboard
from tuner.spec import LogError


def read(folder: Path, data: bytes) -> Curve:
    path = folder / "events.out.tfevents.1"
    path.write_bytes(VERSION + data)
    return tensorboard.read_all(path)[-1]


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert events.masked_crc(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_scalars_and_tensors_of_one_number_are_alike() -> None:
    data = event(3, "loss", 0.5) + event(3, "loss", 0.5, as_tensor=True)
    assert list(events.scalars(data)) == [(3, "loss", 0.5), (3, "loss", 0.5)]


@pytest.mark.parametrize("end", range(1, 40, 3))
def test_a_last_record_that_was_cut_is_left_out(end: int) -> None:
    assert len(list(events.scalars(event(1, "loss", 2) + event(2, "loss", 1)[:-end]))) == 1


def test_nothing_is_read_behind_a_damaged_length() -> None:
    assert list(events.scalars(event(1, "loss", 2) + b"\x01" + event(2, "loss", 1))) == [(1, "loss", 2)]


def test_an_event_that_is_no_scalar_is_passed_over() -> None:
    odd = [b"\xff" * 12, part(5, part(1, part(1, b"text") + part(8, varint(1 << 3) + varint(7)))), part(5, b"\x0b")]
    assert list(events.scalars(b"".join(map(frame, odd)) + event(1, "loss", 2))) == [(1, "loss", 2)]


def test_an_event_file_without_scalars_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="holds not one epoch"):
        read(tmp_path, b"")


def test_one_series_may_be_written_after_the_other(tmp_path: Path) -> None:
    data = b"".join(event(s, tag, s + 1) for tag in ("train/loss", "val/loss") for s in range(3))
    curve = read(tmp_path, data)
    assert curve.train_loss is not None and curve.val_loss is not None
    assert list(curve.train_loss.epochs) == list(curve.val_loss.epochs) == [0, 1, 2]


def test_a_tag_for_the_epoch_numbers_the_rows(tmp_path: Path) -> None:
    data = b"".join(
        event(10 * e + k, "epoch", e) + event(10 * e + k, "train_loss", k) for e in range(5) for k in (1, 3)
    )
    curve = read(tmp_path, data)
    assert curve.train_loss is not None
    assert (list(curve.epochs), list(curve.train_loss.values)) == ([0, 1, 2, 3, 4], [2] * 5)


def test_the_final_evaluation_of_a_yolo_run_does_not_replace_its_last_epoch(tmp_path: Path) -> None:
    tags = ("train/box_loss", "metrics/mAP50-95(B)", "val/box_loss")
    data = b"".join(event(e, tag, e) for e in (1, 2) for tag in tags) + event(2, "metrics/mAP50-95(B)", 9)
    curve = read(tmp_path, data)
    assert curve.score is not None and list(curve.score.values) == [1, 2]
    assert curve.remarks == ()


def test_the_folder_says_that_keras_validated(tmp_path: Path) -> None:
    (tmp_path / "validation").mkdir()
    curve = read(tmp_path / "validation", event(0, "epoch_loss", 2) + event(1, "epoch_loss", 1))
    assert curve.val_loss is not None and list(curve.val_loss.values) == [2, 1]


def test_the_summary_of_a_hugging_face_run_is_no_loss_of_an_epoch(tmp_path: Path) -> None:
    curve = read(tmp_path, event(1, "train/loss", 2) + event(2, "train/loss", 1) + event(2, "train/train_loss", 1.5))
    assert curve.train_loss is not None and list(curve.train_loss.values) == [2, 1]
