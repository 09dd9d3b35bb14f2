"""Diagnose training logs that are simply there, of whatever program: what ``tuner diagnose`` finds out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import Any

from tuner import logs, manual, registry
from tuner import remarks as odd
from tuner.curve import Curve, Kind, Series
from tuner.diagnosis import Diagnosis, Symptom, diagnose
from tuner.errors import did_you_mean
from tuner.readers import columns
from tuner.spec import LogError

GUESSED = {"csv", "jsonl", "json"}
"""Formats of no particular program: what their columns are is known by their names only."""
GUESSED_ROLES = {Kind.TRAIN_LOSS: "train_loss", Kind.VAL_LOSS: "val_loss", Kind.METRIC: "metric"}
MAX_NAMED = 4

EXIT_HEALTHY, EXIT_SICK, EXIT_UNUSABLE = 0, 1, 2


@dataclass(frozen=True)
class Asked:
    """What is said about the logs rather than guessed; ``options`` as the readers take them.

    ``higher_is_better`` is about the objective; None leaves it to its name.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    objective: str | None = None
    higher_is_better: bool | None = None
    planned_epochs: int | None = None


@dataclass(frozen=True)
class Run:
    """One run of a log with what was seen on it; ``number`` counts from 1 where the log holds several."""

    path: Path
    format: str
    curve: Curve
    diagnosis: Diagnosis
    number: int | None = None
    remarks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.path) if self.number is None else f"{self.path}#{self.number}"

    @property
    def verdict(self) -> Symptom:
        verdict = self.diagnosis.verdict
        assert verdict is not None, "a curve with an epoch has a verdict"
        return verdict

    @property
    def best(self) -> tuple[int, float] | None:
        return self.curve.score.best() if self.curve.score is not None else None


@dataclass(frozen=True)
class Refused:
    """A path that holds no log that can be read, and why; ``missing`` says that there is nothing at all."""

    path: Path
    error: str
    missing: bool = False


Source = tuple[Path, str]
"""A file and the name of the reader for it."""


def sources(paths: Iterable[Path], asked: Asked) -> Iterator[Source | Refused]:
    """Yield the logs at the paths, folders searched; each file once."""
    seen: set[Path] = set()
    for path in paths:
        try:
            found = _found(path, asked)
        except (LogError, OSError) as error:
            yield _refused(path, error)
            continue
        for source in found:
            if source[0].absolute() not in seen:
                seen.add(source[0].absolute())
                yield source


def read(path: Path, format: str, asked: Asked, *, finished: bool = True) -> Sequence[Run | Refused]:
    """Return the runs in a log with their diagnoses, or why there are none; never raises."""
    try:
        curves = registry.READERS[format].read_all(path, options=asked.options, finished=finished)
        curves = [_as_asked(curve, asked) for curve in curves]
        numbers = [None] if len(curves) == 1 else range(1, len(curves) + 1)
        return [_run(path, format, c, n, asked) for c, n in zip(curves, numbers, strict=True)]
    except (LogError, OSError) as error:
        return [_refused(path, error)]
    except Exception as error:
        # A thousand logs are not to be lost for one that nobody foresaw.
        return [Refused(path, f"cannot be diagnosed ({type(error).__name__}: {error})")]


def exit_code(results: Sequence[Run | Refused]) -> int:
    """Return 2 where a path is missing or nothing could be read, 1 where a verdict is sick, else 0."""
    runs = [result for result in results if isinstance(result, Run)]
    if not runs or any(isinstance(result, Refused) and result.missing for result in results):
        return EXIT_UNUSABLE
    return EXIT_HEALTHY if all(run.verdict.healthy for run in runs) else EXIT_SICK


def to_json(result: Run | Refused, language: str = "en") -> dict[str, Any]:
    """Return a result as plain data without NaN and infinity; null stands for them."""
    if isinstance(result, Refused):
        return {"file": str(result.path), "error": result.error}
    curve, verdict, best = result.curve, result.verdict, result.best
    return {
        "file": str(result.path),
        **({} if result.number is None else {"run": result.number}),
        "format": result.format,
        "epochs": curve.length,
        "planned_epochs": curve.planned_epochs,
        "verdict": verdict.name,
        "healthy": verdict.healthy,
        "confidence": _plain(verdict.confidence),
        "symptoms": [_symptom(symptom, language) for symptom in result.diagnosis.symptoms],
        "best": best and {"epoch": best[0], "metric": curve.score and curve.score.name, "value": best[1]},
        "remarks": remarks(result, language),
    }


