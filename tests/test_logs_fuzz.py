"""Logs that are broken, hostile or oddly encoded: curves or an error of one line, and nothing worse."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readers.samples import SAMPLES
from tuner import logs, manual
from tuner.curve import Curve
from tuner.diagnosis import Diagnosis, diagnose
from tuner.readers import csv, delimited, history, jsonl, records, tensorboard
from tuner.registry import READERS, SYMPTOMS
from tuner.spec import LogError

FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_N", "60")), deadline=None, suppress_health_check=list(HealthCheck)
)
FORMATS = sorted(SAMPLES)
MB = 2**20


def written(folder: Path, content: bytes) -> Path:
    path = folder / "log"
    path.write_bytes(content)
    return path


def read_all(name: str, path: Path) -> list[Curve]:
    """Return the curves of a log; none where it was refused in one line."""
    try:
        return READERS[name].read_all(path)
    except LogError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 5000
        return []


def read_now(name: str, path: Path, planned: int | None = None) -> Curve | None:
    try:
        return READERS[name].read(path, objective=None, higher_is_better=True, planned_epochs=planned, options={})
    except LogError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 5000
        return None


def judge(curve: Curve) -> Diagnosis:
    """Diagnose and put into words."""
    diagnosis = diagnose(curve, SYMPTOMS)
    for symptom in diagnosis.symptoms:
        json.dumps(dict(symptom.evidence), allow_nan=False)
        for language in manual.LANGUAGES:
            text = manual.phrases(symptom, language)
            assert text.isprintable() and "<class" not in text
    return diagnosis


def survives(folder: Path, name: str, content: bytes) -> None:
    """Read as the format that wrote it, as a log that grows, and as whatever it looks like; judge what was read."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _survives(written(folder, content), name)


def _survives(path: Path, name: str) -> None:
    curves = read_all(name, path)
    growing = read_now(name, path, planned=10)
    try:
        found = logs.recognise(path)
    except LogError:
        found = name
    curves += read_all(found, path) if found != name else []
    for curve in [*curves, *([growing] if growing is not None else [])][:4]:
        judge(curve)


# -- spoilt samples ---------------------------------------------------------------------------------------------------

NUMBERS = [b"1e400", b"-1e400", b"9" * 400, b"9" * 5000, b"nan", b"NaN", b"inf", b"-Infinity", b"null", b"1e18", b"-1",
           b"0.5", b"1e308", b"-1e308", b"5e-324", b"0", b"1_0", b"0x1F", b"1,5", b"", b"true", "١٢".encode(),
           b"9007199254740993", b"18446744073709551616", b"'1'", b"[1]", b"{}"]  # fmt: skip
NAMES = [b"{0.__class__}", b"{epoch}", b"{", b"}}", b"%s", b"loss\x1b[31m", b"a\x07b", "\u202eloss".encode(),
         "\u200bval_loss".encode(), "\u2028loss".encode(), b"loss/" * 60, b"epoch", b"step", b"iteration", b"",
         b"val_loss", b"__proto__", "\N{GRINNING FACE}".encode(), b"../../etc"]  # fmt: skip
GARBAGE = [b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b]0;x\x07", b"\r", b"\r\n", b"\n\n\n", b'"', b"{", b"}" * 9,
           b"[" * 99, b"," * 300, b"<<<<<<< HEAD\n", b"=======\n", "\u2028".encode(), bytes(range(256))]  # fmt: skip
NUMBER = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?")
WORD = re.compile(rb"[A-Za-z_][\w/]{2,}")


def replaced(draw: random.Random, content: bytes, pattern: re.Pattern[bytes], by: list[bytes], share: float) -> bytes:
    return pattern.sub(lambda found: draw.choice(by) if draw.random() < share else found.group(), content)


def renamed(draw: random.Random, content: bytes) -> bytes:
    """Replace a few words everywhere, as in a log whose columns have hostile names."""
    found = sorted(set(WORD.findall(content)))
    for word in draw.sample(found, min(2, len(found))):
        content = content.replace(word, draw.choice(NAMES))
    return content


