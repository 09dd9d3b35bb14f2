from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tuner
from tests.report_html.pages import Seen, content_in, family, many
from tuner import report_markdown
from tuner.report_html import render, said

PACKAGE = Path(tuner.__file__).parent
SOURCES = [*sorted((PACKAGE / "report_html").glob("*.py")), PACKAGE / "report_markdown.py"]
IN_TEMPLATE = re.compile(r"""say\((?:"([^"]*)"|'([^']*)')""")
FIELD = re.compile(r"{\w+}")


def texts() -> Iterator[str]:
    """Yield every text that the page says, read off its sources."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "template"
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say"
            inside = node.value if named else node.args[0] if called else None  # type: ignore[attr-defined]
            constants = ast.walk(inside) if inside is not None else ()
            yield from (c.value for c in constants if isinstance(c, ast.Constant) and isinstance(c.value, str))
    template = (PACKAGE / "report_html" / "page.html").read_text(encoding="utf-8")
    yield from (found[1] or found[2] for found in IN_TEMPLATE.finditer(template))


def test_everything_that_the_page_says_is_there_in_chinese_and_nothing_else() -> None:
    said_by_page = set(texts())
    assert len(said_by_page) > 100
    assert set(said.translations("zh")) == said_by_page


def test_a_translation_has_the_numbers_of_its_text() -> None:
    for english, chinese in said.translations("zh").items():
        assert sorted(set(FIELD.findall(chinese))) == sorted(set(FIELD.findall(english))), english


@pytest.mark.parametrize("trials", [family(), many(20), []], ids=["family", "twenty", "none"])
def test_a_page_in_chinese_leaves_no_heading_in_english(tmp_path: Path, trials: list[object]) -> None:
    page = render([content_in(tmp_path, trials)], "digits", "zh")  # type: ignore[arg-type]
    headings = re.findall(r"<h[23][^>]*>([^<]+)", page)
    assert [text for text in headings if text.strip() and not re.search(r"[\u4e00-\u9fff]", text)] == []
    assert Seen(page).elements[0][1]["lang"] == "zh"


def test_the_reason_of_a_stopped_trial_is_told_in_chinese(tmp_path: Path) -> None:
    text = report_markdown.render(content_in(tmp_path, family()), "zh")
    assert "过拟合（始于 epoch 15）" in text and "最佳为 0.8500：试验 1，由对策“换小一号的模型”从试验 0 得来。" in text
