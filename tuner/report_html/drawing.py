"""What the page's script draws, as plain data: no text in it is ever read as HTML."""

from __future__ import annotations

import json
from typing import Any

from tuner import manual, words
from tuner.curve import Curve
from tuner.record import Record
from tuner.registry import SYMPTOMS
from tuner.report_html import curves, untried
from tuner.report_html.content import Content, is_sick, outcome
from tuner.report_html.said import Say
from tuner.report_html.untried import Place


def data(content: Content, say: Say, language: str) -> dict[str, Any]:
    """Return everything that one study's charts are drawn from."""
    places = untried.places(content)
    varied = {n: p for n, p in places.items() if len({r.params.get(n) for r in content.report.trials} - {None}) > 1}
    best = content.report.incumbent
    spent, trials = 0, []
    for record in content.report.trials:
        spent += record.trained_epochs if record.finished or record.paused else 0
        trials.append(_trial(content, record, varied, spent, say, language))
    return {
        "objective": words.plain(content.report.objective),
        "higher": content.report.higher_is_better,
        "best": best.number if best else None,
        "axes": [{"name": words.plain(n), "ticks": p.ticks, "levels": bool(p.values)} for n, p in varied.items()],
        "trials": trials,
        "words": _words(say),
    }


def embedded(found: dict[str, Any]) -> str:
    """Return ``found`` as JSON that can stand in a script element: nothing in it can end that element."""
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _trial(
    content: Content, record: Record, varied: dict[str, Place], spent: int, say: Say, language: str
) -> dict[str, Any]:
    seen = content.seen[record.number]
    return {
        "n": record.number,
        "out": outcome(record),
        "sick": is_sick(record),
        "score": curves.rounded(record.score),
        "spent": spent,
        "at": [None if (v := record.params.get(name)) is None else round(p.of(v), 3) for name, p in varied.items()],
        "lines": curves.lines(seen.curve),
        "log": curves.log_loss(seen.curve),
        "marks": marks(content, record, language),
        "end": _end(record, seen.curve),
        "planned": record.planned_epochs,
        "best": [record.score_epoch, curves.rounded(record.score)] if record.score_epoch is not None else None,
    }


def marks(content: Content, record: Record, language: str) -> list[dict[str, Any]]:
    """Return the epochs since which symptoms were seen: what ended the trial as it was stored, then what else shows."""
    ending = record.ending
    stored = ending is not None and ending.reason in SYMPTOMS and ending.since_epoch is not None
    found = [_mark(ending.since_epoch, ending.reason, "bad", language)] if stored and ending else []
    for i, s in enumerate(content.seen[record.number].symptoms):
        if (i == 0 or not s.healthy) and not (found and ending and s.name == ending.reason):
            found.append(
                _mark(s.since_epoch, s.name, "good" if s.healthy else "bad" if s.harmful else "mild", language)
            )
    return found


def _mark(epoch: int | None, symptom: str, kind: str, language: str) -> dict[str, Any]:
    return {"epoch": epoch, "name": manual.of(symptom, language).title, "kind": kind}


def _end(record: Record, curve: Curve) -> int | None:
    """Return the epoch of the decision, where the log goes on after it or was to."""
    ended = record.ending.epoch if record.ending else None
    whole = record.planned_epochs is not None and curve.length >= record.planned_epochs
    return None if whole and ended == curve.last_epoch else ended


def _words(say: Say) -> dict[str, str]:
    return {
        "trial": say("trial"),
        "epoch": say("epoch"),
        "spent": say("epochs spent"),
        "score": say("score"),
        "train": say("training loss"),
        "val": say("validation loss"),
        "loss": say("loss"),
        "incumbent": say("best so far"),
        "noscore": say("no score"),
        "novariation": say("no hyperparameter has taken two values yet"),
        "shown": say("{n} of {all} trials shown"),
        "nodata": say("nothing was logged"),
        "none": say("not set"),
    }
