"""Whether a run ends where guessing is: its score at chance, and a cross-entropy that says the same.

Who always gives one of several answers alike is right with probability p and has a cross-entropy of -log p. A model
that has learned something lies off that line: of 1,024 recorded classifiers, a random search over nine hyperparameters,
256 of the 315 that ended below an accuracy of 0.15 are seen here at their end, and none of the 495 above 0.6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tuner.curve import Curve, FloatArray, Kind, Series
from tuner.symptoms import trend

_ACCURACY = re.compile(r"acc|top[-_]?1")


class Before(StrEnum):
    """What a run was before it ended up guessing."""

    EXPLODED = "its loss had been far above that of guessing"
    LEARNED = "it had learned something"
    NOTHING = "it had not learned anything"


@dataclass(frozen=True)
class Options:
    share: float = 0.25  # of the planned epochs for which it has to guess
    least: int = 5  # epochs, for short plans
    at_chance: float = 0.5  # scores above it are not chance
    off_chance: float = 0.05  # of a score over its median: more has been learned
    climbs: float = 0.04  # of it over all rows: a surer rise than that is learning
    sigmas: float = 3.0  # standard errors: within them nothing rises or falls
    lowest: float = 0.9  # of -log p: of ten classes on 360 samples what is always answered is right 0.08 to 0.12 times
    highest: float = 1.1  # of it
    better: float = 0.96  # of the level: a loss that was below it had learned something
    times: float = 1.5  # chance, by which an accuracy must have been better
    settled: float = 0.4  # share of the rows after which a run that guesses has come to its level
    smooth: float = 0.1  # jitter as a share of the fall: what creeps down so smoothly may learn late
    still: float = 0.1  # share of the fall that the second half of the rows must have
    early: float = 0.25  # share of the rows among which an explosion is looked for
    exploded: float = 4.0  # times the loss of guessing: an untrained network that is sound begins near 1
    risen: float = 1.5  # times the first loss: what comes down from large weights never rises
    at_once: float = 0.5  # of the highest loss two rows later: an explosion is over within an epoch or two
    come_down: float = 1.3  # of the loss of guessing: what has exploded is down below it
    measure: float = 100.0  # times the loss of guessing: no part of a sound loss is so large half-way
    answers: float = 0.35  # share of the rows that have an accuracy of their own: above it something else is learned
    beyond: float = 30.0  # times the last loss: no sound beginning lies so far above what nothing was learned with


@dataclass(frozen=True)
class Guess:
    """The score and the loss of guessing; the epoch since which, the train loss and the best score before.

    What is not ``down`` yet has losses far above guessing: a high rate with a decaying schedule may still end well.
    Where the score of that name is no accuracy, nobody knows the loss of guessing, and it is the lowest at the end.
    """

    series: str
    is_accuracy: bool
    score: float
    loss: float
    before: Before
    epoch: int
    first: float
    best: float
    down: bool


def guess(curve: Curve, options: Options) -> Guess | None:
    """Return how a run came to guess, or None where it does not, or nothing says so."""
    # A sum of several losses is not to be compared with a cross-entropy.
    if curve.train_loss is None or len(curve.of_kind(Kind.TRAIN_LOSS)) > 1:
        return None
    rows, (metric, is_accuracy) = trend.patience(curve, options.share, options.least), _score(curve)
    if metric is None:
        return None
    losses = [trend.clean(s) for s in (curve.train_loss, curve.val_loss) if s is not None]
    score = trend.shares(metric)
    if min(curve.length, len(score), *map(len, losses)) < rows:
        return None
    chance, ends = trend.median(score[-rows:]), [trend.median(loss[-rows:]) for loss in losses]
    if chance > options.at_chance or _climbs(score, options):
        return None
    level = -math.log(chance) if is_accuracy and chance > 0 else min(ends)
    if level <= 0 or min(ends) < options.lowest * level:
        return None
    early, best = losses[0][: max(3, int(options.early * len(losses[0])))], int(np.argmax(score))
    down = is_accuracy and max(ends) <= options.come_down * level
    stays = is_accuracy and _stays_far(score, losses[0], level, options)
    if stays or _exploded(losses, early, level, down, options):
        before, epoch = Before.EXPLODED, curve.train_loss.finite.epochs[np.argmax(early)]
    elif is_accuracy and _rests(score[-rows:], losses, ends, level, options):
        learned = _learned(score, losses, chance, options)
        if not learned and all(_creeps(loss, options) for loss in losses):
            return None
        before, epoch = (Before.LEARNED, metric.finite.epochs[best]) if learned else (Before.NOTHING, curve.epochs[0])
    else:
        return None
    known = (metric.name, is_accuracy, chance, level, before)
    return Guess(*known, int(epoch), float(early.max()), float(score[best]), down)


def _climbs(score: FloatArray, options: Options) -> bool:
    """Tell whether a score gets better, and so something is learned."""
    line, third = trend.fit_line(score), max(3, len(score) // 3)
    # Not the median of the first third: what is always answered changes, and is right more or less often.
    if trend.median(score[-third:]) > float(score[:third].max()) + options.off_chance:
        return True
    return line.rises(options.sigmas) and line.change > options.climbs


def _exploded(losses: Sequence[FloatArray], early: FloatArray, level: float, down: bool, options: Options) -> bool:
    """Tell whether the train loss was far above guessing early on, and no smooth fall from large weights led down."""
    highest = float(early.max())
    if highest < options.exploded * level or any(loss[1:].min() < options.lowest * level for loss in losses):
        return False
    after = losses[0][int(np.argmax(early)) + 1 :][:2]
    at_once = len(after) > 0 and float(after.min()) <= options.at_once * highest
    sure = down or highest >= options.beyond * trend.median(losses[0][-5:])
    return (at_once and sure) or highest >= options.risen * float(early[0])


def _stays_far(accuracy: FloatArray, train: FloatArray, level: float, options: Options) -> bool:
    """Tell whether one of a few answers is given to everything, by a loss beyond all measure half-way."""
    fixed = len(np.unique(accuracy)) <= options.answers * len(accuracy)
    return fixed and float(train[len(train) // 2 :][:3].min()) >= options.measure * level


def _rests(
    last: FloatArray, losses: Sequence[FloatArray], ends: Sequence[float], level: float, options: Options
) -> bool:
    """Tell whether the accuracy rests, at losses that are those of guessing, for the better part of the rows."""
    if float(last.max()) > trend.median(last) + options.off_chance or max(ends) > options.highest * level:
        return False
    rests = [loss[int(options.settled * len(loss)) :] for loss in losses]
    return all(trend.median(r[: max(3, len(r) // 4)]) <= options.highest * trend.median(r[-5:]) for r in rests)


def _learned(accuracy: FloatArray, losses: Sequence[FloatArray], chance: float, options: Options) -> bool:
    """Tell whether a loss was below that of guessing, or an accuracy above chance more than twice."""
    # A few samples more are right by chance.
    third = float(np.sort(accuracy)[-3])
    if third > max(chance + options.off_chance, options.times * chance):
        return True
    return any(float(loss[1:].min()) < options.better * trend.median(loss[-3:]) for loss in losses)


def _creeps(loss: FloatArray, options: Options) -> bool:
    """Tell whether a loss has been falling all the time, however little, and still does."""
    fall, rest = float(loss[0]) - trend.median(loss[-3:]), loss[len(loss) // 2 :]
    smooth = trend.jitter(loss) <= options.smooth * fall and rest[0] - rest[-1] >= options.still * fall
    return smooth and trend.fit_line(loss).falls(options.sigmas)


def _score(curve: Curve) -> tuple[Series | None, bool]:
    """Return an accuracy or error rate, the objective before others, or else what the run is judged by; and which."""
    objective = trend.metric(curve)
    metrics = [objective, *curve.of_kind(Kind.METRIC)] if objective is not None else []
    accuracy = next((m for m in metrics if len(trend.shares(m)) and _tells_right(m)), None)
    return (accuracy, True) if accuracy is not None else (objective, False)


def _tells_right(metric: Series) -> bool:
    # Of what is better when lower, only error rates are shares.
    return not metric.higher_is_better or bool(_ACCURACY.search(metric.name.lower()))
