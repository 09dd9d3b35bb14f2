"""What ``tuner report`` does: print or write what a study found, in the format that was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tuner import manual, report, report_csv, report_html, report_markdown, report_text, sampler
from tuner.config import StudyConfig
from tuner.consoles import open_console
from tuner.errors import ConfigError
from tuner.opening import driver_is_alive
from tuner.reading import config_of, report_of, studies_of
from tuner.report import Report
from tuner.report_html.content import Content, gather

FORMATS = ("text", "html", "md", "csv", "json")


def show(folder: Path, form: str, language: str) -> None:
    """Print the report on the study in ``folder``, or on each of its stages; text and html write report.html too."""
    for option, given, known in (("--format", form, FORMATS), ("--lang", language, manual.LANGUAGES)):
        if given not in known:
            expected = f"expected one of {', '.join(known)}, but got {given!r}"
            raise ConfigError("report", option, expected)
    configs = [config_of(found, reading=True) for found in studies_of(folder)]
    reports = [report_of(config) for config in configs]
    if form == "json":
        found = [report.to_json(r) for r in reports]
        print(json.dumps(found[0] if len(found) == 1 else found, indent=2, allow_nan=False))
    elif form == "csv":
        sys.stdout.write(report_csv.table(reports))
    elif form == "md":
        contents = _contents(configs, reports)
        print("\n".join(report_markdown.render(content, language) for content in contents), end="")
    elif form == "html":
        print(f"report: {_write(folder, _contents(configs, reports), language)}")
    else:
        _text(configs, reports)
        print(f"report: {_write(folder, _contents(configs, reports), language)}")


def write_page(folder: Path, known: Mapping[Path, Report]) -> Path:
    """Write report.html into the folder of a study, or into that of all stages and into each of theirs.

    ``known`` are reports that need not be made again, by the folders of their studies.
    """
    configs = [config_of(found, reading=True) for found in studies_of(folder)]
    reports = [known.get(config.folder) or report_of(config) for config in configs]
    return _write(folder, _contents(configs, reports), "en")


def _contents(configs: list[StudyConfig], reports: list[Report]) -> list[Content]:
    pairs = zip(configs, reports, strict=True)
    return [gather(config, one, running=_is_alive(config)) for config, one in pairs]


def _is_alive(config: StudyConfig) -> bool:
    return driver_is_alive(config, sampler.load_study(config.storage, config.model.study))


def _write(folder: Path, contents: list[Content], language: str) -> Path:
    whole = report_html.write(contents, folder, language)
    for content in contents:
        if content.config.folder != folder.resolve():
            report_html.write([content], content.config.folder, language)
    return whole


def _text(configs: list[StudyConfig], reports: list[Report]) -> None:
    for config, one in zip(configs, reports, strict=True):
        report_text.show(one, open_console())
        best = report.write_best(one, config.folder)
        if best:
            print(f"best parameters: {best}")
