"""Fill the template: one HTML text that needs nothing beside it, neither a network nor a file."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tuner import words
from tuner.evidence import kept
from tuner.report_html import advice, drawing, family, said, summary, tables, untried, wording
from tuner.report_html.content import Content, is_sick
from tuner.report_html.said import Say

PAGE_FILE = "report.html"
HERE = Path(__file__).parent
RELOAD_SECONDS = 15


def render(contents: Sequence[Content], title: str, language: str = "en") -> str:
    """Return the page about one study, or about the stages of one in turn."""
    say = said.speaker(language)
    script = _read("page.js")
    text: str = _template().render(
        title=words.plain(title),
        language=language,
        say=say,
        # What came of it all is in the last stage, so it comes first.
        studies=[study(c, i, say, language, alone=len(contents) == 1) for i, c in reversed(list(enumerate(contents)))],
        running=any(content.running for content in contents),
        written=contents[0].written,
        reload=RELOAD_SECONDS,
        style=Markup(_read("page.css")),
        script=Markup(script),
        fingerprint=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return text


def write(contents: Sequence[Content], folder: Path, language: str = "en") -> Path:
    """Write the page into ``folder``, whole or not at all, and return where it is."""
    path = folder / PAGE_FILE
    # Two may write at once, the driver and a person: each has a part of its own, and the last one counts.
    part = folder / f".{PAGE_FILE}.{os.getpid()}.part"
    try:
        part.write_bytes(render(contents, folder.resolve().name, language).encode("utf-8", errors="replace"))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _evidence(content: Content, language: str, *, alone: bool) -> dict[str, Any] | None:
    """Return what is known of the best trial's errors, and its page as a link from where this page lies."""
    found, folder = kept.of_best(content.config, content.report.incumbent), content.config.folder
    if found is None:
        return None
    said_of_it = [sentence.text(language) for sentence in found.sentences]
    return {"said": said_of_it, "link": found.page.relative_to(folder if alone else folder.parent).as_posix()}


def study(content: Content, i: int, say: Say, language: str, *, alone: bool = True) -> dict[str, Any]:
    """Return what the template says about one study; ``alone`` where it is no stage of several."""
    report = content.report
    return {
        "id": f"s{i}",
        "name": words.plain(report.study),
        "content": content,
        "report": report,
        "trials": said.trials(report.used.trials, say),
        "best": report.incumbent,
        "best_score": words.figure(report.incumbent.score) if report.incumbent else words.NONE,
        "signed": tables.signed(report.incumbent),
        "time": words.duration(report.used.hours * 3600),
        "failed": sum(is_sick(r) for r in report.trials),
        "facts": tables.facts(content, say),
        "dimensions": tables.dimensions(content, say),
        "summary": summary.paragraph(content, say, language),
        "evidence": _evidence(content, language, alone=alone),
        "certainty": summary.certainty(content, say, language),
        "columns": tables.columns(content, say),
        "rows": tables.rows(content, say, language),
        "seen": {r.number: wording.at_its_end(content, r, say, language) for r in report.trials},
        "params": {r.number: words.params(r.params) for r in report.trials},
        "outcomes": said.outcomes(say),
        "remedies": tables.remedies(content, language),
        "families": family.trees(content, say, language),
        "importance_note": tables.importance_note(content, say, language),
        "checks": [(c.name, wording.check(c, say, language)) for c in report.checks],
        "untried": untried.sentences(content, say, language),
        "settings": tables.settings(content),
        "repeating": tables.repeating(content),
        "versions": tables.versions(content, say),
        "seeds": tables.seeds(content, say),
        "configuration": tables.configuration(content),
        "complaints": advice.complaints(content, language),
        "steps": advice.steps(content, say, language),
        "notes": advice.notes(content, language),
        "data": Markup(drawing.embedded(drawing.data(content, say, language))),
    }


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(HERE)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html")


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8").strip()
