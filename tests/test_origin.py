from __future__ import annotations

import subprocess
from pathlib import Path

from tuner import origin


def test_a_folder_outside_of_git_has_no_commit(tmp_path: Path) -> None:
    assert origin.commit(tmp_path) is None and origin.now(tmp_path)["packages"]["optuna"]


def test_the_commit_says_where_files_differ_from_it(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "train.py").write_text("1")
    git("add", "train.py")
    git("commit", "-m", "first")
    clean = origin.commit(tmp_path)
    (tmp_path / "train.py").write_text("2")
    assert clean and len(clean) == 12 and origin.commit(tmp_path) == f"{clean} + changes"


def test_what_is_the_same_is_noted_once_and_what_is_no_note_is_left_out() -> None:
    first, second = {"commit": "a"}, {"commit": "b"}
    assert origin.appended(origin.appended(None, first), first) == [first]
    assert origin.appended([first, "odd"], second) == [first, second]
    assert origin.noted("odd") == []
