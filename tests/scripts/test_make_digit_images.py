"""The unbalanced set with two confused classes is what it says."""

from __future__ import annotations

from pathlib import Path

from scripts import make_digit_images


def test_classes_are_unbalanced_and_only_threes_and_fives_are_confused(tmp_path: Path) -> None:
    written = make_digit_images.write(tmp_path / "noisy", confused=0.3, seed=0)
    make_digit_images.write(tmp_path / "clean", confused=0.0, seed=0)
    noisy, clean = (
        {file.stem: file.parent.name for file in (tmp_path / name).glob("*/*.png")} for name in ("noisy", "clean")
    )
    assert len(clean) == written
    counts = [sum(name == one for name in clean.values()) for one in make_digit_images.NAMES]
    assert (counts[0], counts[-1], counts) == (150, 15, sorted(counts, reverse=True))
    wrong = {file: (clean[file], noisy[file]) for file in clean if file in noisy and clean[file] != noisy[file]}
    assert set(wrong.values()) == {("three", "five"), ("five", "three")}
