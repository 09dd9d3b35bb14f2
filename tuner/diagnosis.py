"""Symptoms of a training curve, and the diagnosis that gathers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from tuner import calibration, scorecard, shape
from tuner.curve import Curve
from tuner.shape_of_one import LEAST
from tuner.symptoms import trend

RULE_VERSION = "14"
"""Stored with every verdict; raised whenever a rule or a default threshold changes, which asks for a new fit of the
scorecard and of the confidences (scripts/fit_scorecard.py, scripts/calibrate.py)."""

HARMFUL = 0.5
"""The severity from which on a symptom harms what the run is judged by."""

NAMED, SURE, CERTAIN = 0.6, 0.8, 1.0
"""Severities of what is said as soon as it shows, of what has shown for so long that a trial may end for it, and of
what leaves nothing of a run, so that at its end no shape makes it a healthy one."""

MILD = 0.4
"""The severity of what is seen but does no harm."""

FACTS = ("nan", "negative_loss", "too_early")
"""Verdicts of the rules that are facts, not shapes: the scorecards have no say in them."""

FIRM = (*FACTS, "diverging")
"""Those that stand while a run goes on."""

WAVES = 0.8
"""The margin from which on waves of a fixed period are a fact as well, once the plan is over.

No number of the shape knows of a period, so to a scorecard a small wave is its curve without it.
"""

BY_RULE = ("diverging", "periodic", "class_loss_rising", "slow_start", "not_learning", "stuck_after_first_epoch")
"""Those that no shape says where no rule sees them.

On parts of the bank left out of the fit it finds next to none that the rules miss, and names others of 997 real logs.
"""

FINISHED = 1.0
"""The share of the plan from which on a curve is weighed as a whole; until then only alarms are."""

FEWEST = 20
"""Rows that a finished curve must have for its shape to say more than the rules do."""

UNLIKELY = 0.4
"""What the likeliest verdict by shape must reach; below it a curve is unlike those of the bank, and the rules stand."""

ALSO = 0.1
"""How likely a second symptom of a run that goes on must be, as a share of how likely the first is, to do harm.

