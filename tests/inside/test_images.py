"""Trainings on images of one's own: learnt, killed, continued, tested; small models and a ResNet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.inside.pictures import folders
from tests.inside.test_training import Killed, _killed_at_call, assert_same_run, rows
from tuner.errors import ConfigError
from tuner.inside import checkpoint, data, models, optimizers, torch_classifier, training
from tuner.inside.parameters import RESNETS, parse
from tuner.spec import TrialSpec
from tuner.trainers.torch import TorchOptions, TorchTrainer

COUNTS = (30, 15, 9)
EPOCHS = 4
EVERYTHING = {
    "model": "cnn-s", "optimizer": "adam", "lr": 0.01, "batch": 16, "dropout": 0.1, "augmentation": 0.5,
    "oversample": 1.0, "ema": 0.9, "label_smoothing": 0.1, "class_weights": 0.5, "head_epochs": 1,
    "warmup_epochs": 1, "schedule": "step", "grad_clip": 5.0,
}  # fmt: skip


def spec(study: Path, name: str, params: dict[str, Any], **options: Any) -> dict[str, Any]:
    folder = study / "trials" / name
    folder.mkdir(parents=True, exist_ok=True)
    known = {"data": str(study / "images"), "image_size": 16, "device": "cpu", **options}
    trial = TrialSpec(1, params, EPOCHS, 7, folder, "val/balanced_accuracy", True)
    TorchTrainer(TorchOptions(**known), Path()).command(trial, resume=False)
    read: dict[str, Any] = json.loads((folder / "spec.json").read_text())
    return read


def train(study: Path, name: str, params: dict[str, Any], *, resume: bool = False, **options: Any) -> Path:
    written = spec(study, name, params, **options)
    training.train(written, parse(params), resume=resume)
    return Path(written["folder"])


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folders(tmp_path / "images", COUNTS)
    return tmp_path


def test_a_small_model_learns_the_classes_of_folders(study: Path) -> None:
    folder = train(study, "a", {"model": "cnn-s", "lr": 0.1, "batch": 8})
    assert rows(folder)[-1]["val/balanced_accuracy"] > 0.9
    scores = training.test(spec(study, "a", {}), parse({"model": "cnn-s"}))
    assert scores["test_accuracy"] > 0.8


def test_a_run_with_everything_on_that_is_killed_goes_on_bit_for_bit(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(study, "whole", EVERYTHING)
    for at in (1, 2, 4):  # within the head's epoch, after it, in the last one
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(training, "_better", _killed_at_call(at))
            train(study, f"killed{at}", EVERYTHING)
        assert_same_run(train(study, f"killed{at}", EVERYTHING, resume=True), whole)


def test_a_run_that_is_paused_goes_on_bit_for_bit(study: Path) -> None:
    whole = train(study, "whole", EVERYTHING)
    for until in (1, 3, EPOCHS):
        written = {**spec(study, "paused", EVERYTHING), "until": until}
        training.train(written, parse(EVERYTHING), resume=until > 1)
    assert_same_run(study / "trials" / "paused", whole)


def test_all_trials_of_a_study_see_the_images_as_the_first_found_them(study: Path) -> None:
    first = data.load(spec(study, "a", {}))
    (study / "images" / "a" / "0.png").unlink()
    folders(study / "images", (40, 40, 40), first=1000)
    second = data.load(spec(study, "b", {"lr": 1}))
    assert np.array_equal(first.val.rows, second.val.rows)
    assert np.array_equal(first.images, second.images)
    assert data.load(spec(study, "c", {}, image_size=8)).images.shape == (120, 3, 8, 8)


def test_images_without_colour_have_one_channel_and_of_mixed_ones_all_have_three(tmp_path: Path) -> None:
    folders(tmp_path / "images", (9, 9), grey=True)
    assert data.load(spec(tmp_path, "a", {})).images.shape == (18, 1, 16, 16)
    Image.new("P", (30, 30)).save(tmp_path / "images" / "a" / "0.png")
    folder = train(tmp_path, "b", {"model": "mlp-xs"}, split_seed=3)
    assert checkpoint.load(folder / "best.pt")["mean"].shape == (3,)


def test_sixteen_bits_and_arrays_of_any_range_keep_what_they_show(tmp_path: Path) -> None:
    (tmp_path / "images" / "a").mkdir(parents=True)
    folders(tmp_path / "images", (6, 6), grey=True)
    deep = np.full((20, 20), 40000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "images" / "a" / "deep.png")
    found = data.load(spec(tmp_path, "a", {}))
    assert 40000 // 256 in {int(image.max()) for image in found.images if image.min() == image.max()}
    x = np.random.default_rng(0).normal(0, 5, (30, 8, 8))
    np.savez(tmp_path / "set.npz", x_train=x, y_train=[0, 1, 1] * 10)
    arrays = data.load(spec(tmp_path, "b", {}, data=str(tmp_path / "set.npz"), image_size=8))
    assert (arrays.images.min(), arrays.images.max()) == (0, 255)


def test_images_are_normalised_with_the_statistics_of_the_augmented_training_images(study: Path) -> None:
    plain = checkpoint.load(train(study, "plain", {"model": "mlp-xs"}) / "last.pt")
    found = data.load(spec(study, "plain", {}))
    seen = found.images[found.train.rows].astype(np.float64)
    assert plain["mean"].numpy() == pytest.approx(seen.mean(axis=(0, 2, 3)), rel=1e-4)
    assert plain["deviation"].numpy() == pytest.approx(seen.std(axis=(0, 2, 3)), rel=1e-4)
    rare = checkpoint.load(train(study, "rare", {"model": "mlp-xs", "oversample": 1.0}) / "last.pt")
    assert rare["mean"][0] < plain["mean"][0]  # less of the red class, which has the most images
    assert rare["mean"][2] > plain["mean"][2]


def test_the_log_tells_the_loss_of_the_images_from_the_regulariser(study: Path) -> None:
    logged = rows(train(study, "a", {"model": "mlp-xs", "weight_decay": 0.1, "lr": 0.01}))
    weights = torch.cat([v.reshape(-1) for v in checkpoint.load(study / "trials/a/last.pt")["model"].values()])
    assert logged[-1]["train/regulariser"] == pytest.approx(0.05 * float(weights.square().sum()), rel=0.05)
    assert all(r["train/total"] == pytest.approx(r["train/loss"] + r["train/regulariser"], rel=1e-5) for r in logged)
    assert rows(train(study, "b", {"weight_decay": 0.0}))[-1]["train/regulariser"] == 0


def body_and_head(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    model = list(checkpoint.load(folder / "last.pt")["model"].values())
    return torch.cat([value.reshape(-1) for value in model[:-2]]), torch.cat([v.reshape(-1) for v in model[-2:]])


def test_the_head_learns_alone_before_the_rest_joins(study: Path) -> None:
    params = {"model": "cnn-s", "optimizer": "adamw", "lr": 0.01, "head_epochs": 2}
    states = []
    for until in (1, 2, 3):
        written = {**spec(study, "a", params), "until": until}
        training.train(written, parse(params), resume=until > 1)
        states.append(body_and_head(study / "trials/a"))
    assert torch.equal(states[0][0], states[1][0])
    assert not torch.equal(states[0][1], states[1][1])
    assert not torch.equal(states[1][0], states[2][0])


def test_the_averaged_weights_are_those_scored_and_kept(study: Path) -> None:
    params = {"model": "mlp-s", "lr": 0.02, "batch": 16, "ema": 0.99}
    folder = train(study, "a", params)
    last, best = checkpoint.load(folder / "last.pt"), checkpoint.load(folder / "best.pt")
    if best["epoch"] == EPOCHS:
        assert torch.equal(torch.cat([v.reshape(-1) for v in best["model"].values()]), last["average"][0])
    assert not torch.equal(torch.cat([v.reshape(-1) for v in last["model"].values()]), last["average"][0])
    plain = rows(train(study, "b", {**params, "ema": 0.0}))
    assert [row["train/loss"] for row in plain] == [row["train/loss"] for row in rows(folder)]
    assert [row["val/loss"] for row in plain] != [row["val/loss"] for row in rows(folder)]


def test_a_resnet_trains_from_weights_that_are_named_and_goes_on_bit_for_bit(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    given = models.build("resnet18", dropout=0.0, classes=7)  # its last layer is for other classes
    torch.save(given.state_dict(), study / "resnet18.pth")
    params = {"model": "resnet18", "lr": 0.01, "batch": 16, "head_epochs": 1, "ema": 0.9, "dropout": 0.1}
    options = {"weights": str(study / "{model}.pth"), "image_size": 32}
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training, "_better", _killed_at_call(2))
        train(study, "killed", params, **options)
    saved = checkpoint.load(study / "trials/killed/last.pt")["model"]
    assert torch.equal(saved["conv1.weight"], given.state_dict()["conv1.weight"])  # the head's epoch is all it did
    assert torch.equal(saved["bn1.running_mean"], given.state_dict()["bn1.running_mean"])
    killed = train(study, "killed", params, resume=True, **options)
    assert_same_run(killed, train(study, "whole", params, **options))
    assert not torch.equal(checkpoint.load(killed / "last.pt")["model"]["conv1.weight"], saved["conv1.weight"])


def test_weights_that_do_not_fit_are_refused_in_one_line(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "mlp-s.pth").write_bytes(b"no weights")
    written = spec(study, "a", {"model": "mlp-s"}, weights=str(study / "{model}.pth"))
    path = str(Path(written["folder"]) / "spec.json")
    assert torch_classifier.main([path]) == 2
    assert "expected a file of weights, but it cannot be read" in capsys.readouterr().err
    torch.save({"model": models.build("mlp-xs", dropout=0, side=16, channels=3).state_dict()}, study / "mlp-s.pth")
    assert torch_classifier.main([path]) == 2
    said = capsys.readouterr().err
    assert "expected weights of the model, but '1.weight', (64, 768), is (16, 768)" in said and said.count("\n") == 1


@pytest.mark.parametrize("name", RESNETS)
def test_larger_models_are_larger(name: str) -> None:
    before = {"resnet18": "cnn-l", "resnet34": "resnet18", "resnet50": "resnet34", "resnet101": "resnet50"}
    with torch.device("meta"):
        sizes = [
            sum(p.numel() for p in models.build(one, dropout=0, side=32, channels=3).parameters())
            for one in (before[name], name)
        ]
    assert sizes[0] < sizes[1]


def test_what_layers_count_is_laid_out_in_one_vector() -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    flat = optimizers.flatten_buffers(model)
    model(torch.ones(4, 1, 5, 5))
    assert torch.equal(flat, torch.cat([model[1].running_mean, model[1].running_var]))  # type: ignore[list-item]
    model.load_state_dict({k: torch.full_like(v, 7) for k, v in model.state_dict().items()})
    assert flat.tolist() == [7.0] * 4


def test_an_image_that_breaks_after_the_check_ends_the_trial_in_one_line(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study / "images" / "a" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    written = spec(study, "a", {})
    assert torch_classifier.main([str(Path(written["folder"]) / "spec.json")]) == 2
    said = capsys.readouterr().err
    assert "3.png: expected an image" in said and said.count("\n") == 1
    with pytest.raises(ConfigError):
        data.load(written)
