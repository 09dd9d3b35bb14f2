"""Tables in Markdown, and the rows that a schema of the configuration makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "null": "null"}
BOUNDS = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}
KEYS = "key", "value", "default", "what it is"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; a bar within a cell is escaped."""
    lines = [list(heads), ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def of_model(model: type[BaseModel], prefix: str = "", links: Mapping[str, str] = {}) -> str:
    """Return the table of the keys of ``model``; ``links`` say where the keys below one of them are described."""
    return table(KEYS, schema_rows(model.model_json_schema(), prefix, links))


def schema_rows(schema: Mapping[str, Any], prefix: str, links: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name, known in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        key = f"`{prefix}{name}`"
        linked = f"[{key}]({links[name]})" if name in links else key
        yield linked, kind(known), "**needed**" if needed else default(known.get("default")), known["description"]


def kind(known: Mapping[str, Any]) -> str:
    """Say what may stand for a key, from its JSON schema."""
    if "enum" in known:
        return " or ".join(f"`{value}`" for value in known["enum"])
    if "const" in known:
        return f"`{known['const']}`"
    if "anyOf" in known:
        return _either([kind(k) for k in known["anyOf"] if k.get("type") != "null"])
    if known.get("type") == "array":
        return f"list of {_many(kind(known['items']))}" if known.get("items") else "list"
    if known.get("type") == "object" or "$ref" in known or "type" not in known:
        return "keys"
    bounds = " and ".join(f"{words} {known[bound]}" for bound, words in BOUNDS.items() if bound in known)
    return " ".join(filter(None, [TYPES[known["type"]], bounds]))


def default(value: Any) -> str:
    """Return a default as YAML writes it; nothing where there is none."""
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, dict):
        return f"`{{{', '.join(f'{key}: {json.dumps(v).strip(chr(34))}' for key, v in value.items())}}}`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _either(kinds: Sequence[str]) -> str:
    if {"number", "text"} <= set(kinds):
        return "value"
    return ", or ".join(k for k in dict.fromkeys(kinds) if not (k == TYPES["integer"] and TYPES["number"] in kinds))


def _many(words: str) -> str:
    return words if words == "keys" else f"{words}s"


def from_docstring(text: str) -> str:
    """Return a module's manual as Markdown, its indented blocks fenced."""
    blocks: list[str] = []
    for paragraph in re.split(r"\n{2,}(?=\S)|(?<=\S)\n{2,}(?=    )", text.strip()):
        if not paragraph.startswith("    "):
            blocks.append(paragraph)
            continue
        lines = "\n".join(line.removeprefix("    ") for line in paragraph.splitlines())
        command = lines.startswith("python ")
        mark = "<!-- not run: STUDY stands for the name of a study of yours -->\n" if command else ""
        blocks.append(f"{mark}```{'sh' if command else 'yaml'}\n{lines}\n```")
    return "\n\n".join(blocks)