What is likelier a slow start does not end a run for learning nothing: on the ninth held-out part of the bank 1 of 207
runs that end well is stopped at a loss where it was 6, and 69 of 133 that end badly where it was 72.
"""

UNSURE = 0.4
"""The confidence of a verdict that rests on the direction of the last epochs alone."""

HALF = 0.5
"""The share of the plan before which a curve without a clear shape, that does not get better, may still do anything."""

WORTH = 0.03
"""The share of what is left to gain by which a curve has to improve over its last third to be called improving."""

Number = float | int


@dataclass(frozen=True)
class Symptom:
    """One thing seen on a curve, with the numbers that show it.

    ``since_epoch`` is where it began and ``epoch`` the last epoch that was known when it was seen, both in the
    numbering of the log. ``confidence`` and ``severity`` lie in 0 … 1: a severity of at least ``HARMFUL`` harms what
    the run is judged by. ``says`` holds clauses in plain words, as templates over ``evidence`` and the two epochs, so
    that they can be said in other languages. A symptom that is not ``clear`` is the best guess where no rule saw it;
    nothing is done about it.
    """

    name: str
    since_epoch: int
    epoch: int
    confidence: float
    severity: float
    evidence: Mapping[str, Number | str]
    says: tuple[str, ...]
    healthy: bool = False
    clear: bool = True

    @property
    def harmful(self) -> bool:
        return not self.healthy and self.severity >= HARMFUL

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
    """Return every symptom of ``curve``, the primary verdict first, with calibrated confidences.

    The rules have the first word. Of a finished curve a scorecard of its shape decides, to which the verdict of the
    rules is one number more; on one that goes on another confirms their alarm and names it, or takes it back.
    """
    judged = judge(curve, plugins, options)
    seen = [replace(s, confidence=calibration.confidence(s.name, s.confidence)) for s in judged]
    if not judged or _stands(judged[0], curve) or len(trend.clean(curve.train_loss)) < LEAST:
        return Diagnosis(tuple(seen))
    if goes_on(curve):
        return Diagnosis(tuple(_foreseen(curve, plugins, judged, seen) if judged[0].harmful else seen))
    return Diagnosis(tuple(_weighed(curve, plugins, seen) if curve.length >= FEWEST else seen))


def _stands(first: Symptom, curve: Curve) -> bool:
    """Tell whether the verdict of the rules is one on which no scorecard has a say."""
    if goes_on(curve):
        return first.name in FIRM
    return first.name in FACTS or (first.name == "periodic" and first.confidence >= WAVES)


def goes_on(curve: Curve) -> bool:
    return curve.progress is not None and curve.progress < FINISHED


def judge(
    curve: Curve,
    plugins: Mapping[str, SymptomPlugin],
    options: Mapping[str, Any] | None = None,
) -> list[Symptom]:
    """Run every plug-in on ``curve`` and put the primary verdict first; confidences are the margins of the rules.

    What harms the objective comes first, then healthy shapes, then what is sick but does no harm, each group in the
    order of the registry. A curve with at least one row always gets a verdict.
    """
    options = options or {}
    found = (p.detect(curve, options=options.get(name) or _defaults(p.Options)) for name, p in plugins.items())
    seen = [s for s in found if s is not None]
    if curve.length and not any(s.healthy or s.harmful for s in seen):
        seen.append(_by_direction(curve))
    return _ordered(seen)


def _ordered(seen: Sequence[Symptom]) -> list[Symptom]:
    return sorted(seen, key=lambda s: 0 if s.harmful else 1 if s.healthy else 2)


def evidence(curve: Curve, judged: Sequence[Symptom]) -> dict[str, float]:
    """Return all that is weighed: the shape, and of every symptom whether and how clearly a rule saw it."""
    found = {**shape.numbers(curve), scorecard.PROGRESS: curve.progress or 1.0}
    for symptom in judged:
        if symptom.clear:
            found[f"{scorecard.SEEN} {symptom.name}"] = 2.0 if symptom.healthy or symptom.harmful else 1.0
            found[f"{scorecard.MARGIN} {symptom.name}"] = symptom.confidence
    return found | {f"{scorecard.VERDICT} {judged[0].name}": 1.0}


def _foreseen(
    curve: Curve, plugins: Mapping[str, SymptomPlugin], judged: Sequence[Symptom], seen: Sequence[Symptom]
) -> list[Symptom]:
    """Name how a run will end badly, or take the alarm back where shape and rules together do not make that likely."""
    card, found = scorecard.card(scorecard.RUNNING), evidence(curve, judged)
    if not set(card.labels) - {scorecard.SOUND} <= plugins.keys():
        return list(seen)
    likely = card.probabilities(found)
    if stands(1 - likely[scorecard.SOUND], curve.progress or 0.0, card.caution):
        name = max(likely.keys() - {scorecard.SOUND}, key=lambda label: likely[label])
        first, *rest = _first(curve, seen, name, plugins[name].HEALTHY, card, found, likely)
        return [first, *(s if likely.get(s.name, 1.0) >= ALSO * likely[name] else _harmless(s) for s in rest)]
    milder = [_harmless(s) for s in seen]
    return _ordered(milder if any(s.healthy for s in milder) else [*milder, _by_direction(curve)])


def stands(sick: float, progress: float, caution: float) -> bool:
    """Tell whether a run is likely enough to end badly to be called sick while it goes on.

    The less is left of the plan, the less is saved by saying it now, and so the surer it has to be.
    """
    return sick * (1 - progress) >= caution * (1 - sick)


def _harmless(symptom: Symptom) -> Symptom:
    return replace(symptom, severity=min(symptom.severity, MILD)) if symptom.harmful else symptom


def _weighed(curve: Curve, plugins: Mapping[str, SymptomPlugin], seen: Sequence[Symptom]) -> list[Symptom]:
    """Put first what is likeliest by shape and rules."""
    card, found = scorecard.card(scorecard.FINISHED), shape.numbers(curve)
    if not set(card.labels) <= plugins.keys():  # of some symptoms alone none is the likeliest
        return list(seen)
    likely = card.probabilities(found)
    if seen[0].severity >= CERTAIN:
        likely = {name: value for name, value in likely.items() if not plugins[name].HEALTHY}
    likely = weigh(likely, [s.name for s in seen], card, plugins)
    name = likeliest(likely, seen[0].name)
    return _first(curve, seen, name, plugins[name].HEALTHY, card, found, likely)


def _first(
    curve: Curve,
    seen: Sequence[Symptom],
    name: str,
    healthy: bool,
    card: scorecard.Card,
    found: Mapping[str, float],
    likely: Mapping[str, float],
) -> list[Symptom]:
    """Put one symptom first, and of a healthy curve nothing that was seen does harm."""
    first = next((s for s in seen if s.name == name), None)
    if first is None:
        other = max(likely.keys() - {name}, key=lambda label: likely[label])
        why = [key for key in card.reasons(found, name, other) if key in shape.NAMES and abs(found[key]) < ENDLESS]
        first = _by_shape(curve, name, healthy, {key: found[key] for key in why[:REASONS]})
    severity = first.severity if healthy else max(first.severity, NAMED)
    first = replace(first, severity=severity, confidence=card.confidence(likely[name]))
    lost = not healthy and any(s.severity >= CERTAIN for s in seen)
    rest = [s for s in seen if s.clear and s.name != name and not (lost and s.healthy)]
    return [first, *(map(_harmless, rest) if healthy else rest)]


def weigh(
    likely: Mapping[str, float], seen: Sequence[str], card: scorecard.Card, plugins: Mapping[str, SymptomPlugin]
) -> dict[str, float]:
    """Return how likely each label is, given what the rules saw and that a false alarm is worse than a miss."""
    weighed = {}
    for name, probability in likely.items():
        if name in plugins and (name in seen or name not in BY_RULE):
            factor = card.caution if plugins[name].HEALTHY else 1.0 if name in seen else 1 / card.trust
            factor *= card.trust if name == seen[0] else 1.0
            # No single number may rule a label out.
            weighed[name] = (probability + scorecard.DOUBT) * factor
    total = sum(weighed.values())
    return {name: value / total for name, value in weighed.items()}


def likeliest(likely: Mapping[str, float], said: str) -> str:
    """Return the likeliest label; what the rules said where none is likely."""
    best = max(likely, key=lambda name: likely[name])
    return said if likely[best] < UNLIKELY and said in likely else best


_LOOKS = (
    "no rule sees it, but the shape as a whole is that of such runs: {number1} {value1:.3g}",
    "{number2} {value2:.3g}",
    "{number3} {value3:.3g}",
)

REASONS = len(_LOOKS)

ENDLESS = 1e6
"""A number so large is one that was divided by nothing, and explains as little."""


def _by_shape(curve: Curve, name: str, healthy: bool, why: Mapping[str, float]) -> Symptom:
    """Return a symptom that no rule saw, with the numbers that speak most for it."""
    numbers: dict[str, Number | str] = {}
    for i, (key, value) in enumerate(why.items(), start=1):
        numbers |= {f"number{i}": shape.NAMES[key], f"value{i}": value}
    return Symptom(
        name=name,
        since_epoch=int(curve.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=0.0,
        severity=0.0 if healthy else NAMED,
        evidence=numbers,
        says=_LOOKS[: len(why)],
        healthy=healthy,
        clear=False,
    )


@lru_cache
def _defaults(options: Any) -> Any:
    """Return the default options of a plug-in, made once: they are frozen, and a study looks at every epoch."""
    return options()


_BETTER = "nothing is wrong so far: {series} got better, {then:.3g} → {now:.3g}, over the last {epochs} epochs"
_NO_BETTER = "no clear shape: {series} went {then:.3g} → {now:.3g} over the last {epochs} epochs"
_NO_SERIES = "{epochs} epochs are logged, and no loss or score in three of them"
_NOT_MOVED = "{series} has not moved from {value:.3g} in {epochs} epochs"


def _by_direction(curve: Curve) -> Symptom:
    """Return a verdict for a curve without a clear shape: on its way, or not any more, without much confidence."""
    third = max(3, curve.length // 3)
    early = curve.progress is not None and curve.progress < HALF
    if early and curve.score is not None and len(set(trend.clean(curve.score))) == 1:
        return _too_little(curve, _NOT_MOVED, series=curve.score.name, value=float(trend.clean(curve.score)[0]))
    for series in (curve.score, curve.val_loss, curve.train_loss):
        cost = trend.clean_cost(series)[-third:]
        if series is None or len(cost) < 3:
            continue
        half = len(cost) // 2
        then, now = trend.mean(cost[:half]), trend.mean(cost[-half:])
        sign = -1 if series.higher_is_better else 1  # and + 0.0 below, so that nobody reads "-0"
        improves = then - now > max(WORTH * trend.room(series, then), trend.one_sample(cost))
        return Symptom(
            name="still_improving" if improves else "too_early" if early else "converged",
            since_epoch=int(series.finite.epochs[-len(cost)]),
            epoch=int(curve.epochs[-1]),
            confidence=UNSURE,
            severity=0.0,
            evidence={"series": series.name, "then": sign * then + 0.0, "now": sign * now + 0.0, "epochs": len(cost)},
            says=(_BETTER if improves else _NO_BETTER,),
            healthy=True,
            clear=False,
        )
    return _too_little(curve, _NO_SERIES)


def _too_little(curve: Curve, says: str, **evidence: str | float) -> Symptom:
    return Symptom(
        name="too_early",
        since_epoch=int(curve.epochs[0]),
        epoch=int(curve.epochs[-1]),
        confidence=UNSURE,
        severity=0.0,
        evidence={"epochs": curve.length, **evidence},
        says=(says,),
        healthy=True,
    )