def shuffled(draw: random.Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(line for line in lines for _ in range(draw.choice([0, 1, 1, 2])))


def injected(draw: random.Random, content: bytes) -> bytes:
    for _ in range(draw.choice([1, 3, 20])):
        at = draw.randrange(len(content) + 1)
        content = content[:at] + draw.choice(GARBAGE) + content[at:]
    return content


def cut(draw: random.Random, content: bytes) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def again(draw: random.Random, content: bytes) -> bytes:
    return content + cut(draw, content)


DAMAGE: list[Callable[[random.Random, bytes], bytes]] = [
    lambda draw, content: replaced(draw, content, NUMBER, NUMBERS, draw.choice([0.05, 0.5])),
    lambda draw, content: replaced(draw, content, NUMBER, [draw.choice(NUMBERS)], 1.0),
    renamed,
    shuffled,
    injected,
    cut,
    again,
]


@FUZZ
@given(
    name=st.sampled_from(FORMATS), damage=st.lists(st.sampled_from(DAMAGE), min_size=1, max_size=3), seed=st.integers()
)
def test_a_spoilt_log_gives_curves_that_can_be_judged_or_one_line(
    tmp_path: Path, name: str, damage: list[Callable[[random.Random, bytes], bytes]], seed: int
) -> None:
    draw, content = random.Random(seed), SAMPLES[name].content
    for spoil in damage:
        content = spoil(draw, content)
    survives(tmp_path, name, content)


@pytest.mark.parametrize("name", FORMATS)
def test_a_log_cut_at_any_byte_is_read_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    content = SAMPLES[name].content
    ends = [*range(0, len(content), 1 if len(content) < 400 else 7), len(content)]
    lengths = [sum(curve.length for curve in read_all(name, written(tmp_path, content[:end]))) for end in ends]
    assert lengths[0] == 0 and lengths[-1] == len(SAMPLES[name].epochs)
    assert max(lengths) == lengths[-1]


FOUND = {
    "a whole number of 5000 digits": ("yolo_txt", SAMPLES["yolo_txt"].content.replace(b"640", b"9" * 5000)),
    "a list among records beside lists": ("json", b'{"loss": [1, 2], "more": [{"a": 1, "b": [1]}, {"a": 2, "b": []}]}'),
    "epochs of infinity": ("csv", b"epoch,loss\n1e400,1\n1e400,2\n1,3\n"),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_once_broke_a_reader_does_so_no_more(tmp_path: Path, case: str) -> None:
    survives(tmp_path, *FOUND[case])


# -- tables and records made up --------------------------------------------------------------------------------------

CELLS = st.sampled_from([*NUMBERS, b"1", b"2", b"0.25", b"3e-4"]) | st.floats().map(lambda v: repr(v).encode())
HEADS = st.sampled_from([*NAMES, b"epoch", b"loss", b"val_loss", b"val_acc", b"lr", b"time", b"train/box_loss"])


@FUZZ
@given(
    heads=st.lists(HEADS, min_size=1, max_size=6),
    rows=st.lists(st.lists(CELLS, max_size=7), max_size=30),
    name=st.sampled_from(["csv", "keras_csv", "lightning", "ultralytics"]),
    epochs=st.sampled_from(["counted", "backwards", "fractional", "huge", "negative", "same", "none"]),
    delimiter=st.sampled_from([b",", b";", b"\t"]),
)
def test_any_table_gives_curves_that_can_be_judged_or_one_line(
    tmp_path: Path, heads: list[bytes], rows: list[list[bytes]], name: str, epochs: str, delimiter: bytes
) -> None:
    numbered = [[number(epochs, i, len(rows)), *row] for i, row in enumerate(rows)]
    lines = [[b"epoch" if epochs != "none" else b"note", b"train_loss", *heads], *numbered]
    content = b"".join(delimiter.join(line) + b"\n" for line in lines)
    survives(tmp_path, name, content)


def number(kind: str, i: int, n: int) -> bytes:
    value = {"counted": i, "backwards": n - i, "fractional": i / 3, "huge": 10**18 + i, "negative": i - 5, "same": 1}
    return str(value.get(kind, "x")).encode()


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400)
KEYS = HEADS.map(lambda name: name.decode(errors="replace"))
TREES = st.recursive(VALUES, lambda v: st.lists(v, max_size=4) | st.dictionaries(KEYS, v, max_size=4), max_leaves=8)


RECORDS = st.lists(st.dictionaries(KEYS, TREES, max_size=5), max_size=8)


@FUZZ
@given(records=RECORDS, as_list=st.booleans(), name=st.sampled_from(["json", "keras_json", "hf"]))
def test_any_document_gives_curves_that_can_be_judged_or_one_line(
    tmp_path: Path, records: list[dict[str, object]], as_list: bool, name: str
) -> None:
    whole = {"log_history": records, "loss": [r.get("loss") for r in records], "history": records}
    survives(tmp_path, name, json.dumps(records if as_list else whole).encode())


@FUZZ
@given(records=RECORDS, name=st.sampled_from(["jsonl", "mmdet_json", "detectron2", "detr"]))
def test_any_lines_of_json_give_curves_that_can_be_judged_or_one_line(
    tmp_path: Path, records: list[dict[str, object]], name: str
) -> None:
    lines = (json.dumps({"epoch": i, "iteration": i, "loss": 1.0, **r}) + "\n" for i, r in enumerate(records))
    survives(tmp_path, name, "".join(lines).encode())


@pytest.mark.parametrize("depth", [3, 50, 400, 900, 940, 960, 980, 1000, 100_000])
@pytest.mark.parametrize("opening", ['{"loss": ', '{"a": 1, "loss": ', "[", '{"loss": ['])
def test_nesting_of_any_depth_is_survived(tmp_path: Path, depth: int, opening: str) -> None:
    closing = {"{": "}", "[": "]"}
    content = opening * depth + "1" + "".join(closing[c] for c in reversed(opening) if c in closing) * depth
    path = written(tmp_path, f'{{"epoch": 1, "loss": {content}}}\n'.encode())
    for name in ("jsonl", "json", "keras_json", "hf", "mmdet_json", "detectron2", "detr"):
        read_all(name, path)
        read_now(name, path)
    with contextlib.suppress(LogError):
        logs.open_curves(path)


# -- names -----------------------------------------------------------------------------------------------------------

HOSTILE_NAMES = ["{0.__class__}", "{epoch.__class__}", "{", "}", "{}", "{!r:>9}", "%(x)s", "[red]x[/red]", "\\x1b"]


def named(curve: Curve, suffix: str) -> Curve:
    """Return a curve whose series have other names, the word that tells what they are kept."""
    names = {name: f"{name}{suffix}" for name in curve.series}
    series = {names[name]: replace(s, name=names[name]) for name, s in curve.series.items()}
    return replace(curve, series=series, objective=names.get(curve.objective or "", curve.objective))


@pytest.mark.parametrize("symptom", SYMPTOMS)
@pytest.mark.parametrize("suffix", HOSTILE_NAMES)
def test_braces_in_a_name_are_letters_like_any_other(symptom: str, suffix: str) -> None:
    for curve in SYMPTOMS[symptom].SEEN.values():
        for seen in judge(named(curve, suffix)).symptoms:
            assert "<class" not in seen.text and "type" not in seen.text.split()


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\x07b", "\u202eloss", "a\u2028b", "a\u200bb", "x" * 10_000])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_name_that_would_harm_a_terminal_is_made_harmless(tmp_path: Path, name: str, as_json: bool) -> None:
    rows = [{"epoch": i, "loss": 1 / i, f"val_loss {name}": 1.0} for i in range(1, 6)]
    table = "\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows), ""])
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    path = written(tmp_path, (lines if as_json else table).encode())
    (curve,) = logs.open_curves(path)
    assert all(s.isprintable() and len(s) <= 200 for s in curve.series)
    assert len(curve.series) == 2


# -- oddities that the collected logs do not have ----------------------------------------------------------------------

TABLES = ["ultralytics", "yolov5", "keras_csv", "lightning", "csv"]
TEXTS = [name for name in FORMATS if name != "tensorboard"]


def scores(curves: list[Curve]) -> list[list[float]]:
    return [list(curve.score.values) for curve in curves if curve.score is not None]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark"])
def test_a_log_in_another_encoding_is_known_and_read(tmp_path: Path, name: str, encoding: str) -> None:
    text = SAMPLES[name].content.decode()
    marked = f"\ufeff{text}" if encoding.endswith("mark") else text
    path = written(tmp_path, marked.encode(encoding.removesuffix("-mark")))
    assert logs.recognise(path) == name
    assert scores(logs.open_curves(path)) == scores(READERS[name].read_all(written(tmp_path, text.encode())))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_with_decimal_commas_is_known_and_read(tmp_path: Path, name: str, delimiter: str) -> None:
    head, *rows = SAMPLES[name].content.decode().replace(",", delimiter).splitlines()
    path = written(tmp_path, "\n".join([head, *(row.replace(".", ",") for row in rows), ""]).encode())
    assert logs.recognise(path) == name
    (curve,) = logs.open_curves(path)
    assert curve.score is not None and list(curve.score.values) == list(SAMPLES[name].scores)


@pytest.mark.parametrize("name", TABLES)
def test_a_header_again_after_a_resume_goes_on_with_the_run(tmp_path: Path, name: str) -> None:
    head, *rows = SAMPLES[name].content.decode().splitlines(keepends=True)
    half = next(i for i, row in enumerate(rows) if row.split(",")[0].strip() == rows[-1].split(",")[0].strip())
    (curve,) = READERS[name].read_all(written(tmp_path, "".join([head, *rows[:half], head, *rows[half:]]).encode()))
    assert curve.score is not None and list(curve.score.values) == list(SAMPLES[name].scores)


@pytest.mark.parametrize("name", TABLES)
def test_of_two_columns_of_one_name_the_first_counts(tmp_path: Path, name: str) -> None:
    lines = [line.split(",") for line in SAMPLES[name].content.decode().splitlines()]
    twice = [[*line, *(line if i == 0 else ["7"] * len(line))] for i, line in enumerate(lines)]
    (curve,) = READERS[name].read_all(written(tmp_path, "\n".join([*map(",".join, twice), ""]).encode()))
    assert curve.score is not None and list(curve.score.values) == list(SAMPLES[name].scores)


# -- memory and time ---------------------------------------------------------------------------------------------------

HEAD = b"epoch,loss,val_loss\n"
LINE = b'{"mode": "train", "epoch": 1, "iter": 1, "loss": 1}\n'
LARGE: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "rows of single digits": ("csv", lambda n: HEAD + b"1,1,1\n" * (n // 6)),
    "rows of one cell": ("keras_csv", lambda n: HEAD + b"1\n" * (n // 2)),
    "a million commas": ("csv", lambda n: HEAD + b"," * n + b"\n"),
    "lines of commas": ("csv", lambda n: HEAD + (b"," * 999 + b"\n") * (n // 1000)),
    "a million columns": ("csv", lambda n: b"epoch," + b",".join(b"loss%d" % i for i in range(n // 9)) + b"\n1,1\n"),
    "bare CR": ("keras_csv", lambda n: HEAD + b"\r" * n),
    "an open quote": ("csv", lambda n: HEAD + b'"' + b"1,1\n" * (n // 4)),
    "one long line": ("mmdet_txt", lambda n: b"x" * n),
    "small objects": ("mmdet_json", lambda n: LINE + b'{"a":1}\n' * (n // 8)),
    "new names": ("jsonl", lambda n: LINE + b"".join(b'{"a%d":1}\n' % i for i in range(n // 12))),
    "empty lists": ("json", lambda n: b'{"loss": [' + b"[]," * (n // 3) + b"1]}"),
    "empty objects": ("json", lambda n: b'[{"epoch": 1, "loss": 1},' + b"{}," * (n // 3) + b"{}]"),
    "brackets": ("json", lambda n: b"[" * n),
    "pairs": ("mmdet_txt", lambda n: SAMPLES["mmdet_txt"].content.rstrip() + b" a: 1," * (n // 6)),
    "noise": ("tensorboard", lambda n: random.Random(0).randbytes(n)),
    "frames": ("tensorboard", lambda n: SAMPLES["tensorboard"].content * (n // len(SAMPLES["tensorboard"].content))),
}


LIMITS = [(module, "MAX_CELLS") for module in (delimited, records, history, csv, jsonl, tensorboard)]
LIMITS += [(history, "MAX_CONTAINERS"), (delimited, "MAX_COLUMNS"), (records, "MAX_NAMES")]


def costs(read: Callable[[], object]) -> tuple[float, float]:
    """Return the bytes and the seconds that reading takes, in a process of its own."""
    out, back = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            read()
            taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            os.write(back, f"{taken * 1024} {time.process_time() - began}".encode())
        finally:
            os._exit(0)
    os.close(back)
    os.waitpid(child, 0)
    with os.fdopen(out) as pipe:
        taken, seconds = pipe.read().split()
    return float(taken), float(seconds)


@pytest.mark.parametrize("shape", LARGE)
def test_a_large_hostile_log_is_read_in_ten_times_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    # 50 MB with the true limits, at a twenty-fifth of both, so that the test is quick.
    for module, limit in LIMITS:
        monkeypatch.setattr(module, limit, getattr(module, limit) // 25)
    name, make = LARGE[shape]
    path = written(tmp_path, make(2 * MB))
    for read in (lambda: read_all(name, path), lambda: read_now("csv", path), lambda: read_now("jsonl", path)):
        taken, seconds = costs(read)
        assert taken <= 10 * path.stat().st_size + MB, f"{taken / MB:.0f} MB"
        assert seconds < 8


def test_limits_are_stated_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_CONTAINERS", 10)
    with pytest.raises(LogError, match="at most 10 lists and objects"):
        READERS["json"].read_all(written(tmp_path, b'{"loss": [1, 2], "x": [' + b"[]," * 20 + b"[]]}"))
    for reader, content in ((csv, HEAD + b"1,1,1\n" * 9), (jsonl, LINE * 9)):
        monkeypatch.setattr(reader, "MAX_CELLS", 10)
        with pytest.raises(LogError, match=r"line \d: expected at most 10 "):
            reader.read(
                written(tmp_path, content), objective=None, higher_is_better=True, planned_epochs=None, options={}
            )


# -- the future --------------------------------------------------------------------------------------------------------

SHAPES = st.sampled_from(["falls", "rises", "turns", "flat", "noise", "nan", "waves"])


def shape(kind: str, n: int, seed: int) -> np.ndarray:
    e, noise = np.arange(n), np.random.default_rng(seed).normal(0, 0.02, n)
    base = {
        "falls": 2 * 0.9**e,
        "rises": 1 + 0.1 * e,
        "turns": 0.5 + 0.8**e + 0.02 * np.maximum(e - 8, 0),
        "flat": np.full(n, 0.7),
        "noise": 1 + 20 * noise,
        "nan": np.where(e < n // 2, 0.9**e, np.nan),
        "waves": 1 + 0.3 * np.sin(e),
    }[kind]
    return base + noise


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(train=SHAPES, val=SHAPES, score=SHAPES, n=st.integers(2, 50), seed=st.integers(0, 999), data=st.data())
def test_a_curve_cut_at_an_epoch_is_judged_like_the_log_that_had_come_so_far(
    tmp_path: Path, train: str, val: str, score: str, n: int, seed: int, data: st.DataObject
) -> None:
    columns = [shape(kind, n, seed + i) for i, kind in enumerate((train, val, score))]
    rows = [f"{e},{','.join(str(c[e]) for c in columns)}\n" for e in range(n)]
    epoch = data.draw(st.integers(0, n - 1))
    head = "epoch,train_loss,val_loss,val_acc\n"
    for name in ("csv", "keras_csv", "lightning"):
        whole = read_now(name, written(tmp_path, (head + "".join(rows)).encode()), planned=40)
        then = read_now(name, written(tmp_path, (head + "".join(rows[: epoch + 1])).encode()), planned=40)
        assert whole is not None and then is not None
        assert repr(judge(whole.until(epoch))) == repr(judge(then))
