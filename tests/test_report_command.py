from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.driving import tuner
from tests.report_html.pages import content_in, family, study_in
from tests.studies import trial
from tuner import report_csv, report_markdown
from tuner.record import Action, Ending

HOSTILE = "=cmd|' /C calc'!A0 | <img src=x> `x` *y* [z](http://a)\n# head"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_in(tmp_path_factory.mktemp("report"), family())


def test_the_report_on_the_terminal_leaves_a_page_in_the_folder(place: Path) -> None:
    done = tuner("report", place)
    assert done.returncode == 0 and f"report: {place / 'report.html'}" in done.stdout
    assert "<!doctype html>" in (place / "report.html").read_text()


def test_json_is_what_it_was_by_either_option(place: Path) -> None:
    old, new = tuner("report", place, "--json"), tuner("report", place, "--format", "json")
    assert old.stdout == new.stdout and json.loads(old.stdout)["incumbent"]["number"] == 1


@pytest.mark.parametrize(("option", "given"), [("--format", "pdf"), ("--lang", "fr")])
def test_an_unknown_format_or_language_is_one_line(place: Path, option: str, given: str) -> None:
    done = tuner("report", place, option, given)
    assert done.returncode == 2 and done.stderr.startswith(f"tuner: report: {option}: expected one of ")
    assert done.stderr.count("\n") == 1


def test_markdown_in_chinese_goes_to_the_terminal(place: Path) -> None:
    done = tuner("report", place, "--format", "md", "--lang", "zh")
    assert done.returncode == 0 and "## 搜索了什么" in done.stdout


def test_a_study_in_stages_has_a_page_of_all_and_one_of_each(place: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    for name in ("probe", "full"):
        shutil.copytree(place, whole / name)
    (whole / "config.yaml").write_text(
        yaml.safe_dump({"study": "whole", "stages": {"probe": {}, "full": {}, "later": {}}})
    )
    done = tuner("report", whole, "--format", "html")
    assert done.stdout == f"report: {whole / 'report.html'}\n"
    assert (whole / "report.html").read_text().count('class="study"') == 2
    assert (whole / "full" / "report.html").read_text().count('class="study"') == 1


def test_a_table_in_markdown_has_a_line_for_every_trial(tmp_path: Path) -> None:
    text = report_markdown.render(content_in(tmp_path, family()))
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("| trial |"))
    assert lines[head].startswith("| trial | from | outcome | score |") and set(lines[head + 1]) == {"|", "-"}
    rows = lines[head + 2 : head + 7]
    assert [row.split(" | ")[0] for row in rows] == [f"| {n}" for n in range(5)]
    assert "overfitting since epoch 15: val loss rose 31 % while train loss fell" in rows[0]


def test_markdown_shows_text_from_logs_as_it_is(tmp_path: Path) -> None:
    crashed = Ending(Action.FAIL, "crashed", HOSTILE)
    text = report_markdown.render(content_in(tmp_path, [trial(crashed, None)]))
    assert r"\| \<img src=x\> \`x\` \*y\* \[z\](http://a) \# head" in text
    assert not any(line.startswith("# head") for line in text.splitlines())


def test_csv_holds_every_trial_with_parameters_and_metrics(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv.table([content_in(tmp_path, family()).report]))))
    assert [row["trial"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert (rows[1]["params.model"], rows[1]["metrics.val/recall"], rows[1]["best"]) == ("s", "0.7", "1")
    assert (rows[0]["reason"], rows[0]["since_epoch"], rows[4]["score"]) == ("overfitting", "15", "")


def test_no_text_in_csv_is_a_formula_for_a_spreadsheet(tmp_path: Path) -> None:
    crashed = Ending(Action.FAIL, "crashed", HOSTILE)
    (row,) = csv.DictReader(io.StringIO(report_csv.table([content_in(tmp_path, [trial(crashed, -0.5)]).report])))
    assert row["why"].startswith("'=cmd") and row["score"] == "-0.5"
