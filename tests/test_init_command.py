"""``tuner init``: what it finds becomes a configuration that loads, checks and runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import driving
from tests.data import sets
from tests.init.test_program import REGRESSION
from tests.test_yolo_configs import LOG, clone
from tuner import config, init_command, stages
from tuner.errors import ConfigError
from tuner.executors import devices
from tuner.init import look, yolo

SMALLER = ["--set", "devices=cpu", "--set", "jobs=2"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that gives the machine so many GPUs."""

    def give(count: int) -> None:
        for module in (devices, look):
            monkeypatch.setattr(module, "gpus", lambda: list(range(count)))

    return give


def written(path: Path, task: str | None = None) -> dict[str, Any]:
    """Return the configuration that is written for what lies at ``path``; it was loaded before."""
    out = Path.cwd() / "tuner.yaml"
    out.unlink(missing_ok=True)
    init_command.run(path, out, task)
    found: dict[str, Any] = yaml.safe_load(out.read_text())
    return found


def init(*words: str | Path, cwd: Path) -> str:
    done = driving.tuner("init", *words, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_somebodys_own_program_is_found_checked_and_run(here: Path) -> None:
    shutil.copy(REGRESSION, here / "train.py")
    said = init(cwd=here)
    assert "found    train.py: learning_rate, batch_size, hidden_size, weight_decay, dropout, optimizer" in said
    assert "judged by val_r2, more is better" in said
    assert "written  tuner.yaml" in said and "tuner check tuner.yaml" in said and "tuner run tuner.yaml" in said
    checked = driving.tuner("check", "tuner.yaml", "--json", cwd=here)
    assert checked.returncode == 0 and json.loads(checked.stdout)["warnings"] == 0
    assert not (here / "results").exists()
    small = ["--set", "budget={trials: 4}", "--set", "sweep=2"]
    run = driving.tuner("run", "tuner.yaml", *SMALLER, *small, cwd=here)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(list(here.glob("results/*/trials/*/log.csv"))) == 4
    assert list(here.glob("results/*/best.yaml"))


def test_a_paused_trial_of_it_goes_on(here: Path) -> None:
    program = REGRESSION.read_text().replace("    for epoch in", "    import time\n    for epoch in")
    slow = program.replace("losses =", "time.sleep(0.4)\n        losses =")
    (here / "train.py").write_text(slow)
    init(cwd=here)
    sets = ["--set", "budget={trials: 5}", "--set", "sweep=4", "--set", "epochs=4", "--set", "pausing={eta: 2}"]
    run = driving.tuner("run", "tuner.yaml", *SMALLER, *sets, cwd=here)
    assert run.returncode == 0, run.stderr
    epochs = [len(log.read_text().splitlines()) - 1 for log in here.glob("results/*/trials/*/log.csv")]
    assert min(epochs) < 4 and max(epochs) == 4  # a first look is one epoch long


def test_a_data_set_is_found_checked_and_trained_on(here: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
    made = driving.tuner("data", "synthetic-ships", "data/ships", "--images", "12", "--size", "64", cwd=here)
    assert made.returncode == 0, made.stderr
    shutil.copy(driving.ROOT / "configs" / "models" / "tiny-yolo.yaml", here)
    said = init(cwd=here)
    assert "found    data/ships/data.yaml: 8 training, 2 validation, 2 test images, 1 class (ship)" in said
    assert "found    model tiny-yolo.yaml" in said and "guessed  no weights fit it" in said
    checked = driving.tuner("check", "tuner.yaml", cwd=here)
    assert checked.returncode == 0 and "8 training, 2 validation, 2 test images" in checked.stdout
    small = ["--set", "epochs=1", "--set", "budget={trials: 1}", "--set", "sweep=0", "--set", "evidence=false"]
    run = driving.tuner("run", "tuner.yaml", *SMALLER, *small, cwd=here, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert list(here.glob("results/ships/trials/0000/run/results.csv"))


@pytest.mark.parametrize("name", LOG)
def test_a_clone_is_known_and_run_with_the_ready_configuration(here: Path, name: str) -> None:
    clone(name, here)
    for part in ("models", "utils", "cfg/training" if name == "yolov7" else "data/images"):
        (here / name / part).mkdir(parents=True, exist_ok=True)
    (here / name / "models" / "yolo.py").write_text("")
    document = written(here)
    ready = yaml.safe_load((driving.ROOT / "configs" / f"{name}.yaml").read_text())
    space = yaml.safe_load((driving.ROOT / "search_spaces" / f"{name}.yaml").read_text())
    assert document["space"] == space and document["trainer"]["cwd"] == name
    same = set(ready) - {"base", "space", "trainer"}
    assert {key: document[key] for key in same} == {key: ready[key] for key in same}
    small = ["--set", "epochs=2", "--set", "budget={epochs: 2}"]
    run = driving.tuner("run", "tuner.yaml", "--set", "devices=cpu", "--set", "jobs=1", *small, cwd=here)
    assert run.returncode == 0, run.stdout + run.stderr
    assert list(here.glob(f"results/{name}/trials/0000/run/{LOG[name]}"))


def test_where_nothing_is_found_it_is_the_study_of_the_digits(here: Path) -> None:
    document = written(here)
    ready = yaml.safe_load((driving.ROOT / "configs" / "digits.yaml").read_text())
    space = yaml.safe_load((driving.ROOT / "search_spaces" / "digits.yaml").read_text())
    assert document == {**ready, "space": space}
    assert (here / "tuner.yaml").read_text().startswith("# Nothing was found to train")


def test_a_file_is_never_overwritten(here: Path) -> None:
    (here / "tuner.yaml").write_text("mine")
    done = driving.tuner("init", cwd=here)
    assert done.returncode == 2 and done.stdout == ""
    assert "tuner.yaml: expected a new file, but there is one; name another with --out FILE" in done.stderr
    assert (here / "tuner.yaml").read_text() == "mine"


def test_a_dash_prints_the_configuration_and_nothing_else(here: Path) -> None:
    done = driving.tuner("init", "--out", "-", cwd=here)
    assert yaml.safe_load(done.stdout)["study"] == "digits"
    assert "found    nothing to train" in done.stderr
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nowhere"], "nowhere: expected a folder, a train.py or a data.yaml, but there is no such thing"),
        (["--task", "detct"], "--task: detct: expected one of detect, segment, obb, pose, classify, did you mean"),
        (["--out", "no/such.yaml"], "expected a file in a folder that is there, but there is no no"),
        (["picture.png"], "expected a folder, a train.py or a data.yaml, but got another file"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(here: Path, words: list[str], problem: str) -> None:
    (here / "picture.png").write_bytes(b"")
    done = driving.tuner("init", *words, cwd=here)
    assert done.returncode == 2 and problem in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (here / "tuner.yaml").exists()


def test_a_data_set_with_a_mistake_is_refused_by_its_name(here: Path) -> None:
    sets.yolo(here / "set", val="images/vall")
    with pytest.raises(ConfigError, match=r"data.yaml: val: expected a folder of images .* did you mean 'val'"):
        init_command.run(here, here / "tuner.yaml", None)
    assert not (here / "tuner.yaml").exists()


def test_a_label_that_is_out_of_range_leaves_no_configuration(here: Path) -> None:
    sets.label(sets.yolo(here / "set").parent, "train", 0, "7 0.5 0.5 0.1 0.1\n")
    with pytest.raises(ConfigError, match="class"):
        init_command.run(here, here / "tuner.yaml", None)
    assert not (here / "tuner.yaml").exists()


def test_other_layouts_are_answered_with_the_command_that_converts_them(here: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
    sets.voc(here / "mine", range(10))
    done = driving.tuner("init", "mine", cwd=here)
    assert done.returncode == 1 and not (here / "tuner.yaml").exists()
    words = next(line for line in done.stdout.splitlines() if "tuner data voc" in line).split()[2:]
    converted = driving.tuner(*words, cwd=here)
    assert converted.returncode == 0, converted.stderr
    assert "found    data/mine/data.yaml" in init(*done.stdout.split()[-1:], cwd=here)


@pytest.mark.parametrize("name", ["annotations/instances_train.json", "train/_annotations.coco.json"])
def test_a_data_set_of_coco_is_known_by_the_name_of_its_file(here: Path, name: str) -> None:
    path = here / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert look.look(here / "mine").raw[0].startswith("tuner data coco ")


def test_a_folder_of_classes_is_trained_on_as_such(here: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
    sets.classes(here / "set", {"train": ["cat", "dog"], "val": ["cat", "dog"]})
    document = written(here)
    assert document["trainer"]["task"] == "classify" and document["trainer"]["data"] == "set"
    assert document["objective"]["metric"] == "metrics/accuracy_top1"
    assert document["trainer"]["model"] == "yolo11n-cls"


class TestOnGpus:
    """What a machine with GPUs is offered beside the search itself."""

    @pytest.fixture
    def ships(self, here: Path, gpus: Callable[[int], None]) -> Path:
        pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
        gpus(2)
        return sets.yolo(here / "set", n_train=8)

    def test_the_best_are_trained_again_in_a_last_stage(self, ships: Path) -> None:
        document = written(ships)
        assert document["devices"] == "auto" and document["epochs"] == 100
        assert list(document["stages"]) == ["search", "full"]
        loaded = stages.load(Path("tuner.yaml"))
        assert [len(stage.known.slots) for stage in loaded if stage.known] == [2, 2]

    def test_much_data_is_probed_first(self, ships: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(yolo, "PROBED", 5)
        monkeypatch.setattr(yolo, "DRAWN", 6)
        document = written(ships)
        assert list(document["stages"]) == ["probe", "search", "full"]
        assert document["stages"]["search"] == {"trainer": {"images": 3}}

    def test_weights_that_are_there_are_started_from_in_all_their_sizes(self, ships: Path) -> None:
        for name in ("yolov8n.pt", "yolov8m.pt", "yolov8s-seg.pt", "best.pt"):
            (ships.parent / name).write_bytes(b"weights")
        document = written(ships.parent)
        assert document["trainer"]["model"] == "yolov8{size}" and "pretrained" not in document["trainer"]
        assert document["space"]["size"] == {"ordered": ["n", "m"]}


def test_a_program_that_calls_ultralytics_gives_way_to_its_data(here: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
    sets.yolo(here / "set")
    (here / "train.py").write_text("from ultralytics import YOLO\n")
    assert written(here)["trainer"]["name"] == "ultralytics"
    assert written(here / "train.py")["trainer"]["name"] == "script"


def test_batches_are_no_larger_than_the_training_images_fill(here: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra yolo is not installed")
    sets.yolo(here / "set", n_train=3)
    assert written(here)["space"]["batch"] == {"ordered": [4], "default": 4}


def test_a_configuration_beside_the_program_finds_it_from_anywhere(here: Path) -> None:
    (here / "code").mkdir()
    shutil.copy(REGRESSION, here / "code" / "train.py")
    document = written(here / "code")
    assert document["trainer"]["cwd"] == "code"
    assert config.load(here / "tuner.yaml").trainer.log(here).path.name == "log.csv"


def test_environments_and_results_are_not_searched(here: Path) -> None:
    for place in ("env", "results/old/trials", "node_modules/x"):
        (here / place).mkdir(parents=True)
        shutil.copy(REGRESSION, here / place / "train.py")
    (here / "env" / "pyvenv.cfg").write_text("")
    assert look.look(here).programs == []
