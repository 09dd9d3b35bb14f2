"""The one module that talks to Optuna for choosing: ask, report, tell, adopt.

Every trial is drawn by a sampler that is made anew and seeded with the study's seed and the trial's number. So a study
that was interrupted draws what it would have drawn, and a resumed study does not repeat its first draws.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import sqlalchemy
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tuner import record
from tuner.errors import StudyError, did_you_mean
from tuner.likely import Likely
from tuner.placed import Place, Placed
from tuner.record import NOT_CONTINUED, Action, Ending, Origin, Params, Record
from tuner.remembered import Remembered
from tuner.shown import Taught
from tuner.space import Space
from tuner.storage import Patience, connect, errors, options, refuse_foreign
from tuner.storage_url import SQLITE, engine_url, is_shared, without_password

STATES = {
    Action.FINISH: TrialState.COMPLETE,
    Action.STOP: TrialState.COMPLETE,
    Action.PRUNE: TrialState.PRUNED,
    Action.FAIL: TrialState.FAIL,
}
FINGERPRINT = "tuner"  # study attribute with what may not change
PRUNED_BY_SCHEDULER = "pruner"
IN_A_RACE: Mapping[str, Any] = {"n_startup_trials": 1, "multivariate": True}
"""TPE learns from few trials there, all of the same length; together, because learning rates hang on all the rest."""

Lessons = Callable[[], Mapping[int, float] | None]
"""The costs by trial that a draw learns from; None for all that is in the study."""


class Snapped(BaseSampler):
    """Any sampler, with its draws moved to the nearest value that the space allows."""

    def __init__(self, inner: BaseSampler, space: Space) -> None:
        self._inner, self._space = inner, space

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        drawn = self._inner.sample_relative(study, trial, search_space)
        return {name: self._space.parameters[name].snap(value) for name, value in drawn.items()}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        drawn = self._inner.sample_independent(study, trial, param_name, param_distribution)
        return self._space.parameters[param_name].snap(drawn)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._inner.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)


class Sampler:
    """A study in its Optuna storage, and the draws for it."""

    def __init__(
        self,
        study: optuna.Study,
        space: Space,
        *,
        seed: int,
        name: str,
        options: Mapping[str, Any],
        prior: float = 0.0,
        lessons: Lessons = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self.study, self._lessons = study, lessons
        self.patiently: Patience = patience or Patience(0.0)
        self.place: Place | None = None
        """Moves parameters that cannot be trained to such as can; the study knows which."""
        self._space, self._seed, self._name, self._options = space, seed, name, options
        self._prior = prior
        self._read: dict[int, tuple[FrozenTrial, Record]] = {}  # a trial that changes is another object

    def trials(self) -> list[FrozenTrial]:
        """Return all trials as Optuna keeps them; they are not to be changed."""
        return self.patiently(self._caught_up)

    def _caught_up(self) -> list[FrozenTrial]:
        if isinstance(self.study._storage, Remembered):
            self.study._storage.catch_up(self.study._study_id)
        return self.study.get_trials(deepcopy=False)

    def forget(self) -> None:
        """Read all trials anew the next time: others may have written to those of this driver."""
        if isinstance(self.study._storage, Remembered):
            self.study._storage.doubt()

    def records(self, trials: Sequence[FrozenTrial] | None = None) -> list[Record]:
        """Return all trials, in the order of their numbers; ``trials`` where they were just read."""
        return [self._record(trial) for trial in (self.trials() if trials is None else trials)]

    def _record(self, trial: FrozenTrial) -> Record:
        seen, known = self._read.get(trial.number, (None, None))
        if seen is not trial or known is None:
            known = record.read(trial)
            self._read[trial.number] = trial, known
        return known

    def ask(self, params: Params | None, *, seed: int | None, **attributes: Any) -> tuple[optuna.Trial, Record]:
        """Start a trial with ``params``, or with a draw of the sampler where they are None.

        ``attributes`` are fields of Record; with ``params`` they are stored in the same transaction as the trial
        itself. A trial that a killed driver created and did not start comes first. Where the storage does not answer,
        it is not waited for: what was half done is found as if this driver had been killed.
        """
        trials = self.study.get_trials(deepcopy=False)
        number = next((t.number for t in trials if t.state is TrialState.WAITING), len(trials))
        attributes["seed"] = self._default_seed(number) if seed is None else seed
        if params is not None and self.place is not None:
            params = self.place(params)
        if params is not None and number == len(trials):
            self.study.enqueue_trial(params, user_attrs=record.attributes(**attributes))
        with _quiet():
            self.study.sampler = self._fresh(number)
            trial = self.study.ask()
            self._space.suggest(trial)
        if "origin" not in trial.user_attrs:
            self.note(trial, **attributes)
        return trial, record.read(self.study.get_trials(deepcopy=False)[trial.number])

    def adopt(self, number: int) -> tuple[optuna.Trial, Record]:
        """Return the running trial ``number`` of an earlier driver; what it had not drawn yet is drawn now."""
        frozen = self.study.get_trials(deepcopy=False)[number]
        with _quiet():
            self.study.sampler = self._fresh(number)
            trial = optuna.Trial(self.study, frozen._trial_id)
            self._space.suggest(trial)
        if "origin" not in trial.user_attrs:
            self.note(trial, origin=Origin.SAMPLER, seed=self._default_seed(number))
        return trial, record.read(self.study.get_trials(deepcopy=False)[number])

    def report(self, trial: optuna.Trial, step: int, value: float) -> None:
        """Store the objective of one epoch; a value reported before stays as it is."""
        with _quiet():
            self.patiently(lambda: trial.report(value, step))

    def should_prune(self, trial: optuna.Trial) -> bool:
        """Return what the study's Optuna pruner says."""
        return not isinstance(self.study.pruner, NopPruner) and self.patiently(trial.should_prune)

    def note(self, trial: optuna.Trial, **fields: Any) -> None:
        """Store fields of Record with a running trial."""
        known = trial.user_attrs
        for group, values in record.attributes(**fields).items():
            before = known.get(group, {})
            if {**before, **values} != before:
                self._set(trial, group, {**before, **values})

    def _set(self, trial: optuna.Trial, group: str, values: dict[str, Any]) -> None:
        self.patiently(lambda: trial.set_user_attr(group, values))

    def tell(self, trial: optuna.Trial, ending: Ending, score: float | None) -> None:
        """End a trial. A trial that failed by its own parameters gets a constraint that names the reason.

        TPE ignores FAIL, and ranks PRUNED by how long it lived before it looks at the value; the constraint is what
        teaches it to stay away.
        """
        state = STATES[ending.action]
        if (
            state is TrialState.PRUNED
            and ending.reason not in (PRUNED_BY_SCHEDULER, NOT_CONTINUED)
            and ending.reason not in trial.constraints
        ):
            self.patiently(lambda: trial.set_constraint(ending.reason, 1.0))
        value = score if state is TrialState.COMPLETE else None
        # It may be told already, by a call whose answer was lost.
        self.patiently(lambda: self.study.tell(trial, value, state, skip_if_finished=True))

    def _default_seed(self, number: int) -> int:
        """Return a seed of its own for every trial, and other ones for a study with another seed."""
        return (self._seed * 100_003 + number) % 2**31  # NumPy's legacy seed must stay below 2**32

    def _fresh(self, number: int) -> BaseSampler:
        seed, coin = (int(n) for n in np.random.SeedSequence([self._seed, number]).generate_state(2))
        lessons, options = self._lessons(), self._options
        if lessons is not None and self._name == "TPESampler":
            options = {**IN_A_RACE, **options}
        inner = make_sampler(self._name, options, seed)
        taught = inner if lessons is None else Taught(inner, lessons)
        if coin < self._prior * 2**32 and self._known(lessons) < first_draws(self._name, options):
            taught = Likely(self._space, seed)
        snapped = Snapped(taught, self._space)
        return snapped if self.place is None else Placed(snapped, self._space, self.place)

    def _known(self, lessons: Mapping[int, float] | None) -> int:
        """Return how many trials a draw can learn from."""
        if lessons is not None:
            return len(lessons)
        return sum(t.state in (TrialState.COMPLETE, TrialState.PRUNED) for t in self.study.get_trials(deepcopy=False))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's notes on experimental features and on fixed values beside a grid to itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", message="Fixed parameter .* is out of range")
        warnings.filterwarnings("ignore", message="The reported value is ignored")
        yield


