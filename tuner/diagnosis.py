"""Symptoms of a training curve, and the diagnosis that gathers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tuner.curve import Curve

RULE_VERSION = "1"
"""Stored with every verdict; raised whenever a rule or a default threshold changes."""

Number = float | int


@dataclass(frozen=True)
class Symptom:
    """One thing seen on a curve, with the numbers that show it.

    ``since_epoch`` is where it began and ``epoch`` the last epoch that was known when it was seen, both in the
    numbering of the log. ``confidence`` and ``severity`` lie in 0 … 1: a severity of at least 0.5 harms what the run is
    judged by. ``says`` holds clauses in plain words, as templates over ``evidence`` and the two epochs, so that they
    can be said in other languages.
    """

    name: str
    since_epoch: int
    epoch: int
    confidence: float
    severity: float
    evidence: Mapping[str, Number | str]
    says: tuple[str, ...]
    healthy: bool = False

    @property
    def text(self) -> str:
        """What was seen, with its numbers, in English."""
        return "; ".join(self.fill(phrase) for phrase in self.says)

    def fill(self, phrase: str) -> str:
        """Return a template with the numbers of this symptom."""
        return phrase.format(**self.evidence, since_epoch=self.since_epoch, epoch=self.epoch)


class SymptomPlugin(Protocol):
    """A module of ``tuner.symptoms``: its docstring is its manual.

    ``HEALTHY``  whether it is a healthy shape.
    ``Options``  a frozen dataclass of thresholds, every field with a default.
    ``detect``   a pure function of one curve; sees nothing else and keeps no state.
    ``SEEN`` / ``NOT_SEEN``  name -> example curve on which it must, or must not, be seen.
    """

    HEALTHY: bool
    Options: Any
    SEEN: Mapping[str, Curve]
    NOT_SEEN: Mapping[str, Curve]

    def detect(self, curve: Curve, *, options: Any) -> Symptom | None: ...


@dataclass(frozen=True)
class Diagnosis:
    """Every symptom seen on one curve, the primary one first."""

    symptoms: tuple[Symptom, ...]
    rule_version: str = RULE_VERSION

    @property
    def verdict(self) -> Symptom | None:
        return self.symptoms[0] if self.symptoms else None

    def get(self, name: str) -> Symptom | None:
        """Return the symptom of that name, or None where it was not seen."""
        return next((s for s in self.symptoms if s.name == name), None)


def diagnose(
    curve: Curve,
    plugins: Mapping[str, SymptomPlugin],
    options: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Run every plug-in on ``curve``; sick symptoms come first, each group in the order of the registry."""
    options = options or {}
    seen = (p.detect(curve, options=options.get(name) or p.Options()) for name, p in plugins.items())
    return Diagnosis(tuple(_primary_first(s for s in seen if s is not None)))


def _primary_first(symptoms: Iterable[Symptom]) -> list[Symptom]:
    return sorted(symptoms, key=lambda s: s.healthy)
