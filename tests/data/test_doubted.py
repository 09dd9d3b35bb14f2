"""Labels that look wrong to a trained model are named, with real trainings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests import driving
from tests.inside import pictures
from tuner.data.doctor import page
from tuner.data.doctor.examine import examine
from tuner.inside import images


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train the classifier on squares of three colours, and return the folder of the trial."""
    return Path(pictures.trained(tmp_path_factory.mktemp("trained"), 10)["folder"])


def test_a_label_that_was_turned_round_is_named_with_its_picture(trained: Path, tmp_path: Path) -> None:
    root = pictures.folders(tmp_path / "other", (12, 12, 12), first=5000)
    (root / "a" / "3.png").rename(root / "b" / "wrong.png")
    found = examine(root, weights=trained / "best.pt")
    (doubt,) = [one for one in found.findings if one.name == "doubtful_labels"]
    named = {Path(path).name: note for (path,), note in zip(doubt.groups, doubt.notes, strict=True)}
    assert len(named) <= 4 and named["wrong.png"].endswith("labelled b")
    page.write(found, tmp_path / "page.html")
    assert "wrong.png" in (tmp_path / "page.html").read_text()


def test_a_file_that_cannot_be_read_is_left_out(trained: Path, tmp_path: Path) -> None:
    root = pictures.folders(tmp_path / "other", (4, 4, 4), first=6000)
    (root / "a" / "0.png").write_bytes(b"no image")
    found = examine(root, weights=trained / "best.pt")
    assert len(found.doubted["all"].predictions.images) == 11


def test_the_names_of_the_classes_are_those_that_the_study_had(trained: Path) -> None:
    assert images.names(json.loads((trained / "spec.json").read_text())) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("classes", "weights", "told"),
    [
        (("x", "y"), "best.pt", "expected weights that know the classes of the data, but not x, y: they know a, b, c"),
        (("a", "b"), "gone.pt", "expected a file of weights, but there is none"),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(
    trained: Path, tmp_path: Path, classes: tuple[str, ...], weights: str, told: str
) -> None:
    root = pictures.folders(tmp_path / "set", (3, 3))
    for letter, name in zip("ab", classes, strict=True):
        (root / letter).rename(root / name)
    done = driving.tuner("data", "check", root, "--weights", trained / weights, timeout=60)
    assert done.returncode == 2 and told in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_classifier_has_no_say_about_boxes(trained: Path, tmp_path: Path) -> None:
    from tests.data import sets

    done = driving.tuner("data", "check", sets.yolo(tmp_path), "--weights", trained / "best.pt", timeout=60)
    assert (
        done.returncode == 2 and "expected weights for the data's task, detect, but got a classifier's" in done.stderr
    )


def test_arrays_are_looked_at_too(trained: Path, tmp_path: Path) -> None:
    shown = [np.asarray(pictures.picture(7000 + i, i % 3).resize((20, 20))) for i in range(9)]
    np.savez(tmp_path / "set.npz", x_train=np.stack(shown), y_train=np.array(["a", "b", "c"] * 3))
    found = examine(tmp_path / "set.npz", weights=trained / "best.pt")
    assert found.doubted["train"].scores.confusion.trace() >= 8
