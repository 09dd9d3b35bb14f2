"""What looks odd on a curve and is benign: said beside the verdict, so that nobody takes it for a symptom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tuner.curve import Curve, Kind, Series
from tuner.symptoms import trend

OF_CLASSES = re.compile(
    r"(^|[^a-z])(cls|class|classification|ce|label)([^a-z]|$)|loss_ce|loss_cls|clsloss", re.IGNORECASE
)
"""Names of a classification loss beside others."""

STEP = 8.0
"""Jitters: the end of heavy augmentation takes the training loss down by far more than noise does."""


@dataclass(frozen=True)
class Remark:
    """Something benign: a name, and a template with its numbers."""

    name: str
    evidence: Mapping[str, float | int | str]
    says: str

    @property
    def text(self) -> str:
        return self.says.format(**self.evidence)


def remarks(curve: Curve) -> tuple[Remark, ...]:
    """Return everything odd and benign about ``curve``."""
    return (*_constant_parts(curve), *_lost_cells(curve), *_step(curve), *_schedule(curve))


def _constant_parts(curve: Curve) -> Iterator[Remark]:
    """See a class loss of 0 throughout, which is what a single class gives."""
    losses = [*curve.of_kind(Kind.TRAIN_LOSS), *curve.of_kind(Kind.VAL_LOSS)]
    for series in losses if len(losses) > 1 else ():
        if len(series) > 2 and OF_CLASSES.search(series.name) and not series.values.any():
            yield Remark(
                "single_class", {"series": series.name}, "{series} is 0 throughout: normal with a single class"
            )


def _lost_cells(curve: Curve) -> Iterator[Remark]:
    """See values that are not finite in a run that goes on."""
    for series in curve.series.values():
        lost = int(np.sum(~np.isfinite(series.values)))
        if not lost or series.kind not in (Kind.TRAIN_LOSS, Kind.VAL_LOSS):
            continue
        evidence: dict[str, float | int | str] = {"series": series.name, "rows": lost, "of": len(series)}
        if lost < len(series) and np.isfinite(series.values[-1]):
            yield Remark("recovered", evidence, "{series} was not finite in {rows} of {of} rows and recovered")
        elif series.kind is Kind.VAL_LOSS and _score_is_finite(curve):
            yield Remark("val_overflow", evidence, "{series} is not finite in {rows} of {of} rows, but the score is")


def _score_is_finite(curve: Curve) -> bool:
    score = curve.score
    return score is not None and score.kind is Kind.METRIC and len(score) > 0 and bool(np.isfinite(score.values[-1]))


def augmented_rows(curve: Curve) -> int:
    """Return how many rows of the training loss precede the end of heavy augmentation; all where there is none."""
    train = curve.train_loss
    if train is None or len(train.finite) < 12:
        return 0 if train is None else len(train.finite)
    loss = trend.clean(train)
    late = loss[-max(5, len(loss) // 3) :]
    drops = late[:-1] - late[1:]
    at = int(np.argmax(drops))
    row = len(loss) - len(late) + at + 1
    large = drops[at] >= max(4 * trend.median(np.abs(drops)), 0.03 * abs(late[at]))
    if not large or drops[at] < STEP * min(trend.jitter(loss), trend.jitter(late)):
        return len(loss)
    if loss[row:].max() > late[at] - 0.5 * drops[at]:
        return len(loss)
    share = trend.ratio(float(drops[at]), abs(float(late[at])))
    return len(loss) if _steps_too(curve.val_loss, int(train.finite.epochs[row]), share) else row


def _step(curve: Curve) -> Iterator[Remark]:
    """See the training loss step down at the end while validation does not: heavy augmentation was switched off."""
    row = augmented_rows(curve)
    if curve.train_loss is None or row == len(curve.train_loss.finite):
        return
    loss = trend.clean(curve.train_loss)
    epoch = int(curve.train_loss.finite.epochs[row])
    evidence = {"epoch": epoch, "then": float(loss[row - 1]), "now": float(loss[row])}
    says = "train loss stepped down {then:.3g} → {now:.3g} at epoch {epoch}, as when heavy augmentation is switched off"
    yield Remark("augmentation_ends", evidence, says)


def _steps_too(series: Series | None, epoch: int, share: float) -> bool:
    """Tell whether a series falls by half of ``share`` at ``epoch``; True where it is not logged there."""
    values = trend.clean(series)
    if series is None or not len(values):
        return True
    i = int(np.searchsorted(series.finite.epochs, epoch))
    return not 0 < i < len(values) or values[i - 1] - values[i] > 0.5 * share * abs(values[i - 1])


def _schedule(curve: Curve) -> Iterator[Remark]:
    """See a learning rate that was warmed up, or has decayed to nearly nothing."""
    rates = [s for s in curve.of_kind(Kind.LEARNING_RATE) if len(s.finite) > 5]
    rate = min(rates, key=lambda s: float(trend.clean(s)[0]), default=None)
    values = trend.clean(rate)
    if rate is None or not values.max() > 0:
        return
    peak = int(np.argmax(values))
    if 0 < peak <= len(values) // 2 and values[0] < 0.7 * values[peak]:
        until = int(rate.finite.epochs[peak])
        yield Remark("warm_up", {"until": until}, "the learning rate was warmed up until epoch {until}")
    if values[-1] < 0.05 * values[peak]:
        share = float(values[-1] / values[peak])
        says = "the learning rate has decayed to {share:.1%} of its peak, so a flat end may be the schedule's"
        yield Remark("decayed", {"share": share}, says)
