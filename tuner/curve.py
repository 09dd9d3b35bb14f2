"""What one training run has logged so far: epochs, losses, metrics, learning rate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


LARGEST = 1e100


class Kind(StrEnum):
    """What a series measures, which decides how it is read."""

    TRAIN_LOSS = "train_loss"
    VAL_LOSS = "val_loss"
    METRIC = "metric"
    LEARNING_RATE = "learning_rate"
    SECONDS = "seconds"
    OTHER = "other"


_ERROR = re.compile(r"(?:^|[^a-z])(?:error|err|wer|cer)(?:$|[^a-z])")
_DISTANCE = re.compile(r"abs|sq|mean|max|log|mae|mse")
"""Words of error rates, and of errors that are measured in the unit of what is predicted."""


@dataclass(frozen=True)
class Series:
    """One logged column: ``values[i]`` belongs to ``epochs[i]``.

    ``epochs`` is strictly increasing, shape ``[n]``. ``values`` has the same shape and holds what was
    logged, so a NaN or infinity in it is a real one; an epoch at which nothing was logged is simply not there.
    ``higher_is_better`` says which direction of a metric is good; losses are always lower-is-better.
    """

    name: str
    kind: Kind
    epochs: IntArray
    values: FloatArray
    higher_is_better: bool = False

    def __post_init__(self) -> None:
        if self.epochs.shape != self.values.shape or self.epochs.ndim != 1:
            raise ValueError(
                f"{self.name}: expected epochs and values of one shape [n], "
                f"but got {self.epochs.shape} and {self.values.shape}"
            )
        if np.any(np.diff(self.epochs) <= 0):
            raise ValueError(f"{self.name}: expected strictly increasing epochs")

    def __len__(self) -> int:
        return len(self.values)

    def until(self, epoch: int) -> Series:
        """Return the part logged at or before ``epoch``."""
        n = int(np.searchsorted(self.epochs, epoch, side="right"))
        if n == len(self):
            return self
        # A prefix needs no check, and this is done for every series at every epoch.
        return _unchecked(self.name, self.kind, self.epochs[:n], self.values[:n], self.higher_is_better)

    @cached_property
    def finite(self) -> Series:
        """The finite values only."""
        ok = np.isfinite(self.values)
        return self if ok.all() else replace(self, epochs=self.epochs[ok], values=self.values[ok])

    @cached_property
    def bounded(self) -> FloatArray:
        """The finite values, clipped to ``LARGEST``, so that differences and ratios of them stay finite."""
        return self.finite.values.clip(-LARGEST, LARGEST)

    @cached_property
    def bounded_cost(self) -> FloatArray:
        """The bounded values as something to minimise."""
        return -self.bounded if self.higher_is_better else self.bounded

    @cached_property
    def shares(self) -> FloatArray:
        """How good the bounded values are, as shares of 1: of an error rate it is what is left to 1.

        Empty where nothing says which value is perfect and which is nothing, as of RMSE or perplexity.
        """
        if self.higher_is_better:
            return self.bounded / self.whole
        return 1 - self.bounded / self.whole if self._is_rate else np.empty(0)

    @cached_property
    def whole(self) -> float:
        """What a metric calls all: 1, or 100 where it passes 1.5 as percentages do; the first values of others."""
        if not len(self.bounded):
            return 1.0
        if self.higher_is_better or self._is_rate:
            return 100.0 if float(self.bounded.max()) > 1.5 else 1.0
        return max(float(np.abs(self.bounded[: max(3, len(self.bounded) // 4)]).max()), 1e-12)

    @cached_property
    def _is_rate(self) -> bool:
        """Whether this is a share of what went wrong, by its name and its values."""
        name = self.name.lower()
        inside = len(self.bounded) > 0 and float(self.bounded.min()) >= 0 and float(self.bounded.max()) <= 100
        return inside and bool(_ERROR.search(name)) and not _DISTANCE.search(name)

    @property
    def cost(self) -> FloatArray:
        """The values as something to minimise: negated where higher is better."""
        return -self.values if self.higher_is_better else self.values

    def best(self) -> tuple[int, float] | None:
        """Return (epoch, value) of the best finite value, the earliest one on a tie; None where there is none."""
        if not len(self.finite):
            return None
        i = int(np.argmin(self.finite.cost))
        return int(self.finite.epochs[i]), float(self.finite.values[i])


def _unchecked(name: str, kind: Kind, epochs: IntArray, values: FloatArray, higher_is_better: bool = False) -> Series:
    """Return a series whose epochs are those of one that was checked."""
    made = object.__new__(Series)
    known = {"name": name, "kind": kind, "higher_is_better": higher_is_better}
    made.__dict__.update(known, epochs=epochs, values=values)
    return made


@dataclass(frozen=True)
class Curve:
    """All series of one run, the objective it is judged by, and how many epochs were planned.

    Epochs are numbered as in the log (0- or 1-based); ``progress`` and ``length`` do not depend on that.
    A curve is a frozen view: ``until(epoch)`` is what a reader would have seen then, and nothing else.
    """

    series: Mapping[str, Series]
    objective: str | None = None
    planned_epochs: int | None = None
    remarks: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "series", MappingProxyType(dict(self.series)))

    @classmethod
    def of(
        cls,
        *,
        train_loss: ArrayLike | None = None,
        val_loss: ArrayLike | None = None,
        metrics: Mapping[str, ArrayLike] | None = None,
        learning_rate: ArrayLike | None = None,
        objective: str | None = None,
        higher_is_better: bool = True,
        planned_epochs: int | None = None,
        first_epoch: int = 1,
    ) -> Curve:
        """Build a curve from plain arrays of shape [epochs], one value an epoch; handy in examples and tests."""
        columns = [("train_loss", Kind.TRAIN_LOSS, train_loss), ("val_loss", Kind.VAL_LOSS, val_loss)]
        columns += [(name, Kind.METRIC, values) for name, values in (metrics or {}).items()]
        columns += [("lr", Kind.LEARNING_RATE, learning_rate)]
        series = {}
        for name, kind, values in columns:
            if values is None:
                continue
            array = np.asarray(values, dtype=np.float64)
            epochs = np.arange(first_epoch, first_epoch + len(array), dtype=np.int64)
            series[name] = Series(name, kind, epochs, array, higher_is_better and kind is Kind.METRIC)
        return cls(series, objective=objective, planned_epochs=planned_epochs)

    @cached_property
    def epochs(self) -> IntArray:
        """Every epoch at which something was logged, increasing."""
        parts = [s.epochs for s in self.series.values()]
        if parts and all(part is parts[0] or np.array_equal(part, parts[0]) for part in parts):
            return parts[0]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)

    @property
    def length(self) -> int:
        """How many epochs have been logged."""
        return len(self.epochs)

    @property
    def last_epoch(self) -> int | None:
        return int(self.epochs[-1]) if self.length else None

    @property
    def progress(self) -> float | None:
        """The share of the planned epochs that is done, 0 … 1; None where no length was planned."""
        return min(1.0, self.length / self.planned_epochs) if self.planned_epochs else None

    def until(self, epoch: int) -> Curve:
        """Return the curve as it was when ``epoch`` had just been logged."""
        cut = {name: s.until(epoch) for name, s in self.series.items()}
        return replace(self, series={name: s for name, s in cut.items() if len(s)})

    def of_kind(self, kind: Kind) -> list[Series]:
        return [s for s in self.series.values() if s.kind is kind]

    @cached_property
    def train_loss(self) -> Series | None:
        """The total training loss: the series named so, or the sum of its components."""
        return _total(self.of_kind(Kind.TRAIN_LOSS), "train_loss")

    @cached_property
    def val_loss(self) -> Series | None:
        """The total validation loss: the series named so, or the sum of its components."""
        return _total(self.of_kind(Kind.VAL_LOSS), "val_loss")

    @cached_property
    def score(self) -> Series | None:
        """The series the run is judged by: the objective, else the first metric, else the validation loss."""
        if self.objective is not None:
            return self.series.get(self.objective)
        metrics = self.of_kind(Kind.METRIC)
        return metrics[0] if metrics else self.val_loss


def _total(parts: list[Series], name: str) -> Series | None:
    """Return the total of a loss: the one that is called a total, else the sum over the epochs all parts share."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    for part in parts:
        if part.name.replace("/", "_") in {name, "total_loss", f"{name.split('_')[0]}_total_loss", "loss"}:
            return part
    epochs = parts[0].epochs
    columns = [p.values for p in parts]
    if not all(p.epochs is epochs or np.array_equal(p.epochs, epochs) for p in parts):
        epochs = _shared([p.epochs for p in parts])
        columns = [p.values[np.isin(p.epochs, epochs)] for p in parts]
    with np.errstate(over="ignore", invalid="ignore"):  # inf - inf and overflow are values like any other here
        return _unchecked(name, parts[0].kind, epochs, sum(columns[1:], start=columns[0]))


def _shared(epochs: Iterable[IntArray]) -> IntArray:
    first, *rest = epochs
    for other in rest:
        first = np.intersect1d(first, other, assume_unique=True)
    return first
