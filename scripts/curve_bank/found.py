"""A curve with its cause and the evidence for it, or the reason why it was rejected."""

from __future__ import annotations

from dataclasses import dataclass, field

from scripts.curve_bank.training import Run


class RejectedError(Exception):
    """The effect of the cause was not verified."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise RejectedError(reason)


@dataclass
class Evidence:
    """How the effect was verified: the value that was measured, and what it was held against."""

    how: str
    value: float
    limit: float


@dataclass
class Found:
    """A run whose label is verified.

    ``rows`` says how many were logged, all of them where None; ``peer`` is a sound run on the same task. ``given_up``
    holds the rows of a run that was interrupted, ``(run, row it was resumed after)``. ``hide`` and ``show`` name kinds
    of series that must not or must be logged; ``only_total`` forbids to log the components of the loss.
    """

    label: str
    run: Run
    cause: str
    evidence: Evidence
    variant: str | None = None
    secondary: tuple[str, ...] = ()
    onset: int | None = None
    rows: int | None = None
    peer: Run | None = None
    given_up: tuple[Run, int] | None = None
    nan_cell: int | None = None
    show: frozenset[str] = field(default_factory=frozenset)
    hide: frozenset[str] = field(default_factory=frozenset)
    components: bool | None = None
    score: str | None = None
    loses: bool | None = None
