"""The pages that are made from the code: that they are what would be made now, and say all there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import draw_symptoms, make_docs
from scripts.docs_pages import symptoms, tables
from tuner import explain, registry
from tuner.config_model import Budget, ConfigModel, Objective, Pausing, RateScaling, Remedies, Row
from tuner.space import Role
from tuner.space_file import FORMS, ParameterModel
from tuner.stages import StageModel

LARGEST = 15 * 1024
"""Bytes of a picture."""
MADE = make_docs.made()
MODELS = [ConfigModel, Objective, Budget, Row, Remedies, RateScaling, Pausing]
MODELS += [StageModel, ParameterModel, *(registry.TRAINERS[name].Options for name in registry.TRAINERS)]
MODELS += [registry.EXECUTORS[name].Options for name in registry.EXECUTORS]


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == MADE[path], "run: python -m scripts.make_docs"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_says_what_it_is(model: type) -> None:
    assert {name: row[3] for name, row in rows(model).items() if not row[3].strip()} == {}


def rows(model: type) -> dict[str, tuple[str, ...]]:
    schema = model.model_json_schema()  # type: ignore[attr-defined]
    return {row[0].strip("`"): row for row in tables.schema_rows(schema, "", {})}


def test_the_reference_names_everything_that_can_be_named() -> None:
    page = {name: text() for name, text in make_docs.PAGES.items()}
    assert all(f"`{name}`" in page["configuration.md"] for name in ConfigModel.model_fields)
    assert all(f"{{{form}: [" in page["search_space.md"] for form in FORMS)
    assert all(f"`{role}`" in page["search_space.md"] for role in Role)
    assert all(f"`{name}`" in page["trainers.md"] for name in (*registry.TRAINERS, *registry.READERS))
    assert all(f"### `{name}`" in page["treatment.md"] for name in registry.REMEDIES)


def test_what_a_key_may_hold_is_said_in_words() -> None:
    found = rows(ConfigModel)
    assert found["study"][1:3] == ("text", "**needed**")
    assert found["per_device"][1:3] == ("whole number above 0 and at most 64", "`1`")
    assert found["devices"][1] == "`auto` or `cpu`, or list of whole numbers"
    assert found["pausing"][2] == "`{eta: 4, first: 1, start_cost: 0.0}`"
    assert rows(ParameterModel)["choice"][1] == "list of values"


def test_a_block_of_a_manual_is_fenced_and_a_command_marked() -> None:
    text = "Title.\n\n    a:\n      b: 1\n\nMore.\n\n    python -m x --test\n"
    assert tables.from_docstring(text).splitlines() == [
        *("Title.", "", "```yaml", "a:", "  b: 1", "```", "", "More.", ""),
        "<!-- not run: STUDY stands for the name of a study of yours -->",
        *("```sh", "python -m x --test", "```"),
    ]


@pytest.mark.parametrize("name", registry.SYMPTOMS)
def test_a_picture_is_small_and_has_no_date(name: str) -> None:
    text = (make_docs.DOCS / symptoms.PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert text.rstrip().endswith("</svg>") and len(text.encode()) < LARGEST
    assert "<dc:date>" not in text


def test_there_is_a_picture_for_every_symptom_and_no_other() -> None:
    pictures = {path.stem for path in (make_docs.DOCS / symptoms.PICTURES).iterdir()}
    assert pictures == set(registry.SYMPTOMS)


def test_a_picture_is_drawn_the_same_twice() -> None:
    run = explain.example("overfitting")
    first = draw_symptoms.draw(run, "made up")
    assert first == draw_symptoms.draw(run, "made up")
    assert "since 14" in first and ">val loss</text>" in first
