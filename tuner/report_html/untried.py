"""What a study has not tried: values and stretches of the space without a trial, and remedies that were not run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuner import manual, words
from tuner.record import ParamValue, Record
from tuner.report_html.content import Content
from tuner.report_html.said import Say
from tuner.space import LINEAR_STEPS, Parameter, Range

MOST = 12
"""How many remedies are named."""


@dataclass(frozen=True)
class Place:
    """Where a value lies on the scale of its parameter, 0 … 1; ``ticks`` are places with their labels."""

    parameter: Parameter
    values: tuple[ParamValue, ...]

    @property
    def ticks(self) -> list[tuple[float, str]]:
        if self.values:
            return [(self.of(v), words.value(v)) for v in self.values]
        p = self.parameter
        assert isinstance(p, Range)
        return [(0.0, words.value(p.low)), (0.5, words.number(self._at(0.5), 2)), (1.0, words.value(p.high))]

    def of(self, value: ParamValue) -> float:
        """Return the place of ``value``; one outside the space lies at its end."""
        if self.values:
            found = [
                i for i, v in enumerate(self.values) if v == value and isinstance(v, bool) == isinstance(value, bool)
            ]
            return found[0] / (len(self.values) - 1) if found and len(self.values) > 1 else 0.5
        p = self.parameter
        assert isinstance(p, Range)
        if isinstance(value, str) or p.low == p.high:
            return 0.5
        share = (
            math.log(max(float(value), p.low) / p.low) / math.log(p.high / p.low)
            if p.log
            else (value - p.low) / (p.high - p.low)
        )
        return min(1.0, max(0.0, share))

    def fifth(self, i: int) -> str:
        """Return one of ``LINEAR_STEPS`` stretches of a range in words."""
        low, high = (self._at(j / LINEAR_STEPS) for j in (i, i + 1))
        return f"{words.number(low, 2)} … {words.number(high, 2)}"

    def _at(self, share: float) -> float:
        p = self.parameter
        assert isinstance(p, Range)
        return p.low * (p.high / p.low) ** share if p.log else p.low + share * (p.high - p.low)


def places(content: Content) -> dict[str, Place]:
    """Return the scale of every parameter."""
    space = content.config.space
    return {name: Place(p, space.listed(name)) for name, p in space.parameters.items()}


def values(content: Content, name: str) -> list[str]:
    """Return the values of a parameter, or the stretches of its range, that no trial had."""
    place = places(content)[name]
    tried = [r.params[name] for r in content.report.trials if name in r.params]
    if place.values:
        return [words.value(v) for v in place.values if v not in tried]
    met = {min(LINEAR_STEPS - 1, int(place.of(v) * LINEAR_STEPS)) for v in tried}
    return [place.fifth(i) for i in range(LINEAR_STEPS) if i not in met]


def sentences(content: Content, say: Say, language: str) -> list[str]:
    """Return everything that was not tried, in words."""
    found = []
    for name in content.config.space.parameters:
        missing = values(content, name)
        if missing:
            found.append(say("{name}: no trial at {values}", name=words.plain(name), values=", ".join(missing)))
    waiting = prescribed(content)
    for record in waiting[:MOST]:
        assert record.prescription is not None
        found.append(
            say(
                "{remedy} for trial {n} ({change}), which its diagnosis called for",
                remedy=manual.remedy(record.prescription.remedy, language),
                n=record.number,
                change=words.changes(record.params, record.prescription.params),
            )
        )
    if len(waiting) > MOST:
        found.append(say("{n} more remedies", n=len(waiting) - MOST))
    return found


def prescribed(content: Content) -> list[Record]:
    """Return the trials whose remedy was not run, the best first."""
    trials = content.report.trials
    done = {(r.parent, r.remedy) for r in trials if r.parent is not None}
    waiting = [r for r in trials if r.prescription and (r.number, r.prescription.remedy) not in done]
    worst = -math.inf
    return sorted(waiting, key=lambda r: -(content.sign * r.score if r.score is not None else worst))