def make_sampler(name: str, options: Mapping[str, Any], seed: int) -> BaseSampler:
    """Return an Optuna sampler by its class name, seeded where it can be; raises ValueError."""
    kind = _named(optuna.samplers, name, BaseSampler, "sampler")
    accepts = inspect.signature(kind.__init__).parameters
    seeded = {"seed": seed} if "seed" in accepts and "seed" not in options else {}
    return _made(kind, {**options, **seeded})  # type: ignore[no-any-return]


def make_scheduler(name: str, options: Mapping[str, Any]) -> BasePruner:
    """Return an Optuna pruner by its class name; raises ValueError."""
    return _made(_named(optuna.pruners, name, BasePruner, "scheduler"), options)  # type: ignore[no-any-return]


def first_draws(name: str, options: Mapping[str, Any]) -> int:
    """Return of how many trials a sampler wants to know before it learns; 0 for one that never learns."""
    accepts = inspect.signature(_named(optuna.samplers, name, BaseSampler, "sampler").__init__).parameters
    wanted = accepts.get("n_startup_trials")
    return int(options.get("n_startup_trials", wanted.default)) if wanted else 0


def check(name: str, options: Mapping[str, Any], space: Space) -> None:
    """Raise ValueError where there is no such sampler, or it cannot draw from ``space`` with the options."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trial_run = optuna.create_study(sampler=Snapped(make_sampler(name, options, 0), space))
    try:
        with _quiet():
            for value in (0.0, 1.0):
                trial = trial_run.ask()
                space.suggest(trial)
                trial_run.tell(trial, value)
    except Exception as error:  # whatever a sampler throws at options or parameters that it cannot handle
        raise ValueError(f"{name} cannot draw from this space: {' '.join(str(error).split())}") from None


def check_scheduler(name: str, options: Mapping[str, Any]) -> None:
    """Raise ValueError where there is no such pruner or it does not take the options."""
    make_scheduler(name, options)


def _named(module: Any, name: str, kind: type, what: str) -> Any:
    known = [
        n
        for n in module.__all__
        if isinstance(getattr(module, n), type) and issubclass(getattr(module, n), kind) and not n.startswith("Base")
    ]
    if name not in known:
        raise ValueError(f"unknown {what} '{name}'{did_you_mean(name, known)}")
    return getattr(module, name)


def _made(kind: Any, options: Mapping[str, Any]) -> Any:
    try:
        with _quiet():
            return kind(**options)
    except (TypeError, ValueError, ImportError) as error:
        reason = str(error).replace(f"{kind.__name__}.__init__() ", "")
        known = [name for name in inspect.signature(kind).parameters if name not in ("self", "args", "kwargs")]
        unknown = next((name for name in options if name not in known), None)
        reason += did_you_mean(unknown, known) if unknown else ""
        raise ValueError(f"{kind.__name__}: {reason}") from None


def open_study(storage: str, name: str, fingerprint: Mapping[str, Any], pruner: BasePruner | None) -> optuna.Study:
    """Create the study, or open it where it exists and is the same.

    ``fingerprint`` says what may not change: the space, the objective, the direction and the trainer.
    Raises StudyError for a storage that is not one of Optuna's, a study that is not tuner's, and a changed fingerprint.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with errors(storage):
        refuse_foreign(storage)
        study = optuna.create_study(
            storage=Remembered(connect(storage), shared=is_shared(storage)),
            study_name=name,
            direction=fingerprint["direction"],
            load_if_exists=True,
            pruner=pruner or NopPruner(),
        )
        if not _is_ours(study, storage):
            study.set_user_attr(FINGERPRINT, dict(fingerprint))
        return study


