"""What looks wrong with a study that would run: no mistake, but seldom meant. Each says what to do about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tuner import standings, words
from tuner.checks import Check
from tuner.curve import Kind
from tuner.disk import nearest
from tuner.executors.devices import Device, gpus
from tuner.preview.plan import Plan, is_fixed
from tuner.readers import columns
from tuner.space import Role
from tuner.storage_url import SQLITE

TRIALS_PER_DIMENSION = 10
"""Fewer leave most of a space unseen: Optuna's TPE draws at random until it has ten trials."""
NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "lustre", "beegfs", "glusterfs", "ceph", "gpfs", "afs")
"""Kinds of file systems on which the locks that SQLite needs cannot be relied on."""


def doubts(plan: Plan) -> list[Check]:
    """Return everything that looks wrong, the most costly first."""
    return [Check(look.__name__.strip("_"), text) for look in LOOKS for text in look(plan)]


def of_all(plans: Sequence[Plan]) -> list[list[Check]]:
    """Return what looks wrong with each of several stages, where the same was not said of a stage before it."""
    found: list[list[Check]] = []
    for plan in plans:
        said = [doubt for before in found for doubt in before]
        found.append([doubt for doubt in doubts(plan) if doubt not in said])
    return found


def _objective(plan: Plan) -> Iterator[str]:
    metric, known = plan.config.model.objective.metric, plan.about.series
    loss = columns.guess(metric).kind in (Kind.TRAIN_LOSS, Kind.VAL_LOSS)
    if known and metric not in known and not (loss and not any("loss" in name for name in known)):
        logged = ", ".join(known)
        yield f"objective.metric: {metric} is not logged by this trainer: no trial would get a score; it logs {logged}"
    higher = columns.better_higher(metric)
    if higher != plan.config.higher_is_better and columns.guess(metric).kind is not Kind.OTHER:
        asked = plan.config.model.objective.direction
        yield f"objective.direction: {asked} {metric}? of such a name {'more' if higher else 'less'} is better"


def _budget(plan: Plan) -> Iterator[str]:
    expected, dimensions, epochs = plan.expected, plan.dimensions, plan.config.model.epochs
    limit = plan.config.model.budget.epochs
    if limit is not None and limit < epochs:
        yield f"budget.epochs: {limit} are fewer than the {epochs} epochs of a trial: none would be trained to its end"
    if plan.top is not None or expected.trials is None:
        return
    wanted = TRIALS_PER_DIMENSION * dimensions
    baselines_alone = plan.config.model.sweep == 0 and expected.trials == len(plan.opening)
    if baselines_alone:
        return  # a probe: to compare them is all that is asked for
    if expected.trials <= len(plan.opening):
        opening = f"the opening (baselines and sweep) has {words.count(len(plan.opening), 'trial')}"
        yield f"budget: about {words.count(expected.trials, 'trial')}, and {opening}: nothing is left to search with"
    elif expected.trials < wanted:
        of_space = f"{expected.trials} trials for {words.count(dimensions, 'dimension')}"
        more = f"{wanted} trials, or about {round(wanted * expected.cost)} epochs"
        yield f"budget: about {of_space}; {TRIALS_PER_DIMENSION} for each would be {more}: search fewer, or spend more"


def _space(plan: Plan) -> Iterator[str]:
    space = plan.config.space
    for name, parameter in space.parameters.items():
        if is_fixed(parameter):
            yield f"space.{name}: one value only, so that it is not searched"
    if plan.top is None and not any(p.role is Role.LEARNING_RATE for p in space.parameters.values()):
        yield "space: no learning rate, which matters most: name it lr, or say role: learning_rate"


def _batch(plan: Plan) -> Iterator[str]:
    for name, parameter in plan.config.space.parameters.items():
        values = plan.config.space.listed(name) or plan.config.space.bounds().get(name, ())
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        images = plan.about.images
        if parameter.role is Role.BATCH_SIZE and images is not None and numbers and max(numbers) > images:
            yield f"space.{name}: up to {max(numbers):g}, but there are {images} training images: one step an epoch"


def _baselines(plan: Plan) -> Iterator[str]:
    if not plan.config.baselines and plan.top is None:
        yield "baselines: none; put there what you would train with today, so that the search has to beat it"


def _pausing(plan: Plan) -> Iterator[str]:
    rules, epochs = plan.config.racing, plan.config.model.epochs
    if rules is None:
        return
    speed = plan.speed
    if speed is not None and speed.start > speed.epoch * rules.look:
        cost = speed.start / speed.epoch
        said = f"start_cost: {cost:.0f}" if standings.LOOKS_PER_START * cost < epochs else "pausing: off"
        yield f"pausing: a start takes as long as {cost:.0f} epochs, and the first look has {rules.look}: set {said}"
    if not plan.about.continues:
        yield "pausing: a paused trial cannot go on without `resume`: say how in trainer.resume, or set pausing: off"
    if rules.look >= epochs:
        yield f"pausing: the first look has {rules.look} of {epochs} epochs, so that nothing is ever paused: set it off"


def _devices(plan: Plan) -> Iterator[str]:
    on_cpu = [slot for slot in plan.config.slots if slot == Device()]
    there = gpus()
    if on_cpu and there:
        yield f"devices: cpu, but there is GPU {', '.join(map(str, there))}: devices: auto"
    if len(on_cpu) > (os.cpu_count() or 1):
        yield f"jobs: {len(on_cpu)} trials at a time on {os.cpu_count()} cores slow each other down"


def _test(plan: Plan) -> Iterator[str]:
    if plan.config.model.test and not plan.about.test:
        yield "test: the data set has no test split, so that the score on it would fail at the very end"


def _earlier(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        yield f"{change}: older and newer trials may not be comparable; a new study: --set study=NAME"


def _storage(plan: Plan) -> Iterator[str]:
    storage = plan.config.storage
    if storage.startswith(SQLITE):
        kind = file_system(Path(storage.removeprefix(SQLITE)))
        if kind.startswith(NETWORK):
            yield f"storage: SQLite on a network file system ({kind}) may break: a local results folder, or PostgreSQL"


def _trainer(plan: Plan) -> Iterator[str]:
    yield from plan.about.remarks


LOOKS: tuple[Callable[[Plan], Iterator[str]], ...] = (
    _objective,
    _trainer,
    _budget,
    _pausing,
    _test,
    _batch,
    _space,
    _baselines,
    _devices,
    _earlier,
    _storage,
)


def file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the kind of the file system that ``path`` lies or would lie on; nothing where that is not told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    place = nearest(path).resolve()
    table = [line.split() for line in lines if len(line.split()) > 2]
    above = [(words[1].replace("\\040", " "), words[2]) for words in table]
    fitting = [(len(where), kind) for where, kind in above if place.is_relative_to(where)]
    return max(fitting, default=(0, ""), key=lambda found: found[0])[1]