def moves(symptom: str) -> tuple[str, ...]:
    """Return the remedies that the treatment table has for a symptom."""
    return tuple(manual.treatment(symptom).get("retry_with", ()))


def remarks(run: Run, language: str = "en") -> list[str]:
    """Return what is odd about a log or a curve and no symptom."""
    benign = [manual.phrase(remark.says, remark.evidence, language) for remark in odd.remarks(run.curve)]
    return [*run.remarks, *benign]


def _found(path: Path, asked: Asked) -> list[Source]:
    try:
        return [(found.path, found.format) for found in logs.find(path)]
    except LogError as error:
        # A plain table whose names tell nothing is a log all the same where its columns are said.
        format = logs.plain_format(path)
        if format is None:
            raise
        if not asked.options:
            raise LogError(f"{error}; if it is one, say with --columns what its columns are") from None
        return [(path, format)]


def _refused(path: Path, error: LogError | OSError) -> Refused:
    said = str(error) if isinstance(error, LogError) else f"cannot be read ({error.strerror or error})"
    return Refused(path, said.removeprefix(f"{path}: "), missing=not path.exists())


def _run(path: Path, format: str, curve: Curve, number: int | None, asked: Asked) -> Run:
    guessed = _guesses(curve, asked) if format in GUESSED else []
    seen = diagnose(curve, registry.SYMPTOMS)
    return Run(path, format, curve, seen, number, (*curve.remarks, *guessed))


def _guesses(curve: Curve, asked: Asked) -> list[str]:
    """Say what the columns were taken for, as far as nobody said it."""
    said = set(asked.options) | ({"metric"} if "metrics" in asked.options else set())
    parts = [
        f"{role}={'+'.join(_names(found))}"
        for kind, role in GUESSED_ROLES.items()
        if role not in said and (found := [s for s in curve.of_kind(kind) if s.name != asked.objective])
    ]
    score = curve.score
    if score is not None and asked.objective is None:
        parts.append(f"objective={score.name}:{'max' if score.higher_is_better else 'min'}")
    return [f"columns taken for {', '.join(parts)}; say otherwise with --columns"] if parts else []


def _names(found: Sequence[Series]) -> list[str]:
    names = [series.name for series in found]
    return names if len(names) <= MAX_NAMED else [*names[:MAX_NAMED], "…"]


def _as_asked(curve: Curve, asked: Asked) -> Curve:
    """Return the curve with the length and the objective that are asked for; raises LogError for an unknown one."""
    curve = replace(curve, planned_epochs=asked.planned_epochs or curve.planned_epochs)
    if asked.objective is None:
        return curve
    totals = {"train_loss": curve.train_loss, "val_loss": curve.val_loss}
    known = {**{name: total for name, total in totals.items() if total is not None}, **curve.series}
    if asked.objective not in known:
        raise LogError(f"no objective {asked.objective!r} in this log{did_you_mean(asked.objective, known)}")
    series = known[asked.objective]
    loss = series.kind in (Kind.TRAIN_LOSS, Kind.VAL_LOSS)
    higher = asked.higher_is_better
    if higher is None:
        higher = columns.better_higher(series.name) if series.kind is not Kind.METRIC else series.higher_is_better
    series = replace(series, kind=series.kind if loss else Kind.METRIC, higher_is_better=higher)
    return replace(curve, series={**curve.series, series.name: series}, objective=series.name)


def _symptom(symptom: Symptom, language: str) -> dict[str, Any]:
    return {
        "name": symptom.name,
        "since_epoch": symptom.since_epoch,
        "severity": _plain(symptom.severity),
        "confidence": _plain(symptom.confidence),
        "healthy": symptom.healthy,
        "text": manual.phrases(symptom, language),
        "evidence": {key: _plain(value) for key, value in symptom.evidence.items()},
        "moves": list(moves(symptom.name)),
        "advice": list(manual.of(symptom.name, language).advice),
    }


def _plain(value: Any) -> Any:
    """Return a number of evidence as JSON has it: to 6 digits, and null where it is not finite."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(f"{float(value):.6g}") if math.isfinite(value) else None
