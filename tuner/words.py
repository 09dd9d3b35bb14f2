"""Say in words what a trial is, where it came from and why it ended; everything here returns plain one-line text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence

from tuner.record import NOT_CONTINUED, Action, Ending, Origin, Params, ParamValue, Prescription, Record

VERBS = {
    Action.CONTINUE: "goes on",
    Action.FINISH: "finished",
    Action.STOP: "stopped",
    Action.PRUNE: "pruned",
    Action.FAIL: "failed",
}
NONE = "-"
"""What stands where there is nothing to say."""

CAME_ABOUT = {
    Origin.BASELINE: "a baseline",
    Origin.SWEEP: "from the sweep of the learning rate",
    Origin.SAMPLER: "drawn by the sampler",
}

STATES = {
    "COMPLETE": "completed",
    "PRUNED": "was pruned",
    "FAIL": "failed",
    "RUNNING": "is running",
    "WAITING": "waits for its turn",
}


def plain(text: object) -> str:
    """Return ``text`` on one line and without control characters, since it may come from a log."""
    # Format characters (Cf) go too: a bidi override in a log would turn the rest of the line around.
    kept = (" " if c.isspace() else c for c in str(text))
    return " ".join("".join(c for c in kept if unicodedata.category(c) not in {"Cc", "Cf", "Cs"}).split())


def number(value: float | None, digits: int = 4) -> str:
    """Return a figure to ``digits`` significant digits, or a dash where there is none."""
    if value is None:
        return NONE
    if isinstance(value, int):
        return str(value)
    if math.isfinite(value) and value == int(value) and abs(value) < 10**6:
        return str(int(value))
    return f"{value:.{digits}g}"


def figure(score: float | None) -> str:
    """Return a score to 4 significant digits with its zeros, so that figures in a column compare."""
    return NONE if score is None else f"{float(score):#.4g}"


def value(chosen: ParamValue) -> str:
    """Return the value of a hyperparameter, a float to 4 significant digits."""
    if isinstance(chosen, bool) or not isinstance(chosen, int | float):
        return plain(chosen)
    return number(chosen)


def params(chosen: Mapping[str, ParamValue]) -> str:
    return ", ".join(f"{plain(name)}={value(v)}" for name, v in chosen.items())


def change(changed: Mapping[str, tuple[ParamValue | None, ParamValue | None]], against: str) -> str:
    """Return what differs between two settings, such as ``model=s against m``; ``against`` is the word between."""
    parts = [(plain(name), *(NONE if v is None else value(v) for v in both)) for name, both in changed.items()]
    return ", ".join(f"{name}={one} {against} {other}" for name, one, other in parts)


def duration(seconds: float) -> str:
    """Return a time in its two largest units, such as ``3m 05s``."""
    if not math.isfinite(seconds) or seconds < 0:
        return NONE
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def roughly(seconds: float | None) -> str:
    """Return a time as an estimate is told, such as ``40s``, ``12m`` or ``3h 10m``."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return NONE
    if seconds < 57:
        return f"{round(seconds / 5) * 5 if seconds > 10 else round(seconds)}s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes}m"
    hours = minutes // 60
    return f"{hours}h {minutes % 60:02d}m" if hours < 24 else f"{hours // 24}d {hours % 24}h"


