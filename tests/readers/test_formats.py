"""What holds for every format: it is known by its content, read as it was meant, and never brings anything down."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readers.samples import SAMPLES
from tuner import logs
from tuner.curve import Curve
from tuner.registry import READERS
from tuner.spec import LogError


def written(folder: Path, content: bytes) -> Path:
    path = folder / "log.of-nothing-known"
    path.write_bytes(content)
    return path


def read_now(name: str, path: Path, objective: str | None = None) -> Curve:
    return READERS[name].read(path, objective=objective, higher_is_better=True, planned_epochs=None, options={})


def test_there_is_a_sample_of_every_format() -> None:
    assert SAMPLES.keys() == READERS.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_log_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    assert logs.recognise(written(tmp_path, SAMPLES[name].content)) == name


@pytest.mark.parametrize("name", SAMPLES)
def test_reads_the_losses_and_the_usual_objective_of_the_format(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    (curve,) = READERS[name].read_all(written(tmp_path, sample.content))
    assert curve.score is not None and curve.train_loss is not None
    assert (curve.objective, list(curve.epochs)) == (sample.objective, sample.epochs)
    assert list(curve.score.values) == pytest.approx(sample.scores)
    assert list(curve.train_loss.values) == pytest.approx(sample.train_loss)
    assert curve.score.higher_is_better


@pytest.mark.parametrize("name", SAMPLES)
def test_a_log_that_still_grows_gives_what_is_whole(tmp_path: Path, name: str) -> None:
    content = SAMPLES[name].content
    for end in range(0, len(content), max(1, len(content) // 60)):
        path = written(tmp_path, content[:end])
        try:
            curve = read_now(name, path)
        except LogError as error:
            # Only the two strict readers of a study's own log may refuse, and never where a line was merely cut.
            pytest.fail(f"{name} at {end}: {error}")
        assert curve.length <= len(SAMPLES[name].epochs)


APPENDED = [name for name in SAMPLES if name not in {"hf", "keras_json", "json", "tensorboard"}]


@pytest.mark.parametrize("name", APPENDED)
def test_a_log_that_begins_again_holds_two_runs(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    path = written(tmp_path, sample.content * 2)
    assert [list(curve.epochs) for curve in READERS[name].read_all(path)] == [sample.epochs, sample.epochs]


@pytest.mark.parametrize("name", sorted(set(APPENDED) - {"csv", "jsonl"}))
def test_of_a_log_that_begins_again_the_last_run_counts_while_it_runs(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    path = written(tmp_path, sample.content * 2)
    assert read_now(name, path).score is not None
    assert list(read_now(name, path).epochs) == sample.epochs


def spoilt(content: bytes, seed: int) -> bytes:
    """Return a log cut, shuffled, repeated, or with bytes replaced."""
    draw = random.Random(seed)
    pieces = content.splitlines(keepends=True) if draw.random() < 0.7 else [content]
    if draw.random() < 0.5:
        draw.shuffle(pieces)
    pieces = [piece for piece in pieces for _ in range(draw.choice([0, 1, 1, 1, 2]))]
    data = bytearray(b"".join(pieces))
    for _ in range(draw.choice([0, 0, 1, 5, 50])):
        if data:
            data[draw.randrange(len(data))] = draw.choice(b'\0\xff"{}[],:;0129eE-+.nN\r\n\t /')
    return bytes(data[: draw.randrange(len(data) + 1)] if draw.random() < 0.5 else data)


HOSTILE = [b"", b"\n", b"\0" * 100, b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe\x00", b"," * 9999, b"1e999," * 99,
           b"epoch,loss\n" + b"9" * 5000 + b",1\n", b'{"epoch": ' + b"9" * 5000 + b', "loss": 1}\n']  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(READERS)),
    content=st.one_of(
        st.tuples(st.sampled_from(sorted(SAMPLES)), st.integers(0, 10**9)).map(
            lambda v: spoilt(SAMPLES[v[0]].content, v[1])
        ),
        st.sampled_from(HOSTILE),
        st.binary(max_size=300),
    ),
    own=st.booleans(),
)
def test_nothing_gives_anything_but_curves_or_a_log_error_of_one_line(
    tmp_path: Path, name: str, content: bytes, own: bool
) -> None:
    path = written(tmp_path, content)
    for attempt in (
        lambda: READERS[name].read_all(path),
        lambda: [read_now(name, path)],
        lambda: logs.open_curves(path),
    ):
        try:
            curves = attempt()
        except LogError as error:
            assert len(str(error).splitlines()) == 1
        else:
            assert all(isinstance(curve, Curve) and curve.until(1).length <= curve.length for curve in curves)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(SAMPLES)), seed=st.integers(0, 10**9))
def test_a_spoilt_log_of_a_format_does_its_reader_no_harm(tmp_path: Path, name: str, seed: int) -> None:
    path = written(tmp_path, spoilt(SAMPLES[name].content, seed))
    try:
        assert READERS[name].read_all(path)
    except LogError as error:
        assert len(str(error).splitlines()) == 1