def find_study(storage: str, name: str) -> optuna.Study | None:
    """Return the study that ``open_study`` would open, None where it would create one; raises the same StudyError.

    Nothing is created, no table and no file.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if storage.startswith(SQLITE) and not Path(storage.removeprefix(SQLITE)).is_file():
        return None
    with errors(storage):
        refuse_foreign(storage)
        engine = sqlalchemy.create_engine(engine_url(storage), **options(storage))
        if not sqlalchemy.inspect(engine).has_table("studies"):
            return None
        store = connect(storage, reading=True)
        if name not in (study.study_name for study in store.get_all_studies()):
            return None
        study = optuna.load_study(storage=store, study_name=name)
        return study if _is_ours(study, storage) else None


def _is_ours(study: optuna.Study, storage: str) -> bool:
    """Return whether tuner made the study, False where it is still empty; raises StudyError for one of others."""
    if study.user_attrs.get(FINGERPRINT) is None and study.get_trials(deepcopy=False):
        raise StudyError(
            f"{without_password(storage)}: '{study.study_name}' is an Optuna study that tuner did not make; "
            f"choose another name with --set study=NAME"
        )
    return study.user_attrs.get(FINGERPRINT) is not None


def load_study(storage: str, name: str) -> optuna.Study:
    """Open an existing study for reading, which the database itself sees to; raises StudyError."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with errors(storage):
        if storage.startswith(SQLITE) and not Path(storage.removeprefix(SQLITE)).is_file():
            raise StudyError(f"{without_password(storage)}: there is no such study; tuner run CONFIG starts one")
        return optuna.load_study(storage=connect(storage, reading=True), study_name=name)