def count(n: int, noun: str) -> str:
    """Return a number with its noun, in the plural where that is due."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}{'es' if noun.endswith('x') else 's'}"


def origin(record: Record) -> str:
    """Return who proposed the trial, such as ``sampler`` or ``smaller_model ← 7`` for a remedy of trial 7."""
    name = plain(record.remedy) if record.remedy else str(record.origin)
    again = f", retry {record.retry}" if record.retry and record.origin is not Origin.RETRY else ""
    return (name if record.parent is None else f"{name} ← {record.parent}") + again


def came_about(record: Record, records: Sequence[Record]) -> str:
    """Return how the parameters of a trial came about, such as ``smaller_model for trial 7 (overfitting, 0.9291)``."""
    if record.parent is None:
        return CAME_ABOUT.get(record.origin, str(record.origin))
    before = next((r for r in records if r.number == record.parent), None)
    if record.origin is Origin.RETRY or before is None:
        return origin(record)
    symptom = before.prescription.symptom if before.prescription else None
    known = [plain(symptom)] if symptom else []
    known += [] if before.score is None else [figure(before.score)]
    seen = f" ({', '.join(known)})" if known else ""
    return f"{plain(record.remedy)} for trial {before.number}{seen}: {changes(before.params, record.params)}"


def epochs(record: Record) -> str:
    """Return the epochs done of the epochs planned, such as ``23/100``."""
    return f"{record.epochs}/{record.planned_epochs}" if record.planned_epochs else str(record.epochs)


def score(record: Record) -> str:
    """Return the best score and where it was reached, such as ``0.8123 at epoch 14``."""
    if record.score is None:
        return "no score"
    where = "" if record.score_epoch is None else f" at epoch {record.score_epoch}"
    return figure(record.score) + where


def changes(before: Params, after: Params) -> str:
    """Return what differs between two sets of hyperparameters, such as ``model mlp-m → mlp-s``."""
    names = [*before, *(name for name in after if name not in before)]
    return ", ".join(_change(name, before, after) for name in names if before.get(name) != after.get(name))


def _change(name: str, before: Params, after: Params) -> str:
    if name not in after:
        return f"{plain(name)} dropped"
    if name not in before:
        return f"{plain(name)} = {value(after[name])}"
    return f"{plain(name)} {value(before[name])} → {value(after[name])}"


def why(ending: Ending | None) -> str:
    """Return the reason a trial ended, such as ``overfitting since 15: val loss rose …``."""
    if ending is None:
        return "no reason was stored"
    reason, text = plain(ending.reason), plain(ending.text)
    since = "" if ending.since_epoch is None else f" since {ending.since_epoch}"
    if text in {"", reason}:
        return reason + since
    # ``finished`` and ``not_continued`` are what the verb says already.
    return text if reason in ("finished", NOT_CONTINUED) else f"{reason}{since}: {text}"


def verb(ending: Ending) -> str:
    """Return what was done, such as ``stopped``; a trial that lost against its peers was not pruned for a fault."""
    return "not continued" if ending.reason == NOT_CONTINUED else VERBS[ending.action]


def prescription(record: Record, prescribed: Prescription) -> str:
    """Return the remedy to be tried and the one move it makes, such as ``smaller_model (model mlp-m → mlp-s)``.

    The symptom it answers is named where it is not the one that the trial was ended or is held for.
    """
    move = changes(record.params, prescribed.params)
    reason = record.ending.reason if record.ending is not None else record.held[-1] if record.held else None
    against = "" if prescribed.symptom in (None, reason) else f" against {plain(prescribed.symptom)}"
    return plain(prescribed.remedy) + against + (f" ({move})" if move else "")


def title(record: Record) -> str:
    """Return the number of a trial, with its remedy and parent where it has them."""
    return f"trial {record.number} ({origin(record)})" if record.parent is not None else f"trial {record.number}"


def sentence(record: Record) -> str:
    """Return what became of a trial: how it ended and when, why, its best score, and the remedy that waits for it."""
    if record.paused and not record.finished:
        return f"{title(record)} {plain(record.standing)}; {_best(record)}"
    if not record.finished:
        return f"{title(record)} {STATES[record.state.name]}"
    return f"{_ended(record)}: {why(record.ending)}; {_best(record)}{_following(record)}"


def not_continued(n: int) -> str:
    """Return what became of trials that were paused and lost their race."""
    return f"{count(n, 'paused trial')} not continued, as others were better"


def gist(record: Record, child: int | None = None) -> str:
    """Return the same of a trial that has ended or is held, without the evidence, which ``evidence`` has.

    ``child`` is the trial that tries its remedy, where one does already.
    """
    if not record.finished:
        return f"{title(record)} {plain(record.suspect.partition(': ')[0])}; {_best(record)}{_following(record, child)}"
    reason = "" if record.ending is None else plain(record.ending.reason)
    since = "" if record.ending is None or record.ending.since_epoch is None else f" since {record.ending.since_epoch}"
    told = "" if reason in ("finished", NOT_CONTINUED) else f"{reason or why(None)}{since}; "
    return f"{_ended(record)}: {told}{_best(record)}{_following(record, child)}"


def evidence(record: Record) -> str:
    """Return what was seen on a trial that has ended or is held, in numbers; nothing where its reason says all."""
    if not record.finished:
        return plain(record.suspect.partition(": ")[2])
    if record.ending is None or record.ending.reason == "finished":
        return ""
    text = plain(record.ending.text)
    return "" if text == plain(record.ending.reason) else text


def _ended(record: Record) -> str:
    if record.ending is None:
        return f"{title(record)} {STATES[record.state.name]}"
    # The last epoch of a trial that trained them all is no news.
    told = record.ending.epoch is not None and record.ending.reason not in ("finished", NOT_CONTINUED)
    at = f" at epoch {record.ending.epoch}" if told else ""
    return f"{title(record)} {verb(record.ending)}{at}"


def _following(record: Record, child: int | None = None) -> str:
    if record.prescription is None:
        return ""
    return f" → {'queued' if child is None else f'trial {child}'}: {prescription(record, record.prescription)}"


def start(record: Record) -> str:
    """Return where and with which hyperparameters a trial starts."""
    where = f" on {plain(record.device)}" if record.device else ""
    from_whom = "" if record.parent is not None else f" ({origin(record)})"
    return f"{title(record)}{from_whom} started{where}: {params(record.params)}"


def goes_on(record: Record) -> str:
    """Return why and how far a paused trial goes on."""
    where = f" on {plain(record.device)}" if record.device else ""
    return f"{title(record)} goes on{where} to epoch {record.until}: {plain(record.standing)}"


def _best(record: Record) -> str:
    return "no score" if record.score is None else f"best {score(record)}"
