"""Sentences on single trials and checks, in the language of the page."""

from __future__ import annotations

from tuner import manual, words
from tuner.checks import Check
from tuner.record import NOT_CONTINUED, Record
from tuner.registry import SYMPTOMS
from tuner.report_html import said
from tuner.report_html.content import Content, outcome
from tuner.report_html.said import Say


def origin(record: Record, say: Say, language: str) -> str:
    """Return who proposed a trial, such as ``smaller model ← 7``."""
    name = manual.remedy(record.remedy, language) if record.remedy else said.origins(say)[str(record.origin)]
    return words.plain(name if record.parent is None else f"{name} ← {record.parent}")


def reason(name: str, say: Say, language: str) -> str:
    """Return the words for why a trial ended: the title of a symptom, or those for another reason."""
    if name in SYMPTOMS:
        return manual.of(name, language).title
    return said.reasons(say).get(name, words.plain(name))


def why(content: Content, record: Record, say: Say, language: str) -> str:
    """Return why a trial ended, with the numbers that showed it; what it is doing where it has not ended."""
    ending = record.ending
    if not record.finished:
        return words.plain(record.standing) if record.paused else said.outcomes(say)[outcome(record)]
    if ending is None:
        return said.outcomes(say)[outcome(record)]
    name = reason(ending.reason, say, language)
    if ending.since_epoch is not None:
        name = say("{what} since epoch {epoch}", what=name, epoch=ending.since_epoch)
    symptom = content.seen[record.number].of(ending.reason)
    # A translation is at hand only where the same symptom is seen again; what a program printed stays as it is.
    text = ending.text if language == "en" or symptom is None else manual.phrases(symptom, language)
    if ending.reason in ("finished", NOT_CONTINUED):
        return words.plain(text) if language == "en" and text else name
    return name if text in ("", ending.reason) else f"{name}{say(': ')}{words.plain(text)}"


def at_its_end(content: Content, record: Record, say: Say, language: str) -> str | None:
    """Return what is seen on a trial that no symptom ended; None where there is nothing to say beyond that."""
    verdict = content.seen[record.number].verdict
    if verdict is None or (record.ending is not None and record.ending.reason in SYMPTOMS):
        return None
    name = manual.of(verdict.name, language).title
    since = say("{what} since epoch {epoch}", what=name, epoch=verdict.since_epoch)
    return f"{since}{say(': ')}{words.plain(manual.phrases(verdict, language))}"


def check(found: Check, say: Say, language: str) -> str:
    """Return the text of a check."""
    if language == "en":
        return words.plain(found.text)
    data = found.data
    match found.name:
        case "edge" if data["side"] == "outside":
            return say("the best {name}, {value}, is outside the space", name=data["parameter"], value=data["value"])
        case "edge":
            ends = {"lower": say("lower"), "upper": say("upper"), "first": say("first"), "last": say("last")}
            end, value = ends[data["side"]], words.value(data["value"])
            template = "the best {name}, {value}, is at the {end} end of the space: what lies beyond was never tried"
            return say(template, name=data["parameter"], value=value, end=end)
        case "cut_short":
            return say("the best trial has {n} epochs only: nothing better was trained to its end", n=data["epochs"])
        case "infeasible":
            return _infeasible(found, say, language)
        case "running":
            numbers = ", ".join(map(str, data["trials"]))
            return say("trials {numbers} still running: the figures are not final", numbers=numbers)
    return words.plain(found.text)


def _infeasible(found: Check, say: Say, language: str) -> str:
    data = found.data
    most = reason(data["reason"], say, language)
    text = say(
        "{failed} of {ended} ended trials failed, most often: {reason} ({times})",
        failed=data["failed"],
        ended=data["ended"],
        reason=most,
        times=data["times"],
    )
    region = data.get("region")
    if not region:
        return text
    template = "{inside} of {pruned} pruned trials had {where}, and {completed_inside} of {completed} completed ones"
    return f"{text}{say('; ')}{say(template, **region)}"
