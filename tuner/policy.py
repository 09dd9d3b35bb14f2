"""From what was seen to what is done: the treatment table, and the remedies with their credit."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner.diagnosis import Diagnosis, Symptom
from tuner.record import Action, Params, Prescription
from tuner.space import Space
from tuner.worth import Worth


@dataclass(frozen=True)
class Treatment:
    """One row of the table: what is done about a symptom, and which moves may follow.

    While trials are paused, only a row that ends ``for_good`` ends a trial; any other holds it.
    """

    action: Action = Action.CONTINUE
    retry_with: tuple[str, ...] = ()
    min_confidence: float = 0.0
    min_severity: float = 0.0
    for_good: bool = False

    def applies_to(self, symptom: Symptom) -> bool:
        sure = symptom.clear and symptom.confidence >= self.min_confidence
        return sure and symptom.severity >= self.min_severity


Table = Mapping[str, Treatment]


@dataclass(frozen=True)
class Decision:
    """What is done with a trial now, and the symptom that calls for it."""

    action: Action
    symptom: Symptom | None = None
    for_good: bool = False


class RemedyPlugin(Protocol):
    """A module of ``tuner.remedies``: its docstring is its manual.

    ``changes`` returns ``params`` with one move made, or None where the move would leave the space.
    """

    def changes(self, params: Params, space: Space) -> Params | None: ...


def decide(diagnosis: Diagnosis, table: Table, pardoned: Container[str] = ()) -> Decision:
    """Return what the first symptom with an active row of ``table`` calls for, the ``pardoned`` ones left out."""
    for symptom in diagnosis.symptoms:
        row = table.get(symptom.name)
        if row and row.action is not Action.CONTINUE and row.applies_to(symptom) and symptom.name not in pardoned:
            return Decision(row.action, symptom, row.for_good)
    return Decision(Action.CONTINUE)


def complaint(diagnosis: Diagnosis, table: Table) -> Symptom | None:
    """Return the first symptom, stopping or not, for which ``table`` knows a remedy."""
    for symptom in diagnosis.symptoms:
        row = table.get(symptom.name)
        if row and row.retry_with and row.applies_to(symptom):
            return symptom
    return None


def prescribe(
    retry_with: Iterable[str],
    params: Params,
    space: Space,
    plugins: Mapping[str, RemedyPlugin],
    credit: Mapping[str, Worth],
    taken: Sequence[Params],
) -> Prescription | None:
    """Return the move most likely to help: the one with the best credit, the earlier one in the row on a tie.

    Moves that leave the space, or that lead to parameters in ``taken``, are passed over.
    """
    for name in sorted(retry_with, key=lambda n: -credit.get(n, Worth(n, ())).expected):
        changed = plugins[name].changes(params, space)
        if changed is not None and changed != params and changed not in taken:
            return Prescription(name, changed)
    return None
