"""The manuals: that every symptom has one in each language, and that no translation lags behind."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tuner import manual, registry
from tuner.diagnosis import Symptom
from tuner.shape import NAMES

PACKAGE = Path(manual.__file__).parent
SYMPTOMS = registry.SYMPTOMS
CHINESE = re.compile("[\u4e00-\u9fff]")
ZH = manual._document("zh")


def seen() -> Iterator[Symptom]:
    """Yield what every plug-in sees on all examples of all plug-ins."""
    curves = [c for p in SYMPTOMS.values() for c in (*p.SEEN.values(), *p.NOT_SEEN.values())]
    for plugin, curve in product(SYMPTOMS.values(), curves):
        symptom = plugin.detect(curve, options=plugin.Options())
        if symptom is not None:
            yield symptom


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def strings(*paths: Path) -> set[str]:
    """Return every string in the sources."""
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize("name", SYMPTOMS)
def test_a_symptom_has_a_manual_in_english(name: str) -> None:
    page = manual.of(name)
    assert page.summary and page.looks_like and page.search and page.advice and page.thresholds
    assert "What to do" not in str(page)
    if not SYMPTOMS[name].HEALTHY:
        assert page.causes


@pytest.mark.parametrize("name", SYMPTOMS)
def test_a_symptom_has_a_manual_in_chinese_with_the_same_parts(name: str) -> None:
    english, chinese = manual.of(name), manual.of(name, "zh")
    for part in ("title", "summary", "looks_like", "not_meant", "causes", "search"):
        assert bool(getattr(english, part)) == bool(CHINESE.search(getattr(chinese, part))), part
    assert len(english.advice) == len(chinese.advice)
    assert all(CHINESE.search(item) for item in chinese.advice)


def test_a_paragraph_without_a_heading_goes_on_with_the_one_before() -> None:
    text = (
        "Summary\nhere.\n\nLooks like: a\nline.\n\nAnd more.\n\nFor a person: do this; do\nthat.\n\nThresholds: none."
    )
    page = manual._parse("bumpy_road", text)
    assert page.title == "bumpy road"
    assert page.summary == "Summary here."
    assert page.looks_like == "A line. And more."
    assert page.advice == ("do this", "do that")
    assert page.thresholds == "None." and page.causes == ""


def test_what_a_language_lacks_is_said_in_english() -> None:
    assert manual.of("overfitting", "zh").thresholds == manual.of("overfitting").thresholds
    assert manual.remedy("walk_the_dog", "zh") == manual.remedy("walk_the_dog") == "walk the dog"
    assert manual.word("no such word", "zh") == "no such word"
    assert manual.phrase("{a} of {b}", {"a": 1, "b": 2}, "zh") == "1 of 2"


def test_all_that_is_seen_on_the_examples_can_be_said_in_chinese() -> None:
    for symptom in seen():
        for says in symptom.says:
            assert says in ZH["phrases"], f"{symptom.name}: {says}"
        assert CHINESE.search(manual.phrases(symptom, "zh"))
        assert manual.phrases(symptom) == symptom.text


def test_a_template_has_the_same_numbers_in_both_languages() -> None:
    for english, chinese in ZH["phrases"].items():
        assert placeholders(english) == placeholders(chinese), english


def test_evidence_that_is_a_word_is_translated_and_a_name_from_a_log_is_not() -> None:
    says = "{series} has been {value} from its first epoch on"
    assert manual.phrase(says, {"series": "val loss", "value": "nan"}, "zh") == "验证损失从第一个 epoch 起就是 NaN"
    assert manual.phrase(says, {"series": "best", "value": "inf"}, "zh").startswith("best 从")


def test_no_phrase_is_left_over_and_none_is_missing() -> None:
    others = [PACKAGE / name for name in ("remarks.py", "diagnosis.py", "evidence/said.py")]
    sources = strings(*(PACKAGE / "symptoms").glob("*.py"), *others)
    whole = sources | {first + rest for first, rest in product(sources, repeat=2) if rest.startswith(" ")}
    assert set(ZH["phrases"]) <= whole
    templates = {s for s in sources if re.search(r"\{[a-z_]+(:[^{}]*)?\}", s)}
    assert not {t for t in templates if not any(t in known for known in ZH["phrases"])}


def test_every_remedy_and_column_has_chinese_words_and_none_is_left_over() -> None:
    assert set(ZH["remedies"]) == set(registry.REMEDIES)
    assert set(ZH["columns"]) == set(manual.columns())
    for name in manual.columns():
        column = manual.column(name, "zh")
        assert CHINESE.search(column["means"]) and CHINESE.search(column["normal"])
        assert column["better"] in ("lower", "higher", "neither")


def test_every_symptom_in_chinese_is_one_of_the_registry() -> None:
    assert set(ZH["symptoms"]) == set(SYMPTOMS)
    assert set(ZH) == {"words", "symptoms", "phrases", "remedies", "columns"}


def test_every_word_of_the_interface_has_a_chinese_one_and_none_is_left_over() -> None:
    sources = list(PACKAGE.glob("*.py"))
    asked = {w for path in sources for w in re.findall(r'(?<!\w)word\("([^"]+)",', path.read_text(encoding="utf-8"))}
    asked |= {w for path in sources for w in re.findall(r"(?<!\w)word\('([^']+)',", path.read_text(encoding="utf-8"))}
    assert asked and asked <= set(ZH["words"])
    better = {column["better"] for column in manual.columns().values()}
    assert set(NAMES.values()) <= set(ZH["words"]) <= strings(*sources) | better | set(NAMES.values())


def test_no_space_is_left_between_chinese_words() -> None:
    for name in SYMPTOMS:
        page = manual.of(name, "zh")
        for text in (page.summary, page.looks_like, page.not_meant, page.causes, page.search, *page.advice):
            assert not re.search("[\u4e00-\u9fff，。；：] [\u4e00-\u9fff，。；：]", text), text


def test_a_row_of_the_treatment_table_is_found_by_its_symptom() -> None:
    assert manual.treatment("overfitting")["action"] == "stop"
    assert manual.treatment("no_such_symptom") == {}
