"""Finding logs, whatever they are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.readers.samples import SAMPLES
from tuner import logs
from tuner.spec import LogError


def fill(folder: Path) -> None:
    for i, (name, sample) in enumerate(SAMPLES.items()):
        place = folder / f"{i:02}" / "deeper"
        place.mkdir(parents=True)
        (place / "file").write_bytes(sample.content)
        (place / "notes.md").write_text(f"# {name}\n\nepoch, loss and accuracy\n")


def test_finds_every_log_below_a_folder_in_a_fixed_order(tmp_path: Path) -> None:
    fill(tmp_path)
    assert [found.format for found in logs.find(tmp_path)] == list(SAMPLES)
    assert len(logs.open_curves(tmp_path)) == len(SAMPLES)


def test_hidden_folders_and_links_to_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "log").write_bytes(SAMPLES["csv"].content)
    os.symlink(tmp_path, tmp_path / "again")
    with pytest.raises(LogError, match="no training log in this folder"):
        logs.find(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:5\nsize 5\n", "a pointer of git-lfs"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no training log of a known format"),
        (b"PK\x03\x04\0\0", "no training log of a known format"),
        (b"just some words\n", "no training log of a known format"),
        (b"id,final_loss,batch_size\nrun1,0.5,3\n", "no training log of a known format"),
    ],
    ids=["empty", "lfs", "png", "zip", "prose", "table"],
)
def test_says_in_one_line_what_is_no_log(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    with pytest.raises(LogError, match=message) as error:
        logs.open_curves(path)
    assert len(str(error.value).splitlines()) == 1


def test_an_impostor_beside_a_log_does_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"log_history": []}')
    (tmp_path / "b.csv").write_bytes(SAMPLES["csv"].content)
    assert len(logs.open_curves(tmp_path)) == 1


def test_an_impostor_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"log_history": []}')
    with pytest.raises(LogError, match="holds not one epoch"):
        logs.open_curves(tmp_path)


def test_a_path_that_is_not_there_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path / "pipe"):
        with pytest.raises(LogError, match="there is none"):
            logs.find(path)


def test_the_search_ends_in_a_folder_of_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_FILES", 3)
    fill(tmp_path)
    with pytest.raises(LogError, match="expected at most 3 files"):
        logs.find(tmp_path)
