"""The manual: what each symptom means and what to do about it, in English and Chinese.

English stands where the thing itself stands, in the docstring of each plug-in; the other languages in a YAML file each.
Whatever a language lacks is said in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tuner.diagnosis import Symptom

LANGUAGES = ("en", "zh")

HEADINGS: Mapping[str, str] = {
    "Looks like": "looks_like",
    "Not meant": "not_meant",
    "Usual causes": "causes",
    "In a search": "search",
    "For a person": "advice",
    "Thresholds": "thresholds",
}
"""How a paragraph of a docstring begins -> the field of the manual it fills."""

VALUES = ("train loss", "val loss", "nan", "inf")
"""What evidence says in words of its own; any other text in it is a name from a log."""

NUMBERS = ("number1", "number2", "number3")
"""Evidence that names a number of the shape, in words of its own as well."""

_NEEDLESS = re.compile(
    r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])|(?<=[\u3000-\u303f\uff00-\uffef]) | (?=[\u3000-\u303f\uff00-\uffef])"
)
"""A space between Chinese words, left where a line of YAML ends or where a name was translated."""

_HEADED = re.compile(rf"({'|'.join(HEADINGS)}): +")


@dataclass(frozen=True)
class Manual:
    """What there is to know about one symptom; a part that has nothing to say is empty."""

    name: str
    title: str
    summary: str
    looks_like: str = ""
    not_meant: str = ""
    causes: str = ""
    search: str = ""
    advice: tuple[str, ...] = ()
    thresholds: str = ""


@cache
def of(name: str, language: str = "en") -> Manual:
    """Return the manual of the symptom ``name``; raises ModuleNotFoundError where there is none of that name."""
    english = _parse(name, import_module(f"tuner.symptoms.{name}").__doc__ or "")
    translated = _said(language, "symptoms").get(name, {})
    said: dict[str, Any] = {key: _NEEDLESS.sub("", text) for key, text in translated.items() if key != "advice"}
    if "advice" in translated:
        said["advice"] = tuple(translated["advice"])
    return replace(english, **said)


def phrases(symptom: Symptom, language: str = "en") -> str:
    """Return what was seen on a curve, with its numbers."""
    evidence = {**symptom.evidence, "since_epoch": symptom.since_epoch, "epoch": symptom.epoch}
    return word("; ", language).join(phrase(says, evidence, language) for says in symptom.says)


def phrase(says: str, evidence: Mapping[str, Any], language: str = "en") -> str:
    """Return the English template ``says`` in ``language``, filled with the evidence; names of series are kept."""
    template = str(_said(language, "phrases").get(says, says))
    own = {key for key, value in evidence.items() if key in NUMBERS or value in VALUES}
    told = {key: word(value, language) if key in own else value for key, value in evidence.items()}
    return _NEEDLESS.sub("", template.format(**told))


def remedy(name: str, language: str = "en") -> str:
    """Return the words for a remedy, such as ``smaller model``."""
    return str(_said(language, "remedies").get(name) or name.replace("_", " "))


def word(text: str, language: str = "en") -> str:
    """Return a word of the interface in ``language``."""
    return str(_said(language, "words").get(text, text))


def treatment(name: str) -> Mapping[str, Any]:
    """Return the row of the default treatment table for a symptom; empty where it has none."""
    row: Mapping[str, Any] = _document("treatment").get(name) or {}
    return row


def columns() -> Mapping[str, Mapping[str, Any]]:
    """Return what the columns of logs mean, in English."""
    return _document("columns")


def column(name: str, language: str = "en") -> Mapping[str, Any]:
    """Return what the column ``name`` means: names, better, means, normal."""
    said = _said(language, "columns").get(name, {})
    return {**columns()[name], **{key: _NEEDLESS.sub("", text) for key, text in said.items()}}


def _parse(name: str, docstring: str) -> Manual:
    """Sort the paragraphs of a docstring into the parts of a manual; one without a heading goes on with the last."""
    parts: dict[str, list[str]] = {}
    part = "summary"
    for paragraph in docstring.strip().split("\n\n"):
        text = " ".join(paragraph.split())
        if headed := _HEADED.match(text):
            part, text = HEADINGS[headed[1]], text[headed.end() :]
        parts.setdefault(part, []).append(text)
    said: dict[str, Any] = {part: " ".join(texts) for part, texts in parts.items()}
    advice = tuple(said.pop("advice", "").removesuffix(".").split("; "))
    said = {part: text[:1].upper() + text[1:] for part, text in said.items()}
    return Manual(name, title=name.replace("_", " "), advice=tuple(filter(None, advice)), **said)


def _said(language: str, part: str) -> Mapping[str, Any]:
    """Return one part of what there is in ``language``: symptoms, phrases, remedies, words or columns."""
    said: Mapping[str, Any] = {} if language == "en" else _document(language).get(part) or {}
    return said


@cache
def _document(name: str) -> Mapping[str, Any]:
    text = (Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8")
    # The loader in C takes a twentieth of the time, and a manual is asked for on the command line.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load(text, Loader=loader))
