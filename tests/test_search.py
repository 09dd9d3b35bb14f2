"""Which trial comes next, and which move a remedy takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from optuna.trial import TrialState

from tuner import search, space_file
from tuner.diagnosis import Diagnosis, Symptom
from tuner.policy import Treatment, complaint, decide, prescribe
from tuner.record import Action, Ending, Origin, Params, Prescription, Record
from tuner.registry import REMEDIES
from tuner.worth import worth

SPACE = space_file.build(
    {
        "lr": {"grid": [0.01, 1]},
        "model": {"ordered": ["s", "m", "l"]},
        "wd": {"log": [1e-5, 0.1]},
        "optimizer": {"choice": ["sgd", "adam"]},
        "epochs": {"ordered": [10, 20]},
    },
    "space",
)
TABLE = {"overfitting": Treatment(Action.STOP, ("smaller_model",))}
FINISH, PRUNE = Ending(Action.FINISH, "finished", ""), Ending(Action.PRUNE, "nan", "")


def record(number: int, score: float | None = 0.5, **more: Any) -> Record:
    params: Params = more.pop("params", SPACE.complete({"wd": (number + 1) * 1e-4}))
    ending: Ending = more.pop("ending", FINISH)
    states = {Action.FINISH: TrialState.COMPLETE, Action.PRUNE: TrialState.PRUNED, Action.FAIL: TrialState.FAIL}
    return Record(number, states[ending.action], params, score=score, ending=ending, seed=number, **more)


def prescribed(number: int, score: float | None, remedy: str = "smaller_model", **more: Any) -> Record:
    r = record(number, score, **more)
    changed = REMEDIES[remedy].changes(r.params, SPACE)
    assert changed is not None
    return replace(r, prescription=Prescription(remedy, changed, "overfitting"))


def propose(records: list[Record], *, share: float = 1.0, higher: bool = True, opening: Any = ()) -> search.Proposal:
    return search.propose(records, opening, remedy_share=share, max_retries=2, higher_is_better=higher, table=TABLE)


def test_the_baseline_is_not_repeated_by_the_sweep() -> None:
    opening = search.openers([SPACE.complete({"lr": 0.1})], SPACE, 5)
    assert [(p.origin, p.params and p.params["lr"]) for p in opening] == [
        (Origin.BASELINE, 0.1),
        (Origin.SWEEP, 0.01),
        (Origin.SWEEP, 0.03),
        (Origin.SWEEP, 0.3),
        (Origin.SWEEP, 1.0),
    ]


def test_an_opening_that_was_interrupted_goes_on_where_it_was() -> None:
    opening = search.openers([SPACE.complete({"lr": 0.1})], SPACE, 5)
    done = [
        record(0, params=opening[0].params, origin=Origin.BASELINE),
        record(1, params=opening[2].params, origin=Origin.SWEEP),
    ]
    assert propose(done, opening=opening) == opening[1]


def test_the_remedy_of_the_best_trial_comes_first() -> None:
    records = [prescribed(0, 0.6), prescribed(1, 0.8), prescribed(2, 0.7)]
    assert propose(records).parent == 1
    assert propose(records, higher=False).parent == 0


def test_a_trial_without_a_score_is_treated_last() -> None:
    assert propose([prescribed(0, None, ending=PRUNE), prescribed(1, 0.1)]).parent == 1


def test_only_the_better_half_is_treated() -> None:
    good = [record(n, 0.8 + n / 100) for n in range(4)]
    assert propose([*good, prescribed(4, 0.5)]).origin is Origin.SAMPLER
    assert propose([*good, prescribed(4, 0.9)]).parent == 4


def test_every_third_remedy_may_go_to_a_trial_that_failed() -> None:
    good = [record(n, 0.8 + n / 100) for n in range(4)]
    failed = [prescribed(n, None, ending=PRUNE) for n in (4, 5)]
    done = [record(6 + n, 0.8, origin=Origin.REMEDY, parent=n, remedy="smaller_model") for n in range(3)]
    assert propose([*good, *failed]).origin is Origin.SAMPLER
    assert propose([*good, *failed, *done]).parent == 4
    rescue = record(9, 0.8, origin=Origin.REMEDY, parent=4, remedy="smaller_model")
    assert propose([*good, *failed, *done, rescue], share=1).parent == 5
    again = record(10, 0.8, origin=Origin.REMEDY, parent=5, remedy="smaller_model")
    assert propose([*good, *failed, *done, rescue, again, prescribed(11, None, ending=PRUNE)]).parent is None


def test_a_prescription_that_the_table_no_longer_knows_is_left_aside() -> None:
    assert propose([prescribed(0, 0.6, "more_weight_decay")]).origin is Origin.SAMPLER


def test_a_repeated_child_is_credited_to_its_first_parent() -> None:
    cut = record(1, None, ending=Ending(Action.FAIL, "budget", ""), origin=Origin.REMEDY, parent=0, remedy="x")
    again = record(2, 0.9, origin=Origin.RETRY, parent=1, remedy="x", retry=1)
    (credit,) = worth([record(0, 0.5), cut, again], higher_is_better=True)
    assert [(p.parent, p.child) for p in credit.pairs] == [(0, 2)]


def test_a_remedy_is_tried_once() -> None:
    parent = prescribed(0, 0.6)
    assert parent.prescription is not None
    child = record(1, origin=Origin.REMEDY, parent=0, remedy="smaller_model", params=parent.prescription.params)
    assert propose([parent, child]).origin is Origin.SAMPLER


def test_remedies_wait_when_their_share_is_used() -> None:
    records = [prescribed(0, 0.6), record(1, origin=Origin.REMEDY, parent=9, remedy="smaller_model")]
    assert propose(records, share=0.3).origin is Origin.SAMPLER
    assert propose([*records, *(record(n) for n in range(2, 8))], share=0.3).origin is Origin.REMEDY


def test_a_trial_that_the_budget_cut_without_a_score_is_repeated_before_anything_else() -> None:
    cut = record(0, None, ending=Ending(Action.FAIL, "budget", ""))
    again = propose([cut, prescribed(1, 0.9)])
    assert (again.origin, again.parent, again.params, again.seed, again.retry) == (Origin.RETRY, 0, cut.params, 0, 1)


def test_a_trial_that_crashed_by_itself_is_not_repeated() -> None:
    assert propose([record(0, None, ending=Ending(Action.FAIL, "crashed", ""))]).origin is Origin.SAMPLER


def test_repeated_trials_do_not_count_twice() -> None:
    cut = record(0, None, ending=Ending(Action.FAIL, "budget", ""))
    assert search.counted([cut, record(1, origin=Origin.RETRY, parent=0, retry=1), record(2)]) == 2


def take(row: list[str], params: Params, records: list[Record], taken: list[Params]) -> Prescription | None:
    credit = {w.remedy: w for w in worth(records, higher_is_better=True)}
    return prescribe(row, params, SPACE, REMEDIES, credit, taken)


def test_the_first_move_of_the_row_is_tried_first() -> None:
    params = SPACE.complete({"model": "l"})
    assert take(["smaller_model", "more_weight_decay"], params, [], []) == Prescription(
        "smaller_model", {**params, "model": "m"}
    )


def test_a_move_that_did_not_help_gives_way() -> None:
    parent = record(0, 0.9)
    child = record(1, 0.5, origin=Origin.REMEDY, parent=0, remedy="smaller_model")
    found = take(["smaller_model", "more_weight_decay"], SPACE.complete({"model": "l"}), [parent, child], [])
    assert found is not None and found.remedy == "more_weight_decay"


def test_a_move_that_helped_stays() -> None:
    records = [record(0, 0.5), record(1, 0.9, origin=Origin.REMEDY, parent=0, remedy="more_weight_decay")]
    found = take(["smaller_model", "more_weight_decay"], SPACE.complete({"model": "l"}), records, [])
    assert found is not None and found.remedy == "more_weight_decay"


def test_moves_that_leave_the_space_or_repeat_a_trial_are_passed_over() -> None:
    params = SPACE.complete({"model": "s", "wd": 0.001})
    more = {**params, "wd": 0.00316228}
    found = take(["smaller_model", "more_weight_decay", "other_optimizer"], params, [], [more])
    assert found is not None and found.remedy == "other_optimizer"
    assert take(["smaller_model"], params, [], []) is None


@pytest.mark.parametrize("name", REMEDIES)
def test_every_remedy_stays_inside_the_space(name: str) -> None:
    params = SPACE.complete({})
    for _ in range(20):
        changed = REMEDIES[name].changes(params, SPACE)
        if changed is None:
            return
        assert changed != params
        assert all(SPACE.parameters[key].contains(value) for key, value in changed.items())
        params = changed
    assert name == "other_optimizer"  # the only move that goes round


@pytest.mark.parametrize("name", REMEDIES)
def test_every_remedy_has_a_manual(name: str) -> None:
    manual = REMEDIES[name].__doc__
    assert manual and "answer to" in manual.lower()


def symptom(name: str, severity: float = 1.0, *, healthy: bool = False) -> Symptom:
    return Symptom(name, 3, 9, 0.9, severity, {}, (), healthy)


def test_the_table_decides_and_a_missing_row_lets_go_on() -> None:
    diagnosis = Diagnosis((symptom("overfitting", 0.4), symptom("converged", 0, healthy=True)))
    table = {
        "overfitting": Treatment(Action.STOP, ("smaller_model",), min_severity=0.5),
        "converged": Treatment(Action.STOP),
    }
    assert decide(diagnosis, table).symptom == diagnosis.symptoms[1]
    assert decide(diagnosis, {}).action is Action.CONTINUE
    assert complaint(diagnosis, table) is None
    assert complaint(Diagnosis((symptom("overfitting"),)), table) is not None


def test_nothing_is_done_about_a_best_guess() -> None:
    guess = replace(symptom("converged", 0, healthy=True), clear=False)
    table = {"converged": Treatment(Action.STOP, ("smaller_batch",))}
    assert decide(Diagnosis((guess,)), table).action is Action.CONTINUE
    assert complaint(Diagnosis((guess,)), table) is None
