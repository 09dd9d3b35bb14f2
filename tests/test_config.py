"""Configurations: what is accepted, and how each mistake is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuner import config
from tuner.errors import ConfigError
from tuner.executors import devices

Write = Callable[..., Path]


def refusal(path: Path, *sets: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(path, sets)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(path), "study.yaml")


def test_a_small_config_is_accepted_and_filled_with_defaults(write_config: Write) -> None:
    loaded = config.load(write_config())
    assert loaded.model.budget.trial_hours == 96
    assert loaded.baselines == ({"lr": 0.1, "momentum": 0.895, "size": "m"},)
    assert "overfitting" in loaded.treatment
    assert len(loaded.slots) == 2


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"epoch": 3}, "study.yaml: epoch: unknown key, did you mean 'epochs'?"),
    ({"budget": {"trails": 3}}, "study.yaml: budget.trails: unknown key, did you mean 'trials'?"),
    ({"budget": {}}, "study.yaml: budget: expected at least one of trials, epochs, hours, but got none"),
    ({"budget": {"trials": "ten"}}, "study.yaml: budget.trials: expected a whole number, but got 'ten'"),
    ({"budget": {"trials": 0}}, "study.yaml: budget.trials: expected a number above 0, but got 0"),
    ({"budget": {"hours": float("inf")}}, "study.yaml: budget.hours: expected a number, but got inf"),
    ({"epochs": [3]}, "study.yaml: epochs: expected a whole number, but got [3]"),
    ({"epochs": None}, "study.yaml: epochs: expected a value, but the key is missing"),
    ({"budget": None, "budgett": {"trials": 3}}, "study.yaml: budgett: unknown key, did you mean 'budget'?"),
    ({"trainer": {"nmae": "torch"}}, "study.yaml: trainer.nmae: unknown key, did you mean 'name'?"),
    ({"trainer": {"name": "script", "comand": "t"}}, "trainer.comand: unknown key, did you mean 'command'?"),
    ({"trainer": {"colour": "red"}}, "study.yaml: trainer.name: expected a value, but the key is missing"),
    ({"study": "a/b"}, "study.yaml: study: expected letters, digits, '.', '_' or '-', but got 'a/b'"),
    ({"objective": {}}, "objective.metric: expected a value, but the key is missing: name of a logged series, such as"),
    ({"budget": None}, "study.yaml: budget: expected a value, but the key is missing: how much may be spent, such as"),
    ({"objective": {"metric": "acc", "direction": "up"}}, "objective.direction: expected 'maximize' or 'minimize'"),
    ({"trainer": {"name": "torhc"}}, "study.yaml: trainer.name: unknown trainer 'torhc', did you mean 'torch'?"),
    ({"trainer": {"name": "script"}}, "study.yaml: trainer.command: expected a value, but the key is missing"),
    ({"trainer": {"name": "script", "command": "train {lrr}"}}, "got '{lrr}', did you mean 'lr'?"),
    ({"trainer": {"name": "script", "command": "train {lr.__class__}"}}, "expected {name}, but got '{lr.__class__}'"),
    ({"trainer": {"name": "script", "command": "train 'lr"}}, "expected a command line, but got one with no closing"),
    ({"trainer": {"name": "script", "command": "t", "log": {"format": "xls"}}}, "unknown log format 'xls'"),
    ({"trainer": {"name": "script", "command": "t", "log": {"file": "../x"}}}, "a path inside the trial's folder"),
    ({"executor": "pbs"}, "study.yaml: executor: unknown executor 'pbs' (known: local, ray, slurm)"),
    ({"treatment": {"overfiting": {}}}, "treatment: unknown symptom 'overfiting', did you mean 'overfitting'?"),
    ({"treatment": {"nan": {"retry_with": ["smaler_model"]}}}, "unknown remedy 'smaler_model', did you mean 'smaller"),
    ({"treatment": {"nan": {"action": "kill"}}}, "treatment.nan.action: expected 'continue', 'stop' or 'prune'"),
    ({"symptoms": {"nann": {}}}, "study.yaml: symptoms: unknown symptom 'nann', did you mean 'nan'?"),
    ({"symptoms": {"overfitting": {"patince": 3}}}, "study.yaml: symptoms.overfitting.patince: unknown key"),
    ({"symptoms": {"overfitting": {"rise": "much"}}}, "symptoms.overfitting.rise: expected a number, but got 'much'"),
    ({"sampler": {"name": "TPE"}}, "study.yaml: sampler: unknown sampler 'TPE', did you mean 'TPESampler'?"),
    (
        {"sampler": {"name": "TPESampler", "startup": 3}},
        "sampler: TPESampler: got an unexpected keyword argument 'startup', did",
    ),
    ({"scheduler": {"name": "Median"}}, "scheduler: unknown scheduler 'Median', did you mean 'MedianPruner'?"),
    ({"space": {}}, "space: expected at least one parameter, but got none"),
    ({"space": "nowhere.yaml"}, "study.yaml: space: expected a file, but there is none at"),
    ({"space": {"lr": {"log": [0, 1]}}}, "lr.log: expected a logarithmic range above 0, but got [0, 1]"),
    ({"space": {"lr": {"log": [1, 0.1]}}}, "lr.log: expected low < high, but got [1, 0.1]"),
    ({"space": {"lr": {"linear": ["a", 1]}}}, "lr.linear.0"),
    ({"space": {"lr": {"grid": [0.004, 0.009]}}}, "lr.grid: expected a range that holds a value 1 or 3 times"),
    ({"space": {"lr": {"choice": []}}}, "lr.choice: expected at least one value, but got an empty list"),
    (
        {"space": {"lr": {"choice": [1], "log": [1, 2]}}},
        "lr: expected exactly one of grid, log, linear, choice, ordered",
    ),
    ({"space": {"lr": {"ordered": [3, 1]}}}, "lr.ordered: expected values from small to large, but got [3, 1]"),
    ({"space": {"lr": {"linear": [0, 1], "role": "rate"}}}, "lr.role: unknown role 'rate'"),
    ({"space": {"lr": {"linear": [0, 1], "when": {"opt": ["a"]}}}}, "lr.when.opt: unknown parameter"),
    ({"space": {"lr": {"linear": [0, 1], "default": 3}}}, "lr.default: expected a value of"),
    (
        {"space": {"a": {"choice": [1], "when": {"b": [1]}}, "b": {"choice": [1], "when": {"a": [1]}}}},
        "when: expected conditions without a circle, but got one among a, b",
    ),
    ({"baselines": [{"learning": 1}]}, "study.yaml: baselines.0.learning: unknown parameter"),
    ({"baselines": [{"lr": 0.02}]}, "study.yaml: baselines.0.lr: expected a value of"),
    ({"devices": [7]}, "study.yaml: devices: expected devices of this machine (no GPU found), but got [7]"),
    ({"devices": []}, "study.yaml: devices: expected auto, cpu or a list of different GPU numbers"),
    ({"devices": 0}, "study.yaml: devices: expected auto, cpu or a list of different GPU numbers, but got 0"),
    ({"jobs": 10**12}, "study.yaml: jobs: expected a number of at most 1024, but got 1000000000000"),
    ({"epochs": True}, "study.yaml: epochs: expected a whole number, but got True"),
    ({"base": 5}, "study.yaml: base: expected a folder, but got 5"),
    ({"results": "\0"}, "expected text, but got one with a NUL character in it"),
    ({"storage": "sqlite://"}, "storage: expected a storage that lasts, but got 'sqlite://', which is in memory"),
    ({"space": {"n": {"linear": [-1e308, 1e308]}}}, "n.linear: expected numbers between 1e-30 and 1e+30 in size"),
    ({"space": {"n": {"choice": [1], "when": {"m": []}}}}, "n: expected at least one value in 'when'"),
    ({"space": {"lr": {"choice": [1]}, "seed": {"choice": [1]}}, "baselines": []}, "tuner's own, but got 'seed'"),
    ({"trainer": {"name": "script", "command": "t {size:.3f}"}}, "command: expected a template that can be filled in"),
    ({"trainer": {"name": "script", "command": "t {lr:{width}}"}}, "command: expected a template that can be filled"),
    ({"sampler": {"name": "GridSampler", "search_space": {"x": [1]}}}, "GridSampler cannot draw from this space"),
    ({"sampler": {"name": "TPESampler", "n_startup_trials": "x"}}, "TPESampler cannot draw from this space"),
    ({"remedies": {"share": 2}}, "study.yaml: remedies.share: expected a number of at most 1"),
]


@pytest.mark.parametrize(("changes", "expected"), MISTAKES, ids=[e[:60] for _, e in MISTAKES])
def test_a_mistake_is_named_in_one_line(
    write_config: Write, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], expected: str
) -> None:
    monkeypatch.setattr(devices, "gpus", list)
    assert expected in refusal(write_config(**changes))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.yaml").endswith(
        ": no such file; tuner init writes a first configuration for what lies here"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n- b\n", "expected a mapping of keys, but got ['a', 'b']"),
        ("a: 1\na: 2\n", "expected YAML, but got: 'a' stands twice"),
        ("a: [1\n", "expected YAML, but got"),
        ("a: !!timestamp x\n", "expected YAML, but got"),
        ("a: !!bool foo\n", "expected YAML, but got"),
        ("[" * 3000, "expected YAML, but got"),
        ("a: !!python/object/apply:os.system [ls]\n", "expected YAML, but got: could not determine a constructor"),
    ],
)
def test_what_is_not_a_plain_mapping_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    assert expected in refusal(path)


def test_binary_rubbish_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "expected text in UTF-8" in refusal(path)


def test_overrides_reach_into_the_parts(write_config: Write) -> None:
    loaded = config.load(
        write_config(), ["budget.trials=3", "space.lr.grid=[0.01, 1e-1]", "treatment.overfitting=null", "seed=1"]
    )
    assert loaded.model.budget.trials == 3
    assert loaded.space.parameters["lr"].describe() == {"ordered": [0.01, 0.03, 0.1]}
    assert "overfitting" not in loaded.treatment
    assert "nan" in loaded.treatment


def test_an_override_without_a_value_is_refused(write_config: Write) -> None:
    assert "expected key=value" in refusal(write_config(), "budget.trials")


def test_an_override_below_a_plain_value_is_refused(write_config: Write) -> None:
    assert "'epochs' is 10 and has no keys" in refusal(write_config(), "epochs.more=3")


def test_an_empty_key_for_the_treatment_leaves_the_plain_sampler(write_config: Write) -> None:
    path = write_config()
    path.write_text(path.read_text() + "treatment:\n")
    assert config.load(path).treatment == {}


def test_merge_keys_of_yaml_work(write_config: Write) -> None:
    path = write_config(remedies=None)
    path.write_text("remedies: &r {share: 0.1}\n" + path.read_text() + "scale_rate_with_batch: null\n")
    path.write_text(path.read_text() + "symptoms: {overfitting: {<<: {rise: 0.2}, rise: 0.1}}\n")
    assert config.load(path).symptom_options["overfitting"].rise == 0.1


def test_a_report_needs_neither_devices_nor_the_working_directory(write_config: Write) -> None:
    trainer = {"name": "script", "command": "train", "cwd": "/no/such/folder"}
    path = write_config(devices=[99], trainer=trainer)
    with pytest.raises(ConfigError):
        config.load(path)
    assert config.load(path, reading=True).slots == ()


def test_an_empty_treatment_leaves_the_plain_sampler(write_config: Write) -> None:
    assert config.load(write_config(treatment={})).treatment == {}


def test_a_saved_config_loads_as_the_same_study(write_config: Write) -> None:
    first = config.load(write_config(), ["space.size.ordered=[s, l]", "baselines=[]"])
    first.folder.mkdir(parents=True)
    again = config.load(config.save(first))
    assert again.space.describe() == first.space.describe()
    assert again.model.model_dump(exclude={"base"}) == first.model.model_dump(exclude={"base"})
    assert again.folder == first.folder


def test_a_space_may_stand_in_a_file_beside_the_config(write_config: Write, tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("lr: {log: [1e-5, 1e-1]}\n")
    path = write_config(space="space.yaml", baselines=[], trainer={"name": "script", "command": "train {lr}"})
    assert config.load(path).space.describe() == {"lr": {"log": [1e-5, 0.1]}}


def test_a_score_that_the_trainer_does_not_log_is_refused(write_config: Callable[..., Path]) -> None:
    own: dict[str, Any] = {"trainer": {"name": "torch"}, "space": {"lr": {"grid": [0.001, 1]}}, "baselines": []}
    for metric in ("val/accuracy", "val/loss", "train/loss"):
        config.load(write_config(objective={"metric": metric, "direction": "maximize"}, **own))
    path = write_config(objective={"metric": "val/acc", "direction": "maximize"}, **own)
    with pytest.raises(ConfigError, match=r"objective.metric: unknown score, did you mean 'val/accuracy'"):
        config.load(path)
