"""Tables as foreign programs leave them behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.curve import Curve
from tuner.readers import csv, delimited, keras_csv, lightning
from tuner.spec import LogError


def curves(folder: Path, content: bytes) -> list[Curve]:
    path = folder / "log"
    path.write_bytes(content)
    return keras_csv.read_all(path)


def losses(folder: Path, content: bytes) -> list[list[float]]:
    return [list(curve.series["loss"].values) for curve in curves(folder, content)]


@pytest.mark.parametrize(
    "content",
    [
        b"epoch,loss\r\n0,2.5\r\n1,1.5\r\n",
        b"epoch,loss\r0,2.5\r1,1.5\r",
        b"epoch;loss\n0;2,5\n1;1,5\n",
        b"epoch\tloss\n0\t2,5\n1\t1,5",
        b"\xef\xbb\xbfepoch,loss\n0,2.5\n1,1.5\n",
        "epoch,loss\n0,2.5\n1,1.5\n".encode("utf-16"),
        b'"epoch","loss"\n"0","2.5"\n"1","1.5"\n',
        b"epoch,loss,loss\n0,2.5,9\n1,1.5,9\n",
        b"epoch,loss\n0,2.5\nepoch,loss\n1,1.5\n",
        b"epoch,loss\n0,2.5\n1,1.5\n2,3.5,4.5\n",
        b"epoch,loss\n0,2.5\n1,1.5\n2",
        b"epoch,loss,note\n0,2.5,\xe9\n1,1.5,b\n",
        b"epoch,loss\n0,2.5\n1,1.5\n2,None\n",
    ],
    ids=["crlf", "cr", "decimal comma", "tab", "bom", "utf-16", "quoted", "name twice", "header again", "too long",
         "cut", "latin-1", "text"],
)  # fmt: skip
def test_survives_what_is_found_in_the_wild(tmp_path: Path, content: bytes) -> None:
    assert losses(tmp_path, content) == [[2.5, 1.5]]


def test_both_sides_of_a_file_that_git_could_not_merge_are_runs(tmp_path: Path) -> None:
    content = b"val_loss,loss\n<<<<<<< HEAD\n9,3\n9,2\n=======\n9,5\n>>>>>>> 6.16\n"
    assert losses(tmp_path, content) == [[3, 2], [5]]


def test_another_header_begins_another_run(tmp_path: Path) -> None:
    assert losses(tmp_path, b"epoch,loss\n0,2\n1,1\nepoch,lr,loss\n0,0.1,4\n") == [[2, 1], [4]]


def test_a_row_shorter_than_the_header_lacks_its_last_cells(tmp_path: Path) -> None:
    (curve,) = curves(tmp_path, b"epoch,loss,extra\n0,2.5\n1,1.5,7\n")
    assert list(curve.series["extra"].epochs) == [1]


def test_a_resume_within_a_run_is_spliced(tmp_path: Path) -> None:
    (curve,) = curves(tmp_path, b"epoch,loss\n0,9\n1,8\n2,7\n1,6\n2,5\n")
    assert list(curve.series["loss"].values) == [9, 6, 5]
    assert curve.remarks == ("resumed: from epoch 2 back to 1 at line 5; later rows kept",)


def test_a_line_without_measure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"line 2: expected at most \d+ characters"):
        curves(tmp_path, b"epoch,loss\n" + b"1" * 2_000_000)


def test_more_headers_than_there_can_be_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="headers"):
        curves(tmp_path, b"".join(b"loss,val_%d\n" % i for i in range(3000)))


@pytest.mark.parametrize("head", [b"1,2\n", b"epoch\n", b'{"epoch": 1, "loss": 2}', b"", b" \n" * 9, b"," * 9999])
def test_what_is_no_header_has_no_names(head: bytes) -> None:
    assert delimited.header(head) == []


def test_a_table_of_runs_is_no_curve() -> None:
    assert not csv.matches(b"project,initial_loss,final_loss\na,1,2\n", Path("summary.csv"))
    assert csv.matches(b"Round,Step,Validation Loss\n1,2,3\n", Path("x.csv"))


def lightning_curve(folder: Path, content: bytes) -> Curve:
    path = folder / "metrics.csv"
    path.write_bytes(content)
    return lightning.read_all(path)[-1]


def test_an_empty_cell_of_lightning_is_none_and_nan_is_a_value(tmp_path: Path) -> None:
    curve = lightning_curve(tmp_path, b"epoch,step,train_loss,val_loss\n0,0,2,\n0,0,,nan\n1,1,nan,\n1,1,,3\n")
    assert curve.train_loss is not None and [str(v) for v in curve.train_loss.values] == ["2.0", "nan"]
    assert curve.val_loss is not None and [str(v) for v in curve.val_loss.values] == ["nan", "3.0"]


def test_a_final_test_of_lightning_is_no_epoch(tmp_path: Path) -> None:
    header = b"epoch,step,train_loss,val_loss,test_loss,class_0_acc\n"
    curve = lightning_curve(tmp_path, header + b"0,9,2,3,,\n1,19,1,2,,\n0,20,,,7,0.5\n")
    assert (list(curve.epochs), curve.val_loss is not None and list(curve.val_loss.values)) == ([0, 1], [3, 2])


def test_a_test_alone_is_read_for_what_it_is(tmp_path: Path) -> None:
    assert lightning_curve(tmp_path, b"epoch,step,test_loss\n0,0,7\n").length == 1


def test_a_component_is_not_counted_beside_its_total(tmp_path: Path) -> None:
    curve = lightning_curve(tmp_path, b"epoch,step,valid_loss,valid_loss_0\n0,0,7,7\n")
    assert curve.val_loss is not None and list(curve.val_loss.values) == [7]
