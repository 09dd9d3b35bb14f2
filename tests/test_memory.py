"""What is known not to fit into the memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from tests import driving
from tuner import config, memory, search, space_file, stages
from tuner.policy import prescribe
from tuner.record import Action, Ending, Origin, Params, Record
from tuner.registry import REMEDIES

SPACE = space_file.build(
    {
        "batch": {"ordered": [8, 16, 32, 64]},
        "size": {"ordered": ["n", "s", "m"]},
        "family": {"choice": ["v8", "v11"]},
        "optimizer": {"choice": ["SGD", "AdamW"]},
        "lr0": {"grid": [0.001, 1]},
        "imgsz": {"ordered": [320, 640]},
    },
    "space",
)


def params(**values: Any) -> Params:
    return SPACE.complete({"batch": 32, "size": "s", "family": "v8", "optimizer": "SGD", "imgsz": 320, **values})


def failed(**values: Any) -> Record:
    ending = Ending(Action.PRUNE, memory.OUT_OF_MEMORY, "out of memory")
    return Record(0, TrialState.PRUNED, params(**values), Origin.SAMPLER, ending=ending)


def batch_after(asked: Params, *records: Record) -> Any:
    bound = memory.bound(memory.too_large(records), SPACE)
    return (bound(asked) if bound else asked)["batch"]


def test_nothing_is_bounded_while_everything_fits() -> None:
    fine = Record(0, TrialState.COMPLETE, params(), Origin.SAMPLER, ending=Ending(Action.FINISH, "finished", ""))
    assert memory.bound(memory.too_large([fine]), SPACE) is None


def test_a_batch_that_did_not_fit_is_lowered_below_it() -> None:
    assert batch_after(params(batch=64), failed()) == 16
    assert batch_after(params(batch=32), failed()) == 16
    assert batch_after(params(batch=16), failed()) == 16


def test_it_fits_with_no_larger_model_and_no_larger_images_either() -> None:
    assert batch_after(params(size="m"), failed()) == 16
    assert batch_after(params(imgsz=640), failed()) == 16


def test_a_smaller_model_and_another_family_may_still_take_it() -> None:
    assert batch_after(params(size="n"), failed()) == 32
    assert batch_after(params(family="v11"), failed()) == 32


def test_the_optimizer_and_the_rate_change_nothing_about_it() -> None:
    assert batch_after(params(optimizer="AdamW", lr0=1.0), failed()) == 16


def test_the_lowest_of_several_limits_counts() -> None:
    assert batch_after(params(batch=64), failed(), failed(batch=16)) == 8


def test_where_not_even_the_smallest_batch_fits_the_parameters_stay_as_they_are() -> None:
    assert batch_after(params(batch=8), failed(batch=8)) == 8


def test_a_baseline_that_is_known_not_to_fit_is_not_started() -> None:
    bound = memory.bound([failed().params], SPACE)
    assert bound is not None
    opening = search.openers([params(batch=64), params(batch=16)], SPACE, points=0)
    proposal = search.propose(
        [failed()],
        opening,
        remedy_share=0.0,
        max_retries=0,
        higher_is_better=True,
        table={},
        fits=lambda asked: bound(asked) == asked,
    )
    assert proposal.params == params(batch=16)


def test_a_smaller_batch_is_prescribed_and_tried_although_no_symptom_was_seen() -> None:
    sick = failed()
    found = prescribe(memory.REMEDIES, sick.params, SPACE, REMEDIES, {}, [sick.params])
    assert found is not None
    assert found.params == params(batch=16)


PROGRAM = """
import sys
folder, batch, size = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if batch * (2 if size == "m" else 1) > 32:
    raise MemoryError(f"cannot hold a batch of {batch}")
with open(f"{folder}/results.csv", "w") as log:
    log.write("epoch,train_loss,val_loss,val/accuracy\\n")
    for e in (1, 2, 3):
        log.write(f"{e},{1 / e},{1 / e},{1 - 1 / e - batch / 500}\\n")
"""


SPACE_OF_PROGRAM = {"batch": {"ordered": [8, 16, 32, 64]}, "size": {"ordered": ["s", "m"]}}


def trainer(folder: Path) -> dict[str, str]:
    (folder / "train.py").write_text(PROGRAM)
    return {"name": "script", "command": f"{{python}} {folder}/train.py {{folder}} {{batch}} {{size}}"}


def test_a_study_learns_what_fits_and_tries_nothing_larger(write_config: Callable[..., Path], tmp_path: Path) -> None:
    records = driving.study(
        write_config(
            trainer=trainer(tmp_path),
            space=SPACE_OF_PROGRAM,
            baselines=[{"batch": 64, "size": "s"}, {"batch": 32, "size": "m"}, {"batch": 64, "size": "m"}],
            epochs=3,
            jobs=1,
            budget={"trials": 16},
        )
    )
    too_large = [r for r in records if r.ending is not None and r.ending.reason == memory.OUT_OF_MEMORY]
    assert [r.params for r in too_large] == [{"batch": 64, "size": "s"}, {"batch": 32, "size": "m"}]
    assert all(r.state is TrialState.PRUNED and r.prescription is not None for r in too_large)
    assert {"smaller_batch"} <= {r.remedy for r in records}
    assert sum(r.state is TrialState.COMPLETE for r in records) == 14


def test_a_later_stage_knows_what_did_not_fit_in_the_one_before(
    write_config: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_config(
        trainer=trainer(tmp_path),
        space=SPACE_OF_PROGRAM,
        baselines=[{"batch": 64, "size": "s"}, {"batch": 32, "size": "s"}, {"batch": 8, "size": "m"}],
        epochs=3,
        jobs=1,
        stages={"probe": {"budget": {"trials": 3}}, "search": {"budget": {"trials": 8}}},
    )
    done = driving.tuner("run", path, timeout=120)
    assert done.returncode == 0, done.stderr
    probe, search_stage = json.loads(driving.tuner("report", tmp_path / "results" / "small", "--json").stdout)
    assert probe["trials"][0]["params"] == {"batch": 64, "size": "s"}
    assert len(search_stage["trials"]) == 8
    assert all(t["params"]["batch"] < 64 for t in search_stage["trials"])


def test_what_did_not_fit_says_nothing_about_another_training(write_config: Callable[..., Path]) -> None:
    own: dict[str, Any] = {"space": {"batch": {"ordered": [8, 16]}}, "baselines": []}
    study = config.load(write_config(trainer={"name": "torch"}, **own))
    larger = config.load(write_config(trainer={"name": "torch", "threads": 2}, **own))
    out = Record(0, TrialState.PRUNED, {"batch": 16}, ending=Ending(Action.PRUNE, memory.OUT_OF_MEMORY, ""))
    assert stages.too_large_for(study, [(study, [out])]) == [{"batch": 16}]
    assert stages.too_large_for(larger, [(study, [out])]) == []
