"""The driver's side of Ultralytics: what it refuses before a trial starts, and what a trial is started with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from tests import driving
from tuner import space_file, yolo_package
from tuner.errors import ConfigError
from tuner.inside.ultralytics_names import LAST_FILE
from tuner.space import Space
from tuner.spec import Log, TrialSpec
from tuner.trainers.ultralytics import AUGMENTATIONS, UltralyticsOptions, UltralyticsTrainer

pytest.importorskip("ultralytics", reason="the extra yolo is not installed")

LR = {"lr0": {"grid": [0.001, 1], "default": 0.01}}
SIZES = {"size": {"ordered": ["n", "s"]}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ships") / "set"
    made = driving.tuner("data", "synthetic-ships", folder, "--images", "12", "--size", "64", "--val-share", "0.3")
    assert made.returncode == 0, made.stderr
    return folder / "data.yaml"


def trainer(data: Path, **options: Any) -> UltralyticsTrainer:
    known = {"data": str(data), "model": "yolov8n", "pretrained": False, **options}
    return UltralyticsTrainer(UltralyticsOptions(**known), data.parent)


def space(**parameters: Any) -> Space:
    return space_file.build({**LR, **parameters}, "space")


def spec(folder: Path, **params: Any) -> TrialSpec:
    place = folder / "study" / "trials" / "0003"
    place.mkdir(parents=True)
    return TrialSpec(3, {"lr0": 0.01, **params}, 5, 7, place, "metrics/mAP50-95(B)", True)


def arguments(found: UltralyticsTrainer, given: TrialSpec) -> dict[str, Any]:
    found.command(given, resume=False)
    written: dict[str, Any] = json.loads((given.folder / "spec.json").read_text())
    return written


def test_driving_it_imports_neither_torch_nor_ultralytics() -> None:
    code = "import sys, tuner.trainers.ultralytics; sys.exit(bool({'torch', 'ultralytics'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_trial_gets_the_arguments_of_ultralytics_by_their_own_names(data: Path, tmp_path: Path) -> None:
    written = arguments(trainer(data, imgsz=64, args={"close_mosaic": 2}), spec(tmp_path, batch=8, box=5.0))
    assert written["model"] == "yolov8n.yaml"
    expected = {"lr0": 0.01, "batch": 8, "box": 5.0, "imgsz": 64, "close_mosaic": 2, "epochs": 5, "seed": 7}
    assert expected.items() <= written["arguments"].items()
    same = yaml.safe_load(Path(written["arguments"]["data"]).read_text())
    assert same == yaml.safe_load(data.read_text())


def test_only_one_may_stop_a_run_and_the_rate_is_never_ignored(data: Path, tmp_path: Path) -> None:
    written = arguments(trainer(data), spec(tmp_path))["arguments"]
    assert written["patience"] == 0
    assert written["optimizer"] == "SGD"


def test_nothing_is_installed_or_downloaded(data: Path, tmp_path: Path) -> None:
    env = trainer(data).command(spec(tmp_path), resume=True).env
    assert env == {"YOLO_AUTOINSTALL": "False", "YOLO_OFFLINE": "True"}


def test_the_model_is_named_by_parameters_of_the_space(data: Path, tmp_path: Path) -> None:
    found = trainer(data, model="yolov8{size}")
    found.check(space(**SIZES))
    written = arguments(found, spec(tmp_path, size="s"))
    assert written["model"] == "yolov8s.yaml"
    assert "size" not in written["arguments"]


def test_one_word_moves_all_augmentations(data: Path, tmp_path: Path) -> None:
    written = arguments(trainer(data), spec(tmp_path, augmentation="none"))["arguments"]
    assert written["mosaic"] == written["fliplr"] == 0
    assert "augmentation" not in written
    known = yolo_package.arguments()
    assert all(set(changes) <= set(known) for changes in AUGMENTATIONS.values())


def test_a_draw_of_the_images_is_the_same_for_all_trials(data: Path, tmp_path: Path) -> None:
    found = trainer(data, images=4)
    first = arguments(found, spec(tmp_path / "a"))["arguments"]["data"]
    other = arguments(found, spec(tmp_path / "b"))["arguments"]["data"]
    lists = [(Path(path).parent / "train.txt").read_text() for path in (first, other)]
    assert lists[0] == lists[1]
    assert len(lists[0].splitlines()) == 4


def test_the_best_settings_are_such_as_yolo_train_takes(data: Path, tmp_path: Path) -> None:
    found = trainer(data, model="yolov8{size}")
    settings = found.exported(spec(tmp_path, size="n", augmentation="strong"))
    assert set(settings) <= set(yolo_package.arguments())
    assert settings["model"] == "yolov8n.yaml"


def test_says_where_its_log_is_and_when_it_can_continue(data: Path, tmp_path: Path) -> None:
    found = trainer(data)
    assert found.log(tmp_path) == Log(tmp_path / "run" / "results.csv", "ultralytics", {})
    assert not found.can_continue(tmp_path)
    (tmp_path / LAST_FILE).parent.mkdir(parents=True)
    (tmp_path / LAST_FILE).write_bytes(b"x")
    assert found.can_continue(tmp_path)


@pytest.mark.parametrize(
    ("options", "parameters", "message"),
    [
        ({}, {"lr1": {"grid": [0.1, 1]}}, "space: expected arguments of Ultralytics, but got 'lr1'"),
        ({}, {"patience": {"ordered": [1, 2]}}, r"but got 'patience' \(tuner sets it\)"),
        ({"args": {"close_mosiac": 1}}, {}, "args: expected arguments of Ultralytics, .* did you mean 'close_mosaic'"),
        ({"model": "yolov8{size}"}, {}, "model: expected parameters of the space, but got '{size}'"),
        (
            {"model": "yolov8{size}"},
            {"size": {"ordered": ["n", "q"]}},
            r"a size of yolov8 \(n, s.*, but got yolov8q",
        ),
        ({"model": "yolow8n"}, {}, "expected a model of Ultralytics, such as yolo.*, but got yolow8n"),
        (
            {"model": "yolov8n", "pretrained": True},
            {},
            r"expected weights .* there is no .*yolov8n\.pt",
        ),
        ({"model": "yolov5n", "pretrained": True}, {}, r"there is no .*yolov5nu\.pt"),
        ({"model": "mine.pt"}, {}, r"there is no .*mine\.pt"),
        ({"pretrained": "mine.pt"}, {}, "pretrained: expected a file"),
        ({}, {"optimizer": {"choice": ["SGD", "Lion"]}}, "optimizer: expected one of SGD, .* but got 'Lion'"),
        ({}, {"momentum": {"linear": [0.5, 1.5]}}, "momentum: expected a number from 0 to 1, but got 1.5"),
        ({"args": {"nbs": 6.5}}, {}, "nbs: expected a whole number, but got 6.5"),
        ({"args": {"cos_lr": "yes"}}, {}, "cos_lr: expected true or false, but got 'yes'"),
        ({"args": {"optimizer": "auto"}}, {}, "'auto', which ignores lr0 and momentum"),
        ({}, {"augmentation": {"ordered": ["none", "huge"]}}, "augmentation: expected one of none, light, .*'huge'"),
    ],
)
def test_what_no_trial_could_start_with_is_refused(
    data: Path, options: dict[str, Any], parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        trainer(data, **options).check(space(**parameters))


def test_rates_beyond_one_and_the_largest_batch_are_taken(data: Path) -> None:
    trainer(data, args={"batch": "largest"}).check(space(lr0={"grid": [0.001, 10]}))


def test_every_task_is_known_by_the_scores_that_it_logs(data: Path) -> None:
    assert "metrics/mAP50-95(B)" in trainer(data).metrics
    assert "metrics/mAP50-95(M)" in trainer(data, task="segment").metrics
    assert "metrics/mAP50-95(M)" not in trainer(data, task="pose").metrics
    assert "metrics/accuracy_top1" in trainer(data.parent, task="classify").metrics


def test_a_data_set_that_is_not_sound_is_refused(data: Path, tmp_path: Path) -> None:
    broken = yaml.safe_load(data.read_text())
    path = tmp_path / "data.yaml"
    path.write_text(yaml.safe_dump({**broken, "val": str(tmp_path / "nowhere")}))
    with pytest.raises(ConfigError, match=r"data\.yaml: val: expected"):
        trainer(path).check(space())


@pytest.mark.parametrize("options", [{"imgsz": 8}, {"images": 0}, {"images": 1.5}, {"task": "depth"}, {"lr0": 0.1}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UltralyticsOptions(**{"data": "data.yaml", **options})


def test_weights_are_found_under_the_name_that_ultralytics_gives_them(tmp_path: Path) -> None:
    (tmp_path / "yolov5nu.pt").touch()
    assert yolo_package.model_file("yolov5n", tmp_path, pretrained=True) == str(tmp_path / "yolov5nu.pt")
    assert yolo_package.model_file("yolov5nu", tmp_path, pretrained=False) == "yolov5n.yaml"
    assert yolo_package.model_file("yolo11s", tmp_path, pretrained=False) == "yolo11s.yaml"
    assert yolo_package.model_file("yolov3-tinyu", tmp_path, pretrained=False) == "yolov3-tiny.yaml"
    (tmp_path / "mine.yaml").touch()
    assert yolo_package.model_file("mine.yaml", tmp_path, pretrained=True) == str(tmp_path / "mine.yaml")


def test_its_manual_names_every_option() -> None:
    manual = sys.modules[UltralyticsTrainer.__module__].__doc__ or ""
    assert all(f"{name}:" in manual for name in UltralyticsOptions.model_fields if name != "threads")


def test_what_it_would_train_on_is_known_before(data: Path) -> None:
    made = trainer(data, imgsz=100, images=3)
    made.check(space_file.build(LR, "space"))
    about = made.about(space_file.build(LR, "space"))
    assert "training" in about.data and "3 of the training images are drawn" in about.data
    assert about.images == 3 and about.test
    assert about.model == "yolov8n, untrained, 100 pixels"
    assert "metrics/mAP50-95(B)" in made.metrics and "ultralytics" in about.packages
    assert about.remarks == ("imgsz: Ultralytics trains with 128 in place of 100, which is no multiple of 32",)
