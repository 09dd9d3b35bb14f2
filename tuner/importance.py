"""How much of the score each hyperparameter accounts for in a study."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import optuna
from optuna.trial import FrozenTrial, TrialState

from tuner import words

MIN_TRIALS = 8
"""Below it the ranking is a coin toss: with 8 random trials of 4 parameters the leading one is found 4 times in 10."""
ROUGH_BELOW = 20
"""Below it the ranking is rough: with 12 random trials the leading one is found 3 times in 4, with 20 nearly always."""
SEED = 0


@dataclass(frozen=True)
class Importances:
    """The share of each hyperparameter, 0 … 1, the largest first; ``note`` says why there are none or what to mind."""

    shares: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def importances(study: optuna.Study) -> Importances:
    """Return the importances over the completed trials; never raises, and the same study gives the same figures."""
    trials = [t for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if _has_score(t)]
    if len(trials) < MIN_TRIALS:
        return Importances(note=f"too few completed trials: {len(trials)}, and {MIN_TRIALS} are needed")
    if len({t.value for t in trials}) < 2:
        return Importances(note="every completed trial has the same score")
    varying = [name for name in dict.fromkeys(n for t in trials for n in t.params) if _varies(name, trials)]
    shared = [name for name in varying if all(name in t.params for t in trials)]
    if not shared:
        return Importances(note="no hyperparameter that is in every trial took more than one value")
    try:
        shares = _shares(study, shared)
    except (ArithmeticError, AssertionError, ImportError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return Importances(note=f"Optuna could not compute them: {words.plain(error)}")
    if not all(math.isfinite(share) for share in shares.values()):
        return Importances(note="the figures are not finite")
    return Importances(shares, _note(trials, [name for name in varying if name not in shared]))


def _shares(study: optuna.Study, names: list[str]) -> dict[str, float]:
    # Optuna's default, PED-ANOVA, was fooled by studies that begin with a sweep: a parameter that hardly varied led.
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shares = optuna.importance.get_param_importances(study, evaluator=evaluator, params=names)
    return {name: float(share) for name, share in shares.items()}


def _note(trials: Sequence[FrozenTrial], left_out: Sequence[str]) -> str:
    notes = [f"rough: {words.count(len(trials), 'completed trial')} only"] if len(trials) < ROUGH_BELOW else []
    notes += [f"left out, not in every trial: {', '.join(left_out)}"] if left_out else []
    return "; ".join(notes)


def _has_score(trial: FrozenTrial) -> bool:
    return trial.value is not None and math.isfinite(trial.value)


def _varies(name: str, trials: Sequence[FrozenTrial]) -> bool:
    return len({t.params[name] for t in trials if name in t.params}) > 1
